#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// A^T m A of products m: TILE x TILE tiles of the activation that a convolution gives, then the epilogue.

#include "line.glsl"
#include "winograd.glsl"
#include "winograd_tiles.glsl"
#define EPILOGUE_ID 7
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer M { float m[]; };
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

void main() {
    const uint i = line_index();
    if (i >= tiles * CHANNELS)
        return;
    const Place p = place_of(i);
    float product[ALPHA][ALPHA], result[TILE][TILE];
    [[unroll]] for (uint row = 0; row < ALPHA; ++row)
        [[unroll]] for (uint column = 0; column < ALPHA; ++column)
            product[row][column] = m[(row * ALPHA + column) * (tiles * CHANNELS) + i];
    TRANSFORM_BOTH_WAYS(target_transform, ALPHA, TILE, product, result)
    [[unroll]] for (uint row = 0; row < TILE; ++row)
        [[unroll]] for (uint column = 0; column < TILE; ++column) {
            const uvec2 at = p.tile * TILE + uvec2(row, column);
            if (inside(at))
                y[index_of(p, at)] = epilogue(result[row][column], p.c);
        }
}
