#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/thread_pool.hpp"
#include "random_graph.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

/// y = relu(x)
Graph relu_graph() {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 3}});
    g.add_output("y", add_operator(g, "relu", "relu", "activation_7", {x})[0]);
    return g;
}

std::shared_ptr<VariableStore> store(const std::string& backend) {
    return std::make_shared<VariableStore>(Device::open(backend));
}

/// NULL where the backend is unavailable.
std::shared_ptr<VariableStore> store_if_available(const std::string& backend) {
    try {
        return store(backend);
    } catch (const Error& e) {
        WARN(e.what());
        return nullptr;
    }
}

} // namespace

TEST_CASE("the planned memory of LeNet's training step is what the device hands out") {
    Model model = Model::zoo("lenet");
    model.compile({});
    const auto step = model.executable(Mode::Train, 128, DType::U8, 1.0 / 255, 0);
    model.initialize(1, *step);
    Named inputs;
    std::mt19937 draw(1);
    for (const auto& [name, value] : step->graph().inputs())
        inputs[name] = random_tensor(step->graph().type(value), draw);
    step->run(inputs);
    const auto planned = static_cast<double>(step->memory().total());
    const auto allocated = static_cast<double>(model.device().memory().allocated);
    CHECK(planned == Approx(allocated).epsilon(0.05));
    const MemoryUse foretold = model.planned_memory(Mode::Train, 128);
    CHECK(foretold.total() == step->memory().total());
    CHECK(foretold.weights > 4'900'000); // the first dense layer alone has 1,225,000 weights
    CHECK(foretold.optimizer_slots >= 2 * foretold.weights);
}

TEST_CASE("a program gives its memory back") {
    const auto variables = store("openblas");
    const uint64_t before = variables->device()->memory().allocated;
    for (int i = 0; i < 3; ++i) {
        Executable e(relu_graph(), variables);
        e.run({{"x", Tensor::zeros(DType::F32, {2, 3})}});
    }
    // The arena stays with the store for the next program.
    CHECK(variables->device()->memory().allocated <= before + 4096);
}

TEST_CASE("a model keeps the programs of the batch sizes that it used last, not of all") {
    Model model = Model::zoo("mnist_softmax");
    const Tensor x = Tensor::zeros(DType::F32, {40, 28, 28, 1});
    const auto predict = [&](int64_t n) { model.predict(x.rows(0, n), n); };
    const auto after_small_ones = [&] {
        for (int64_t n = 1; n <= 8; ++n)
            predict(n);
        return model.device().memory().allocated;
    };
    predict(40); // the arena stays as large as this one needs
    const uint64_t before = after_small_ones();
    for (int64_t n = 9; n < 40; ++n)
        predict(n);
    CHECK(after_small_ones() == before);
}

TEST_CASE("runs that overlap have inputs and outputs of their own and are collected in order") {
    for (const std::string backend : {"openblas", "vulkan", "vulkan:least_device=true"}) {
        INFO(backend);
        const auto variables = store_if_available(backend);
        if (variables == nullptr)
            continue;
        // v <- v + x, y = v (the old one) * 2
        Graph g;
        const TensorType type{DType::F32, {1000}};
        const ValueId x = g.add_input("x", type);
        Variable v;
        v.name = "v";
        v.type = type;
        const ValueId old = g.add_variable(v);
        g.set_update(old, add_operator(g, "add", "sum", "", {old, x})[0]);
        g.add_output("y", add_operator(g, "add", "double", "", {old, old})[0]);
        Executable e(g, variables);
        variables->write("v", Tensor::zeros(DType::F32, {1000}));
        const auto input = [](float value) {
            Tensor t = Tensor::zeros(DType::F32, {1000});
            std::fill(t.data<float>().begin(), t.data<float>().end(), value);
            return std::map<std::string, Tensor>{{"x", t}};
        };
        float sum = 0;
        for (int round = 0; round < 3; ++round) {
            for (int i = 1; i <= 6; ++i)
                e.submit(input(static_cast<float>(i)));
            CHECK_THROWS_WITH(e.run(input(1)), Contains("runs under way"));
            CHECK(variables->read("v").data<float>()[999] == sum + 21); // behind all runs
            for (int i = 1; i <= 6; ++i) {
                CHECK(e.collect().at("y").data<float>()[999] == 2 * sum);
                sum += static_cast<float>(i);
            }
            CHECK_THROWS_WITH(e.collect(), Contains("no run"));
        }
        const uint64_t with_spare = variables->device()->memory().allocated;
        e.release_spare();
        CHECK(with_spare - variables->device()->memory().allocated == 5 * 2 * 4000);
        CHECK(e.run(input(1)).at("y").data<float>()[0] == 2 * sum);
    }
}

