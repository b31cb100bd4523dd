#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "compute/element_type.hpp"
#include "compute/reduce.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

/// Floats that are summed as floats before the sum becomes a double: 16 chains of 16.
constexpr std::int64_t block = 256, chains = 16;

struct Add {
    static constexpr float identity = 0.0f;
    static HWY_INLINE float join(float a, float b) { return a + b; }
    static double join(double a, double b) { return a + b; }
};
struct Multiply {
    static constexpr float identity = 1.0f;
    static HWY_INLINE float join(float a, float b) { return a * b; }
    static double join(double a, double b) { return a * b; }
};
/// A NaN wins: a NaN `a` fails the comparison, and a NaN b is taken by the second test.
struct Maximum {
    static constexpr float identity = -std::numeric_limits<float>::infinity();
    static HWY_INLINE float join(float a, float b) { return ((b > a) | (b != b)) ? b : a; }
    static double join(double a, double b) { return ((b > a) | (b != b)) ? b : a; }
};
struct Minimum {
    static constexpr float identity = std::numeric_limits<float>::infinity();
    static HWY_INLINE float join(float a, float b) { return ((b < a) | (b != b)) ? b : a; }
    static double join(double a, double b) { return ((b < a) | (b != b)) ? b : a; }
};

/// One result from `count` neighbours.
template <class Op>
double reduce_row(const float* x, std::int64_t count) {
    double total = static_cast<double>(Op::identity);
    for (std::int64_t begin = 0; begin < count; begin += block) {
        const std::int64_t n = std::min(block, count - begin);
        const float* HWY_RESTRICT from = x + begin;
        float chain[chains];
        for (float& partial : chain)
            partial = Op::identity;
        std::int64_t i = 0;
        for (; i + chains <= n; i += chains)
            for (std::int64_t j = 0; j < chains; ++j)
                chain[j] = Op::join(chain[j], from[i + j]);
        for (; i < n; ++i)
            chain[i % chains] = Op::join(chain[i % chains], from[i]);
        double sum = static_cast<double>(chain[0]);
        for (std::int64_t j = 1; j < chains; ++j)
            sum = Op::join(sum, static_cast<double>(chain[j]));
        total = Op::join(total, sum);
    }
    return total;
}

/// `width` neighbouring results from rows [begin, end) of columns, `stride` apart.
template <class Op>
void reduce_columns(const float* x, std::int64_t stride, std::int64_t begin, std::int64_t end,
                    std::int64_t width, double* total) {
    constexpr std::int64_t widest = 64, rows = 16;
    for (std::int64_t first = 0; first < width; first += widest) {
        const std::int64_t n = std::min(widest, width - first);
        double* HWY_RESTRICT sum = total + first;
        for (std::int64_t c = 0; c < n; ++c)
            sum[c] = static_cast<double>(Op::identity);
        for (std::int64_t r = begin; r < end; r += rows) {
            float chain[widest];
            for (std::int64_t c = 0; c < n; ++c)
                chain[c] = Op::identity;
            for (std::int64_t i = r; i < std::min(r + rows, end); ++i) {
                const float* HWY_RESTRICT from = x + i * stride + first;
                for (std::int64_t c = 0; c < n; ++c)
                    chain[c] = Op::join(chain[c], from[c]);
            }
            for (std::int64_t c = 0; c < n; ++c)
                sum[c] = Op::join(sum[c], static_cast<double>(chain[c]));
        }
    }
}

template <class Op>
void reduce_floats(const ReducePlan& plan, double divisor, const float* x, float* y,
                   void* workspace, const Parallel& parallel) {
    if (plan.rows()) {
        const std::int64_t grain = std::max<std::int64_t>(1, 16384 / plan.count);
        parallel.range(plan.outputs, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                y[i] = static_cast<float>(reduce_row<Op>(x + i * plan.count, plan.count) / divisor);
        });
        return;
    }
    const std::int64_t inner = plan.inner(), chunks = plan.column_chunks();
    auto* partial = static_cast<double*>(workspace);
    parallel.run(plan.outer() * chunks, [&](std::int64_t task, std::int64_t) {
        const std::int64_t outer = task / chunks, chunk = task % chunks;
        reduce_columns<Op>(x + outer * plan.count * inner, inner, plan.count * chunk / chunks,
                           plan.count * (chunk + 1) / chunks, inner, partial + task * inner);
    });
    for (std::int64_t outer = 0; outer < plan.outer(); ++outer)
        for (std::int64_t c = 0; c < inner; ++c) {
            const double* from = partial + outer * chunks * inner + c;
            double total = from[0];
            for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
                total = Op::join(total, from[chunk * inner]);
            y[outer * inner + c] = static_cast<float>(total / divisor);
        }
}

