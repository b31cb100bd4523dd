#version 450
#extension GL_GOOGLE_include_directive : require

// Each input gathers its share of dy from the windows that hold it.

#include "line.glsl"
#include "pool_geometry.glsl"

READS(0, dy, STORAGE)
WRITES(1, dx, STORAGE)

layout(push_constant) uniform Push { uint elements; };

float gathered(uint element) {
    const Place p = place_of(element, IN_SIZE, uvec3(IN));
    const ivec3 first = outputs_first(p.at), last = outputs_last(p.at);
    float sum = 0.0;
    for (int d = first.x; d < last.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                const ivec3 o = ivec3(d, h, w);
                const ivec3 seen = window_last(o) - window_first(o);
                sum += dy(y_index(p.n, p.c, o)) / float(seen.x * seen.y * seen.z);
            }
    return sum;
}

void main() {
    const uint i = line_index();
    STORE_LINE(dx, STORAGE, i, elements, gathered)
}
