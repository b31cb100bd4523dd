#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// G g G^T of every 3 x 3 filter: one matrix [C, K] for each point. One thread a filter of one channel.

#include "line.glsl"
#include "winograd.glsl"

layout(constant_id = 1) const uint FILTERS = 1;      // C * K
layout(constant_id = 2) const bool ROTATED = false; // by half a turn, for the gradient with respect to x

layout(set = 0, binding = 0) readonly buffer Filter { float weights[]; };
layout(set = 0, binding = 1) writeonly buffer U { float u[]; };

void main() {
    const uint i = line_index();
    if (i >= FILTERS)
        return;
    float g[3][3], result[ALPHA][ALPHA];
    [[unroll]] for (uint r = 0; r < 3; ++r)
        [[unroll]] for (uint s = 0; s < 3; ++s)
            g[r][s] = weights[(ROTATED ? 8 - (r * 3 + s) : r * 3 + s) * FILTERS + i];
    TRANSFORM_BOTH_WAYS(filter_transform, 3, ALPHA, g, result)
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column)
            u[(row * ALPHA + column) * FILTERS + i] = result[row][column];
}
