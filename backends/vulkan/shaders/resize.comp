#version 450
#extension GL_GOOGLE_include_directive : require

// Each sample is the weighted sum of the one or two elements that it reads in every dimension.

#include "line.glsl"
#include "resize.glsl"

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push { uint elements; };

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const uvec3 extent = uvec3(IN_D, IN_H, IN_W);
    const Place p = place_of(element, uvec3(OUT_D, OUT_H, OUT_W));
    const Taps d = taps(int(p.at.x), int(IN_D), int(OUT_D));
    const Taps h = taps(int(p.at.y), int(IN_H), int(OUT_H));
    const Taps w = taps(int(p.at.z), int(IN_W), int(OUT_W));
    float sum = 0.0;
    for (int corner = 0; corner < (LINEAR ? 8 : 1); ++corner) {
        const bvec3 high = bvec3((corner & 4) != 0, (corner & 2) != 0, (corner & 1) != 0);
        const float weight = (high.x ? d.weight : 1.0 - d.weight) * (high.y ? h.weight : 1.0 - h.weight) *
                             (high.z ? w.weight : 1.0 - w.weight);
        const uvec3 at =
            uvec3(high.x ? d.high : d.low, high.y ? h.high : h.low, high.z ? w.high : w.low);
        sum += weight * x[index_of(p.n, p.c, at, extent)];
    }
    y[element] = sum;
}
