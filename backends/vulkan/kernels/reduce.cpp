#include "kernels/reduce.hpp"

#include <algorithm>

#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"
#include "shaders/reduce.hpp"

namespace lamina::vulkan {

namespace {

// One dispatch sums this many entries to a result; longer ones are cut, so that the device is busy.
constexpr int64_t kLongest = 4096;
constexpr int64_t kEnoughResults = 8192;

void push_merged(std::vector<int64_t>& dims, std::vector<int64_t>& strides, int64_t dim,
                 int64_t stride, bool joins) {
    if (joins && !dims.empty()) {
        dims.back() *= dim;
        strides.back() = stride;
    } else {
        dims.push_back(dim);
        strides.push_back(stride);
    }
}

/// Three dims (the slowest is not needed) and four strides, filled up in front.
void append_dims(std::vector<uint32_t>& constants, std::vector<int64_t> dims,
                 std::vector<int64_t> strides) {
    while (dims.size() < 4) {
        dims.insert(dims.begin(), 1);
        strides.insert(strides.begin(), 0);
    }
    for (size_t i = 1; i < 4; ++i)
        constants.push_back(word(dims[i]));
    for (const int64_t s : strides)
        constants.push_back(word(s));
}

void dispatch_stage(Step& step, const ReducePlan& p, Reduction reduction, Reduced what, float scale,
                    const ReduceOperands& o, Operand result) {
    const bool adjacent = !p.kept_strides.empty() && p.kept_strides.back() == 1;
    const int64_t part = (p.length + p.splits - 1) / p.splits;
    const Rows rows = Rows::choose(step.limits, part, adjacent);
    auto constants = rows.constants();
    constants.insert(constants.end(),
                     {static_cast<uint32_t>(reduction), static_cast<uint32_t>(what)});
    append_dims(constants, p.kept, p.kept_strides);
    append_dims(constants, p.reduced, p.reduced_strides);
    constants.push_back(storage_of(o.dtype));
    const uint32_t push[] = {word(p.outputs), word(p.length), word(p.splits), word(part),
                             word(scale)};
    const Binding bindings[] = {reads(o.x), reads(what == Reduced::product_deviation ? o.y : o.x),
                                reads(what == Reduced::x ? o.x : o.mean), writes(result)};
    step.dispatch(spirv::reduce, constants, push, bindings,
                  rows.groups(step, p.outputs * p.splits));
}

} // namespace

ReducePlan ReducePlan::of(std::span<const int64_t> dims, std::span<const int64_t> axes) {
    ReducePlan p;
    int last = -1; // what the dimension before was: 0 kept, 1 reduced
    const auto strides = dense_strides(dims);
    for (size_t d = 0; d < dims.size(); ++d) {
        const auto rank = static_cast<int64_t>(dims.size());
        const bool reduce = std::any_of(
            axes.begin(), axes.end(), [&](int64_t axis) { return positive_axis(axis, rank) == d; });
        (reduce ? p.length : p.outputs) *= dims[d];
        if (dims[d] == 1)
            continue;
        push_merged(reduce ? p.reduced : p.kept, reduce ? p.reduced_strides : p.kept_strides,
                    dims[d], strides[d], last == static_cast<int>(reduce));
        last = reduce;
    }
    if (p.length > kLongest && p.outputs < kEnoughResults)
        p.splits = std::min((p.length + kLongest / 4 - 1) / (kLongest / 4),
                            std::max<int64_t>(kEnoughResults / std::max<int64_t>(p.outputs, 1), 2));
    return p;
}

ReducePlan ReducePlan::gathered() const {
    ReducePlan p = *this;
    p.kept = {outputs};
    p.kept_strides = {length};
    p.reduced = {length};
    p.reduced_strides = {1};
    return p;
}

uint64_t ReducePlan::partial_bytes() const {
    // A multiple of what any device aligns operands to: the copy of x follows.
    const auto bytes = static_cast<uint64_t>(splits * outputs) * sizeof(float);
    return splits > 1 ? (bytes + 255) / 256 * 256 : 0;
}

uint64_t ReducePlan::copy_bytes() const {
    return scattered() ? static_cast<uint64_t>(outputs * length) * sizeof(float) : 0;
}

namespace {

/// x with its kept dimensions before its reduced ones.
Operand gather(Step& step, const ReducePlan& plan, const ReduceOperands& o) {
    std::vector<int64_t> space = plan.kept;
    space.insert(space.end(), plan.reduced.begin(), plan.reduced.end());
    View from;
    from.dtype = o.dtype;
    from.strides = plan.kept_strides;
    from.strides.insert(from.strides.end(), plan.reduced_strides.begin(),
                        plan.reduced_strides.end());
    const Operand copy = step.workspace(o.workspace + plan.partial_bytes(), plan.copy_bytes());
    const View to = dense_view(o.dtype, space);
    dispatch_map(step, copy_map(std::move(space), std::move(from), to), {o.x}, {copy});
    return copy;
}

} // namespace

void dispatch_reduce(Step& step, const ReducePlan& plan, Reduction reduction, Reduced what,
                     float scale, const ReduceOperands& o) {
    if (plan.scattered()) {
        if (what != Reduced::x)
            plugin::unsupported("deviations over more than 4 separate groups of dimensions");
        ReduceOperands gathered = o;
        gathered.x = gather(step, plan, o);
        return dispatch_reduce(step, plan.gathered(), reduction, what, scale, gathered);
    }
    if (plan.splits == 1)
        return dispatch_stage(step, plan, reduction, what, scale, o, o.result);
    const Operand partial = step.workspace(o.workspace, plan.partial_bytes());
    dispatch_stage(step, plan, reduction, what, 1.0f, o, partial);
    ReducePlan join;
    join.kept = {plan.outputs};
    join.kept_strides = {1};
    join.reduced = {plan.splits};
    join.reduced_strides = {plan.outputs};
    join.outputs = plan.outputs;
    join.length = plan.splits;
    ReduceOperands second = o;
    second.dtype = LM_F32;
    second.x = partial;
    dispatch_stage(step, join, reduction, Reduced::x, scale, second, o.result);
}

namespace {

template <Reduction reduction, bool mean>
struct Reduce {
    static Plan describe(const Limits& limits, const Node& node) {
        require_product_dtypes(node);
        if (node.output().dtype() != LM_F32)
            plugin::unsupported("a result of 16 bits");
        const ReducePlan plan = ReducePlan::of(node.input(0).dims(), node.integers("axes"));
        const double time =
            streaming_seconds(limits, node) + (plan.dispatches() - 1) * limits.dispatch_seconds;
        return {time, plan.workspace_bytes(), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ReducePlan plan = ReducePlan::of(node.input(0).dims(), node.integers("axes"));
        const float scale = mean ? 1.0f / static_cast<float>(plan.length) : 1.0f;
        dispatch_reduce(step, plan, reduction, Reduced::x, scale,
                        {node.input(0).dtype(), step.in(0), {}, {}, step.out(), 0});
    }
};

using Sum = Reduce<Reduction::sum, false>;
using Mean = Reduce<Reduction::sum, true>;
using Max = Reduce<Reduction::maximum, false>;
using Min = Reduce<Reduction::minimum, false>;
using Prod = Reduce<Reduction::product, false>;
LAMINA_VULKAN_KERNEL(reduce_sum, "reduce_sum", "rows", 10, Sum)
LAMINA_VULKAN_KERNEL(reduce_mean, "reduce_mean", "rows", 10, Mean)
LAMINA_VULKAN_KERNEL(reduce_max, "reduce_max", "rows", 10, Max)
LAMINA_VULKAN_KERNEL(reduce_min, "reduce_min", "rows", 10, Min)
LAMINA_VULKAN_KERNEL(reduce_prod, "reduce_prod", "rows", 10, Prod)

} // namespace

} // namespace lamina::vulkan
