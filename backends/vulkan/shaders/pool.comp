#version 450
#extension GL_GOOGLE_include_directive : require

// The largest or the mean element of each window; padding is neither seen nor counted.

#include "line.glsl"
#include "pool_geometry.glsl"

layout(constant_id = 19) const bool AVERAGE = false;

READS(0, x, STORAGE)
WRITES(1, y, STORAGE)

layout(push_constant) uniform Push { uint elements; };

float pooled(uint element) {
    const Place p = place_of(element, OUT_SIZE, uvec3(OUT));
    const ivec3 first = window_first(p.at), last = window_last(p.at);
    float value = AVERAGE ? 0.0 : uintBitsToFloat(0xff800000u);
    for (int d = first.x; d < last.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                const float v = x(x_index(p.n, p.c, ivec3(d, h, w)));
                if (AVERAGE)
                    value += v;
                else if (v > value || isnan(v))
                    value = v;
            }
    const ivec3 seen = last - first;
    return AVERAGE ? value / float(seen.x * seen.y * seen.z) : value;
}

void main() {
    const uint i = line_index();
    STORE_LINE(y, STORAGE, i, elements, pooled)
}
