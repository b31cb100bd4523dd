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
    static Plan describe(const Limits& limits, const Node& node) { return plan_of(limits, node); }
    static void build(Step& step, const Node& node) {
        copy_to_output(
            step, node,
            broadcast_view(node.input(0).dtype(), node.input(0).dims(), node.output().dims()));
    }
};
LAMINA_VULKAN_KERNEL(broadcast_to, "broadcast_to", "generated", 10, BroadcastTo)

struct Transpose {
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

/// One dispatch an input, each writing its part of the output. Parts of elements of less than 32
/// bits may share words: their output is written whole, as the sum of the inputs (the union, of
/// truth values), each nothing outside of its part; again and again, where the device binds too few
/// buffers for all inputs at once.
struct Concat {
    static Plan describe(const Limits& limits, const Node& node) {
        const lm_dtype dtype = node.output().dtype();
        Plan plan = plan_of(limits, node);
        const int64_t dispatches =
            plugin::size_of(dtype) < 4
                ? (node.n_inputs() - 2) / (most_parts(limits) - 1) + 1 // the first takes one more
                : node.n_inputs();
        plan.seconds += static_cast<double>(dispatches - 1) * limits.dispatch_seconds;
        return plan;
    }
    static void build(Step& step, const Node& node) {
        if (plugin::size_of(node.output().dtype()) < 4)
            write_whole(step, node);
        else
            write_parts(step, node);
    }

  private:
    static int64_t most_parts(const Limits& limits) {
        return static_cast<int64_t>(limits.max_bindings) - 1;
    }
    static void write_whole(Step& step, const Node& node) {
        const auto out = node.output();
        const auto axis = positive_axis(node.integer("axis"), out.rank());
        const View whole = dense_view(out.dtype(), out.dims());
        const int64_t most = most_parts(step.limits);
        int64_t begin = 0;
        for (int64_t i = 0; i < node.n_inputs();) {
            Map map;
            map.space = space_of(out);
            map.outputs = {whole};
            std::vector<Operand> inputs;
            if (i > 0) { // what was written so far
                map.inputs.push_back(whole);
                inputs.push_back(step.out());
            }
            for (; i < node.n_inputs() && static_cast<int64_t>(inputs.size()) < most; ++i) {
                map.inputs.push_back(part(node.input(i), map.space, axis, begin));
                inputs.push_back(step.in(static_cast<size_t>(i)));
                begin += node.input(i).dim(static_cast<int64_t>(axis));
            }
            int64_t result = 0;
            map.expression =
                plugin::Expression::parse(union_of(inputs.size(), out.dtype(), result));
            map.results = {result};
            dispatch_map(step, std::move(map), std::move(inputs), {step.out()});
        }
    }
    /// x as it lies in the output from `begin` on.
    static View part(const plugin::TensorView& x, const std::vector<int64_t>& space, size_t axis,
                     int64_t begin) {
        View from = dense_view(x.dtype(), x.dims());
        from.fill = is_half(x.dtype()) ? -0.0 : 0.0; // -0 + x is x, whichever zero x is
        for (size_t d = 0; d < space.size(); ++d)
            from.bounds.push_back({d == axis ? begin : 0, x.dim(static_cast<int64_t>(d))});
        from.base = -begin * from.strides[axis];
        return from;
    }
    /// An elementwise program. Bytes are numbers only once they are cast.
    static std::string union_of(size_t parts, lm_dtype dtype, int64_t& result) {
        std::string program;
        int64_t last = -1;
        const auto add = [&](const std::string& instruction) {
            program += (last < 0 ? "" : ";") + instruction;
            return "t" + std::to_string(++last);
        };
        const std::string join = dtype == LM_BOOL ? "logical_or " : "add ";
        std::string sum;
        for (size_t i = 0; i < parts; ++i) {
            const std::string x =
                add((dtype == LM_U8 ? "cast_f32 i" : "copy i") + std::to_string(i));
            sum = i == 0 ? x : add(join + sum + " " + x);
        }
        if (dtype == LM_U8)
            add("cast_u8 " + sum);
        result = last;
        return program;
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
