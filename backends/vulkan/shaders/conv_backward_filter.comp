#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a convolution with respect to the filter: rows are window entries and, fastest, input channels of
// one group, columns the group's filters, k runs over output positions of all samples. That sum is long and the
// result small, so it is cut into parts, each written to its own copy of the filter. z = group * splits + part.

#ifdef COOPERATIVE
#include "gemm_cooperative.glsl"
#elif defined(UNSHARED)
#include "gemm_unshared.glsl"
#else
#include "gemm.glsl"
#endif
#define GEOMETRY_ID 11
#include "conv_geometry.glsl"
#include "storage.glsl"

layout(constant_id = 34) const uint STORAGE = 0; // of x and dy; the result is f32

READS(0, x, STORAGE)
READS(1, dy, STORAGE)
layout(set = 0, binding = 2) writeonly buffer DFilter { float dfilter[]; };
layout(set = 0, binding = 2) writeonly buffer DFilter4 { vec4 dfilter4[]; };

layout(push_constant) uniform Push {
    uint N;
    uint splits;
    uint part; // positions in one part
};

uint group() { return gl_WorkGroupID.z / splits; }

// Where this window entry lies before the output position is added, and its element of x.
Row row_of(uint row) {
    const uvec3 entry = window_position(row / C_GROUP) * DILATION - LOW;
    return Row(entry, (group() * C_GROUP + row % C_GROUP) * X_CHANNEL + linear_in(entry) * X_POSITION);
}
Term term_of(uint k) {
    const uvec3 first = out_position(k % OUT_SIZE) * STRIDE;
    return Term(first, x_index(k / OUT_SIZE, 0, 0) + linear_in(first) * X_POSITION);
}
float load_a(Row row, Term term) { return in_x(row.xyz + term.xyz) ? x(row.w + term.w) : 0.0; }
vec4 load_a4(Row row, Term term) { return in_x(row.xyz + term.xyz) ? x4(row.w + term.w) : vec4(0.0); }
uint seen(uint k, uint column) { return y_index(k / OUT_SIZE, k % OUT_SIZE, group() * K_GROUP + column); }
float load_b(uint k, uint column) { return dy(seen(k, column)); }
vec4 load_b4(uint k, uint column) { return dy4(seen(k, column)); }

uint place(uint row, uint column) {
    const uint copy = gl_WorkGroupID.z % splits;
    return (copy * WINDOW_SIZE * C_GROUP + row) * K + group() * K_GROUP + column;
}
void store(uint row, uint column, float value) { dfilter[place(row, column)] = value; }
void store4(uint row, uint column, vec4 value) { dfilter4[place(row, column) / 4] = value; }

void main() {
    const uint begin = gl_WorkGroupID.z % splits * part;
    gemm(WINDOW_SIZE * C_GROUP, K_GROUP, begin, min(begin + part, N * OUT_SIZE));
}
