#version 450
#extension GL_GOOGLE_include_directive : require

// The largest or the mean element of each window; padding is neither seen nor counted.

#include "line.glsl"
#include "pool_geometry.glsl"

layout(constant_id = 18) const bool AVERAGE = false;

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push { uint elements; };

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const Place p = place_of(element, OUT_SIZE, uvec3(OUT));
    const ivec3 first = window_first(p.at), last = window_last(p.at);
    float value = AVERAGE ? 0.0 : uintBitsToFloat(0xff800000u);
    for (int d = first.x; d < last.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                const float v = x[x_index(p.n, p.c, ivec3(d, h, w))];
                if (AVERAGE)
                    value += v;
                else if (v > value || isnan(v))
                    value = v;
            }
    const ivec3 seen = last - first;
    y[element] = AVERAGE ? value / float(seen.x * seen.y * seen.z) : value;
}
