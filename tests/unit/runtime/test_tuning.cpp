// Kernels chosen by measurement: the plan, its file, and who uses it.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "lamina/executable.hpp"
#include "lamina/log.hpp"
#include "lamina/operators.hpp"
#include "lamina/tuning.hpp"
#include "temp_folder.hpp"

using namespace lamina;
using Catch::Contains;

namespace {

/// The cache folder of a test, and what is logged in it.
class Cache {
  public:
    Cache() {
        setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
        set_log_sink([this](LogLevel, std::string_view message) { log.emplace_back(message); });
    }
    ~Cache() {
        set_log_sink({});
        unsetenv("XDG_CACHE_HOME");
    }
    Cache(const Cache&) = delete;
    Cache& operator=(const Cache&) = delete;

    std::vector<std::string> log;

  private:
    TempFolder folder_;
};

constexpr const char* kKernel = "filter";

/// y = conv(x, filter), 3 by 3: openblas has several kernels for it.
Graph conv_graph() {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 14, 14, 8}});
    Variable kernel;
    kernel.name = kKernel;
    kernel.type = {DType::F32, {3, 3, 8, 16}};
    const ValueId filter = g.add_variable(kernel);
    g.add_output("y", add_operator(g, "conv", "conv", "conv2d_1", {x, filter})[0]);
    return g;
}

