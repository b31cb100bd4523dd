#version 450
#extension GL_GOOGLE_include_directive : require

// Each input gathers dy from the windows of which it is the first maximum in row-major order.

#include "line.glsl"
#include "pool_geometry.glsl"

READS(0, x, STORAGE)
READS(1, y, STORAGE)
READS(2, dy, STORAGE)
WRITES(3, dx, STORAGE)

layout(push_constant) uniform Push { uint elements; };

// Whether the window holds its maximum before position i.
bool found_before(uint n, uint c, ivec3 o, ivec3 i, float maximum) {
    const ivec3 first = window_first(o), last = window_last(o);
    for (int d = first.x; d <= i.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                if (d == i.x && (h > i.y || (h == i.y && w >= i.z)))
                    return false;
                if (x(x_index(n, c, ivec3(d, h, w))) == maximum)
                    return true;
            }
    return false;
}

float gathered(uint element) {
    const Place p = place_of(element, IN_SIZE, uvec3(IN));
    const ivec3 first = outputs_first(p.at), last = outputs_last(p.at);
    const float value = x(element);
    float sum = 0.0;
    for (int d = first.x; d < last.x; ++d)
        for (int h = first.y; h < last.y; ++h)
            for (int w = first.z; w < last.z; ++w) {
                const ivec3 o = ivec3(d, h, w);
                const uint at = y_index(p.n, p.c, o);
                if (y(at) == value && !found_before(p.n, p.c, o, p.at, value))
                    sum += dy(at);
            }
    return sum;
}

void main() {
    const uint i = line_index();
    STORE_LINE(dx, STORAGE, i, elements, gathered)
}
