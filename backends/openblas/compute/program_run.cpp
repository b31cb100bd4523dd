#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/program_run.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "compute/math-inl.hpp"
#include "compute/program.hpp"
#include "compute/program_scalar.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

using plugin::Element;

template <class F>
HWY_INLINE void map1(const float* a, float* out, std::size_t n, F&& f) {
    const MathTag d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        hn::StoreU(f(hn::LoadU(d, a + i)), d, out + i);
    if (i < n) {
        const auto mask = hn::FirstN(d, n - i);
        hn::BlendedStore(f(masked_load(mask, d, a + i)), mask, d, out + i);
    }
}

template <class F>
HWY_INLINE void map2(const float* a, const float* b, float* out, std::size_t n, F&& f) {
    const MathTag d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
    if (i < n) {
        const auto mask = hn::FirstN(d, n - i);
        hn::BlendedStore(f(masked_load(mask, d, a + i), masked_load(mask, d, b + i)), mask, d,
                         out + i);
    }
}

HWY_INLINE MathVec one_where(hn::Mask<MathTag> mask) {
    return hn::IfThenElseZero(mask, splat(1.0f));
}
HWY_INLINE hn::Mask<MathTag> truth(MathVec x) { return hn::Not(hn::Eq(x, hn::Zero(MathTag()))); }

/// Vectors of the polynomials are good to 39,000; beyond, the library's reduction.
template <class F>
void map_trigonometric(const float* a, float* out, std::size_t n, F&& vector,
                       float (*exact)(float)) {
    for (std::size_t i = 0; i < n; i += 64) {
        const std::size_t count = std::min<std::size_t>(64, n - i);
        bool near = true;
        for (std::size_t j = i; j < i + count; ++j)
            near = near && std::fabs(a[j]) < 30000.0f;
        if (near)
            map1(a + i, out + i, count, vector);
        else
            for (std::size_t j = i; j < i + count; ++j)
                out[j] = exact(a[j]);
    }
}

HWY_NOINLINE void run_unary(Element op, const float* a, float* out, std::size_t n) {
    const MathTag d;
    switch (op) {
    case Element::neg:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Neg(x); });
    case Element::abs:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Abs(x); });
    case Element::sign:
        return map1(a, out, n, [](auto x) HWY_ATTR {
            const auto zero = splat(0.0f);
            const auto sign = hn::Sub(one_where(hn::Gt(x, zero)), one_where(hn::Lt(x, zero)));
            return keep_nan(x, sign);
        });
    case Element::exp:
        return map1(a, out, n, [](auto x) HWY_ATTR { return exp_of(x); });
    case Element::expm1:
        return map1(a, out, n, [](auto x) HWY_ATTR { return expm1_of(x); });
    case Element::log:
        return map1(a, out, n, [](auto x) HWY_ATTR { return log_of(x); });
    case Element::log1p:
        return map1(a, out, n, [](auto x) HWY_ATTR { return log1p_of(x); });
    case Element::sqrt:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Sqrt(x); });
    case Element::rsqrt:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Div(splat(1.0f), hn::Sqrt(x)); });
    case Element::reciprocal:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Div(splat(1.0f), x); });
    case Element::square:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Mul(x, x); });
    case Element::sin:
        return map_trigonometric(
            a, out, n, [d](auto x) HWY_ATTR { return hn::Sin(d, x); }, std::sin);
    case Element::cos:
        return map_trigonometric(
            a, out, n, [d](auto x) HWY_ATTR { return hn::Cos(d, x); }, std::cos);
    case Element::tanh:
        return map1(a, out, n, [](auto x) HWY_ATTR { return tanh_of(x); });
    case Element::sigmoid:
        return map1(a, out, n, [](auto x) HWY_ATTR { return sigmoid_of(x); });
    case Element::softplus:
        return map1(a, out, n, [](auto x) HWY_ATTR { return softplus_of(x); });
    case Element::relu:
        return map1(a, out, n, [](auto x) HWY_ATTR {
            const auto zero = splat(0.0f);
            return hn::IfThenElse(hn::Lt(x, zero), zero, x);
        });
    case Element::erf:
        return map1(a, out, n, [](auto x) HWY_ATTR { return erf_of(x); });
    case Element::floor:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Floor(x); });
    case Element::ceil:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Ceil(x); });
    case Element::round:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Round(x); });
    case Element::logical_not:
        return map1(a, out, n, [](auto x) HWY_ATTR { return hn::Sub(splat(1.0f), x); });
    case Element::is_finite:
        return map1(a, out, n, [](auto x) HWY_ATTR {
            return one_where(hn::Lt(hn::Abs(x), splat(std::numeric_limits<float>::infinity())));
        });
    default: // copy, and the casts between f32 and bool that are one
        if (out != a)
            std::copy(a, a + n, out);
    }
}

