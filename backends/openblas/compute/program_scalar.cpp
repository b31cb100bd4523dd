#include "compute/program_scalar.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "compute/element_type.hpp"
#include "compute/program.hpp"

namespace lamina::cpu {
namespace {

using plugin::Element;

/// A value: floating types live in f, the others in i.
union Cell {
    double f;
    std::int64_t i;
};

bool floating(lm_dtype dtype) { return plugin::is_floating(dtype); }

/// What storing a value as its type and loading it again leaves of it.
Cell rounded(lm_dtype dtype, Cell value) {
    switch (dtype) {
    case LM_F32:
        return {.f = static_cast<float>(value.f)};
    case LM_F16:
        return {.f = HalfElement::load(HalfElement::store(static_cast<float>(value.f)))};
    case LM_BF16:
        return {.f = BFloatElement::load(BFloatElement::store(static_cast<float>(value.f)))};
    case LM_I32:
        return {.i = static_cast<std::int32_t>(value.i)};
    case LM_U8:
        return {.i = static_cast<std::uint8_t>(value.i)};
    default:
        return value;
    }
}

template <class T>
T maximum_of(T a, T b) {
    return a != a ? a : (a > b ? a : b);
}
template <class T>
T minimum_of(T a, T b) {
    return a != a ? a : (a < b ? a : b);
}

double unary(Element op, double x) {
    switch (op) {
    case Element::neg:
        return -x;
    case Element::abs:
        return std::fabs(x);
    case Element::sign:
        return x != x ? x : double((x > 0) - (x < 0));
    case Element::exp:
        return std::exp(x);
    case Element::expm1:
        return std::expm1(x);
    case Element::log:
        return std::log(x);
    case Element::log1p:
        return std::log1p(x);
    case Element::sqrt:
        return std::sqrt(x);
    case Element::rsqrt:
        return 1.0 / std::sqrt(x);
    case Element::reciprocal:
        return 1.0 / x;
    case Element::square:
        return x * x;
    case Element::sin:
        return std::sin(x);
    case Element::cos:
        return std::cos(x);
    case Element::tanh:
        return std::tanh(x);
    case Element::sigmoid:
        return 1.0 / (1.0 + std::exp(-x));
    case Element::softplus:
        return x != x ? x : std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
    case Element::relu:
        return x < 0 ? 0.0 : x;
    case Element::erf:
        return std::erf(x);
    case Element::floor:
        return std::floor(x);
    case Element::ceil:
        return std::ceil(x);
    case Element::round:
        return std::nearbyint(x);
    default:
        return x;
    }
}

std::int64_t unary(Element op, std::int64_t x) {
    switch (op) {
    case Element::neg:
        return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x));
    case Element::abs:
        return x < 0 ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x)) : x;
    case Element::sign:
        return (x > 0) - (x < 0);
    case Element::square:
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(x) *
                                         static_cast<std::uint64_t>(x));
    case Element::relu:
        return x < 0 ? 0 : x;
    case Element::logical_not:
        return x == 0;
    default:
        return x;
    }
}

double binary(Element op, double a, double b) {
    switch (op) {
    case Element::add:
        return a + b;
    case Element::sub:
        return a - b;
    case Element::mul:
        return a * b;
    case Element::div:
        return a / b;
    case Element::pow:
        return std::pow(a, b);
    case Element::maximum:
        return maximum_of(a, b);
    default:
        return minimum_of(a, b);
    }
}

std::int64_t binary(Element op, std::int64_t a, std::int64_t b) {
    const auto ua = static_cast<std::uint64_t>(a), ub = static_cast<std::uint64_t>(b);
    switch (op) {
    case Element::add:
        return static_cast<std::int64_t>(ua + ub);
    case Element::sub:
        return static_cast<std::int64_t>(ua - ub);
    case Element::mul:
        return static_cast<std::int64_t>(ua * ub);
    case Element::maximum:
        return std::max(a, b);
    case Element::minimum:
        return std::min(a, b);
    case Element::logical_and:
        return a != 0 && b != 0;
    default: // logical_or
        return a != 0 || b != 0;
    }
}

template <class T>
bool compare(Element op, T a, T b) {
    switch (op) {
    case Element::equal:
        return a == b;
    case Element::not_equal:
        return a != b;
    case Element::less:
        return a < b;
    case Element::less_equal:
        return a <= b;
    case Element::greater:
        return a > b;
    default:
        return a >= b;
    }
}

bool is_comparison(Element op) {
    return plugin::element_info(op).rule == plugin::ElementRule::compare;
}

