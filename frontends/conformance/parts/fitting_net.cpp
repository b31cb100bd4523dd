#include "parts/fitting_net.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "case.hpp"
#include "lamina/error.hpp"
#include "lamina/thread_pool.hpp"
#include "parts/differences.hpp"
#include "training.hpp"

namespace lamina::conformance {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatch = 5;

Json node_of(const std::string& class_name, const std::string& name, Json config,
             const std::vector<std::string>& inputs) {
    config["name"] = name;
    Json refs = Json::array();
    for (const std::string& input : inputs)
        refs.push_back(Json::array({input, 0, 0, Json::object()}));
    return {{"class_name", class_name},
            {"name", name},
            {"config", config},
            {"inbound_nodes", refs.empty() ? Json::array() : Json::array({refs})}};
}

std::string architecture(const Json& layer, const Shape& input, int arity, bool head) {
    Json shape = Json::array({nullptr});
    for (const int64_t d : input)
        shape.push_back(d);
    Json layers = Json::array({node_of("InputLayer", "x", {{"batch_input_shape", shape}}, {})});
    std::vector<std::string> inputs{"x"};
    for (int i = 1; i < arity; ++i) {
        inputs.push_back(fmt::format("branch_{}", i));
        layers.push_back(node_of("Activation", inputs.back(),
                                 {{"activation", i == 1 ? "tanh" : "sigmoid"}}, {"x"}));
    }
    layers.push_back(node_of(layer.at("class_name"), "part", layer.at("config"), inputs));
    if (head) {
        layers.push_back(node_of("Flatten", "flatten", Json::object(), {"part"}));
        layers.push_back(
            node_of("Dense", "head", {{"units", 3}, {"activation", "softmax"}}, {"flatten"}));
    }
    const Json model = {
        {"class_name", "Functional"},
        {"config",
         {{"name", "check"},
          {"layers", layers},
          {"input_layers", Json::array({Json::array({"x", 0, 0})})},
          {"output_layers", Json::array({Json::array({head ? "head" : "part", 0, 0})})}}}};
    return model.dump();
}

Model load_text(const std::string& text) {
    const fs::path file = fs::temp_directory_path() / fmt::format("lamina-check-{}.json", getpid());
    std::ofstream(file) << text;
    struct Remove {
        const fs::path& file;
        ~Remove() {
            std::error_code ignored;
            fs::remove(file, ignored);
        }
    } const remove{file};
    return Model::load(file.string());
}

} // namespace

std::optional<FittingNet> fitting_net(const Json& layer, const std::vector<Shape>& inputs,
                                      std::string& why) {
    static const std::vector<Shape> common{{8, 8, 4}, {9, 4}, {6}, {5, 6, 6, 2}, {4, 4, 1}};
    for (int arity = 1; arity <= 3; ++arity)
        for (const Shape& input : inputs.empty() ? common : inputs)
            try {
                const std::string text = architecture(layer, input, arity, true);
                load_text(text).summary();
                FittingNet found;
                found.input = input;
                found.arity = arity;
                const std::string name = "part/" + layer.at("class_name").get<std::string>();
                found.net = {name, [=] { return load_text(text); }, {kBatch}};
                const std::string alone = architecture(layer, input, arity, false);
                found.bare = {name, [=] { return load_text(alone); }, {kBatch}};
                return found;
            } catch (const Error& e) {
                why = e.what();
            }
    return std::nullopt;
}

Net dense_net(const std::string& name, const Json& change) {
    Json config = {{"units", 7}, {"activation", "tanh"}};
    config.update(change);
    const std::string text =
        architecture({{"class_name", "Dense"}, {"config", config}}, Shape{6}, 1, true);
    return {"part/" + name, [=] { return load_text(text); }, {kBatch}};
}

std::string net_gradient_fault(const Net& net) {
    Model model = net.build();
    model.use("reference");
    model.compile({"sgd:learning_rate=0", net.loss, {}});
    model.initialize(1);
    Graph graph = model.graph(Mode::Train, kBatch);
    std::map<std::string, Tensor> values = step_inputs(net.name, graph, model.classes(), 1);
    std::vector<std::pair<std::string, ValueId>> targets;
    ValueId loss = kNone;
    for (const auto& [name, id] : graph.inputs())
        if (name == "x")
            targets.emplace_back(name, id);
    for (const auto& [name, id] : graph.outputs())
        if (name == "loss")
            loss = id;
    for (const Variable& v : graph.variables()) {
        values[v.name] = model.variable(v.name);
        if (!v.trainable)
            continue;
        // Away from where it was initialised to: a bias of 0 may lie on a kink.
        const Tensor moved =
            make_inputs({net.name + v.name, "", {{v.type.shape, uniform(-0.2, 0.2)}}, {}, {}})[0];
        Tensor value = values[v.name].clone();
        for (size_t i = 0; i < static_cast<size_t>(value.elements()); ++i)
            value.data<float>()[i] += moved.data<float>()[i];
        values[v.name] = value;
        targets.emplace_back(v.name, v.value);
    }
    return gradient_fault(std::move(graph), loss, targets, values);
}

void check_on_backends(const Subject& subject, Checks& check, const Net& net,
                       const std::string& optimizer) {
    for (const std::string& backend : subject.backends) {
        const Target target{backend, nullptr, nullptr};
        check.add("predicts on " + backend + " as on reference",
                  [&] { return check_prediction(net.name, target, net, kBatch); });
        check.add("trains on " + backend + " as on reference",
                  [&] { return check_training(net.name, target, net, kBatch, optimizer, 5); });
    }
}

} // namespace lamina::conformance
