#include "codegen/element.hpp"

#include <bit>
#include <cmath>

namespace lamina::vulkan::spirv {

namespace {

using Kind = plugin::Element;

Float f(Module& m, Element e) { return {&m, e.id}; }
Int i(Module& m, Element e) { return {&m, e.id}; }
Uint u(Module& m, Element e) { return {&m, e.id}; }
Bool b(Module& m, Element e) { return {&m, e.id}; }

/// A 64-bit integer as two words.
struct Wide {
    Uint low, high;
};
Wide w(Module& m, Element e) { return {{&m, e.id}, {&m, e.high}}; }
Element element(Wide v, lm_dtype dtype = LM_I64) { return {dtype, v.low.id, v.high.id}; }

Uint one_if(Bool condition) {
    Module& m = *condition.m;
    return select(condition, Uint{&m, m.u32(1)}, Uint{&m, m.u32(0)});
}
Wide zero(Wide like) { return {literal(like.low, 0), literal(like.low, 0)}; }
Wide operator+(Wide a, Wide b) {
    const Uint low = a.low + b.low;
    return {low, a.high + b.high + one_if(low < a.low)};
}
Wide operator-(Wide a, Wide b) { return {a.low - b.low, a.high - b.high - one_if(a.low < b.low)}; }
Wide operator*(Wide a, Wide b) {
    Module& m = *a.low.m;
    // OpUMulExtended gives {low, high} of the product of two words.
    const Id type = m.type_pair();
    const Id both = m.emit(Op::UMulExtended, type, {a.low.id, b.low.id});
    const Uint low{&m, m.emit(Op::CompositeExtract, m.u32_type(), {both, 0})};
    const Uint carry{&m, m.emit(Op::CompositeExtract, m.u32_type(), {both, 1})};
    return {low, carry + a.low * b.high + a.high * b.low};
}
Bool operator<(Wide a, Wide b) {
    return as_int(a.high) < as_int(b.high) || (equal(a.high, b.high) && a.low < b.low);
}
Bool equal(Wide a, Wide b) { return equal(a.low, b.low) && equal(a.high, b.high); }
Bool negative(Wide a) { return as_int(a.high) < literal(as_int(a.high), 0); }
Wide select(Bool c, Wide a, Wide b) { return {select(c, a.low, b.low), select(c, a.high, b.high)}; }
Wide widen(Int v) { return {bits(v), bits(v >> 31)}; }

Float to_float(Wide v) {
    // Of the magnitude: the low word of a small negative number is near 2^32, and would be rounded.
    const Bool minus = negative(v);
    const Wide magnitude = select(minus, zero(v) - v, v);
    const Float value = to_float(magnitude.high) * 4294967296.0f + to_float(magnitude.low);
    return select(minus, -value, value);
}
Wide to_wide(Float v) {
    const Float whole = unary(Glsl::Trunc, v);
    const Bool minus = whole < 0.0f;
    const Float magnitude = abs(whole);
    const Float high = unary(Glsl::Floor, magnitude * 2.3283064365386963e-10f); // 2^-32
    const Wide value{to_uint(magnitude - high * 4294967296.0f), to_uint(high)};
    return select(minus, zero(value) - value, value);
}

Float half_to_float(Module& m, Uint half) {
    const Id pair = m.glsl(Glsl::UnpackHalf2x16, m.vector_type(m.f32_type(), 2), {half.id});
    return {&m, m.emit(Op::CompositeExtract, m.f32_type(), {pair, 0})};
}
/// To nearest, ties to even; what PackHalf2x16 rounds to is the driver's choice (AMD cuts).
Uint float_to_half(Float v) {
    const Uint raw = bits(v), magnitude = raw & 0x7fffffffu;
    const Uint normal =
        (magnitude - literal(raw, 0x38000000u) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    // Below 2^-14 the unit is 2^-24, that of floats from 1/2 to 1.
    const Uint subnormal = bits(as_float(magnitude) + 0.5f) - literal(raw, 0x3f000000u);
    Uint narrow = select(magnitude < literal(raw, 0x38800000u), subnormal, normal);
    // From 65520 on, infinity.
    narrow = select(magnitude < literal(raw, 0x477ff000u), narrow, literal(raw, 0x7c00u));
    narrow = select(is_nan(v), literal(raw, 0x7e00u), narrow);
    return ((raw >> 16) & 0x8000u) | narrow;
}
Uint float_to_bfloat(Float v) {
    // To nearest, ties to even; a NaN stays one.
    const Uint raw = bits(v);
    const Uint rounded = (raw + ((raw >> 16) & 1u) + 0x7fffu) >> 16;
    return select(is_nan(v), (raw >> 16) | literal(raw, 0x40u), rounded);
}

/// What storing the number as f16 or bf16 and loading it again leaves of it.
Element rounded(Module& m, Float v, lm_dtype dtype) {
    if (dtype == LM_F16)
        return {dtype, half_to_float(m, float_to_half(v)).id};
    return {dtype, as_float(float_to_bfloat(v) << 16).id};
}

/// The element in the low bits of a word, for dtypes below four bytes.
Uint narrow(Module& m, Element e) {
    switch (e.dtype) {
    case LM_BOOL:
        return one_if(b(m, e));
    case LM_F16:
        return float_to_half(f(m, e));
    case LM_BF16:
        return float_to_bfloat(f(m, e));
    default:
        return u(m, e) & 0xffu;
    }
}

bool ordered(Kind op) {
    return op == Kind::less || op == Kind::less_equal || op == Kind::greater ||
           op == Kind::greater_equal;
}

template <class T>
Bool compare_with(Kind op, T a, T b) {
    switch (op) {
    case Kind::equal:
        return equal(a, b);
    case Kind::not_equal:
        return !equal(a, b);
    case Kind::less:
        return a < b;
    case Kind::less_equal:
        return !(b < a);
    case Kind::greater:
        return b < a;
    default:
        return !(a < b);
    }
}

Bool compare_with(Kind op, Float a, Float b) {
    if (op == Kind::less_equal)
        return compare(Op::FOrdLessThanEqual, a, b);
    if (op == Kind::greater_equal)
        return compare(Op::FOrdGreaterThanEqual, a, b);
    return compare_with<Float>(op, a, b);
}

Bool compared(Module& m, Kind op, Element x, Element y) {
    switch (form_of(x.dtype)) {
    case Form::f32:
        return compare_with(op, f(m, x), f(m, y));
    case Form::i32:
        return compare_with(op, i(m, x), i(m, y));
    case Form::pair:
        return compare_with(op, w(m, x), w(m, y));
    case Form::boolean:
        return compare_with(op, one_if(b(m, x)), one_if(b(m, y)));
    default:
        return compare_with(op, u(m, x), u(m, y));
    }
}

/// Operators on i32 and i64 alike.
template <class T>
T integer(Kind op, T nil, T one, std::span<const T> a) {
    switch (op) {
    case Kind::neg:
        return nil - a[0];
    case Kind::abs:
        return select(a[0] < nil, nil - a[0], a[0]);
    case Kind::sign:
        return select(nil < a[0], one, select(a[0] < nil, nil - one, nil));
    case Kind::square:
        return a[0] * a[0];
    case Kind::relu:
        return select(a[0] < nil, nil, a[0]);
    case Kind::add:
        return a[0] + a[1];
    case Kind::sub:
        return a[0] - a[1];
    case Kind::mul:
        return a[0] * a[1];
    case Kind::maximum:
        return select(a[0] < a[1], a[1], a[0]);
    default:
        return select(a[1] < a[0], a[1], a[0]);
    }
}

Float floating(Kind op, std::span<const Float> a) {
    switch (op) {
    case Kind::neg:
        return -a[0];
    case Kind::abs:
        return abs(a[0]);
    case Kind::sign:
        return sign(a[0]);
    case Kind::exp:
        return exp(a[0]);
    case Kind::expm1:
        return expm1(a[0]);
    case Kind::log:
        return log(a[0]);
    case Kind::log1p:
        return log1p(a[0]);
    case Kind::sqrt:
        return unary(Glsl::Sqrt, a[0]);
    case Kind::rsqrt:
        return 1.0f / unary(Glsl::Sqrt, a[0]);
    case Kind::reciprocal:
        return 1.0f / a[0];
    case Kind::square:
        return a[0] * a[0];
    case Kind::sin:
        return sin(a[0]);
    case Kind::cos:
        return cos(a[0]);
    case Kind::tanh:
        return tanh(a[0]);
    case Kind::sigmoid:
        return sigmoid(a[0]);
    case Kind::softplus:
        return softplus(a[0]);
    case Kind::relu:
        return relu(a[0]);
    case Kind::erf:
        return erf(a[0]);
    case Kind::floor:
        return unary(Glsl::Floor, a[0]);
    case Kind::ceil:
        return unary(Glsl::Ceil, a[0]);
    case Kind::round:
        return unary(Glsl::RoundEven, a[0]);
    case Kind::add:
        return a[0] + a[1];
    case Kind::sub:
        return a[0] - a[1];
    case Kind::mul:
        return a[0] * a[1];
    case Kind::div:
        return a[0] / a[1];
    case Kind::pow:
        return pow(a[0], a[1]);
    case Kind::maximum:
        return maximum(a[0], a[1]);
    default:
        return minimum(a[0], a[1]);
    }
}

} // namespace

Form form_of(lm_dtype dtype) {
    switch (dtype) {
    case LM_F32:
    case LM_F16:
    case LM_BF16:
        return Form::f32;
    case LM_I32:
        return Form::i32;
    case LM_U8:
        return Form::u8;
    case LM_BOOL:
        return Form::boolean;
    default:
        return Form::pair;
    }
}

Element load(Module& m, Id buffer, Uint index, lm_dtype dtype) {
    const auto word_at = [&](Uint at) { return Uint{&m, m.load_word(buffer, at.id)}; };
    switch (dtype) {
    case LM_F32:
        return {dtype, as_float(word_at(index)).id};
    case LM_I32:
        return {dtype, as_int(word_at(index)).id};
    case LM_I64:
    case LM_F64:
        return {dtype, word_at(index * 2u).id, word_at(index * 2u + 1u).id};
    case LM_F16:
    case LM_BF16: {
        const Uint half = (word_at(index >> 1) >> ((index & 1u) << 4)) & 0xffffu;
        return {dtype, dtype == LM_F16 ? half_to_float(m, half).id : as_float(half << 16).id};
    }
    default: {
        const Uint byte = (word_at(index >> 2) >> ((index & 3u) << 3)) & 0xffu;
        return {dtype, dtype == LM_BOOL ? (!equal(byte, 0u)).id : byte.id};
    }
    }
}

void store(Module& m, Id buffer, Uint index, Element value) {
    switch (form_of(value.dtype)) {
    case Form::f32:
        m.store_word(buffer, index.id, bits(f(m, value)).id);
        break;
    case Form::i32:
        m.store_word(buffer, index.id, bits(i(m, value)).id);
        break;
    default:
        m.store_word(buffer, (index * 2u).id, value.id);
        m.store_word(buffer, (index * 2u + 1u).id, value.high);
    }
}

Uint pack(Module& m, std::span<const Element> values) {
    const auto size = static_cast<size_t>(plugin::size_of(values[0].dtype));
    Uint word = narrow(m, values[0]);
    for (size_t k = 1; k < values.size(); ++k)
        word = word | (narrow(m, values[k]) << static_cast<uint32_t>(k * size * 8));
    return word;
}

Element constant(Module& m, double value, lm_dtype dtype) {
    switch (dtype) {
    case LM_F32:
    case LM_F16:
    case LM_BF16:
        return {dtype, m.f32(static_cast<float>(value))};
    case LM_I32:
        return {dtype, m.i32(static_cast<int32_t>(value))};
    case LM_U8:
        return {dtype, m.u32(static_cast<uint8_t>(value))};
    case LM_BOOL:
        return {dtype, m.boolean(value != 0)};
    default: {
        const auto raw = dtype == LM_F64 ? std::bit_cast<uint64_t>(value)
                                         : static_cast<uint64_t>(static_cast<int64_t>(value));
        return {dtype, m.u32(static_cast<uint32_t>(raw)), m.u32(static_cast<uint32_t>(raw >> 32))};
    }
    }
}

Element choose(Module& m, Bool condition, Element x, Element y) {
    const Form form = form_of(x.dtype);
    if (form == Form::f32)
        return {x.dtype, select(condition, f(m, x), f(m, y)).id};
    if (form == Form::i32)
        return {x.dtype, select(condition, i(m, x), i(m, y)).id};
    if (form == Form::u8)
        return {x.dtype, select(condition, u(m, x), u(m, y)).id};
    if (form == Form::boolean)
        return {x.dtype, select(condition, b(m, x), b(m, y)).id};
    return element(select(condition, w(m, x), w(m, y)), x.dtype);
}

Element cast(Module& m, Element x, lm_dtype dtype) {
    const Form from = form_of(x.dtype), to = form_of(dtype);
    if (from == to && to == Form::f32 && dtype != LM_F32 && dtype != x.dtype)
        return rounded(m, f(m, x), dtype);
    if (from == to)
        return {dtype, x.id, x.high};
    if (to == Form::boolean)
        return {dtype, compared(m, Kind::not_equal, x, constant(m, 0, x.dtype)).id};
    if (from == Form::boolean)
        return choose(m, b(m, x), constant(m, 1, dtype), constant(m, 0, dtype));
    if (to == Form::f32) {
        if (from == Form::i32)
            return {dtype, to_float(i(m, x)).id};
        return {dtype, (from == Form::u8 ? to_float(u(m, x)) : to_float(w(m, x))).id};
    }
    if (from == Form::f32) {
        if (to == Form::pair)
            return element(to_wide(f(m, x)), dtype);
        const Int whole = to_int(f(m, x));
        return {dtype, to == Form::i32 ? whole.id : (bits(whole) & 0xffu).id};
    }
    if (to == Form::pair)
        return element(from == Form::i32 ? widen(i(m, x)) : Wide{u(m, x), literal(u(m, x), 0)},
                       dtype);
    // Between integers the low word says it all.
    const Uint low = from == Form::i32 ? bits(i(m, x)) : Uint{&m, x.id};
    return {dtype, to == Form::i32 ? as_int(low).id : (low & 0xffu).id};
}

bool can_apply(plugin::Element op, std::span<const lm_dtype> args, lm_dtype result) {
    const auto f64 = [](lm_dtype d) { return d == LM_F64; };
    if (op == Kind::copy || op == Kind::select)
        return true;
    for (const lm_dtype d : args)
        if (f64(d))
            return false;
    return !f64(result);
}

Element apply(Module& m, plugin::Element op, std::span<const Element> args, lm_dtype result) {
    switch (op) {
    case Kind::copy:
        return args[0];
    case Kind::cast:
        return cast(m, args[0], result);
    case Kind::select:
        return choose(m, b(m, args[0]), args[1], args[2]);
    case Kind::logical_not:
        return {LM_BOOL, (!b(m, args[0])).id};
    case Kind::logical_and:
        return {LM_BOOL, (b(m, args[0]) && b(m, args[1])).id};
    case Kind::logical_or:
        return {LM_BOOL, (b(m, args[0]) || b(m, args[1])).id};
    case Kind::is_finite:
        return {LM_BOOL, is_finite(f(m, args[0])).id};
    default:
        break;
    }
    if (op == Kind::equal || op == Kind::not_equal || ordered(op))
        return {LM_BOOL, compared(m, op, args[0], args[1]).id};

    switch (form_of(result)) {
    case Form::f32: {
        std::vector<Float> values;
        for (const Element& e : args)
            values.push_back(f(m, e));
        return {result, floating(op, values).id};
    }
    case Form::i32: {
        std::vector<Int> values;
        for (const Element& e : args)
            values.push_back(i(m, e));
        const Int nil{&m, m.i32(0)}, one{&m, m.i32(1)};
        return {result, integer<Int>(op, nil, one, values).id};
    }
    default: {
        std::vector<Wide> values;
        for (const Element& e : args)
            values.push_back(w(m, e));
        const Uint nil{&m, m.u32(0)}, one{&m, m.u32(1)};
        return element(integer<Wide>(op, {nil, nil}, {one, nil}, values), result);
    }
    }
}

} // namespace lamina::vulkan::spirv
