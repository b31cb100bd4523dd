#include "command.hpp"
#include "downloads.hpp"

namespace lamina::cli {

void add_data_options(Options& options) {
    options.add()("data", po::value<std::string>()->required(),
                  "data set: NAME[:key=value,...], see `lamina datasets`")(
        "data-dir", po::value<std::string>()->default_value(""), "folder of the data set's files");
}

void add_augment_option(Options& options, const char* meaning) {
    options.add()("augment", po::value<std::string>(), meaning);
}

std::shared_ptr<Augmenter> open_augmenter(const Options& options) {
    return options.has("augment") ? Augmenter::parse(options.text("augment")) : nullptr;
}

std::shared_ptr<Dataset> open_data(const Options& options) {
    return open_data(options.text("data"), options.text("data-dir"), progress_mode(options));
}

std::shared_ptr<Dataset> open_data(const std::string& spec, const std::string& folder,
                                   ProgressMode mode) {
    expect_part("--data", "dataset", spec);
    Downloads downloads(mode);
    auto data = Dataset::open(spec, folder);
    downloads.finish();
    return data;
}

} // namespace lamina::cli
