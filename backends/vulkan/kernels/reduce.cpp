#include "kernels/reduce.hpp"

#include <algorithm>
#include <utility>

#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"
#include "shaders/reduce.hpp"
#include "shaders/reduce_i32.hpp"
#include "shaders/reduce_i64.hpp"

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

// Reductions of f16 and bf16 are f32.
lm_dtype accumulated(lm_dtype dtype) { return is_half(dtype) ? lm_dtype{LM_F32} : dtype; }

/// A dense box of x, and where its results go.
struct Region {
    ReducePlan plan;
    int64_t x = 0;    // its first element of x and y
    int64_t kept = 0; // and of mean
    Operand result;
    int64_t result_first = 0;

    int64_t elements() const { return plan.outputs * plan.length; }
    Region part(size_t d, bool reduced, int64_t first, int64_t count) const {
        Region r = *this;
        auto& extent = (reduced ? r.plan.reduced : r.plan.kept)[d];
        const int64_t inner = (reduced ? plan.length : plan.outputs) / extent;
        (reduced ? r.plan.length : r.plan.outputs) = inner * count;
        extent = count;
        r.x += first * (reduced ? plan.reduced_strides : plan.kept_strides)[d];
        if (!reduced) {
            r.kept += first * inner;
            r.result_first += first * inner;
        }
        return r;
    }
};

/// Parts that the length is summed in, each by its own workgroups.
int64_t splits_of(const ReducePlan& p) {
    if (p.length <= kLongest || p.outputs >= kEnoughResults)
        return 1;
    return std::min((p.length + kLongest / 4 - 1) / (kLongest / 4),
                    std::max<int64_t>(kEnoughResults / std::max<int64_t>(p.outputs, 1), 2));
}

/// More dimensions remain on one side than the shader follows: x is first copied to where the kept
/// ones come before the reduced ones.
bool is_scattered(const ReducePlan& p) { return p.kept.size() > 4 || p.reduced.size() > 4; }

ReducePlan gathered(const ReducePlan& p) {
    return {{p.outputs}, {p.length}, {p.length}, {1}, p.outputs, p.length};
}

/// Adds a reduction's dispatches, or without a step only counts them and what workspace they take.
class Reducer {
  public:
    Reducer(const Limits& limits, Step* step, Reduction reduction, Reduced what, float scale,
            const ReduceOperands& operands)
        : limits_(limits), step_(step), reduction_(reduction), what_(what), scale_(scale),
          o_(operands), accumulated_(accumulated(operands.dtype)) {}

    void run(const ReducePlan& plan) {
        if (is_scattered(plan) && what_ != Reduced::x)
            plugin::unsupported("deviations over more than 4 separate groups of dimensions");
        region({plan, 0, 0, o_.result, 0}, o_.workspace);
    }
    ReduceCost cost() const { return {end_ - o_.workspace, dispatches_}; }

  private:
    /// at: what of the workspace is free.
    void region(const Region& r, uint64_t at) {
        const auto room = static_cast<int64_t>(limits_.max_range - limits_.alignment);
        if (r.elements() * plugin::size_of(o_.dtype) <= room &&
            r.plan.outputs * size_of_result() <= room)
            return bound(r, at);
        // Its slowest dimension, the one of the largest stride.
        const auto& [kept, kept_strides, reduced, reduced_strides, outputs, length] = r.plan;
        const bool along =
            kept.empty() || (!reduced.empty() && reduced_strides.front() > kept_strides.front());
        const int64_t extent = (along ? reduced : kept).front();
        const int64_t entry = r.elements() / extent;
        const int64_t widest = std::max(plugin::size_of(o_.dtype), size_of_result());
        const int64_t count = std::clamp<int64_t>(room / (entry * widest), 1, extent);
        for (int64_t first = 0; first < extent; first += count) {
            const Region part = r.part(0, along, first, std::min(count, extent - first));
            if (along)
                add(r, part, first == 0, at);
            else
                region(drop_ones(part), at);
        }
    }
    /// An extent of 1 is no longer the slowest dimension.
    static Region drop_ones(Region r) {
        const auto drop = [](std::vector<int64_t>& dims, std::vector<int64_t>& strides) {
            if (!dims.empty() && dims.front() == 1) {
                dims.erase(dims.begin());
                strides.erase(strides.begin());
            }
        };
        drop(r.plan.kept, r.plan.kept_strides);
        drop(r.plan.reduced, r.plan.reduced_strides);
        return r;
    }

