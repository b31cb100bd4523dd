#version 450
#extension GL_GOOGLE_include_directive : require

// A filter's gradient: the window's corner of its images, which come as fft_target.comp's.

#include "line.glsl"
#include "fft_images.glsl"
#include "fft_weights.glsl"
layout(constant_id = 10) const float SCALE = 1.0;

layout(set = 0, binding = 0) readonly buffer Images { vec2 images[]; };
layout(set = 0, binding = 1) writeonly buffer Weights { float weights[]; };

void main() {
    const Place p = place_of(line_index(), WINDOW);
    if (p.image >= images_used)
        return;
    const uint taken = taken_of(p.image), given = given_of(p.image);
    const vec2 value = images[index_of(p)].yx * SCALE;
    weights[weight_of(p.at, taken, given)] = value.x;
    if (given + 1 < GIVEN)
        weights[weight_of(p.at, taken, given + 1)] = value.y;
}
