#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {

namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t d : shape)
        text += (text.empty() ? "(" : ", ") + (d < 0 ? std::string("None") : std::to_string(d));
    return text + ")";
}

/// 1234567 is 1,234,567.
std::string grouped(int64_t n) {
    const std::string digits = std::to_string(n);
    std::string out;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            out += ',';
        out += digits[i];
    }
    return out;
}

Mode parse_mode(const std::string& mode) {
    if (mode == "train")
        return Mode::Train;
    if (mode == "infer")
        return Mode::Predict;
    throw UsageError(fmt::format("--mode must be train or infer, got {}", mode));
}

void print_layers(const std::vector<LayerSummary>& layers) {
    size_t name = 12, shape = 12;
    for (const LayerSummary& l : layers) {
        name = std::max(name, l.name.size() + l.class_name.size() + 3);
        shape = std::max(shape, shape_text(l.output_shape).size());
    }
    std::cout << fmt::format("{:<{}}  {:<{}}  {:>12}  {:>10}  {}\n", "layer (class)", name,
                             "output shape", shape, "parameters", "MFLOP", "connected to");
    int64_t all = 0, trainable = 0;
    double flops = 0;
    for (const LayerSummary& l : layers) {
        std::cout << fmt::format("{:<{}}  {:<{}}  {:>12}  {:>10.3f}  {}\n",
                                 fmt::format("{} ({})", l.name, l.class_name), name,
                                 shape_text(l.output_shape), shape, grouped(l.parameters),
                                 l.flops / 1e6, fmt::join(l.inputs, ", "));
        all += l.parameters;
        trainable += l.trainable_parameters;
        flops += l.flops;
    }
    std::cout << fmt::format(
        "\nparameters: {} ({} trainable, {} not), {:.2f} MiB; {:.3f} MFLOP a sample forward\n",
        grouped(all), grouped(trainable), grouped(all - trainable),
        static_cast<double>(all) * 4 / (1 << 20), flops / 1e6);
}

std::vector<std::pair<const char*, uint64_t>> memory_rows(const MemoryUse& m) {
    return {{"weights", m.weights},
            {"gradients", m.gradients},
            {"optimizer slots", m.optimizer_slots},
            {"activations", m.activations},
            {"workspace", m.workspace},
            {"constants", m.constants},
            {"inputs and outputs", m.inputs},
            {"total", m.total()}};
}

} // namespace

int summary(const Arguments& arguments) {
    Options o("lamina summary MODEL [options]", "A model's layers, parameters, memory and graph.");
    o.add()("model", po::value<std::string>()->required(), "a name of the zoo, or a model file")(
        "backend", po::value<std::string>()->default_value("openblas"), "for --memory")(
        "batch-size", po::value<int64_t>()->default_value(128), "for --memory, --graph and --dot")(
        "mode", po::value<std::string>()->default_value("infer"), "train or infer")(
        "optimizer", po::value<std::string>()->default_value("adam"), "for --mode train")(
        "loss", po::value<std::string>()->default_value("categorical_crossentropy"),
        "for --mode train")("memory", po::bool_switch(), "planned peak memory by kind")(
        "graph", po::bool_switch(), "the graph as text")("optimized", po::bool_switch(),
                                                         "--graph and --dot: after the passes")(
        "dot", po::bool_switch(), "the graph for Graphviz, on standard output alone")(
        "json", po::bool_switch(), "one JSON object on standard output");
    add_backend_options(o);
    o.positional("model", 1);
    if (!o.parse(arguments))
        return 0;
    Model model = open_model(o.text("model"), "", 0);
    use_backend(model, o, o.text("backend"));
    const Mode mode = parse_mode(o.text("mode"));
    const auto batch = o.get<int64_t>("batch-size");
    expect_at_least<int64_t>("batch-size", batch, 1);
    if (mode == Mode::Train)
        compile(model, {.optimizer = o.text("optimizer"), .loss = o.text("loss")});
    if (o.flag("dot")) {
        std::cout << to_dot(model.graph(mode, batch, o.flag("optimized")));
        return 0;
    }
    const auto layers = model.summary();
    if (o.flag("json")) {
        nlohmann::ordered_json out = {{"name", model.name()},
                                      {"layers", nlohmann::ordered_json::array()}};
        int64_t all = 0;
        for (const LayerSummary& l : layers) {
            nlohmann::ordered_json shape = nlohmann::ordered_json::array();
            for (const int64_t d : l.output_shape)
                shape.push_back(d < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(d));
            out["layers"].push_back({{"name", l.name},
                                     {"class_name", l.class_name},
                                     {"output_shape", shape},
                                     {"parameters", l.parameters},
                                     {"trainable_parameters", l.trainable_parameters},
                                     {"flops", l.flops},
                                     {"inputs", l.inputs}});
            all += l.parameters;
        }
        out["parameters"] = all;
        out["precision"] = name(model.precision());
        if (o.flag("memory"))
            for (const auto& [name, bytes] : memory_rows(model.planned_memory(mode, batch)))
                out["memory"][name] = bytes;
        std::cout << out.dump(2) << '\n';
        return 0;
    }
    std::cout << fmt::format("model {}\n\n", model.name());
    print_layers(layers);
    if (model.precision() != Precision::Float32)
        std::cout << fmt::format("precision: {}: values between operators take 2 bytes, weights, "
                                 "sums, losses and updates 4\n",
                                 name(model.precision()));
    if (o.flag("memory")) {
        std::cout << fmt::format("\nplanned peak memory, batch {}, {}, backend {}:\n", batch,
                                 o.text("mode"), o.text("backend"));
        for (const auto& [name, bytes] : memory_rows(model.planned_memory(mode, batch)))
            std::cout << fmt::format("  {:<20} {:>10.2f} MiB\n", name,
                                     static_cast<double>(bytes) / (1 << 20));
    }
    if (o.flag("graph"))
        std::cout << '\n' << to_text(model.graph(mode, batch, o.flag("optimized")));
    return 0;
}

} // namespace lamina::cli