    /// Joins a part along a reduced dimension to what whole.result holds of the parts before.
    void add(const Region& whole, const Region& part, bool is_first, uint64_t at) {
        if (part.plan.length == 1 && what_ == Reduced::x)
            return join(whole, o_.x, o_.dtype, part.x, is_first);
        if (is_first)
            return region(drop_ones(part), at);
        const auto bytes = static_cast<uint64_t>(whole.plan.outputs * size_of_result());
        Region term = drop_ones(part);
        term.result = workspace(at, bytes);
        term.result_first = 0;
        region(term, at + aligned(limits_, bytes));
        const float scale = std::exchange(scale_, 1.0f); // what is in it
        join(whole, term.result, accumulated_, 0, false);
        scale_ = scale;
    }

    /// result = [result +] scale * term: of as many elements as the region has results.
    void join(const Region& r, Operand term, lm_dtype dtype, int64_t first, bool is_first) {
        ++dispatches_;
        if (step_ == nullptr)
            return;
        constexpr const char* names[] = {"add", "maximum", "minimum", "mul"};
        Map map;
        map.space = {r.plan.outputs};
        const View result = at_element(accumulated_, r.result_first);
        map.inputs = {at_element(dtype, first), result};
        map.outputs = {result};
        plugin::Expression& e = map.expression;
        using Kind = plugin::Argument::Kind;
        e = plugin::Expression::parse(dtype == accumulated_ ? "copy i0" : "cast_f32 i0");
        plugin::Argument value{Kind::temp, 0, 0};
        const auto append = [&](const char* op, plugin::Argument other) {
            e.instructions.push_back({plugin::find_element(op)->op, LM_F32, {value, other}});
            value.index = static_cast<int32_t>(e.instructions.size()) - 1;
        };
        if (scale_ != 1.0f)
            append("mul", {Kind::constant, 0, scale_});
        if (!is_first)
            append(names[static_cast<size_t>(reduction_)], {Kind::input, 1, 0});
        map.results = {value.index};
        std::vector<Operand> inputs{term, r.result};
        if (is_first) {
            map.inputs.pop_back();
            inputs.pop_back();
        }
        dispatch_map(*step_, std::move(map), std::move(inputs), {r.result});
    }
    static View at_element(lm_dtype dtype, int64_t first) {
        View view;
        view.dtype = dtype;
        view.base = first;
        view.strides = {1};
        return view;
    }