HWY_NOINLINE void run_binary(Element op, const float* a, const float* b, float* out,
                             std::size_t n) {
    switch (op) {
    case Element::add:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Add(x, y); });
    case Element::sub:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Sub(x, y); });
    case Element::mul:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Mul(x, y); });
    case Element::div:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Div(x, y); });
    case Element::maximum:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR {
            return keep_nan(x, hn::IfThenElse(hn::Gt(x, y), x, y));
        });
    case Element::minimum:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR {
            return keep_nan(x, hn::IfThenElse(hn::Lt(x, y), x, y));
        });
    case Element::equal:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return one_where(hn::Eq(x, y)); });
    case Element::not_equal:
        return map2(a, b, out, n,
                    [](auto x, auto y) HWY_ATTR { return one_where(hn::Not(hn::Eq(x, y))); });
    case Element::less:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return one_where(hn::Lt(x, y)); });
    case Element::less_equal:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return one_where(hn::Le(x, y)); });
    case Element::greater:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return one_where(hn::Gt(x, y)); });
    case Element::greater_equal:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return one_where(hn::Ge(x, y)); });
    case Element::logical_and:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Mul(x, y); });
    case Element::logical_or:
        return map2(a, b, out, n, [](auto x, auto y) HWY_ATTR { return hn::Max(x, y); });
    default: // pow
        for (std::size_t i = 0; i < n; ++i)
            out[i] = std::pow(a[i], b[i]);
    }
}

