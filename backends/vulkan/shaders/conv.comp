#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// Convolution as a matrix product whose left factor is gathered from x as it is needed (implicit GEMM):
// rows are output positions of all samples, columns the filters of one group, k runs over the window and, fastest,
// the group's input channels. One group a z.

#include "gemm.glsl"
#include "conv_geometry.glsl"
#define EPILOGUE_ID 28
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) readonly buffer Filter { float weights[]; };
layout(set = 0, binding = 2) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push { uint N; };

// Where the window of this output position begins in x (below 0 in the padding), and the sample's first element.
Row row_of(uint row) {
    return Row(out_position(row % OUT_SIZE) * STRIDE - LOW,
               x_index(row / OUT_SIZE, 0, gl_WorkGroupID.z * C_GROUP));
}
float load_a(Row row, uint k) {
    const uvec3 i = row.xyz + window_position(k / C_GROUP) * DILATION;
    return in_x(i) ? x[row.w + linear_in(i) * X_POSITION + k % C_GROUP * X_CHANNEL] : 0.0;
}
float load_b(uint k, uint column) { return weights[k * K + gl_WorkGroupID.z * K_GROUP + column]; }
void store(uint row, uint column, float value) {
    const uint k = gl_WorkGroupID.z * K_GROUP + column;
    y[y_index(row / OUT_SIZE, row % OUT_SIZE, k)] = epilogue(value, k);
}

void main() { gemm(N * OUT_SIZE, K_GROUP, 0, WINDOW_SIZE * C_GROUP); }
