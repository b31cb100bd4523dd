#version 450
#extension GL_GOOGLE_include_directive : require

// y[a, i, b] = x[a, indices[i], b], 0 where the index lies outside.

#include "line.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
layout(constant_id = 2) const uint WORDS = 1; // of an element
#include "indices.glsl"

layout(set = 0, binding = 1) readonly buffer X { uint x[]; };
layout(set = 0, binding = 2) writeonly buffer Y { uint y[]; };

layout(push_constant) uniform Push {
    uint elements;
    uint count; // of indices
    uint extent;
    uint inner;
};

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const uint b = element % inner, i = element / inner % count, a = element / inner / count;
    const uint index = index_at(i);
    const uint from = (a * extent + min(index, extent - 1)) * inner + b;
    for (uint w = 0; w < WORDS; ++w)
        y[element * WORDS + w] = index < extent ? x[from * WORDS + w] : 0;
}
