/// Cuts a graph into segments, one device each.
#pragma once

#include <string>
#include <vector>

#include "runtime/select.hpp"

namespace lamina {

/// A graph of its own. It takes the graph's inputs under their names, and under names of their own
/// what other segments made and the variables that its device does not hold; it gives what others
/// need the same way.
struct Segment {
    size_t device = 0;
    bool prepares = false; // runs when a variable that it reads was written, not in every run
    Graph graph;
    std::vector<Selection> selections; // by node
};

struct Partition {
    /// A value that one segment makes and others take under the name.
    struct Crossing {
        std::string name;
        size_t from = 0;
        std::vector<size_t> to;
    };
    /// A variable that is read or written by way of the host.
    struct Transfer {
        std::string variable;
        std::string name; // of the segments' input, or of the output that holds the new value
    };

    std::vector<Segment> segments; // in the order in which they run; the first may prepare
    std::vector<Crossing> crossings;
    std::vector<Transfer> reads;  // before the first segment
    std::vector<Transfer> writes; // after the last one
};

/// Variables live on device 0. The segments together compute what the graph does; there is one when
/// everything is placed on device 0, but for one that prepares what depends on variables alone.
Partition partition(const Graph& graph, const Placement& placement);

} // namespace lamina
