// gather, its transpose scatter_add, and one_hot. An index outside the range reads zeros, adds
// nothing, marks nothing: no backend could report it from the middle of a step.
#include <cstring>

#include "arithmetic.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::reference {
namespace {

/// x: [outer, dim, inner] around the axis; y: [outer, indices, inner].
struct Gather : PerElement {
    void run(const Node& node, const Args& args) const {
        const TensorView x = node.input(0);
        const AxisSplit s = split_at(x.dims(), axis_of(node, x.rank()));
        const Wholes indices = load<int64_t>(node, args, 1);
        const int64_t run = s.inner * size_of(x.dtype());
        auto* y = args.out<char>();
        for (int64_t outer = 0; outer < s.outer; ++outer)
            for (const int64_t index : indices) {
                if (index >= 0 && index < s.dim)
                    std::memcpy(y, args.in<char>(0) + (outer * s.dim + index) * run,
                                static_cast<size_t>(run));
                else
                    std::memset(y, 0, static_cast<size_t>(run));
                y += run;
            }
    }
};

/// updates: [outer, indices, inner]; y: [outer, size, inner] around the axis.
struct ScatterAdd : PerElement {
    void run(const Node& node, const Args& args) const {
        with_wide(node.output().dtype(), [&](auto tag) {
            using W = decltype(tag);
            const TensorView y = node.output();
            const AxisSplit s = split_at(y.dims(), axis_of(node, y.rank()));
            const Wholes indices = load<int64_t>(node, args, 0);
            const std::vector<W> updates = load<W>(node, args, 1);
            std::vector<W> sums(static_cast<size_t>(y.elements()));
            size_t from = 0;
            for (int64_t outer = 0; outer < s.outer; ++outer)
                for (const int64_t index : indices)
                    for (int64_t inner = 0; inner < s.inner; ++inner, ++from)
                        if (index >= 0 && index < s.dim) {
                            W& sum = sums[static_cast<size_t>((outer * s.dim + index) * s.inner +
                                                              inner)];
                            sum = calculate(Element::add, sum, updates[from]);
                        }
            store(node, args, 0, sums);
        });
    }
};

struct OneHot : PerElement {
    void run(const Node& node, const Args& args) const {
        const int64_t depth = node.integer("depth");
        Wholes marks;
        for (const int64_t index : load<int64_t>(node, args, 0))
            for (int64_t i = 0; i < depth; ++i)
                marks.push_back(i == index);
        store(node, args, 0, marks);
    }
};

LAMINA_KERNEL(gather, "reference", "gather", "plain", 0, Gather)
LAMINA_KERNEL(scatter_add, "reference", "scatter_add", "plain", 0, ScatterAdd)
LAMINA_KERNEL(one_hot, "reference", "one_hot", "plain", 0, OneHot)

} // namespace
} // namespace lamina::reference
