#include "passes/plan_memory.hpp"

#include <algorithm>
#include <map>

#include "graph/operators.hpp"

namespace lamina {

namespace {

/// Bytes that one or more values share: views and in-place results of each other.
struct Storage {
    uint64_t bytes = 0;
    int32_t first = 0;  // step that writes it first
    int32_t last = 0;   // step that uses it last
    bool fixed = false; // lies in a slot of its own, not in the arena
    Place place;
    char kind = 'a'; // a activation, g gradient, w workspace
};

/// A copy after the last step.
struct LateCopy {
    ValueId value;
    Place target;
    int32_t staging = kNone; // storage that it goes through
};

class Planner {
  public:
    Planner(const Graph& graph, const std::vector<Selection>& selections, uint64_t alignment)
        : graph_(graph), selections_(selections), alignment_(alignment),
          storage_of_(graph.values().size(), kNone), last_use_(graph.values().size(), -1) {}

    MemoryPlan run() {
        plan_.slots.push_back({SlotKind::Arena, "arena", 0, 0});
        find_last_uses();
        place_leaves();
        place_outputs_first();
        for (size_t id = 0; id < graph_.nodes().size(); ++id)
            place_node(static_cast<NodeId>(id));
        stage_exchanges();
        assign_offsets();
        emit_steps();
        account();
        return std::move(plan_);
    }

  private:
    int32_t end() const { return static_cast<int32_t>(graph_.nodes().size()); }
    uint64_t aligned(uint64_t bytes) const {
        return (bytes + alignment_ - 1) / alignment_ * alignment_;
    }
    Storage& storage(ValueId v) {
        return storages_[static_cast<size_t>(storage_of_[static_cast<size_t>(v)])];
    }
    bool is_view(const Node& node) const {
        return !node.is_leaf() && find_operator(node.op)->view();
    }

    int32_t add_storage(Storage s) {
        storages_.push_back(s);
        return static_cast<int32_t>(storages_.size() - 1);
    }
    int32_t add_fixed(ValueId value, uint32_t slot, uint64_t offset) {
        Storage s;
        s.bytes = static_cast<uint64_t>(graph_.type(value).bytes());
        s.fixed = true;
        s.place = {slot, offset};
        return add_storage(s);
    }

    /// The value whose bytes a view shows.
    ValueId root(ValueId v) const {
        while (is_view(graph_.producer(v)))
            v = graph_.producer(v).inputs[0];
        return v;
    }

    void find_last_uses() {
        for (size_t id = 0; id < graph_.nodes().size(); ++id)
            for (const ValueId v : graph_.nodes()[id].inputs)
                last_use_[static_cast<size_t>(root(v))] = static_cast<int32_t>(id);
    }

    void place_leaves() {
        constants_slot_ = static_cast<uint32_t>(plan_.slots.size());
        plan_.slots.push_back({SlotKind::Constant, "constants", 0, 0});
        for (const Node& node : graph_.nodes())
            if (node.op == "constant") {
                const ValueId v = node.outputs[0];
                uint64_t& bytes = plan_.slots[constants_slot_].bytes;
                storage_of_[static_cast<size_t>(v)] = add_fixed(v, constants_slot_, bytes);
                plan_.constants.emplace_back(v, bytes);
                bytes += aligned(static_cast<uint64_t>(graph_.type(v).bytes()));
            }
        for (uint32_t i = 0; i < graph_.variables().size(); ++i) {
            const Variable& v = graph_.variables()[i];
            add_slot_for(SlotKind::Variable, v.name, i, v.value);
        }
        for (uint32_t i = 0; i < graph_.inputs().size(); ++i)
            add_slot_for(SlotKind::Input, graph_.inputs()[i].first, i, graph_.inputs()[i].second);
    }
    void add_slot_for(SlotKind kind, const std::string& name, uint32_t index, ValueId value) {
        const auto slot = static_cast<uint32_t>(plan_.slots.size());
        plan_.slots.push_back(
            {kind, name, static_cast<uint64_t>(graph_.type(value).bytes()), index});
        storage_of_[static_cast<size_t>(value)] = add_fixed(value, slot, 0);
    }

    /// An output is computed where it is handed out, unless it is a leaf, a view of one, or another
    /// output.
    void place_outputs_first() {
        for (uint32_t i = 0; i < graph_.outputs().size(); ++i) {
            const auto& [name, value] = graph_.outputs()[i];
            const auto slot = static_cast<uint32_t>(plan_.slots.size());
            plan_.slots.push_back(
                {SlotKind::Output, name, static_cast<uint64_t>(graph_.type(value).bytes()), i});
            const ValueId made = root(value);
            int32_t& place = storage_of_[static_cast<size_t>(made)];
            const bool is_update = std::any_of(
                graph_.variables().begin(), graph_.variables().end(),
                [&](const Variable& v) { return v.update != kNone && root(v.update) == made; });
            if (place == kNone && !is_update)
                place = add_fixed(made, slot, 0);
            else
                copy_late(value, {slot, 0});
        }
        for (const Variable& v : graph_.variables()) {
            if (v.update == kNone || v.update == v.value)
                continue;
            const ValueId made = root(v.update);
            const bool free_to_place =
                storage_of_[static_cast<size_t>(made)] == kNone && !update_of_.contains(made);
            if (free_to_place)
                update_of_[made] = v.value;
            else
                copy_late(v.update, storage(v.value).place);
        }
    }
    /// After the last step; until then the value stays as it is.
    void copy_late(ValueId value, Place target) {
        late_copies_.push_back({value, target});
        last_use_[static_cast<size_t>(root(value))] = end();
    }

