#version 450
#extension GL_GOOGLE_include_directive : require

// y[i, d] = 1 where indices[i] = d, else 0.

#include "line.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
layout(constant_id = 2) const uint SIZE = 4; // bytes of an element
layout(constant_id = 3) const uint ONE_LOW = 0x3f800000u; // the bits of 1 in y's type
layout(constant_id = 4) const uint ONE_HIGH = 0;
#include "indices.glsl"

layout(set = 0, binding = 1) buffer Y { uint y[]; };

layout(push_constant) uniform Push {
    uint first, elements, y_first;
    uint index_first; // the index that the binding of indices begins with
    uint depth;
};
#include "elements.glsl"

void main() {
    const uint begin = word_begin(line_index());
    uint mask = 0, value = 0;
    for (uint k = 0; k < PER_WORD; ++k) {
        const uint element = begin + k;
        if (!is_ours(element))
            continue;
        const bool hot = index_at(element / depth - index_first) == element % depth;
        mask |= element_mask(k);
        if (hot)
            value |= ONE_LOW << element_shift(k);
        if (SIZE == 8)
            y[word_of(element) + 1] = hot ? ONE_HIGH : 0;
    }
    if (mask != 0)
        y[word_of(begin)] = mask == 0xffffffffu ? value : y[word_of(begin)] & ~mask | value;
}