HWY_NOINLINE void run_select(const float* c, const float* a, const float* b, float* out,
                             std::size_t n) {
    const MathTag d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        hn::StoreU(
            hn::IfThenElse(truth(hn::LoadU(d, c + i)), hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d,
            out + i);
    for (; i < n; ++i)
        out[i] = c[i] != 0.0f ? a[i] : b[i];
}

/// One range of one program: the slots' memory and where inputs are read.
class Interpreter {
  public:
    Interpreter(const Program& program, const void* const* inputs, void* const* outputs)
        : program_{program}, inputs_{inputs}, outputs_{outputs}, block_{program.slots() <= 8
                                                                            ? max_block
                                                                            : max_block / 2} {
        std::size_t spare = 0;
        for (std::size_t i = 0; i < program.inputs().size(); ++i)
            spare += spare_floats(i);
        const std::size_t floats = static_cast<std::size_t>(program.slots()) * block_ + spare;
        if (floats <= stack_floats) {
            memory_ = stack_;
        } else {
            heap_ = std::make_unique_for_overwrite<float[]>(floats);
            memory_ = heap_.get();
        }
        for (const auto& constant : program.constants())
            std::fill_n(slot(constant.slot), block_, constant.value);
        float* spare_at = memory_ + static_cast<std::size_t>(program.slots()) * block_;
        spares_.resize(program.inputs().size());
        for (std::size_t i = 0; i < program.inputs().size(); ++i) {
            spares_[i] = spare_at;
            spare_at += spare_floats(i);
            prepare_input(i);
        }
    }

    void run(std::int64_t begin, std::int64_t end) {
        for (std::int64_t at = begin; at < end; at += static_cast<std::int64_t>(block_))
            run_block(at, static_cast<std::size_t>(
                              std::min(end - at, static_cast<std::int64_t>(block_))));
    }

  private:
    static constexpr std::size_t max_block = 512, stack_floats = 12288, short_period = 2048;

    float* slot(std::int32_t index) { return memory_ + static_cast<std::size_t>(index) * block_; }

    bool repeats(std::size_t i) const {
        return program_.input_slots()[i] < 0 && program_.inputs()[i].access == Access::periodic;
    }
    std::size_t spare_floats(std::size_t i) const {
        if (!repeats(i))
            return 0;
        const auto period = static_cast<std::size_t>(program_.inputs()[i].period);
        return period <= short_period ? period + block_ : block_;
    }

    /// What is done once for a range: a scalar fills its slot, a short period is written out.
    void prepare_input(std::size_t i) {
        const ProgramInput& input = program_.inputs()[i];
        if (input.access == Access::scalar) {
            const float value =
                input.dtype != LM_F32
                    ? static_cast<float>(*static_cast<const std::uint8_t*>(inputs_[i]))
                    : *static_cast<const float*>(inputs_[i]);
            std::fill_n(slot(program_.input_slots()[i]), block_, value);
        } else if (repeats(i) && spare_floats(i) > block_) {
            const auto* from = static_cast<const float*>(inputs_[i]);
            const auto period = static_cast<std::size_t>(input.period);
            for (std::size_t j = 0; j < period + block_; ++j)
                spares_[i][j] = j < period ? from[j] : spares_[i][j - period];
        }
    }

    /// Where the block's elements of an input lie, unpacked where need be.
    const float* read(std::size_t i, std::int64_t at, std::size_t n) {
        const ProgramInput& input = program_.inputs()[i];
        const std::int32_t own = program_.input_slots()[i];
        const auto* floats = static_cast<const float*>(inputs_[i]);
        if (input.access == Access::scalar)
            return slot(own);
        if (own < 0 && input.access == Access::full)
            return floats + at;
        if (own < 0) {
            const std::int64_t phase = at % input.period;
            if (spare_floats(i) > block_)
                return spares_[i] + phase;
            const auto count = static_cast<std::int64_t>(n);
            if (phase + count <= input.period)
                return floats + phase;
            const std::int64_t first = input.period - phase;
            std::copy_n(floats + phase, first, spares_[i]);
            std::copy_n(floats, count - first, spares_[i] + first);
            return spares_[i];
        }
        float* to = slot(own);
        if (input.dtype == LM_F32) {
            read_general(input, program_.shape(), floats, at, static_cast<std::int64_t>(n), to);
            return to;
        }
        std::uint8_t bytes[max_block];
        const auto* data = static_cast<const std::uint8_t*>(inputs_[i]);
        if (input.access == Access::full)
            data += at;
        else {
            read_general(input, program_.shape(), data, at, static_cast<std::int64_t>(n), bytes);
            data = bytes;
        }
        for (std::size_t j = 0; j < n; ++j)
            to[j] = static_cast<float>(data[j]);
        return to;
    }

    void run_block(std::int64_t at, std::size_t n) {
        const float* in[64];
        for (std::size_t i = 0; i < program_.inputs().size(); ++i)
            in[i] = read(i, at, n);
        const auto& steps = program_.steps();
        const auto& outputs = program_.outputs();
        for (std::size_t s = 0; s < steps.size(); ++s) {
            const auto& step = steps[s];
            const float* operand[Program::max_arity] = {};
            for (int a = 0; a < step.arity; ++a) {
                const auto& o = step.operands[static_cast<std::size_t>(a)];
                operand[a] = o.source == Program::Source::input
                                 ? in[static_cast<std::size_t>(o.index)]
                                 : slot(o.index);
            }
            // The last result goes straight to its tensor: nothing reads an input after it.
            float* out = slot(step.slot);
            const bool direct = s + 1 == steps.size() && step.dtype == LM_F32 &&
                                outputs.back().step == static_cast<std::int32_t>(s);
            if (direct)
                out = static_cast<float*>(outputs_[outputs.size() - 1]) + at;
            if (step.op == Element::cast && step.dtype == LM_BOOL)
                map1(operand[0], out, n, [](auto x) HWY_ATTR { return one_where(truth(x)); });
            else if (step.arity == 1)
                run_unary(step.op, operand[0], out, n);
            else if (step.arity == 2)
                run_binary(step.op, operand[0], operand[1], out, n);
            else
                run_select(operand[0], operand[1], operand[2], out, n);
            last_ = out;
        }
        for (std::size_t o = 0; o < outputs.size(); ++o) {
            const auto index = static_cast<std::size_t>(outputs[o].step);
            const float* from = index + 1 == steps.size() ? last_ : slot(steps[index].slot);
            if (outputs[o].dtype == LM_F32) {
                auto* to = static_cast<float*>(outputs_[o]) + at;
                if (to != from)
                    std::copy(from, from + n, to);
            } else {
                auto* to = static_cast<std::uint8_t*>(outputs_[o]) + at;
                for (std::size_t j = 0; j < n; ++j)
                    to[j] = from[j] != 0.0f;
            }
        }
    }

    const Program& program_;
    const void* const* inputs_;
    void* const* outputs_;
    std::size_t block_;
    float* memory_ = nullptr;
    const float* last_ = nullptr;
    std::vector<float*> spares_;
    std::unique_ptr<float[]> heap_;
    alignas(64) float stack_[stack_floats];
};

void run_program_range(const Program& program, const void* const* inputs, void* const* outputs,
                       std::int64_t begin, std::int64_t end) {
    Interpreter(program, inputs, outputs).run(begin, end);
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_program_range);

void Program::run_range(const void* const* inputs, void* const* outputs, std::int64_t begin,
                        std::int64_t end) const {
    if (vectorised_)
        HWY_DYNAMIC_DISPATCH(run_program_range)(*this, inputs, outputs, begin, end);
    else
        run_scalar_program(*this, inputs, outputs, begin, end);
}

void Program::run(const void* const* inputs, void* const* outputs, const Parallel& parallel) const {
    // Long enough that setting a range up costs nothing beside it; a multiple of every block.
    constexpr std::int64_t range = 16384;
    parallel.range(size_, range, [&](std::int64_t begin, std::int64_t end) {
        run_range(inputs, outputs, begin, end);
    });
}

} // namespace lamina::cpu
#endif
