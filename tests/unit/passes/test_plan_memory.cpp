#include <algorithm>

#include <catch2/catch.hpp>

#include "describe.hpp"
#include "graph/operators.hpp"
#include "lamina/model.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

std::vector<Selection> select_first(const Graph& graph, const Describe& describe) {
    std::vector<Selection> out(graph.nodes().size());
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        if (!node.is_leaf() && !find_operator(node.op)->view())
            out[id] = describe(graph, node).at(0);
    }
    return out;
}

struct Range {
    Place place;
    uint64_t bytes;
    bool overlaps(const Range& o) const {
        return place.slot == o.place.slot && place.offset < o.place.offset + o.bytes &&
               o.place.offset < place.offset + bytes;
    }
};

/// Plays a plan through with the names of values in place of their bytes. Every read must find
/// whole what it reads.
class Shadow {
  public:
    Shadow(const Graph& graph, const std::vector<Selection>& selections, const MemoryPlan& plan)
        : graph_(graph), selections_(selections), plan_(plan) {
        for (const auto& [value, offset] : plan.constants)
            write(value, {1, offset});
        for (uint32_t i = 0; i < plan.slots.size(); ++i) {
            const Slot& slot = plan.slots[i];
            if (slot.kind == SlotKind::Variable)
                write(graph.variables()[slot.index].value, {i, 0});
            if (slot.kind == SlotKind::Input)
                write(graph.inputs()[slot.index].second, {i, 0});
        }
    }

    void play() {
        for (const PlannedStep& step : plan_.steps) {
            if (step.node == kNone) {
                expect_there(step.copied, step.inputs[0]);
                write(step.copied, step.outputs[0]);
                continue;
            }
            const Node& node = graph_.node(step.node);
            INFO("node " << node.name << " (" << node.op << ")");
            for (size_t i = 0; i < node.inputs.size(); ++i)
                expect_there(node.inputs[i], step.inputs[i]);
            expect_apart(node, step);
            for (size_t i = 0; i < node.outputs.size(); ++i)
                write(node.outputs[i], step.outputs[i]);
        }
        for (uint32_t i = 0; i < plan_.slots.size(); ++i) {
            const Slot& slot = plan_.slots[i];
            INFO(slot.name);
            if (slot.kind == SlotKind::Output)
                expect_there(graph_.outputs()[slot.index].second, {i, 0});
            if (slot.kind == SlotKind::Variable) {
                const Variable& v = graph_.variables()[slot.index];
                expect_there(v.update == kNone ? v.value : v.update, {i, 0});
            }
        }
    }

  private:
    ValueId root(ValueId v) const {
        for (const Node* n = &graph_.producer(v); !n->is_leaf() && find_operator(n->op)->view();
             n = &graph_.producer(v))
            v = n->inputs[0];
        return v;
    }
    Range range(ValueId v, Place place) const {
        return {place, static_cast<uint64_t>(graph_.type(v).bytes())};
    }
    void write(ValueId v, Place place) {
        const Range r = range(v, place);
        REQUIRE(r.place.offset + r.bytes <= plan_.slots.at(place.slot).bytes);
        std::erase_if(there_, [&](const auto& had) { return had.second.overlaps(r); });
        there_.emplace_back(root(v), r);
    }
    void expect_there(ValueId v, Place place) const {
        const bool found = std::any_of(there_.begin(), there_.end(), [&](const auto& had) {
            return had.first == root(v) && had.second.place == place;
        });
        INFO("value %" << v);
        REQUIRE(found);
    }
    /// Outputs and workspace of a step keep apart, and off its inputs save where the kernel allows.
    void expect_apart(const Node& node, const PlannedStep& step) const {
        const Selection& s = selections_[static_cast<size_t>(step.node)];
        std::vector<Range> written;
        for (size_t i = 0; i < node.outputs.size(); ++i)
            written.push_back(range(node.outputs[i], step.outputs[i]));
        const Range workspace{step.workspace, s.workspace_bytes};
        for (size_t a = 0; a < written.size(); ++a) {
            for (size_t b = 0; b < a; ++b)
                REQUIRE_FALSE(written[a].overlaps(written[b]));
            for (size_t i = 0; i < node.inputs.size(); ++i) {
                const Range in = range(node.inputs[i], step.inputs[i]);
                if (!written[a].overlaps(in))
                    continue;
                INFO("output " << a << " lies on input " << i);
                REQUIRE(in.place == written[a].place);
                REQUIRE(in.bytes == written[a].bytes);
                REQUIRE((s.in_place >> i & 1) == 1);
            }
            if (workspace.bytes > 0)
                REQUIRE_FALSE(workspace.overlaps(written[a]));
        }
        if (workspace.bytes > 0)
            for (size_t i = 0; i < node.inputs.size(); ++i)
                REQUIRE_FALSE(workspace.overlaps(range(node.inputs[i], step.inputs[i])));
    }

    const Graph& graph_;
    const std::vector<Selection>& selections_;
    const MemoryPlan& plan_;
    std::vector<std::pair<ValueId, Range>> there_;
};

MemoryPlan check_plan(const Graph& graph, const Describe& describe, uint64_t alignment) {
    const auto selections = select_first(graph, describe);
    MemoryPlan plan = plan_memory(graph, selections, alignment);
    for (const PlannedStep& step : plan.steps)
        for (const Place& p : step.outputs)
            REQUIRE(p.offset % alignment == 0);
    Shadow(graph, selections, plan).play();
    return plan;
}

Graph lenet(int64_t batch) {
    Model model = Model::zoo("lenet");
    model.compile({});
    return model.graph(Mode::Train, batch);
}

} // namespace

TEST_CASE("in the plan of a random graph every value is whole until its last use") {
    for (const char* backend : {"reference", "openblas"}) {
        const auto describe = describe_on(device(backend));
        for (unsigned seed = 0; seed < 200; ++seed) {
            INFO(backend << ", seed " << seed);
            const Graph graph = RandomGraph(seed).problem().graph;
            check_plan(graph, describe, 64);
            check_plan(optimize(graph, describe, evaluate_on_reference()), describe, 256);
        }
    }
}

TEST_CASE("in the plan of LeNet's training step every value is whole until its last use") {
    const auto describe = describe_on(device("openblas"));
    const Graph graph = lenet(32);
    check_plan(graph, describe, 64);
    check_plan(optimize(graph, describe, evaluate_on_reference()), describe, 64);
}

TEST_CASE("memory is shared by values that do not live at once") {
    Graph g;
    ValueId v = g.add_input("x", {DType::F32, {1000}});
    for (int i = 0; i < 10; ++i)
        v = add_operator(g, "softmax", "s", "", {v})[0];
    g.add_output("y", v);
    const MemoryPlan plan = check_plan(g, describe_on(device("reference")), 64);
    CHECK(plan.slots[0].bytes <= 2 * 4032); // 4000 bytes, rounded up to 64
}

TEST_CASE("an optimizer's update is written where the weight lies") {
    const auto describe = describe_on(device("openblas"));
    const Graph graph = optimize(lenet(8), describe, evaluate_on_reference());
    const MemoryPlan plan = check_plan(graph, describe, 64);
    const bool copies = std::any_of(plan.steps.begin(), plan.steps.end(), [&](const auto& step) {
        return step.node == kNone && plan.slots[step.outputs[0].slot].kind == SlotKind::Variable;
    });
    CHECK_FALSE(copies);
}
