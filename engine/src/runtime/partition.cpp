#include "runtime/partition.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "graph/operators.hpp"
#include "runtime/prepared.hpp"

namespace lamina {

namespace {

class Partitioner {
  public:
    /// prepared: by node; on device 0.
    Partitioner(const Graph& graph, const Placement& placement, const std::vector<bool>& prepared)
        : graph_(graph), placement_(placement), prepared_(prepared),
          first_(std::find(prepared.begin(), prepared.end(), true) != prepared.end() ? 1 : 0),
          segment_of_(graph.nodes().size(), first_) {}

    Partition run() {
        for (const auto& nodes : cut())
            add_segment(nodes);
        for (const auto& [name, value] : graph_.outputs())
            give(value, name);
        for (const Variable& v : graph_.variables())
            if (v.update != kNone)
                update(v);
        for (Segment& s : out_.segments)
            s.selections.resize(s.graph.nodes().size());
        return std::move(out_);
    }

  private:
    /// Nodes by segment: as many as can run on the device of the segment before they must wait for
    /// another device.
    std::vector<std::vector<NodeId>> cut() {
        const size_t n = graph_.nodes().size();
        std::vector<std::vector<NodeId>> followers(n);
        std::vector<int> missing(n);
        for (size_t id = 0; id < n; ++id)
            for (const ValueId v : graph_.nodes()[id].inputs)
                if (const Node& before = graph_.producer(v); !before.is_leaf()) {
                    followers[static_cast<size_t>(graph_.value(v).producer)].push_back(
                        static_cast<NodeId>(id));
                    ++missing[id];
                }
        std::map<int32_t, std::set<NodeId>> ready; // by device; before all, what is prepared
        const auto make_ready = [&](NodeId id) {
            const auto at = static_cast<size_t>(id);
            ready[prepared_[at] ? -1 : placement_.device[at]].insert(id);
        };
        for (size_t id = 0; id < n; ++id)
            if (missing[id] == 0 && !graph_.nodes()[id].is_leaf())
                make_ready(static_cast<NodeId>(id));
        std::vector<std::vector<NodeId>> segments;
        while (!ready.empty()) {
            const auto waiting = ready.begin();
            auto& nodes = segments.emplace_back();
            while (!waiting->second.empty()) {
                nodes.push_back(waiting->second.extract(waiting->second.begin()).value());
                for (const NodeId next : followers[static_cast<size_t>(nodes.back())])
                    if (--missing[static_cast<size_t>(next)] == 0)
                        make_ready(next);
            }
            ready.erase(waiting);
        }
        return segments;
    }

    void add_segment(const std::vector<NodeId>& nodes) {
        const size_t index = out_.segments.size();
        out_.segments.emplace_back();
        made_.emplace_back();
        out_.segments[index].device =
            static_cast<size_t>(placement_.device[static_cast<size_t>(nodes[0])]);
        out_.segments[index].prepares = index < first_;
        for (const NodeId id : nodes)
            copy(index, id);
    }

    void copy(size_t index, NodeId id) {
        const Node& node = graph_.node(id);
        segment_of_[static_cast<size_t>(id)] = index;
        std::vector<ValueId> inputs;
        for (const ValueId v : node.inputs)
            inputs.push_back(need(index, v));
        std::vector<TensorType> types;
        for (const ValueId v : node.outputs)
            types.push_back(graph_.type(v));
        Segment& segment = out_.segments[index];
        const NodeId made = segment.graph.add_node(node.op, node.name, node.layer,
                                                   std::move(inputs), node.attrs, types);
        segment.graph.hold(find_operator(node.op));
        select(segment, made, placement_.selections[static_cast<size_t>(id)]);
        for (size_t i = 0; i < node.outputs.size(); ++i)
            made_[index][node.outputs[i]] = segment.graph.node(made).outputs[i];
    }
    static void select(Segment& segment, NodeId node, const Selection& selection) {
        segment.selections.resize(static_cast<size_t>(node) + 1);
        segment.selections.back() = selection;
    }

    /// The value in a segment's graph.
    ValueId need(size_t index, ValueId value) {
        if (const auto it = made_[index].find(value); it != made_[index].end())
            return it->second;
        return made_[index][value] = bring(index, value);
    }
    ValueId bring(size_t index, ValueId value) {
        Segment& segment = out_.segments[index];
        const Node& producer = graph_.producer(value);
        const TensorType& type = graph_.type(value);
        if (producer.op == "constant")
            return segment.graph.add_constant(graph_.constant(value));
        if (producer.op == "input")
            return segment.graph.add_input(producer.name, type);
        if (producer.op == "variable") {
            const Variable& variable = *graph_.variable_of(value);
            if (segment.device == 0) {
                Variable copy = variable;
                copy.update = kNone;
                return segment.graph.add_variable(std::move(copy));
            }
            const std::string name = "variable/" + variable.name;
            if (std::none_of(out_.reads.begin(), out_.reads.end(),
                             [&](const auto& r) { return r.name == name; }))
                out_.reads.push_back({variable.name, name});
            return segment.graph.add_input(name, type);
        }
        const std::string name =
            fmt::format("value/{}:{}", producer.name, graph_.value(value).output);
        cross(value, name, index);
        return segment.graph.add_input(name, type);
    }
    void cross(ValueId value, const std::string& name, size_t to) {
        for (Partition::Crossing& c : out_.crossings)
            if (c.name == name) {
                c.to.push_back(to);
                return;
            }
        const size_t from = home(value);
        out_.segments[from].graph.add_output(name, made_[from].at(value));
        out_.crossings.push_back({name, from, {to}});
    }
    /// Where the value is made; leaves are read in the first segment of a run, before any update.
    size_t home(ValueId value) const {
        return segment_of_[static_cast<size_t>(graph_.value(value).producer)];
    }

    void give(ValueId value, const std::string& name) {
        const size_t at = home(value);
        const ValueId made = need(at, value);
        out_.segments[at].graph.add_output(name, made);
    }

    /// Where the new value is made, if variables live there and nothing reads the old one later;
    /// else by way of the host, after all.
    void update(const Variable& variable) {
        const size_t at = home(variable.update);
        bool read_later = false;
        for (size_t i = at + 1; i < made_.size(); ++i)
            read_later =
                read_later || (out_.segments[i].device == 0 && made_[i].contains(variable.value));
        const bool is_made = !graph_.producer(variable.update).is_leaf();
        if (out_.segments[at].device == 0 && is_made && !read_later) {
            const ValueId old = need(at, variable.value);
            out_.segments[at].graph.set_update(old, need(at, variable.update));
            return;
        }
        const std::string name = "update/" + variable.name;
        give(variable.update, name);
        out_.writes.push_back({variable.name, name});
    }

    const Graph& graph_;
    const Placement& placement_;
    const std::vector<bool>& prepared_;
    size_t first_; // segment of every run
    Partition out_;
    std::vector<size_t> segment_of_;               // by node
    std::vector<std::map<ValueId, ValueId>> made_; // by segment: the graph's value -> its own
};

} // namespace

Partition partition(const Graph& graph, const Placement& placement) {
    const bool one_device = std::none_of(placement.device.begin(), placement.device.end(),
                                         [](int32_t device) { return device > 0; });
    // Several devices carry values between them by way of the host in every run.
    const auto prepared =
        one_device ? prepared_nodes(graph) : std::vector<bool>(graph.nodes().size());
    if (one_device && std::find(prepared.begin(), prepared.end(), true) == prepared.end())
        return {{{0, false, graph, placement.selections}}, {}, {}, {}};
    return Partitioner(graph, placement, prepared).run();
}

} // namespace lamina
