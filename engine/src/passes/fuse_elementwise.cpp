/// Connected elementwise operators of one shape become one node with an expression program.
#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "graph/operators.hpp"
#include "passes/expression_builder.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

/// Bounds that every backend can hold: bindings of one descriptor set, and an interpreter's
/// temporaries.
constexpr size_t kMostOperands = 14;
constexpr size_t kMostInstructions = 48;

class Clusters {
  public:
    Clusters(const Graph& graph, const Describe& describe)
        : graph_(graph), describe_(describe), group_(graph.nodes().size()) {
        for (size_t id = 0; id < group_.size(); ++id) {
            group_[id] = static_cast<NodeId>(id);
            members_[static_cast<NodeId>(id)] = {static_cast<NodeId>(id)};
        }
        uses_ = users_by_value();
    }

    Graph run() {
        for (size_t id = 0; id < graph_.nodes().size(); ++id)
            if (joinable(graph_.nodes()[id]))
                join_producers(static_cast<NodeId>(id));
        dissolve_refused();
        return emit();
    }

  private:
    std::vector<std::vector<NodeId>> users_by_value() const {
        std::vector<std::vector<NodeId>> users(graph_.values().size());
        for (size_t id = 0; id < graph_.nodes().size(); ++id)
            for (const ValueId v : graph_.nodes()[id].inputs)
                users[static_cast<size_t>(v)].push_back(static_cast<NodeId>(id));
        return users;
    }

    bool joinable(const Node& node) const { return is_elementwise(node) && node.op != "copy"; }
    const Shape& shape_of(NodeId id) const { return graph_.type(graph_.node(id).outputs[0]).shape; }

    void join_producers(NodeId id) {
        for (const ValueId v : graph_.node(id).inputs) {
            const NodeId producer = graph_.value(v).producer;
            if (!joinable(graph_.node(producer)) || shape_of(producer) != shape_of(id))
                continue;
            merge(group_[static_cast<size_t>(producer)], group_[static_cast<size_t>(id)]);
        }
    }

    void merge(NodeId a, NodeId b) {
        if (a == b || leaves_and_returns(a, b) || leaves_and_returns(b, a) || too_large(a, b))
            return;
        for (const NodeId id : members_[b])
            group_[static_cast<size_t>(id)] = a;
        auto& all = members_[a];
        all.insert(all.end(), members_[b].begin(), members_[b].end());
        std::sort(all.begin(), all.end());
        members_.erase(b);
    }

    /// Whether a path runs from group `from` to group `to` through a third one: then they cannot be
    /// one node.
    bool leaves_and_returns(NodeId from, NodeId to) const {
        std::set<NodeId> seen;
        std::vector<NodeId> stack;
        const auto visit_users = [&](NodeId group, bool direct) {
            for (const NodeId id : members_.at(group))
                for (const ValueId v : graph_.node(id).outputs)
                    for (const NodeId user : uses_[static_cast<size_t>(v)]) {
                        const NodeId g = group_[static_cast<size_t>(user)];
                        if (g == from || (direct && g == to))
                            continue;
                        if (seen.insert(g).second)
                            stack.push_back(g);
                    }
        };
        const NodeId last = members_.at(to).back();
        visit_users(from, true);
        while (!stack.empty()) {
            const NodeId group = stack.back();
            stack.pop_back();
            if (group == to)
                return true;
            if (members_.at(group).front() > last)
                continue; // nothing behind the target leads back to it
            visit_users(group, false);
        }
        return false;
    }

    struct Interface {
        std::vector<ValueId> inputs, outputs;
    };
    Interface interface_of(const std::vector<NodeId>& members) const {
        const std::set<NodeId> inside(members.begin(), members.end());
        Interface out;
        std::set<ValueId> inputs;
        for (const NodeId id : members) {
            const Node& node = graph_.node(id);
            for (const ValueId v : node.inputs)
                if (!inside.contains(graph_.value(v).producer) && !scalar_constant(graph_, v) &&
                    inputs.insert(v).second)
                    out.inputs.push_back(v);
            if (is_read_outside(node.outputs[0], inside))
                out.outputs.push_back(node.outputs[0]);
        }
        return out;
    }
    bool is_read_outside(ValueId value, const std::set<NodeId>& inside) const {
        for (const NodeId user : uses_[static_cast<size_t>(value)])
            if (!inside.contains(user))
                return true;
        for (const auto& [name, v] : graph_.outputs())
            if (v == value)
                return true;
        for (const Variable& v : graph_.variables())
            if (v.update == value)
                return true;
        return false;
    }
    bool too_large(NodeId a, NodeId b) const {
        std::vector<NodeId> all = members_.at(a);
        all.insert(all.end(), members_.at(b).begin(), members_.at(b).end());
        const Interface i = interface_of(all);
        return all.size() > kMostInstructions || i.inputs.size() + i.outputs.size() > kMostOperands;
    }

