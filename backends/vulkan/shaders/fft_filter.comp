#version 450
#extension GL_GOOGLE_include_directive : require

// A filter's images: its window in the first corner, zeros elsewhere, and all zeros for a channel taken that is not
// there (the second of a pair).

#include "line.glsl"
#include "fft_images.glsl"
#include "fft_weights.glsl"

layout(set = 0, binding = 0) readonly buffer Weights { float weights[]; };
layout(set = 0, binding = 1) writeonly buffer Images { vec2 images[]; };

void main() {
    const Place p = place_of(line_index(), TILE);
    if (p.image >= images_used)
        return;
    const uint taken = taken_of(p.image), given = given_of(p.image);
    vec2 value = vec2(0.0);
    if (taken < TAKEN && all(lessThan(p.at, WINDOW))) {
        value.x = weights[weight_of(p.at, taken, given)];
        if (given + 1 < GIVEN)
            value.y = weights[weight_of(p.at, taken, given + 1)];
    }
    images[index_of(p)] = value;
}
