#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

namespace {

SourceBackend parse_backend(const std::string& name) {
    if (name.empty())
        return SourceBackend::Stated;
    if (name == "theano")
        return SourceBackend::Theano;
    if (name == "tensorflow")
        return SourceBackend::TensorFlow;
    throw UsageError(fmt::format("--source-backend must be theano or tensorflow, got {}", name));
}

SourceOrder parse_order(const std::string& name) {
    if (name.empty())
        return SourceOrder::Stated;
    if (name == "th")
        return SourceOrder::ChannelsFirst;
    if (name == "tf")
        return SourceOrder::ChannelsLast;
    throw UsageError(fmt::format("--source-order must be th or tf, got {}", name));
}

void print(const WeightReport& report) {
    for (const auto& [variable, tensor, shape] : report.loaded)
        std::cout << fmt::format("loaded   {}  {}  from {}\n", variable, shape.to_string(), tensor);
    for (const auto& [variable, reason] : report.skipped)
        std::cout << fmt::format("skipped  {}: {}\n", variable, reason);
    for (const auto& [tensor, shape] : report.unused)
        std::cout << fmt::format("unused   {}  {}\n", tensor, shape.to_string());
}

nlohmann::ordered_json to_json(const WeightReport& report) {
    const auto dims = [](const Shape& shape) {
        return std::vector<int64_t>(shape.begin(), shape.end());
    };
    nlohmann::ordered_json out = {{"source", report.source},
                                  {"by_position", report.by_position},
                                  {"loaded", nlohmann::ordered_json::array()},
                                  {"skipped", nlohmann::ordered_json::array()},
                                  {"unused", nlohmann::ordered_json::array()}};
    for (const auto& [variable, tensor, shape] : report.loaded)
        out["loaded"].push_back(
            {{"variable", variable}, {"tensor", tensor}, {"shape", dims(shape)}});
    for (const auto& [variable, reason] : report.skipped)
        out["skipped"].push_back({{"variable", variable}, {"reason", reason}});
    for (const auto& [tensor, shape] : report.unused)
        out["unused"].push_back({{"tensor", tensor}, {"shape", dims(shape)}});
    return out;
}

/// Where a net of the zoo or an architecture alone was given, its weights would be drawn at random.
void expect_weights(const Model& model, const std::string& in, const std::string& out) {
    if (model.weight_report().source.empty() && !model.variable_names().empty() &&
        !out.ends_with(".json"))
        throw UsageError(fmt::format("{} has no weights to write to {}; --weights FILE gives "
                                     "them, and OUT.json takes the architecture alone",
                                     in, out));
}

} // namespace

int convert(const Arguments& arguments) {
    Options o("lamina convert IN OUT [options]",
              "A model from one file to another, in the format that OUT's extension names: .keras "
              "or .h5 for the whole, .weights.h5 for weights, .json for the architecture.");
    o.add()("in", po::value<std::string>()->required(),
            "a model file or an architecture .json, or a zoo name, with --weights")(
        "out", po::value<std::string>()->required(),
        "where to write")("weights", po::value<std::string>(), "take the weights from this file")(
        "report", po::bool_switch(),
        "list every tensor: loaded, skipped (the model has no value for it) or unused")(
        "json", po::bool_switch(), "the report as one JSON object on standard output")(
        "allow-partial", po::bool_switch(),
        "skipped and unused tensors are no error, so long as any is loaded; what is skipped keeps "
        "its initial value")("source-backend", po::value<std::string>(),
                             "theano or tensorflow, for weights of before Keras 1.0, which do not "
                             "say: Theano's kernels are turned round")(
        "source-order", po::value<std::string>(),
        "th or tf, for weights of before Keras 2: in th, kernels are [out, in, rows, columns], and "
        "channels come first where a Flatten is behind them");
    o.positional("in", 1);
    o.positional("out", 1);
    if (!o.parse(arguments))
        return 0;
    const WeightOptions options{parse_backend(o.text("source-backend")),
                                parse_order(o.text("source-order")), o.flag("allow-partial")};
    const std::string in = o.text("in"), out = o.text("out");
    check_model_file(out);
    const Model model = open_model(in, o.text("weights"), 0, ProgressMode::Quiet, options);
    expect_weights(model, in, out);
    const WeightReport& report = model.weight_report();
    model.save(out);
    if (o.flag("json"))
        std::cout << to_json(report).dump() << '\n';
    else if (o.flag("report"))
        print(report);
    if (!o.flag("json") && !report.source.empty())
        std::cout << fmt::format("{}: {} loaded{}, {} skipped, {} unused\n", out,
                                 count_of(static_cast<long long>(report.loaded.size()), "tensor"),
                                 report.by_position ? " by position" : "", report.skipped.size(),
                                 report.unused.size());
    return 0;
}

} // namespace lamina::cli
