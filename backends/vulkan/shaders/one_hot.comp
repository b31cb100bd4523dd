#version 450
#extension GL_GOOGLE_include_directive : require

// y[i, d] = 1 where indices[i] = d, else 0.

#include "line.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
layout(constant_id = 2) const uint ONE = 0x3f800000u; // the bits of 1 in y's type
#include "indices.glsl"

layout(set = 0, binding = 1) writeonly buffer Y { uint y[]; };

layout(push_constant) uniform Push {
    uint elements;
    uint depth;
};

void main() {
    const uint element = line_index();
    if (element < elements)
        y[element] = index_at(element / depth) == element % depth ? ONE : 0;
}