    void place_node(NodeId id) {
        const Node& node = graph_.node(id);
        if (node.is_leaf())
            return;
        if (is_view(node)) {
            storage_of_[static_cast<size_t>(node.outputs[0])] =
                storage_of_[static_cast<size_t>(node.inputs[0])];
            return;
        }
        std::vector<bool> taken(node.inputs.size());
        for (const ValueId v : node.outputs) {
            int32_t& place = storage_of_[static_cast<size_t>(v)];
            if (place != kNone)
                continue;
            if (const auto update = update_of_.find(v); update != update_of_.end()) {
                place = place_update(id, node, v, update->second, taken);
                if (place != kNone)
                    continue;
                copy_late(v, storage(update->second).place);
            }
            place = reuse_input(id, node, v, taken);
            if (place == kNone) {
                Storage s;
                s.bytes = static_cast<uint64_t>(graph_.type(v).bytes());
                s.first = id;
                s.kind = node.name.starts_with("gradient/") ? 'g' : 'a';
                place = add_storage(s);
            }
        }
        for (const ValueId v : node.outputs)
            extend(v, id);
        for (const ValueId v : node.inputs)
            extend(v, id);
    }
    void extend(ValueId v, int32_t step) {
        Storage& s = storage(v);
        s.last = std::max({s.last, step, last_use_[static_cast<size_t>(root(v))]});
    }

    /// Writes a variable's new value where the old one lies, when nothing needs the old one any
    /// more.
    int32_t place_update(NodeId id, const Node& node, ValueId made, ValueId variable,
                         std::vector<bool>& taken) {
        if (last_use_[static_cast<size_t>(variable)] > id)
            return kNone;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (root(node.inputs[i]) != variable)
                continue;
            const bool allowed = i < 64 &&
                                 (selections_[static_cast<size_t>(id)].in_place >> i & 1) != 0 &&
                                 !taken[i];
            if (!allowed || graph_.type(node.inputs[i]).bytes() != graph_.type(made).bytes())
                return kNone;
            taken[i] = true;
        }
        return storage_of_[static_cast<size_t>(variable)];
    }

    /// The arena memory of an input that ends here, where the kernel allows it.
    int32_t reuse_input(NodeId id, const Node& node, ValueId made, std::vector<bool>& taken) {
        const uint64_t allowed = selections_[static_cast<size_t>(id)].in_place;
        for (size_t i = 0; i < node.inputs.size() && i < 64; ++i) {
            if ((allowed >> i & 1) == 0 || taken[i])
                continue;
            const ValueId in = node.inputs[i];
            const Storage& s = storage(in);
            const bool ends_here =
                !s.fixed && s.last <= id && last_use_[static_cast<size_t>(root(in))] == id;
            const bool twice =
                std::count_if(node.inputs.begin(), node.inputs.end(), [&](ValueId other) {
                    return storage_of_[static_cast<size_t>(other)] ==
                           storage_of_[static_cast<size_t>(in)];
                }) > 1;
            if (!ends_here || twice || graph_.type(in).bytes() != graph_.type(made).bytes())
                continue;
            taken[i] = true;
            return storage_of_[static_cast<size_t>(in)];
        }
        return kNone;
    }

    /// Variables that take each other's old values: none may be written before all are read.
    void stage_exchanges() {
        for (LateCopy& copy : late_copies_) {
            const Place source = storage(copy.value).place;
            const bool overwritten =
                storage(copy.value).fixed &&
                std::any_of(late_copies_.begin(), late_copies_.end(),
                            [&](const LateCopy& other) { return other.target == source; });
            if (!overwritten)
                continue;
            Storage s;
            s.bytes = static_cast<uint64_t>(graph_.type(copy.value).bytes());
            s.first = s.last = end();
            copy.staging = add_storage(s);
        }
    }

