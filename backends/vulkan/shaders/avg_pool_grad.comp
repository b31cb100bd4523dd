#version 450
#extension GL_GOOGLE_include_directive : require

// Each input gathers its share of dy from the windows that hold it.

#include "line.glsl"
#include "pool_geometry.glsl"

layout(set = 0, binding = 0) readonly buffer Dy { float dy[]; };
layout(set = 0, binding = 1) writeonly buffer Dx { float dx[]; };

layout(push_constant) uniform Push { uint elements; };

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const Place p = place_of(element, IN_SIZE, uvec3(IN));
    const ivec3 first = outputs_first(p.at), last = outputs_last(p.at);
    float sum = 0.0;
    for (int d = first.x; d < last.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                const ivec3 o = ivec3(d, h, w);
                const ivec3 seen = window_last(o) - window_first(o);
                sum += dy[y_index(p.n, p.c, o)] / float(seen.x * seen.y * seen.z);
            }
    dx[element] = sum;
}
