/// What passes share: building the new graph from the old one.
#pragma once

#include <vector>

#include "lamina/graph.hpp"

namespace lamina {

/// Copies a graph node by node; a pass says what it wants otherwise.
class Rewrite {
  public:
    explicit Rewrite(const Graph& from) : from_(from), map_(from.values().size(), kNone) {}

    Graph& to() { return to_; }
    const Graph& from() const { return from_; }

    /// The new value of an old one.
    ValueId operator[](ValueId old) const { return map_[static_cast<size_t>(old)]; }
    std::vector<ValueId> mapped(const std::vector<ValueId>& old) const;
    void set(ValueId old, ValueId made) { map_[static_cast<size_t>(old)] = made; }
    bool done(ValueId old) const { return map_[static_cast<size_t>(old)] != kNone; }

    /// Copies a node on the mapped inputs, and maps its outputs.
    void copy(const Node& node);
    /// Copies updates and outputs, and hands the graph over. Variables that nothing reads or
    /// updates are left out.
    Graph finish();

  private:
    const Graph& from_;
    Graph to_;
    std::vector<ValueId> map_;
};

} // namespace lamina
