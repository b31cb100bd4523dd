#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a convolution with respect to x, gathered: rows are input positions of all samples, columns the
// input channels of one group, k runs over the window and, fastest, the group's filters. Where the sum is cut, each
// part goes to its own copy of dx. z = group * splits + part.

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

layout(constant_id = 37) const uint STORAGE = 0; // of dy and the filter

READS(0, dy, STORAGE)
READS(1, weights, STORAGE)
WRITES(2, dx, RESULT)

layout(push_constant) uniform Push {
    uint N;
    uint splits;
    uint part; // of the sum
};

uint group() { return gl_WorkGroupID.z / splits; }

Row row_of(uint row) {
    return Row(in_position(row % IN_SIZE) + LOW, y_index(row / IN_SIZE, 0, group() * K_GROUP));
}
Term term_of(uint k) { return Term(window_position(k / K_GROUP) * DILATION, k % K_GROUP * Y_CHANNEL); }

// The element of dy that saw this input through this window entry; all ones where there is none.
uint seen(Row row, Term term) {
    const uvec3 reached = row.xyz - term.xyz; // o * stride
    const uvec3 o = reached / STRIDE;
    const bool strided = STRIDE_D != 1 || STRIDE_H != 1 || STRIDE_W != 1;
    if (!in_y(o) || (strided && (o * STRIDE != reached || any(greaterThan(reached, uvec3(0x7fffffffu))))))
        return 0xffffffffu;
    return row.w + linear_out(o) * Y_POSITION + term.w;
}
float load_a(Row row, Term term) {
    const uint at = seen(row, term);
    return at == 0xffffffffu ? 0.0 : dy(at);
}
vec4 load_a4(Row row, Term term) {
    const uint at = seen(row, term);
    return at == 0xffffffffu ? vec4(0.0) : dy4(at);
}
uint weight(uint k, uint column) {
    return (k / K_GROUP * C_GROUP + column) * K + group() * K_GROUP + k % K_GROUP;
}
float load_b(uint k, uint column) { return weights(weight(k, column)); }
vec4 load_b4(uint k, uint column) { return weights4(weight(k, column)); }

uint place(uint row, uint c) {
    const uint copy = gl_WorkGroupID.z % splits;
    return copy * N * C * IN_SIZE + x_index(row / IN_SIZE, row % IN_SIZE, c);
}
void store(uint row, uint column, float value) {
    const uint c = group() * C_GROUP + column;
    store_dx(place(row, c), epilogue(value, c));
}
void store4(uint row, uint column, vec4 value) {
    const uint c = group() * C_GROUP + column;
    store_dx4(place(row, c), epilogue4(value, c));
}

void main() {
    const uint begin = gl_WorkGroupID.z % splits * part;
    gemm(N * IN_SIZE, C_GROUP, begin, min(begin + part, WINDOW_SIZE * K_GROUP));
}
