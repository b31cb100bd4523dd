#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// A dy A^T of TILE x TILE tiles of the gradient of what a convolution gives.

#include "line.glsl"
#include "winograd.glsl"
#include "winograd_tiles.glsl"

layout(set = 0, binding = 0) readonly buffer Dy { float dy[]; };
layout(set = 0, binding = 1) writeonly buffer Z { float z[]; };

void main() {
    const uint i = line_index();
    if (i >= tiles * CHANNELS)
        return;
    const Place p = place_of(i);
    float tile[TILE][TILE], result[ALPHA][ALPHA];
    [[unroll]] for (uint row = 0; row < TILE; ++row)
        [[unroll]] for (uint column = 0; column < TILE; ++column) {
            const uvec2 at = p.tile * TILE + uvec2(row, column);
            tile[row][column] = inside(at) ? dy[index_of(p, at)] : 0.0;
        }
    TRANSFORM_BOTH_WAYS(target_gradient_transform, TILE, ALPHA, tile, result)
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column)
            z[(row * ALPHA + column) * (tiles * CHANNELS) + i] = result[row][column];
}
