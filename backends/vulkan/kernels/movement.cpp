/// Operators that move elements and compute nothing.

#include <algorithm>

#include "kernels/map_step.hpp"
#include "kernels/storage.hpp"

namespace lamina::vulkan {

namespace {

Plan plan_of(const Limits& limits, const Node& node) {
    return {streaming_seconds(limits, node), 0, 0, "exact"};
}

std::vector<int64_t> space_of(const plugin::TensorView& t) {
    return {t.dims().begin(), t.dims().end()};
}

/// Copies input 0, seen through `from`, to all of output 0.
void copy_to_output(Step& step, const Node& node, View from) {
    const auto out = node.output();
    dispatch_map(step,
                 copy_map(space_of(out), std::move(from), dense_view(out.dtype(), out.dims())),
                 {step.in(0)}, {step.out()});
}

struct Reshape {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) {
        Plan plan = plan_of(limits, node);
        plan.in_place = 1;
        return plan;
    }
    static void build(Step& step, const Node& node) {
        const Operand from = step.in(0), to = step.out();
        if (from.slot != to.slot || from.offset != to.offset)
            copy_to_output(step, node, dense_view(node.input(0).dtype(), node.output().dims()));
    }
};
LAMINA_VULKAN_KERNEL(reshape, "reshape", "copy", 10, Reshape)

struct BroadcastTo {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) { return plan_of(limits, node); }
    static void build(Step& step, const Node& node) {
        copy_to_output(
            step, node,
            broadcast_view(node.input(0).dtype(), node.input(0).dims(), node.output().dims()));
    }
};
LAMINA_VULKAN_KERNEL(broadcast_to, "broadcast_to", "generated", 10, BroadcastTo)

struct Transpose {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) { return plan_of(limits, node); }
    static void build(Step& step, const Node& node) {
        const auto natural = dense_strides(node.input(0).dims());
        View from;
        from.dtype = node.input(0).dtype();
        for (const int64_t p : node.integers("perm"))
            from.strides.push_back(natural[positive_axis(p, node.input(0).rank())]);
        copy_to_output(step, node, std::move(from));
    }
};
LAMINA_VULKAN_KERNEL(transpose, "transpose", "generated", 10, Transpose)

struct Pad {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) { return plan_of(limits, node); }
    static void build(Step& step, const Node& node) {
        const auto dims = node.input(0).dims();
        const auto low = node.integers("low");
        View from = dense_view(node.input(0).dtype(), dims);
        from.fill = node.number("value");
        for (size_t d = 0; d < dims.size(); ++d) {
            from.bounds.push_back({low[d], dims[d]});
            from.base -= low[d] * from.strides[d];
        }
        copy_to_output(step, node, std::move(from));
    }
};
LAMINA_VULKAN_KERNEL(pad, "pad", "generated", 10, Pad)

struct Slice {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) { return plan_of(limits, node); }
    static void build(Step& step, const Node& node) {
        const auto begin = node.integers("begin"), strides = node.integers("strides");
        View from = dense_view(node.input(0).dtype(), node.input(0).dims());
        for (size_t d = 0; d < from.strides.size(); ++d) {
            from.base += begin[d] * from.strides[d];
            if (!strides.empty())
                from.strides[d] *= strides[d];
        }
        copy_to_output(step, node, std::move(from));
    }
};
LAMINA_VULKAN_KERNEL(slice, "slice", "generated", 10, Slice)

/// One dispatch an input, each writing its part of the output. Parts of 16-bit elements may share
/// words: their output is written once, as the sum of all inputs, each -0 outside of its part.
struct Concat {
    static constexpr bool cuts_ranges = true;
    static Plan describe(const Limits& limits, const Node& node) {
        const lm_dtype dtype = node.output().dtype();
        if (is_half(dtype))
            require_bindings(limits, node.n_inputs() + 1);
        else if (plugin::size_of(dtype) < 4)
            plugin::unsupported(std::string("concat of ") + plugin::dtype_name(dtype) +
                                ": parts would share 32-bit words");
        Plan plan = plan_of(limits, node);
        if (!is_half(dtype))
            plan.seconds += static_cast<double>(node.n_inputs() - 1) * limits.dispatch_seconds;
        return plan;
    }
    static void build(Step& step, const Node& node) {
        if (is_half(node.output().dtype()))
            write_once(step, node);
        else
            write_parts(step, node);
    }
    static void write_once(Step& step, const Node& node) {
        const auto out = node.output();
        const auto axis = positive_axis(node.integer("axis"), out.rank());
        Map map;
        map.space = space_of(out);
        map.outputs = {dense_view(out.dtype(), out.dims())};
        std::vector<Operand> inputs;
        std::string program = "copy i0";
        int64_t begin = 0;
        for (int64_t i = 0; i < node.n_inputs(); ++i) {
            const auto in = node.input(i);
            View from = dense_view(in.dtype(), in.dims());
            from.fill = -0.0;
            for (size_t d = 0; d < map.space.size(); ++d)
                from.bounds.push_back({d == axis ? begin : 0, in.dim(static_cast<int64_t>(d))});
            from.base = -begin * from.strides[axis];
            map.inputs.push_back(std::move(from));
            inputs.push_back(step.in(static_cast<size_t>(i)));
            if (i > 0)
                program += ";add t" + std::to_string(i - 1) + " i" + std::to_string(i);
            begin += in.dim(static_cast<int64_t>(axis));
        }
        map.expression = plugin::Expression::parse(program);
        map.results = {node.n_inputs() - 1};
        dispatch_map(step, std::move(map), std::move(inputs), {step.out()});
    }
    static void write_parts(Step& step, const Node& node) {
        const auto axis = positive_axis(node.integer("axis"), node.output().rank());
        const auto out = node.output();
        int64_t begin = 0;
        for (int64_t i = 0; i < node.n_inputs(); ++i) {
            const auto in = node.input(i);
            View to = dense_view(out.dtype(), out.dims());
            to.base = begin * to.strides[axis];
            dispatch_map(step, copy_map(space_of(in), dense_view(in.dtype(), in.dims()), to),
                         {step.in(static_cast<size_t>(i))}, {step.out()});
            begin += in.dim(static_cast<int64_t>(axis));
        }
    }
};
LAMINA_VULKAN_KERNEL(concat, "concat", "generated", 10, Concat)

} // namespace

} // namespace lamina::vulkan
