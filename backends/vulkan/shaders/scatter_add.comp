#version 450
#extension GL_GOOGLE_include_directive : require

// y[a, d, b] = sum over i with indices[i] = d of updates[a, i, b], i ascending: each element looks through all
// indices, so that the order of its sum is fixed without atomics.

#include "line.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
#include "indices.glsl"

layout(set = 0, binding = 1) readonly buffer Updates { float updates[]; };
layout(set = 0, binding = 2) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push {
    uint elements;
    uint count;
    uint extent;
    uint inner;
};

void main() {
    const uint element = line_index();
    if (element >= elements)
        return;
    const uint b = element % inner, d = element / inner % extent, a = element / inner / extent;
    float sum = 0.0;
    for (uint i = 0; i < count; ++i)
        if (index_at(i) == d)
            sum += updates[(a * count + i) * inner + b];
    y[element] = sum;
}