void run_reduce(const ReducePlan& plan, Reduction reduction, const float* x, float* y,
                void* workspace, const Parallel& parallel) {
    switch (reduction) {
    case Reduction::sum:
        return reduce_floats<Add>(plan, 1.0, x, y, workspace, parallel);
    case Reduction::mean:
        return reduce_floats<Add>(plan, static_cast<double>(plan.count), x, y, workspace, parallel);
    case Reduction::max:
        return reduce_floats<Maximum>(plan, 1.0, x, y, workspace, parallel);
    case Reduction::min:
        return reduce_floats<Minimum>(plan, 1.0, x, y, workspace, parallel);
    case Reduction::prod:
        return reduce_floats<Multiply>(plan, 1.0, x, y, workspace, parallel);
    }
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {
namespace {

HWY_EXPORT(run_reduce);

std::int64_t offset_of(const std::vector<ReducePlan::Group>& groups, std::int64_t index) {
    std::int64_t offset = 0;
    for (std::size_t g = groups.size(); g-- > 0;) {
        offset += index % groups[g].count * groups[g].stride;
        index /= groups[g].count;
    }
    return offset;
}

/// Real results in double, whole ones in unsigned 64 bits (modulo, as the reference has it).
template <class V>
V join(Reduction reduction, V a, V b) {
    switch (reduction) {
    case Reduction::prod:
        return static_cast<V>(a * b);
    case Reduction::max:
        return ((b > a) | (b != b)) ? b : a;
    case Reduction::min:
        return ((b < a) | (b != b)) ? b : a;
    default:
        return static_cast<V>(a + b);
    }
}

std::int64_t join(Reduction reduction, std::int64_t a, std::int64_t b) {
    if (reduction == Reduction::max || reduction == Reduction::min)
        return reduction == Reduction::max ? std::max(a, b) : std::min(a, b);
    return static_cast<std::int64_t>(
        join(reduction, static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
}

double identity(Reduction reduction) {
    switch (reduction) {
    case Reduction::prod:
        return 1.0;
    case Reduction::max:
        return -std::numeric_limits<double>::infinity();
    case Reduction::min:
        return std::numeric_limits<double>::infinity();
    default:
        return 0.0;
    }
}

/// Any dtype and any axes, a result at a time.
template <class Type>
void reduce_any(const ReducePlan& plan, Reduction reduction, const void* x, void* y,
                const Parallel& parallel) {
    using Stored = typename Type::Stored;
    using Value = typename Type::Value;
    constexpr bool whole = std::is_integral_v<Value>;
    using Sum = std::conditional_t<whole, std::int64_t, double>;
    const auto* from = static_cast<const Stored*>(x);
    const std::int64_t grain =
        std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, plan.count));
    parallel.range(plan.outputs, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const Stored* base = from + offset_of(plan.kept, i);
            Sum total{};
            if constexpr (whole)
                total = reduction == Reduction::prod ? 1 : 0;
            else
                total = identity(reduction);
            for (std::int64_t r = 0; r < plan.count; ++r) {
                const auto value = static_cast<Sum>(Type::load(base[offset_of(plan.reduced, r)]));
                const bool first = whole && r == 0 && reduction != Reduction::prod;
                total = first ? value : join(reduction, total, value);
            }
            if (reduction == Reduction::mean)
                total = static_cast<Sum>(total / static_cast<Sum>(plan.count));
            static_cast<Stored*>(y)[i] = Type::store(static_cast<Value>(total));
        }
    });
}

} // namespace

void ReducePlan::run(Reduction reduction, std::int32_t dtype, const void* x, void* y,
                     void* workspace, const Parallel& parallel) const {
    if (dtype == LM_F32 && count > 0 && outputs > 0 && (rows() || columns())) {
        HWY_DYNAMIC_DISPATCH(run_reduce)
        (*this, reduction, static_cast<const float*>(x), static_cast<float*>(y), workspace,
         parallel);
        return;
    }
    visit(dtype, [&](auto type) { reduce_any<decltype(type)>(*this, reduction, x, y, parallel); });
}

} // namespace lamina::cpu
#endif