/// To bool by comparison with 0; a NaN becomes 0 as a whole number.
Cell cast(lm_dtype from, lm_dtype to, Cell x) {
    if (to == LM_BOOL)
        return {.i = floating(from) ? x.f != 0 : x.i != 0};
    if (floating(to))
        return {.f = floating(from) ? x.f : static_cast<double>(x.i)};
    if (!floating(from))
        return x;
    if (x.f != x.f)
        return {.i = 0};
    // Cut towards zero, and stopped at the ends of the range.
    if (to == LM_I64 && x.f >= 0x1p63)
        return {.i = std::numeric_limits<std::int64_t>::max()};
    const double low = to == LM_U8 ? 0.0 : to == LM_I32 ? -0x1p31 : -0x1p63;
    const double high = to == LM_U8 ? 255.0 : to == LM_I32 ? 0x1p31 - 1 : 0x1p63;
    return {.i = static_cast<std::int64_t>(std::clamp(x.f, low, high))};
}

Cell apply(const Program::Step& step, const Cell* x) {
    const lm_dtype type = step.operands[0].dtype;
    if (step.op == Element::cast)
        return cast(type, step.dtype, x[0]);
    if (step.op == Element::select)
        return x[0].i != 0 ? x[1] : x[2];
    if (step.op == Element::is_finite)
        return {.i = std::isfinite(x[0].f)};
    if (is_comparison(step.op))
        return {.i = floating(type) ? compare(step.op, x[0].f, x[1].f)
                                    : compare(step.op, x[0].i, x[1].i)};
    if (floating(step.dtype))
        return {.f = step.arity == 1 ? unary(step.op, x[0].f) : binary(step.op, x[0].f, x[1].f)};
    return {.i = step.arity == 1 ? unary(step.op, x[0].i) : binary(step.op, x[0].i, x[1].i)};
}

std::int64_t input_offset(const ProgramInput& input, std::span<const std::int64_t> shape,
                          std::int64_t element) {
    if (input.access == Access::full)
        return element;
    if (input.access == Access::scalar)
        return 0;
    std::int64_t offset = 0;
    for (std::size_t d = shape.size(); d-- > 0;) {
        offset += element % shape[d] * input.strides[d];
        element /= shape[d];
    }
    return offset;
}

Cell load(lm_dtype dtype, const void* data, std::int64_t i) {
    Cell cell{};
    visit(dtype, [&](auto type) {
        using Type = decltype(type);
        const auto value = Type::load(static_cast<const typename Type::Stored*>(data)[i]);
        if (floating(dtype))
            cell.f = static_cast<double>(value);
        else
            cell.i = static_cast<std::int64_t>(value);
    });
    return cell;
}

void store(lm_dtype dtype, void* data, std::int64_t i, Cell cell) {
    visit(dtype, [&](auto type) {
        using Type = decltype(type);
        using Value = typename Type::Value;
        static_cast<typename Type::Stored*>(data)[i] =
            Type::store(floating(dtype) ? static_cast<Value>(cell.f) : static_cast<Value>(cell.i));
    });
}

} // namespace

void run_scalar_program(const Program& program, const void* const* inputs, void* const* outputs,
                        std::int64_t begin, std::int64_t end) {
    std::vector<Cell> slots(static_cast<std::size_t>(program.slots()));
    std::vector<Cell> in(program.inputs().size());
    for (const auto& constant : program.constants()) {
        auto& cell = slots[static_cast<std::size_t>(constant.slot)];
        if (floating(constant.dtype))
            cell = rounded(constant.dtype, {.f = constant.value});
        else
            cell.i = static_cast<std::int64_t>(constant.value);
    }
    for (std::int64_t e = begin; e < end; ++e) {
        for (std::size_t i = 0; i < in.size(); ++i) {
            const ProgramInput& input = program.inputs()[i];
            in[i] = load(input.dtype, inputs[i], input_offset(input, program.shape(), e));
        }
        for (const auto& step : program.steps()) {
            Cell x[Program::max_arity] = {};
            for (int a = 0; a < step.arity; ++a) {
                const auto& o = step.operands[static_cast<std::size_t>(a)];
                const auto index = static_cast<std::size_t>(o.index);
                x[a] = o.source == Program::Source::input ? in[index] : slots[index];
            }
            slots[static_cast<std::size_t>(step.slot)] = rounded(step.dtype, apply(step, x));
        }
        for (std::size_t o = 0; o < program.outputs().size(); ++o) {
            const auto& output = program.outputs()[o];
            const auto& step = program.steps()[static_cast<std::size_t>(output.step)];
            store(output.dtype, outputs[o], e, slots[static_cast<std::size_t>(step.slot)]);
        }
    }
}

} // namespace lamina::cpu
