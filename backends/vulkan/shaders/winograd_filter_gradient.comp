#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// G^T m G of the products m of transformed source and gradient, one matrix [C, K] for each point, given as copies that
// are summed in ascending order. One thread a filter of one channel.

#include "line.glsl"
#include "winograd.glsl"

layout(constant_id = 1) const uint FILTERS = 1; // C * K

layout(set = 0, binding = 0) readonly buffer M { float m[]; };
layout(set = 0, binding = 1) writeonly buffer DFilter { float dfilter[]; };

layout(push_constant) uniform Push { uint copies; };

void main() {
    const uint i = line_index();
    if (i >= FILTERS)
        return;
    float product[ALPHA][ALPHA], result[3][3];
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column) {
            const uint point = row * ALPHA + column;
            float sum = m[point * FILTERS + i];
            for (uint copy = 1; copy < copies; ++copy)
                sum += m[(copy * ALPHA * ALPHA + point) * FILTERS + i];
            product[row][column] = sum;
        }
    TRANSFORM_BOTH_WAYS(filter_gradient_transform, ALPHA, 3, product, result)
    [[unroll]] for (uint r = 0; r < 3; ++r)
        [[unroll]] for (uint s = 0; s < 3; ++s)
            dfilter[(r * 3 + s) * FILTERS + i] = result[r][s];
}