Tensor numbers(const TensorType& type) {
    std::vector<float> values(static_cast<size_t>(type.shape.elements()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = std::sin(static_cast<float>(i));
    return Tensor::from(values, type.shape);
}

Tensor result(const std::string& backend, const std::shared_ptr<const TunedPlan>& plan = nullptr) {
    const auto store = std::make_shared<VariableStore>(Device::open(backend));
    Executable program(conv_graph(), store, {.plan = plan});
    store->write(kKernel, numbers(store->type(kKernel)));
    return program.run({{"x", numbers({DType::F32, {2, 14, 14, 8}})}}).at("y");
}

StepInfo conv_step(const std::string& backend,
                   const std::shared_ptr<const TunedPlan>& plan = nullptr) {
    const auto store = std::make_shared<VariableStore>(Device::open(backend));
    const auto steps = Executable(conv_graph(), store, {.plan = plan}).steps();
    return *std::find_if(steps.begin(), steps.end(),
                         [](const StepInfo& s) { return s.op == "conv"; });
}

/// The convolution as the device sees it, and what it would run it with.
struct Measured {
    std::shared_ptr<Device> device = Device::open("openblas");
    Graph graph;
    TunedPlan plan;
    TuningResult result;

    explicit Measured(const TuningBounds& bounds = {.seconds = 60, .runs = 2}) {
        const auto store = std::make_shared<VariableStore>(device);
        graph = Executable(conv_graph(), store).graph();
        result = tune(graph, device, plan, bounds);
    }
    std::string conv() const {
        const auto& nodes = graph.nodes();
        return signature(graph, *std::find_if(nodes.begin(), nodes.end(),
                                              [](const Node& n) { return n.op == "conv"; }));
    }
};

std::shared_ptr<const TunedPlan> plan_of(const std::string& signature, const std::string& kernel) {
    auto plan = std::make_shared<TunedPlan>();
    plan->set(signature, kernel);
    return plan;
}

} // namespace

TEST_CASE("tuning: every kernel of an operator is measured, and the choice is one of them") {
    const Measured m;
    REQUIRE(m.result.measured.size() == 1);
    const TunedOperator& conv = m.result.measured[0];
    CHECK(conv.op == "conv");
    CHECK(conv.count == 1);
    REQUIRE(conv.kernels.size() > 1);
    CHECK(conv.kernels[0].first == conv_step("openblas").candidate);
    for (const auto& [kernel, seconds] : conv.kernels) {
        CHECK(seconds > 0);
        if (kernel == conv.chosen)
            CHECK(seconds <= conv.kernels[0].second);
    }
    REQUIRE(m.plan.kernel(m.conv()) != nullptr);
    CHECK(*m.plan.kernel(m.conv()) == conv.chosen);
}

TEST_CASE("tuning: each kernel that a plan names is used, gives the same numbers, and is told") {
    const Measured m;
    const Tensor want = result("reference");
    for (const auto& [kernel, seconds] : m.result.measured.at(0).kernels) {
        INFO(kernel);
        const auto plan = plan_of(m.conv(), kernel);
        const StepInfo step = conv_step("openblas", plan);
        CHECK(step.candidate == kernel);
        CHECK(step.tuned);
        const Tensor got = result("openblas", plan);
        for (size_t i = 0; i < got.data<float>().size(); ++i)
            CHECK(std::abs(got.data<float>()[i] - want.data<float>()[i]) < 1e-4f);
    }
    CHECK_FALSE(conv_step("openblas").tuned);
}

TEST_CASE(
    "tuning: a kernel that is forced, or that is not there any more, is not a plan's choice") {
    const Measured m;
    const auto& kernels = m.result.measured.at(0).kernels;
    const StepInfo forced =
        conv_step("openblas:conv=" + kernels[0].first, plan_of(m.conv(), kernels[1].first));
    CHECK(forced.candidate == kernels[0].first);
    CHECK_FALSE(forced.tuned);
    const StepInfo gone = conv_step("openblas", plan_of(m.conv(), "of_yesterday"));
    CHECK(gone.candidate == kernels[0].first);
    CHECK_FALSE(gone.tuned);
}

TEST_CASE("tuning: what there is no time for is left out of the plan") {
    const Measured m({.seconds = 0});
    CHECK(m.result.measured.empty());
    CHECK(m.result.left_out == 1);
    CHECK(m.plan.size() == 0);
}

TEST_CASE("tuning: a plan is kept for its device and read again") {
    Cache cache;
    const auto device = Device::open("openblas"), other = Device::open("reference");
    CHECK(TunedPlan::load(*device).size() == 0);
    CHECK(cache.log.size() == 1);
    CHECK_THAT(cache.log.at(0), Contains("there is none; `lamina bench MODEL --backend openblas"));
    const auto plan = plan_of("conv(f32[1])", "winograd");
    plan->save(*device);
    const TunedPlan read = TunedPlan::load(*device);
    REQUIRE(read.kernel("conv(f32[1])") != nullptr);
    CHECK(*read.kernel("conv(f32[1])") == "winograd");
    CHECK(read.hash() == plan->hash());
    CHECK(read.hash() != TunedPlan().hash());
    CHECK(TunedPlan::path(*device) != TunedPlan::path(*other));
    CHECK(cache.log.size() == 1);
}

TEST_CASE("tuning: a damaged plan, or another device's, is none, and one line says so") {
    Cache cache;
    const auto device = Device::open("openblas"), other = Device::open("reference");
    plan_of("conv", "winograd")->save(*device);
    const auto file = TunedPlan::path(*device);
    const std::string whole = get(file);
    std::string changed = whole;
    changed.replace(changed.find("winograd"), 8, "winogrub");
    plan_of("conv", "plain")->save(*other);
    const std::vector<std::pair<std::string, std::string>> files{
        {"", "line 1"},
        {whole.substr(0, whole.size() / 2), "line "},
        {"[1, 2]", "not used"},
        {changed, "it is damaged"},
        {get(TunedPlan::path(*other)), "it was made for another device, driver or version"}};
    for (const auto& [content, says] : files) {
        INFO(content);
        cache.log.clear();
        put(file, content);
        CHECK(TunedPlan::load(*device).size() == 0);
        REQUIRE(cache.log.size() == 1);
        CHECK_THAT(cache.log[0], Contains("not used"));
        CHECK_THAT(cache.log[0], Contains(says));
        CHECK(cache.log[0].find('\n') == std::string::npos);
    }
    put(file, whole);
    CHECK(TunedPlan::load(*device).size() == 1);
}