    Node fused(const std::vector<NodeId>& members) const {
        ExpressionBuilder builder(graph_);
        for (const NodeId id : members)
            builder.append(graph_.node(id));
        const Node& last = graph_.node(members.back());
        Node node;
        node.op = "fused_elementwise";
        node.name = last.name;
        node.layer = last.layer;
        node.inputs = builder.inputs();
        node.outputs = interface_of(members).outputs;
        std::vector<int64_t> outputs;
        for (const ValueId v : node.outputs)
            outputs.push_back(builder.instruction_of(v));
        node.attrs = {{"program", builder.text()}, {"outputs", outputs}};
        return node;
    }

    /// What the backend does not take stays as it was.
    void dissolve_refused() {
        std::vector<NodeId> groups;
        for (const auto& [group, members] : members_)
            if (members.size() > 1)
                groups.push_back(group);
        for (const NodeId group : groups) {
            const auto members = members_[group];
            const Node node = fused(members);
            if (!node.outputs.empty() && !node.inputs.empty() && shape_is_inferred(node) &&
                !describe_(graph_, node).empty())
                continue;
            members_.erase(group);
            for (const NodeId id : members) {
                group_[static_cast<size_t>(id)] = id;
                members_[id] = {id};
            }
        }
    }
    /// The inputs must broadcast to the members' shape by themselves; constants have gone into the
    /// program.
    bool shape_is_inferred(const Node& node) const {
        try {
            const auto types = infer_types(*find_operator(node.op), graph_, node.name, node.layer,
                                           node.inputs, node.attrs);
            for (size_t i = 0; i < types.size(); ++i)
                if (!(types[i] == graph_.type(node.outputs[i])))
                    return false;
            return true;
        } catch (const Error&) {
            return false;
        }
    }

    /// Groups in an order in which each comes after those it reads; otherwise as the last members
    /// stood.
    Graph emit() {
        std::map<NodeId, int> missing;
        std::map<NodeId, std::set<NodeId>> followers;
        for (const auto& [group, members] : members_) {
            std::set<NodeId> before;
            for (const NodeId id : members)
                for (const ValueId v : graph_.node(id).inputs) {
                    const NodeId g = group_[static_cast<size_t>(graph_.value(v).producer)];
                    if (g != group)
                        before.insert(g);
                }
            missing[group] = static_cast<int>(before.size());
            for (const NodeId g : before)
                followers[g].insert(group);
        }
        using Entry = std::pair<NodeId, NodeId>; // last member, group
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
        for (const auto& [group, count] : missing)
            if (count == 0)
                ready.emplace(members_[group].back(), group);
        Rewrite rewrite(graph_);
        while (!ready.empty()) {
            const NodeId group = ready.top().second;
            ready.pop();
            emit_group(rewrite, members_[group]);
            for (const NodeId g : followers[group])
                if (--missing[g] == 0)
                    ready.emplace(members_[g].back(), g);
        }
        return rewrite.finish();
    }
    void emit_group(Rewrite& rewrite, const std::vector<NodeId>& members) {
        if (members.size() == 1) {
            rewrite.copy(graph_.node(members[0]));
            return;
        }
        const Node node = fused(members);
        const auto out = add_operator(rewrite.to(), node.op, node.name, node.layer,
                                      rewrite.mapped(node.inputs), node.attrs);
        for (size_t i = 0; i < out.size(); ++i)
            rewrite.set(node.outputs[i], out[i]);
    }

    const Graph& graph_;
    const Describe& describe_;
    std::vector<NodeId> group_;                     // by node
    std::map<NodeId, std::vector<NodeId>> members_; // by group, in order
    std::vector<std::vector<NodeId>> uses_;
};

} // namespace

Graph fuse_elementwise(const Graph& graph, const Describe& describe) {
    return Clusters(graph, describe).run();
}

} // namespace lamina
