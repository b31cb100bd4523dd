#version 450
#extension GL_GOOGLE_include_directive : require

// Each element gathers dy from the samples that read it, in row-major order.

#include "line.glsl"
#include "resize.glsl"

layout(set = 0, binding = 0) readonly buffer Dy { float dy[]; };
layout(set = 0, binding = 1) writeonly buffer Dx { float dx[]; };

layout(push_constant) uniform Push { uint elements; };

// A range of samples that holds all those that read element i, and how much sample o reads of it.
ivec2 readers(int i, int extent, int size) {
    const int first = i == 0 ? 0 : (2 * i - 1) * size / (2 * extent) - 1;
    const int last = i == extent - 1 ? size : (2 * i + 3) * size / (2 * extent) + 2;
    return ivec2(max(first, 0), min(last, size));
}
float weight_of(int i, int o, int extent, int size) {
    const Taps t = taps(o, extent, size);
    return (t.low == i ? 1.0 - t.weight : 0.0) + (t.high == i ? t.weight : 0.0);
}

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const Place p = place_of(element, uvec3(IN_D, IN_H, IN_W));
    const ivec3 i = ivec3(p.at);
    const ivec2 depth = readers(i.x, int(IN_D), int(OUT_D));
    const ivec2 rows = readers(i.y, int(IN_H), int(OUT_H));
    const ivec2 columns = readers(i.z, int(IN_W), int(OUT_W));
    float sum = 0.0;
    for (int d = depth.x; d < depth.y; ++d)
        for (int h = rows.x; h < rows.y; ++h) {
            const float outer = weight_of(i.x, d, int(IN_D), int(OUT_D)) * weight_of(i.y, h, int(IN_H), int(OUT_H));
            for (int w = columns.x; outer != 0.0 && w < columns.y; ++w) {
                const float weight = outer * weight_of(i.z, w, int(IN_W), int(OUT_W));
                if (weight != 0.0)
                    sum += weight * dy[index_of(p.n, p.c, uvec3(d, h, w), uvec3(OUT_D, OUT_H, OUT_W))];
            }
        }
    dx[element] = sum;
}
