#include <optional>

#include "command.hpp"
#include "interrupt.hpp"
#include "lamina/fetch.hpp"

namespace lamina::cli {

namespace {

/// Shows what a data set downloads, a bar for each file; Ctrl-C ends it.
class Downloads {
  public:
    explicit Downloads(ProgressMode mode) : mode_(mode) {
        set_download_progress([this](const std::string& url, uint64_t done, uint64_t total) {
            return show(url, done, total);
        });
    }
    ~Downloads() { set_download_progress({}); }
    Downloads(const Downloads&) = delete;
    Downloads& operator=(const Downloads&) = delete;

    /// The one under way has ended well.
    void finish() {
        if (bar_)
            bar_->finish("");
        bar_.reset();
    }

  private:
    bool show(const std::string& url, uint64_t done, uint64_t total) {
        if (!signals_)
            signals_.emplace(); // before any download, Ctrl-C is what it always is
        if (url != url_)
            finish();
        url_ = url;
        if (!bar_ && (done > 0 || total > 0)) // sooner, the total is not known
            bar_.emplace("downloading " + url.substr(url.rfind('/') + 1), total, "bytes", mode_);
        if (bar_)
            bar_->update(done, "");
        return end_asked() == 0;
    }

    ProgressMode mode_;
    std::string url_;
    std::optional<ProgressBar> bar_;
    std::optional<EndOnSignals> signals_;
};

} // namespace

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