    /// What fits bindings.
    void bound(const Region& r, uint64_t at) {
        if (is_scattered(r.plan)) {
            const int64_t count = r.elements();
            const auto bytes = static_cast<uint64_t>(count * plugin::size_of(o_.dtype));
            const Operand copy = workspace(at, bytes);
            gather(r, copy);
            Region dense = r;
            dense.plan = gathered(r.plan);
            return split(dense, copy, 0, at + aligned(limits_, bytes));
        }
        split(r, o_.x, r.x, at);
    }
    void gather(const Region& r, Operand copy) {
        ++dispatches_;
        if (step_ == nullptr)
            return;
        std::vector<int64_t> space = r.plan.kept;
        space.insert(space.end(), r.plan.reduced.begin(), r.plan.reduced.end());
        View from;
        from.dtype = o_.dtype;
        from.base = r.x;
        from.strides = r.plan.kept_strides;
        from.strides.insert(from.strides.end(), r.plan.reduced_strides.begin(),
                            r.plan.reduced_strides.end());
        const View to = dense_view(o_.dtype, space);
        dispatch_map(*step_, copy_map(std::move(space), std::move(from), to), {o_.x}, {copy});
    }
    void split(const Region& r, Operand x, int64_t first, uint64_t at) {
        const int64_t splits = splits_of(r.plan);
        if (splits == 1)
            return stage(r, what_, scale_, o_.dtype, 1, x, first);
        const auto bytes = static_cast<uint64_t>(splits * r.plan.outputs * size_of_result());
        Region partial = r;
        partial.result = workspace(at, bytes);
        partial.result_first = 0;
        stage(partial, what_, 1.0f, o_.dtype, splits, x, first);
        Region rest = r;
        rest.plan = {{r.plan.outputs}, {1}, {splits}, {r.plan.outputs}, r.plan.outputs, splits};
        stage(rest, Reduced::x, scale_, accumulated_, 1, partial.result, 0);
    }
    void stage(const Region& r, Reduced what, float scale, lm_dtype dtype, int64_t splits,
               Operand x, int64_t first) {
        ++dispatches_;
        if (step_ == nullptr)
            return;
        const ReducePlan& p = r.plan;
        const int64_t part = (p.length + splits - 1) / splits;
        const bool adjacent = !p.kept_strides.empty() && p.kept_strides.back() == 1;
        const Rows rows = Rows::choose(limits_, part, adjacent);
        auto constants = rows.constants();
        constants.insert(constants.end(),
                         {static_cast<uint32_t>(reduction_), static_cast<uint32_t>(what)});
        append_dims(constants, p.kept, p.kept_strides);
        append_dims(constants, p.reduced, p.reduced_strides);
        constants.push_back(storage_of(dtype));
        const auto some = [&](Operand whole, int64_t begin, int64_t count, lm_dtype of) {
            return part_of(limits_, whole, begin, begin + count - 1, plugin::size_of(of));
        };
        const Part from = some(x, first, r.elements(), dtype);
        const Part other =
            what == Reduced::product_deviation ? some(o_.y, first, r.elements(), dtype) : from;
        const Part mean = what == Reduced::x ? from : some(o_.mean, r.kept, p.outputs, LM_F32);
        const Part to = some(r.result, r.result_first, splits * p.outputs, accumulated_);
        const uint32_t push[] = {word(p.outputs),  word(p.length), word(splits),
                                 word(part),       word(scale),    word(from.ahead),
                                 word(mean.ahead), word(to.ahead)};
        const Binding bindings[] = {reads(from.operand), reads(other.operand), reads(mean.operand),
                                    writes(to.operand)};
        step_->dispatch(shader(), constants, push, bindings,
                        rows.groups(*step_, p.outputs * splits));
    }
    std::span<const uint32_t> shader() const {
        if (accumulated_ == LM_I32)
            return spirv::reduce_i32;
        if (accumulated_ == LM_I64)
            return spirv::reduce_i64;
        return spirv::reduce;
    }

    int64_t size_of_result() const { return plugin::size_of(accumulated_); }
    Operand workspace(uint64_t at, uint64_t bytes) {
        end_ = std::max(end_, at + bytes);
        return step_ != nullptr ? step_->workspace(at, bytes) : Operand{0, at, bytes};
    }

    const Limits& limits_;
    Step* step_;
    Reduction reduction_;
    Reduced what_;
    float scale_;
    const ReduceOperands& o_;
    lm_dtype accumulated_;
    uint64_t end_ = o_.workspace;
    int dispatches_ = 0;
};

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
    return p;
}

void dispatch_reduce(Step& step, const ReducePlan& plan, Reduction reduction, Reduced what,
                     float scale, const ReduceOperands& o) {
    Reducer(step.limits, &step, reduction, what, scale, o).run(plan);
}

ReduceCost reduce_cost(const Limits& limits, const ReducePlan& plan, Reduced what, lm_dtype dtype) {
    const ReduceOperands operands{dtype, {}, {}, {}, {}, 0};
    Reducer reducer(limits, nullptr, Reduction::sum, what, 1.0f, operands);
    reducer.run(plan);
    return reducer.cost();
}

namespace {

template <Reduction reduction, bool mean>
struct Reduce {
    static Plan describe(const Limits& limits, const Node& node) {
        const lm_dtype dtype = node.input(0).dtype();
        const bool whole = dtype == LM_I32 || dtype == LM_I64;
        require_dtypes(node, {dtype, is_half(dtype) ? lm_dtype{LM_F32} : dtype});
        if (dtype != LM_F32 && !is_half(dtype) && !(whole && !mean))
            plugin::unsupported(std::string(node.op()) + " of " + plugin::dtype_name(dtype));
        if (is_half(node.output().dtype()))
            plugin::unsupported("a result of 16 bits");
        const ReducePlan plan = ReducePlan::of(node.input(0).dims(), node.integers("axes"));
        const ReduceCost cost = reduce_cost(limits, plan, Reduced::x, dtype);
        const double time =
            streaming_seconds(limits, node) + (cost.dispatches - 1) * limits.dispatch_seconds;
        return {time, cost.workspace_bytes, 0, "reassociated"};
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