TEST_CASE("an input that is missing or of the wrong type is named") {
    Executable e(relu_graph(), store("openblas"));
    CHECK_THROWS_WITH(e.run({}), Contains("input `x` was not given"));
    CHECK_THROWS_WITH(e.run({{"x", Tensor::zeros(DType::F32, {3, 2})}}),
                      Contains("input `x`: expected f32[2, 3], got f32[3, 2]"));
    CHECK_THROWS_AS(e.run({{"x", Tensor::zeros(DType::F64, {2, 3})}}), ShapeError);
}

TEST_CASE(
    "a kernel that was asked for and is not there is an error with operator, layer and choice") {
    CHECK_THROWS_WITH(Executable(relu_graph(), store("openblas:relu=magic")),
                      Contains("operator relu") && Contains("activation_7") && Contains("`magic`"));
}

TEST_CASE("a kernel is asked for by its name or by the name of its family") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {1, 8, 8, 4}});
    const ValueId filter = g.add_input("filter", {DType::F32, {3, 3, 4, 4}});
    g.add_output("y", add_operator(g, "conv", "conv", "conv2d_1", {x, filter})[0]);
    for (const std::string kernel : {"winograd", "winograd_f4x3"})
        CHECK_NOTHROW(Executable(g, store("openblas:conv=" + kernel)));
    for (const std::string kernel : {"wino", "winograd_f4", "winograd_f4x3_"})
        CHECK_THROWS_WITH(Executable(g, store("openblas:conv=" + kernel)),
                          Contains("winograd_f4x3"));
}

TEST_CASE("out of memory says what was asked for and what the limit is, and frees all") {
    const auto variables = store("openblas:memory_limit_mib=1");
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {1024, 1024}});
    g.add_output("y", add_operator(g, "relu", "relu", "", {x})[0]);
    try {
        Executable e(g, variables);
        e.run({{"x", Tensor::zeros(DType::F32, {1024, 1024})}});
        FAIL("4 MiB fitted into 1 MiB");
    } catch (const Error& e) {
        CHECK(e.code() == StatusCode::OutOfMemory);
        CHECK_THAT(e.what(), Contains("4194304") && Contains("1048576"));
    }
    CHECK(variables->device()->memory().allocated == 0);
}

TEST_CASE("a variable that did not fit is not there, and a smaller one of its name may be") {
    const auto variables = store("openblas:memory_limit_mib=1");
    CHECK_THROWS_AS(variables->require("w", {DType::F32, {1024, 1024}}), Error);
    CHECK(variables->names().empty());
    CHECK(variables->require("w", {DType::F32, {16}}) != nullptr);
}

TEST_CASE("a random step on openblas has the same bits with one thread and with three") {
    const auto device = Device::open("openblas");
    for (unsigned seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        const Problem p = RandomGraph(seed).problem();
        set_threads(1);
        const Named one = run_steps(p, p.graph, device, {});
        set_threads(3);
        const Named three = run_steps(p, p.graph, device, {});
        for (const auto& [name, value] : one) {
            INFO(name);
            REQUIRE(same_bits(value, three.at(name)));
        }
    }
    set_threads(2);
}
