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

float load_a(uint row, uint k) {
    const uvec3 stride = uvec3(STRIDE_D, STRIDE_H, STRIDE_W);
    // The output that saw this input through this window entry, if any: o * stride = reached.
    const uvec3 reached = in_position(row % IN_SIZE) + uvec3(LOW_D, LOW_H, LOW_W) -
                          window_position(k / K_GROUP) * uvec3(DILATION_D, DILATION_H, DILATION_W);
    const uvec3 o = reached / stride;
    // Below 0 it has wrapped around to far beyond OUT.
    if (any(greaterThan(reached, uvec3(0x7fffffffu))) || o.x >= OUT_D || o.y >= OUT_H || o.z >= OUT_W ||
        o * stride != reached)
        return 0.0;
    return dy[y_index(row / IN_SIZE, linear_out(o), gl_WorkGroupID.z * K_GROUP + k % K_GROUP)];
}
float load_b(uint k, uint column) {
    return weights[(k / K_GROUP * C_GROUP + column) * K + gl_WorkGroupID.z * K_GROUP + k % K_GROUP];
}
void store(uint row, uint column, float value) {
    const uint c = gl_WorkGroupID.z * C_GROUP + column;
    dx[x_index(row / IN_SIZE, row % IN_SIZE, c)] = epilogue(value, c);
}

void main() { gemm(N * IN_SIZE, C_GROUP, 0, WINDOW_SIZE * K_GROUP); }
