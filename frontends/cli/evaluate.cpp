#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "interrupt.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {

namespace {

using Rows = std::vector<std::vector<int64_t>>;

/// A table of counts.
Rows rows_of(const Tensor& table) {
    const auto columns = static_cast<size_t>(table.shape().back());
    Rows rows;
    for (const double count : table.data<double>()) {
        if (rows.empty() || rows.back().size() == columns)
            rows.emplace_back();
        rows.back().push_back(static_cast<int64_t>(count));
    }
    return rows;
}

/// A row is a true class, a column what the model took it for.
void print_table(const std::string& name, const Rows& rows, const std::vector<std::string>& names) {
    const auto label = [&](size_t i) { return i < names.size() ? names[i] : std::to_string(i); };
    size_t width = 5, first = 4;
    for (size_t i = 0; i < rows.size(); ++i) {
        first = std::max(first, label(i).size());
        width = std::max(width, label(i).size());
        for (const int64_t count : rows[i])
            width = std::max(width, std::to_string(count).size());
    }
    std::cout << fmt::format("{}: rows are the true classes, columns the predicted ones\n{:<{}}",
                             name, "", first);
    for (size_t i = 0; i < rows.size(); ++i)
        std::cout << fmt::format("  {:>{}}", label(i), width);
    std::cout << '\n';
    for (size_t i = 0; i < rows.size(); ++i) {
        std::cout << fmt::format("{:<{}}", label(i), first);
        for (const int64_t count : rows[i])
            std::cout << fmt::format("  {:>{}}", count, width);
        std::cout << '\n';
    }
}

} // namespace

int evaluate(const Arguments& arguments) {
    Options o("lamina evaluate MODEL --data NAME [options]",
              "Loss and metrics of a trained model.");
    o.add()("model", po::value<std::string>()->required(),
            "a model file, or a zoo name with --weights");
    add_data_options(o);
    add_augment_option(o, "what the model was trained with: its normalizations are applied, as "
                          "featurewise_center, and nothing else of it");
    o.add()("backend", po::value<std::string>()->default_value("openblas"), "NAME[:key=value,...]")(
        "weights", po::value<std::string>(),
        "take the weights from this file, or a zoo net's published ones: imagenet")(
        "split", po::value<std::string>()->default_value("test"),
        "test or train")("batch-size", po::value<int64_t>()->default_value(128),
                         "")("loss", po::value<std::string>(),
                             "default: what the model's file says, else categorical_crossentropy")(
        "metrics", po::value<std::vector<std::string>>()->multitoken(),
        "NAME[:key=value,...] ..., also confusion_matrix; default: accuracy");
    add_progress_options(o);
    add_backend_options(o);
    o.positional("model", 1);
    if (!o.parse(arguments))
        return 0;
    const std::string split = o.text("split");
    if (split != "test" && split != "train")
        throw UsageError(fmt::format("--split must be test or train, got {}", split));
    expect_at_least<int64_t>("batch-size", o.get<int64_t>("batch-size"), 1);
    const auto augmenter = open_augmenter(o);
    expect_model(o.text("model"));
    const auto data = open_data(o);
    Model model = open_model(o.text("model"), o.text("weights"), data->classes(), progress_mode(o));
    use_backend(model, o, o.text("backend"));
    Training training;
    training.loss = o.text("loss");
    if (o.has("metrics"))
        training.metrics = o.get<std::vector<std::string>>("metrics");
    compile(model, training);
    const Split chosen = split == "test" ? Split::Test : Split::Train;
    model.device(); // what is wrong with it shows before anything is said of evaluation
    const EndOnSignals signals;
    ProgressBar bar("evaluation", static_cast<size_t>(data->size(chosen)), "images",
                    progress_mode(o));
    const Evaluation result = model.evaluate(
        data, chosen, o.get<int64_t>("batch-size"),
        [&](int64_t samples, int64_t, const Values& means) {
            bar.update(static_cast<size_t>(samples), values_text(means));
            return end_asked() == 0;
        },
        augmenter);
    bar.finish("");
    if (o.flag("json")) {
        nlohmann::ordered_json json;
        for (const auto& [name, value] : result.means)
            json[name] = value;
        for (const auto& [name, table] : result.tables)
            json[name] = rows_of(table);
        std::cout << json.dump() << '\n';
        return 0;
    }
    std::cout << values_text(result.means) << '\n';
    for (const auto& [name, table] : result.tables)
        print_table(name, rows_of(table), data->class_names());
    return 0;
}

} // namespace lamina::cli
