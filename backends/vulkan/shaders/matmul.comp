#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// y[batch, M, N] = a[batch, M, K] b[batch, K, N], either factor stored transposed. Where the sum is cut, each part goes
// to its own copy of y. z = batch entry * splits + part.

#ifdef COOPERATIVE
#include "gemm_cooperative.glsl"
#elif defined(UNSHARED)
#include "gemm_unshared.glsl"
#else
#include "gemm.glsl"
#endif
#define EPILOGUE_ID 11
#include "epilogue.glsl"
layout(constant_id = 14) const bool ACCUMULATE = false; // adds to what stands in y, which is f32
layout(constant_id = 15) const uint STORAGE = 0;        // of a and b

READS(0, a, STORAGE)
READS(1, b, STORAGE)
WRITES(2, y, RESULT)

layout(push_constant) uniform Push {
    uint M, N, K;
    uint a_first, a_batch, a_row, a_k; // the first element, and strides in elements
    uint b_first, b_batch, b_k, b_column;
    uint y_first, y_batch, y_row, y_copy;
    uint splits;
    uint part; // of the sum
};

uint entry() { return gl_WorkGroupID.z / splits; }

Row row_of(uint row) { return Row(a_first + entry() * a_batch + row * a_row, 0, 0, 0); }
Term term_of(uint k) { return Term(k * a_k, 0, 0, 0); }
float load_a(Row row, Term term) { return a(row.x + term.x); }
vec4 load_a4(Row row, Term term) { return a4(row.x + term.x); }
uint b_place(uint k, uint column) { return b_first + entry() * b_batch + k * b_k + column * b_column; }
float load_b(uint k, uint column) { return b(b_place(k, column)); }
vec4 load_b4(uint k, uint column) { return b4(b_place(k, column)); }

uint y_place(uint row, uint column) {
    return y_first + gl_WorkGroupID.z % splits * y_copy + entry() * y_batch + row * y_row + column;
}
void store(uint row, uint column, float value) {
    const uint at = y_place(row, column);
    store_y(at, epilogue(ACCUMULATE ? y_f32[at] + value : value, column));
}
void store4(uint row, uint column, vec4 value) {
    const uint at = y_place(row, column);
    store_y4(at, epilogue4(ACCUMULATE ? y_f32x4[at / 4] + value : value, column));
}

void main() {
    const uint begin = gl_WorkGroupID.z % splits * part;
    gemm(M, N, begin, min(begin + part, K));
}
