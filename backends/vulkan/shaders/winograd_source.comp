#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// B^T d B of overlapping ALPHA x ALPHA tiles d of an activation.

#include "line.glsl"
#include "winograd.glsl"
#include "winograd_tiles.glsl"

layout(constant_id = 7) const uint LOW_H = 0; // padding
layout(constant_id = 8) const uint LOW_W = 0;

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) writeonly buffer V { float v[]; };

void main() {
    const uint i = line_index();
    if (i >= tiles * CHANNELS)
        return;
    const Place p = place_of(i);
    const uvec2 first = p.tile * TILE - uvec2(LOW_H, LOW_W);
    float d[ALPHA][ALPHA], result[ALPHA][ALPHA];
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column) {
            const uvec2 at = first + uvec2(row, column);
            d[row][column] = inside(at) ? x[index_of(p, at)] : 0.0;
        }
    TRANSFORM_BOTH_WAYS(source_transform, ALPHA, ALPHA, d, result)
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column)
            v[(row * ALPHA + column) * (tiles * CHANNELS) + i] = result[row][column];
}
