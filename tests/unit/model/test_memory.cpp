// What is planned is what the devices' allocators hand out, kind by kind.
#include "lamina/thread_pool.hpp"
#include "model/architecture.hpp"
#include "model/step_graph.hpp"
#include "training.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

/// The backends that this machine can run, save the oracle: its speed tells nothing.
std::vector<std::string> fast_backends() {
    std::vector<std::string> out;
    for (const BackendStatus& b : list_backends())
        if (b.name != "reference" && b.unavailable.empty() && !b.devices.empty())
            out.push_back(b.name);
    return out;
}

std::map<std::string, Tensor> zeros_for(const Graph& graph) {
    std::map<std::string, Tensor> out;
    for (const auto& [name, value] : graph.inputs())
        out.emplace(name, Tensor::zeros(graph.type(value).dtype, graph.type(value).shape));
    return out;
}

/// How much more the device has handed out after `body`.
template <class Body>
double growth(const Device& device, Body body) {
    const uint64_t before = device.memory().allocated;
    body();
    return static_cast<double>(device.memory().allocated - before);
}

Approx within_5_percent(uint64_t planned) {
    return Approx(static_cast<double>(planned)).epsilon(0.05);
}

} // namespace

TEST_CASE("each kind of planned memory is what the allocator hands out") {
    for (const std::string& backend : fast_backends()) {
        INFO(backend);
        const auto device = Device::open(backend);
        const auto store = std::make_shared<VariableStore>(device);
        const Graph graph = training_graph(build_zoo_model("lenet", Json::object()), {},
                                           {DType::U8, 1.0 / 255, 0}, 128)
                                .graph;
        const MemoryUse planned = plan_only(graph, *device);
        const auto require = [&](bool slots) {
            for (const Variable& v : graph.variables())
                if ((v.kind == VariableKind::Slot) == slots)
                    store->require(v.name, v.type);
        };
        CHECK(growth(*device, [&] { require(false); }) == within_5_percent(planned.weights));
        CHECK(growth(*device, [&] { require(true); }) == within_5_percent(planned.optimizer_slots));
        std::unique_ptr<Executable> program;
        CHECK(growth(*device, [&] { program = std::make_unique<Executable>(graph, store); }) ==
              within_5_percent(planned.constants + planned.inputs + planned.gradients +
                               planned.activations + planned.workspace));
        CHECK(growth(*device, [&] { program->run(zeros_for(graph)); }) == 0);
        CHECK(program->memory().total() == planned.total());
        CHECK(static_cast<double>(device->memory().peak) == within_5_percent(planned.total()));
    }
}

TEST_CASE("a whole training run hands out what was planned for its step") {
    for (const std::string& backend : fast_backends()) {
        INFO(backend);
        Model model = Model::zoo("mnist_mlp");
        model.use(backend);
        model.compile({});
        FitOptions o = options(1, 300, 128); // a smaller last batch, and a smaller one to validate
        o.validation_split = 0.1;
        model.fit(digits(), o);
        const uint64_t planned = model.planned_memory(Mode::Train, 128).total();
        CHECK(static_cast<double>(model.device().memory().peak) == within_5_percent(planned));
    }
}
