// Operators that move elements without changing them: for each element of the output, where it
// comes from. Elements are copied as bytes, so that even a NaN keeps its bits.
#include <cstring>

#include "indices.hpp"
#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/shape_rules.hpp"
#include "tensors.hpp"

namespace lamina::reference {
namespace {

/// y[index] = x[source(index)] for every index of y.
template <class Source>
void move_elements(const Node& node, const Args& args, Source&& source) {
    const auto size = static_cast<size_t>(size_of(node.output().dtype()));
    const auto* x = args.in<char>(0);
    auto* y = args.out<char>();
    for_each_index(node.output().type().dims, [&](const Dims& index, int64_t flat) {
        std::memcpy(y + static_cast<size_t>(flat) * size,
                    x + static_cast<size_t>(source(index)) * size, size);
    });
}

struct Reshape : PerElement {
    static Plan describe(const Node& node) {
        Plan plan = PerElement::describe(node);
        plan.in_place = 1;
        return plan;
    }
    void run(const Node& node, const Args& args) const {
        std::memmove(args.out<void>(), args.in<void>(0),
                     static_cast<size_t>(node.output().bytes()));
    }
};

struct BroadcastTo : PerElement {
    void run(const Node& node, const Args& args) const {
        const Dims strides = broadcast_strides(node.input(0).dims(), node.output().dims());
        move_elements(node, args, [&](const Dims& index) { return offset(index, strides); });
    }
};

struct Transpose : PerElement {
    void run(const Node& node, const Args& args) const {
        const Dims x_strides = row_major_strides(node.input(0).dims());
        Dims strides;
        for (const int64_t axis : node.integers("perm"))
            strides.push_back(x_strides[static_cast<size_t>(axis)]);
        move_elements(node, args, [&](const Dims& index) { return offset(index, strides); });
    }
};

struct Slice : PerElement {
    void run(const Node& node, const Args& args) const {
        const Dims x_strides = row_major_strides(node.input(0).dims());
        const Dims begin = node.dims("begin"), steps = node.dims("strides");
        Dims strides = x_strides;
        for (size_t i = 0; i < steps.size(); ++i)
            strides[i] *= steps[i];
        const int64_t first = offset(begin, x_strides);
        move_elements(node, args,
                      [&](const Dims& index) { return first + offset(index, strides); });
    }
};

struct Pad : PerElement {
    void run(const Node& node, const Args& args) const {
        const TensorView y = node.output();
        const auto size = static_cast<size_t>(y.bytes() / std::max<int64_t>(y.elements(), 1));
        const Dims low = node.dims("low"), y_strides = row_major_strides(y.dims());
        store(node, args, 0, Reals(static_cast<size_t>(y.elements()), node.number("value")));
        const int64_t first = offset(low, y_strides);
        for_each_index(node.input(0).type().dims, [&](const Dims& index, int64_t flat) {
            std::memcpy(args.out<char>() +
                            static_cast<size_t>(first + offset(index, y_strides)) * size,
                        args.in<char>(0) + static_cast<size_t>(flat) * size, size);
        });
    }
};

struct Concat : PerElement {
    void run(const Node& node, const Args& args) const {
        const TensorView y = node.output();
        const int64_t axis = axis_of(node, y.rank());
        const int64_t size = size_of(y.dtype());
        const AxisSplit whole = split_at(y.dims(), axis);
        int64_t before = 0; // along the axis
        for (int64_t i = 0; i < node.n_inputs(); ++i) {
            const AxisSplit part = split_at(node.input(i).dims(), axis);
            const int64_t run = part.dim * part.inner * size;
            for (int64_t outer = 0; outer < part.outer && run > 0; ++outer)
                std::memcpy(args.out<char>() + (outer * whole.dim + before) * whole.inner * size,
                            args.in<char>(i) + outer * run, static_cast<size_t>(run));
            before += part.dim;
        }
    }
};

LAMINA_KERNEL(reshape, "reference", "reshape", "plain", 0, Reshape)
LAMINA_KERNEL(broadcast_to, "reference", "broadcast_to", "plain", 0, BroadcastTo)
LAMINA_KERNEL(transpose, "reference", "transpose", "plain", 0, Transpose)
LAMINA_KERNEL(slice, "reference", "slice", "plain", 0, Slice)
LAMINA_KERNEL(pad, "reference", "pad", "plain", 0, Pad)
LAMINA_KERNEL(concat, "reference", "concat", "plain", 0, Concat)

} // namespace
} // namespace lamina::reference
