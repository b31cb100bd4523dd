#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a convolution with respect to the filter: rows are window entries and, fastest, input channels of
// one group, columns the group's filters, k runs over output positions of all samples. That sum is long and the
// result small, so it is cut into SPLITS parts, each written to its own copy of the filter and summed by another
// dispatch. z = group * SPLITS + part.

#include "gemm.glsl"
#include "conv_geometry.glsl"

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) readonly buffer Dy { float dy[]; };
layout(set = 0, binding = 2) writeonly buffer DFilter { float dfilter[]; };

layout(push_constant) uniform Push {
    uint N;
    uint splits;
    uint part; // positions in one part
};

uint group() { return gl_WorkGroupID.z / splits; }

// Where this window entry lies before the output position is added, and the input channel's first element.
Row row_of(uint row) {
    return Row(window_position(row / C_GROUP) * DILATION - LOW, (group() * C_GROUP + row % C_GROUP) * X_CHANNEL);
}
float load_a(Row row, uint k) {
    const uvec3 i = row.xyz + out_position(k % OUT_SIZE) * STRIDE;
    return in_x(i) ? x[row.w + k / OUT_SIZE * (C * IN_SIZE) + linear_in(i) * X_POSITION] : 0.0;
}
float load_b(uint k, uint column) { return dy[y_index(k / OUT_SIZE, k % OUT_SIZE, group() * K_GROUP + column)]; }
void store(uint row, uint column, float value) {
    const uint copy = gl_WorkGroupID.z % splits;
    dfilter[(copy * WINDOW_SIZE * C_GROUP + row) * K + group() * K_GROUP + column] = value;
}

void main() {
    const uint begin = gl_WorkGroupID.z % splits * part;
    gemm(WINDOW_SIZE * C_GROUP, K_GROUP, begin, min(begin + part, N * OUT_SIZE));
}
