/// Typed values of a module under construction, so that generated arithmetic reads as arithmetic.
#pragma once

#include "codegen/spirv.hpp"

namespace lamina::vulkan::spirv {

struct Bool {
    Module* m;
    Id id;
};
struct Uint {
    Module* m;
    Id id;
};
struct Int {
    Module* m;
    Id id;
};
struct Float {
    Module* m;
    Id id;
};

inline Float literal(Float like, float v) { return {like.m, like.m->f32(v)}; }
inline Uint literal(Uint like, uint32_t v) { return {like.m, like.m->u32(v)}; }
inline Int literal(Int like, int32_t v) { return {like.m, like.m->i32(v)}; }

inline Id type_of(Bool v) { return v.m->bool_type(); }
inline Id type_of(Uint v) { return v.m->u32_type(); }
inline Id type_of(Int v) { return v.m->i32_type(); }
inline Id type_of(Float v) { return v.m->f32_type(); }

template <class T>
T binary(Op op, T a, T b) {
    return {a.m, a.m->emit(op, type_of(a), {a.id, b.id})};
}
template <class T>
Bool compare(Op op, T a, T b) {
    return {a.m, a.m->emit(op, a.m->bool_type(), {a.id, b.id})};
}
template <class T>
T select(Bool condition, T a, T b) {
    return {a.m, a.m->emit(Op::Select, type_of(a), {condition.id, a.id, b.id})};
}

inline Float operator+(Float a, Float b) { return binary(Op::FAdd, a, b); }
inline Float operator-(Float a, Float b) { return binary(Op::FSub, a, b); }
inline Float operator*(Float a, Float b) { return binary(Op::FMul, a, b); }
inline Float operator/(Float a, Float b) { return binary(Op::FDiv, a, b); }
inline Float operator+(Float a, float b) { return a + literal(a, b); }
inline Float operator-(Float a, float b) { return a - literal(a, b); }
inline Float operator*(Float a, float b) { return a * literal(a, b); }
inline Float operator+(float a, Float b) { return literal(b, a) + b; }
inline Float operator-(float a, Float b) { return literal(b, a) - b; }
inline Float operator*(float a, Float b) { return literal(b, a) * b; }
inline Float operator/(float a, Float b) { return literal(b, a) / b; }
inline Float operator-(Float a) { return {a.m, a.m->emit(Op::FNegate, a.m->f32_type(), {a.id})}; }
inline Bool operator<(Float a, Float b) { return compare(Op::FOrdLessThan, a, b); }
inline Bool operator>(Float a, Float b) { return compare(Op::FOrdGreaterThan, a, b); }
inline Bool operator<(Float a, float b) { return a < literal(a, b); }
inline Bool operator>(Float a, float b) { return a > literal(a, b); }
inline Bool equal(Float a, Float b) { return compare(Op::FOrdEqual, a, b); }
inline Bool equal(Float a, float b) { return equal(a, literal(a, b)); }
inline Bool is_nan(Float a) { return compare(Op::FUnordNotEqual, a, a); }

inline Uint operator+(Uint a, Uint b) { return binary(Op::IAdd, a, b); }
inline Uint operator-(Uint a, Uint b) { return binary(Op::ISub, a, b); }
inline Uint operator*(Uint a, Uint b) { return binary(Op::IMul, a, b); }
inline Uint operator/(Uint a, uint32_t b) { return binary(Op::UDiv, a, literal(a, b)); }
inline Uint operator%(Uint a, uint32_t b) { return binary(Op::UMod, a, literal(a, b)); }
inline Uint operator&(Uint a, uint32_t b) { return binary(Op::BitwiseAnd, a, literal(a, b)); }
inline Uint operator&(Uint a, Uint b) { return binary(Op::BitwiseAnd, a, b); }
inline Uint operator|(Uint a, Uint b) { return binary(Op::BitwiseOr, a, b); }
inline Uint operator^(Uint a, Uint b) { return binary(Op::BitwiseXor, a, b); }
inline Uint operator<<(Uint a, uint32_t n) {
    return binary(Op::ShiftLeftLogical, a, literal(a, n));
}
inline Uint operator>>(Uint a, uint32_t n) {
    return binary(Op::ShiftRightLogical, a, literal(a, n));
}
inline Uint operator>>(Uint a, Uint n) { return binary(Op::ShiftRightLogical, a, n); }
inline Uint operator+(Uint a, uint32_t b) { return a + literal(a, b); }
inline Uint operator*(Uint a, uint32_t b) { return a * literal(a, b); }
inline Bool operator<(Uint a, Uint b) { return compare(Op::ULessThan, a, b); }
inline Bool equal(Uint a, Uint b) { return compare(Op::IEqual, a, b); }
inline Bool equal(Uint a, uint32_t b) { return equal(a, literal(a, b)); }

inline Int operator+(Int a, Int b) { return binary(Op::IAdd, a, b); }
inline Int operator-(Int a, Int b) { return binary(Op::ISub, a, b); }
inline Int operator*(Int a, Int b) { return binary(Op::IMul, a, b); }
inline Int operator-(Int a) { return {a.m, a.m->emit(Op::SNegate, a.m->i32_type(), {a.id})}; }
inline Int operator>>(Int a, uint32_t n) {
    return {a.m, a.m->emit(Op::ShiftRightArithmetic, a.m->i32_type(), {a.id, a.m->u32(n)})};
}
inline Bool operator<(Int a, Int b) { return compare(Op::SLessThan, a, b); }
inline Bool operator>(Int a, Int b) { return compare(Op::SGreaterThan, a, b); }
inline Bool equal(Int a, Int b) { return compare(Op::IEqual, a, b); }

inline Bool operator&&(Bool a, Bool b) { return binary(Op::LogicalAnd, a, b); }
inline Bool operator||(Bool a, Bool b) { return binary(Op::LogicalOr, a, b); }
inline Bool operator!(Bool a) { return {a.m, a.m->emit(Op::LogicalNot, a.m->bool_type(), {a.id})}; }

inline Uint bits(Float a) { return {a.m, a.m->emit(Op::Bitcast, a.m->u32_type(), {a.id})}; }
inline Uint bits(Int a) { return {a.m, a.m->emit(Op::Bitcast, a.m->u32_type(), {a.id})}; }
inline Float as_float(Uint a) { return {a.m, a.m->emit(Op::Bitcast, a.m->f32_type(), {a.id})}; }
inline Int as_int(Uint a) { return {a.m, a.m->emit(Op::Bitcast, a.m->i32_type(), {a.id})}; }
inline Float to_float(Int a) { return {a.m, a.m->emit(Op::ConvertSToF, a.m->f32_type(), {a.id})}; }
inline Float to_float(Uint a) { return {a.m, a.m->emit(Op::ConvertUToF, a.m->f32_type(), {a.id})}; }
inline Int to_int(Float a) { return {a.m, a.m->emit(Op::ConvertFToS, a.m->i32_type(), {a.id})}; }
inline Uint to_uint(Float a) { return {a.m, a.m->emit(Op::ConvertFToU, a.m->u32_type(), {a.id})}; }
inline Float unary(Glsl op, Float a) { return {a.m, a.m->glsl(op, a.m->f32_type(), {a.id})}; }
inline Float abs(Float a) { return unary(Glsl::FAbs, a); }

// Functions that GLSL lacks, or whose precision Vulkan leaves too loose (sin: 2^-11 absolute): in
// single precision, within a few units in the last place, the same bits on every device that
// rounds its additions and multiplications as IEEE 754 does.
Float exp(Float);
Float expm1(Float);
Float log(Float);
Float log1p(Float);
Float sin(Float);
Float cos(Float);
Float tanh(Float);
Float sigmoid(Float);
Float softplus(Float);
Float erf(Float);
Float pow(Float, Float);
Float sign(Float);
Float maximum(Float, Float); // NaN when either is
Float minimum(Float, Float);
Float relu(Float);
Bool is_finite(Float);

} // namespace lamina::vulkan::spirv
