#version 450
#extension GL_GOOGLE_include_directive : require

// result[part, o] = scale * reduction over r in the part of what is at kept offset o plus reduced offset r.

// T: float, int, or uvec2 for 64 bits, the low word first.
#if defined(I64)
#define T uvec2
#elif defined(I32)
#define T int
#else
#define T float
#endif
#define ROW_T T
#include "rows.glsl"
#include "storage.glsl"

layout(constant_id = 3) const uint REDUCTION = 0; // sum, maximum, minimum, product
layout(constant_id = 4) const uint REDUCED = 0;   // x, (x - mean)^2, y * (x - mean)
// Merged dimensions and their strides, unused ones 1 and 0, slowest first.
layout(constant_id = 5) const uint KEPT_1 = 1;
layout(constant_id = 6) const uint KEPT_2 = 1;
layout(constant_id = 7) const uint KEPT_3 = 1;
layout(constant_id = 8) const uint KEPT_STRIDE_0 = 0;
layout(constant_id = 9) const uint KEPT_STRIDE_1 = 0;
layout(constant_id = 10) const uint KEPT_STRIDE_2 = 0;
layout(constant_id = 11) const uint KEPT_STRIDE_3 = 0;
layout(constant_id = 12) const uint REDUCED_1 = 1;
layout(constant_id = 13) const uint REDUCED_2 = 1;
layout(constant_id = 14) const uint REDUCED_3 = 1;
layout(constant_id = 15) const uint REDUCED_STRIDE_0 = 0;
layout(constant_id = 16) const uint REDUCED_STRIDE_1 = 0;
layout(constant_id = 17) const uint REDUCED_STRIDE_2 = 0;
layout(constant_id = 18) const uint REDUCED_STRIDE_3 = 0;

layout(constant_id = 19) const uint STORAGE = 0; // of x and y; the rest is f32

#if defined(I64) || defined(I32)
layout(set = 0, binding = 0) readonly buffer Elements { T x_elements[]; };
T x(uint i) { return x_elements[i]; }
#else
READS(0, x, STORAGE)
READS(1, y, STORAGE)
layout(set = 0, binding = 2) readonly buffer Mean { float mean[]; };
#endif
layout(set = 0, binding = 3) writeonly buffer Result { T result[]; };

layout(push_constant) uniform Push {
    uint outputs;
    uint length_;
    uint splits;
    uint part; // entries in one part
    float scale;
    uint x_first, mean_first, result_first; // what lies before the first element in the bindings
};

uint kept_offset(uint o) {
    uint offset = o % KEPT_3 * KEPT_STRIDE_3;
    o /= KEPT_3;
    offset += o % KEPT_2 * KEPT_STRIDE_2;
    o /= KEPT_2;
    return offset + o % KEPT_1 * KEPT_STRIDE_1 + o / KEPT_1 * KEPT_STRIDE_0;
}
uint reduced_offset(uint r) {
    uint offset = r % REDUCED_3 * REDUCED_STRIDE_3;
    r /= REDUCED_3;
    offset += r % REDUCED_2 * REDUCED_STRIDE_2;
    r /= REDUCED_2;
    return offset + r % REDUCED_1 * REDUCED_STRIDE_1 + r / REDUCED_1 * REDUCED_STRIDE_0;
}

#if defined(I64)
#include "int64.glsl"
T join_two(T a, T b) {
    if (REDUCTION == 0)
        return add64(a, b);
    if (REDUCTION == 3)
        return multiply64(a, b);
    return less64(a, b) == (REDUCTION == 1) ? b : a;
}
T neutral() {
    if (REDUCTION == 1)
        return uvec2(0, 0x80000000u);
    if (REDUCTION == 2)
        return uvec2(0xffffffffu, 0x7fffffffu);
    return uvec2(REDUCTION == 3 ? 1 : 0, 0);
}
T value_at(uint at, uint o) { return x(at); }
#elif defined(I32)
T join_two(T a, T b) {
    if (REDUCTION == 0)
        return a + b;
    if (REDUCTION == 1)
        return max(a, b);
    return REDUCTION == 2 ? min(a, b) : a * b;
}
T neutral() {
    if (REDUCTION == 1)
        return int(0x80000000u);
    if (REDUCTION == 2)
        return 0x7fffffff;
    return REDUCTION == 3 ? 1 : 0;
}
T value_at(uint at, uint o) { return x(at); }
#else
T join_two(T a, T b) {
    if (REDUCTION == 0)
        return a + b;
    if (REDUCTION == 1)
        return a > b || isnan(a) ? a : b;
    if (REDUCTION == 2)
        return a < b || isnan(a) ? a : b;
    return a * b;
}
T neutral() {
    if (REDUCTION == 1)
        return uintBitsToFloat(0xff800000u);
    if (REDUCTION == 2)
        return uintBitsToFloat(0x7f800000u);
    return REDUCTION == 0 ? 0.0 : 1.0;
}
T value_at(uint at, uint o) {
    if (REDUCED == 0)
        return x(at);
    const float value = x(at) - mean[mean_first + o];
    return REDUCED == 1 ? value * value : y(at) * value;
}
#endif
JOIN_ROWS(join_rows, join_two)

void main() {
    const uint row = row_index();
    const uint o = row % outputs, split = row / outputs;
    const bool there = split < splits;
    T sum = neutral();
    if (there) {
        const uint base = x_first + kept_offset(o);
        const uint end = min((split + 1) * part, length_);
        for (uint r = split * part + row_lane(); r < end; r += Y)
            sum = join_two(sum, value_at(base + reduced_offset(r), o));
    }
    sum = join_rows(sum);
    if (!there || row_lane() != 0)
        return;
#if defined(I64) || defined(I32)
    result[result_first + row] = sum;
#else
    result[result_first + row] = scale * sum;
#endif
}
