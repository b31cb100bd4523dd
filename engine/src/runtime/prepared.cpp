#include "runtime/prepared.hpp"

#include <algorithm>

#include "graph/operators.hpp"

namespace lamina {

namespace {

class Prepared {
  public:
    explicit Prepared(const Graph& graph)
        : graph_(graph), prepared_(graph.nodes().size()), given_(graph.values().size()) {
        for (const auto& [name, v] : graph.outputs())
            given_[static_cast<size_t>(v)] = true;
        for (const Variable& v : graph.variables())
            if (v.update != kNone)
                given_[static_cast<size_t>(v.update)] = true;
    }

    std::vector<bool> run() {
        for (size_t id = 0; id < prepared_.size(); ++id)
            prepared_[id] = depends_on_variables_alone(graph_.nodes()[id]);
        // A view that others look at is made where they are, and then what is made from it is too.
        for (bool changed = true; changed;)
            changed = leave_views() || leave_followers();
        return is_all() ? std::vector<bool>(prepared_.size()) : prepared_;
    }

  private:
    bool is_prepared(ValueId v) const {
        return prepared_[static_cast<size_t>(graph_.value(v).producer)];
    }
    bool is_constant(ValueId v) const { return graph_.producer(v).op == "constant"; }
    bool is_kept_variable(ValueId v) const {
        return graph_.producer(v).op == "variable" && graph_.variable_of(v)->update == kNone;
    }

    bool depends_on_variables_alone(const Node& node) const {
        if (node.is_leaf() || find_operator(node.op)->random())
            return false;
        bool any = false;
        int64_t largest = 0;
        for (const ValueId v : node.inputs) {
            if (!is_constant(v) && !is_kept_variable(v) && !is_prepared(v))
                return false;
            any = any || !is_constant(v);
            largest = std::max(largest, graph_.type(v).shape.elements());
        }
        return any && std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) {
                   return !given_[static_cast<size_t>(v)] &&
                          graph_.type(v).shape.elements() <= largest;
               });
    }

    bool leave_views() {
        std::vector<bool> seen(graph_.values().size()); // by what is not prepared
        for (size_t id = 0; id < prepared_.size(); ++id)
            if (!prepared_[id])
                for (const ValueId v : graph_.nodes()[id].inputs)
                    seen[static_cast<size_t>(v)] = true;
        bool changed = false;
        for (size_t id = 0; id < prepared_.size(); ++id) {
            const Node& node = graph_.nodes()[id];
            if (prepared_[id] && find_operator(node.op)->view() &&
                seen[static_cast<size_t>(node.outputs[0])]) {
                prepared_[id] = false;
                changed = true;
            }
        }
        return changed;
    }
    bool leave_followers() {
        bool changed = false;
        for (size_t id = 0; id < prepared_.size(); ++id) {
            const bool stays = prepared_[id] && depends_on_variables_alone(graph_.nodes()[id]);
            changed = changed || stays != prepared_[id];
            prepared_[id] = stays;
        }
        return changed;
    }
    bool is_all() const {
        for (size_t id = 0; id < prepared_.size(); ++id)
            if (!prepared_[id] && !graph_.nodes()[id].is_leaf())
                return false;
        return true;
    }

    const Graph& graph_;
    std::vector<bool> prepared_;
    std::vector<bool> given_; // by value: an output, or a variable's new value
};

} // namespace

std::vector<bool> prepared_nodes(const Graph& graph) { return Prepared(graph).run(); }

std::vector<bool> kept_values(const Graph& graph) {
    const std::vector<bool> prepared = prepared_nodes(graph);
    std::vector<bool> kept(graph.values().size());
    for (size_t v = 0; v < kept.size(); ++v) {
        const auto id = static_cast<ValueId>(v);
        const std::string& op = graph.producer(id).op;
        kept[v] = op == "constant" || prepared[static_cast<size_t>(graph.value(id).producer)] ||
                  (op == "variable" && graph.variable_of(id)->update == kNone);
    }
    return kept;
}

} // namespace lamina