    /// Largest first, each at the lowest offset free during its life (greedy by size: Pisarchyk and
    /// Lee, 2020).
    void assign_offsets() {
        add_workspaces();
        std::vector<size_t> order;
        for (size_t i = 0; i < storages_.size(); ++i)
            if (!storages_[i].fixed && storages_[i].bytes > 0)
                order.push_back(i);
        std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
            return storages_[a].bytes > storages_[b].bytes;
        });
        std::vector<const Storage*> placed; // by offset
        for (const size_t i : order) {
            Storage& s = storages_[i];
            uint64_t offset = 0;
            for (const Storage* p : placed) {
                if (p->last < s.first || s.last < p->first)
                    continue;
                if (offset + s.bytes <= p->place.offset)
                    break;
                offset = std::max(offset, p->place.offset + aligned(p->bytes));
            }
            s.place = {0, offset};
            plan_.slots[0].bytes = std::max(plan_.slots[0].bytes, offset + aligned(s.bytes));
            placed.insert(std::upper_bound(placed.begin(), placed.end(), &s,
                                           [](const Storage* a, const Storage* b) {
                                               return a->place.offset < b->place.offset;
                                           }),
                          &s);
        }
    }
    void add_workspaces() {
        workspace_of_.assign(graph_.nodes().size(), kNone);
        for (size_t id = 0; id < graph_.nodes().size(); ++id) {
            if (selections_[id].workspace_bytes == 0)
                continue;
            Storage s;
            s.bytes = selections_[id].workspace_bytes;
            s.first = s.last = static_cast<int32_t>(id);
            s.kind = 'w';
            workspace_of_[id] = add_storage(s);
        }
    }

    void emit_steps() {
        for (size_t id = 0; id < graph_.nodes().size(); ++id) {
            const Node& node = graph_.nodes()[id];
            if (node.is_leaf() || is_view(node))
                continue;
            PlannedStep step;
            step.node = static_cast<NodeId>(id);
            for (const ValueId v : node.inputs)
                step.inputs.push_back(storage(v).place);
            for (const ValueId v : node.outputs)
                step.outputs.push_back(storage(v).place);
            if (workspace_of_[id] != kNone)
                step.workspace = storages_[static_cast<size_t>(workspace_of_[id])].place;
            plan_.steps.push_back(std::move(step));
        }
        // Outputs read variables' old values, so they are copied before the updates are.
        const auto copy = [&](ValueId value, Place from, Place to) {
            plan_.steps.push_back({kNone, {from}, {to}, {}, value});
        };
        const auto place = [&](int32_t s) { return storages_[static_cast<size_t>(s)].place; };
        const auto is_output = [&](const LateCopy& c) {
            return plan_.slots[c.target.slot].kind == SlotKind::Output;
        };
        for (const LateCopy& c : late_copies_)
            if (is_output(c))
                copy(c.value, storage(c.value).place, c.target);
            else if (c.staging != kNone)
                copy(c.value, storage(c.value).place, place(c.staging));
        for (const LateCopy& c : late_copies_)
            if (!is_output(c))
                copy(c.value, c.staging != kNone ? place(c.staging) : storage(c.value).place,
                     c.target);
    }

    void account() {
        for (const Slot& s : plan_.slots) {
            if (s.kind == SlotKind::Constant)
                plan_.peak.constants += s.bytes;
            if (s.kind == SlotKind::Input || s.kind == SlotKind::Output)
                plan_.peak.inputs += s.bytes;
            if (s.kind == SlotKind::Variable)
                (graph_.variables()[s.index].kind == VariableKind::Slot ? plan_.peak.slots
                                                                        : plan_.peak.weights) +=
                    s.bytes;
        }
        for (const Selection& s : selections_)
            plan_.peak.constants += s.packed_bytes;
        uint64_t most = 0;
        MemoryByKind at_most;
        for (int32_t step = 0; step <= end(); ++step) {
            MemoryByKind now;
            for (const Storage& s : storages_) {
                if (s.fixed || s.first > step || s.last < step)
                    continue;
                (s.kind == 'g'   ? now.gradients
                 : s.kind == 'w' ? now.workspace
                                 : now.activations) += aligned(s.bytes);
            }
            if (now.total() > most)
                most = now.total(), at_most = now;
        }
        plan_.peak.gradients = at_most.gradients;
        plan_.peak.workspace = at_most.workspace;
        // What the arena loses between blocks counts as activations.
        plan_.peak.activations = plan_.slots[0].bytes - at_most.gradients - at_most.workspace;
    }

    const Graph& graph_;
    const std::vector<Selection>& selections_;
    uint64_t alignment_;
    std::vector<int32_t> storage_of_; // by value
    std::vector<int32_t>
        last_use_; // by value that is no view: the last node that reads it or a view of it
    std::vector<Storage> storages_;
    std::vector<int32_t> workspace_of_;    // by node
    std::map<ValueId, ValueId> update_of_; // new value -> variable
    std::vector<LateCopy> late_copies_;
    uint32_t constants_slot_ = 0;
    MemoryPlan plan_;
};

} // namespace

MemoryPlan plan_memory(const Graph& graph, const std::vector<Selection>& selections,
                       uint64_t alignment) {
    return Planner(graph, selections, alignment).run();
}

} // namespace lamina
