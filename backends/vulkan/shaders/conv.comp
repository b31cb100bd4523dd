#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// Convolution as a matrix product whose left factor is gathered from x as it is needed (implicit GEMM):
// rows are output positions of all samples, columns the filters of one group, k runs over the window and, fastest,
// the group's input channels. Where the sum is cut, each part goes to its own copy of y. z = group * splits + part.

#ifdef COOPERATIVE
#include "gemm_cooperative.glsl"
#elif defined(UNSHARED)
#include "gemm_unshared.glsl"
#else
#include "gemm.glsl"
#endif
#define GEOMETRY_ID 11
#include "conv_geometry.glsl"
#define EPILOGUE_ID 34
#include "epilogue.glsl"

layout(constant_id = 37) const uint STORAGE = 0; // of x and the filter

READS(0, x, STORAGE)
READS(1, weights, STORAGE)
WRITES(2, y, RESULT)

layout(push_constant) uniform Push {
    uint N;
    uint splits;
    uint part; // of the sum
};

uint group() { return gl_WorkGroupID.z / splits; }

// Where the window of this output position begins in x (below 0 in the padding), and its element of x. Elements before
// x wrap around and come back when a term is added.
Row row_of(uint row) {
    const uvec3 first = out_position(row % OUT_SIZE) * STRIDE - LOW;
    return Row(first, x_index(row / OUT_SIZE, 0, group() * C_GROUP) + linear_in(first) * X_POSITION);
}
Term term_of(uint k) {
    const uvec3 entry = window_position(k / C_GROUP) * DILATION;
    return Term(entry, linear_in(entry) * X_POSITION + k % C_GROUP * X_CHANNEL);
}
float load_a(Row row, Term term) { return in_x(row.xyz + term.xyz) ? x(row.w + term.w) : 0.0; }
vec4 load_a4(Row row, Term term) { return in_x(row.xyz + term.xyz) ? x4(row.w + term.w) : vec4(0.0); }
uint weight(uint k, uint column) { return k * K + group() * K_GROUP + column; }
float load_b(uint k, uint column) { return weights(weight(k, column)); }
vec4 load_b4(uint k, uint column) { return weights4(weight(k, column)); }

uint place(uint row, uint k) {
    const uint copy = gl_WorkGroupID.z % splits;
    return copy * N * K * OUT_SIZE + y_index(row / OUT_SIZE, row % OUT_SIZE, k);
}
void store(uint row, uint column, float value) {
    const uint k = group() * K_GROUP + column;
    store_y(place(row, k), epilogue(value, k));
}
void store4(uint row, uint column, vec4 value) {
    const uint k = group() * K_GROUP + column;
    store_y4(place(row, k), epilogue4(value, k));
}

void main() {
    const uint begin = gl_WorkGroupID.z % splits * part;
    gemm(N * OUT_SIZE, K_GROUP, begin, min(begin + part, WINDOW_SIZE * C_GROUP));
}
