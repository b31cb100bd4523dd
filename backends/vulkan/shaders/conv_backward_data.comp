#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a convolution with respect to x, gathered: rows are input positions of all samples, columns the
// input channels of one group, k runs over the window and, fastest, the group's filters. One group a z.

#include "gemm.glsl"
#include "conv_geometry.glsl"
#define EPILOGUE_ID 28
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer Dy { float dy[]; };
layout(set = 0, binding = 1) readonly buffer Filter { float weights[]; };
layout(set = 0, binding = 2) writeonly buffer Dx { float dx[]; };

layout(push_constant) uniform Push { uint N; };

Row row_of(uint row) {
    return Row(in_position(row % IN_SIZE) + LOW, y_index(row / IN_SIZE, 0, gl_WorkGroupID.z * K_GROUP));
}
float load_a(Row row, uint k) {
    // The output that saw this input through this window entry, if any: o * stride = reached.
    const uvec3 reached = row.xyz - window_position(k / K_GROUP) * DILATION;
    const uvec3 o = reached / STRIDE;
    if (any(greaterThan(reached, uvec3(0x7fffffffu))) || !in_y(o) || o * STRIDE != reached)
        return 0.0;
    return dy[row.w + linear_out(o) * Y_POSITION + k % K_GROUP * Y_CHANNEL];
}
float load_b(uint k, uint column) {
    return weights[(k / K_GROUP * C_GROUP + column) * K + gl_WorkGroupID.z * K_GROUP + k % K_GROUP];
}
void store(uint row, uint column, float value) {
    const uint c = gl_WorkGroupID.z * C_GROUP + column;
    dx[x_index(row / IN_SIZE, row % IN_SIZE, c)] = epilogue(value, c);
}

void main() { gemm(N * IN_SIZE, C_GROUP, 0, WINDOW_SIZE * K_GROUP); }
