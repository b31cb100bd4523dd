#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {

int evaluate(const Arguments& arguments) {
    Options o("lamina evaluate MODEL --data NAME [options]",
              "Loss and metrics of a trained model.");
    o.add()("model", po::value<std::string>()->required(),
            "a model file, or a zoo name with --weights");
    add_data_options(o);
    o.add()("backend", po::value<std::string>()->default_value("openblas"), "NAME[:key=value,...]")(
        "weights", po::value<std::string>(), "take the weights from this file")(
        "split", po::value<std::string>()->default_value("test"),
        "test or train")("batch-size", po::value<int64_t>()->default_value(128), "")(
        "loss", po::value<std::string>()->default_value("categorical_crossentropy"),
        "")("metrics", po::value<std::vector<std::string>>()->multitoken(),
            "default: accuracy")("json", po::bool_switch(), "one JSON object on standard output");
    add_fallback_option(o);
    o.positional("model", 1);
    if (!o.parse(arguments))
        return 0;
    const std::string split = o.text("split");
    if (split != "test" && split != "train")
        throw UsageError(fmt::format("--split must be test or train, got {}", split));
    if (o.get<int64_t>("batch-size") < 1)
        throw UsageError("--batch-size must be at least 1");
    expect_model(o.text("model"));
    const auto data = open_data(o);
    Model model = open_model(o.text("model"), o.text("weights"), data->classes());
    use_backend(model, o, o.text("backend"));
    Training training;
    training.loss = o.text("loss");
    if (o.has("metrics"))
        training.metrics = o.get<std::vector<std::string>>("metrics");
    compile(model, training);
    const Values values = model.evaluate(data, split == "test" ? Split::Test : Split::Train,
                                         o.get<int64_t>("batch-size"));
    if (o.flag("json")) {
        nlohmann::ordered_json json;
        for (const auto& [name, value] : values)
            json[name] = value;
        std::cout << json.dump() << '\n';
    } else {
        std::cout << values_text(values) << '\n';
    }
    return 0;
}

} // namespace lamina::cli
