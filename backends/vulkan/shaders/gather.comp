#version 450
#extension GL_GOOGLE_include_directive : require

// y[a, i, b] = x[a, indices[i], b], 0 where the index lies outside. Of x only some rows may be bound: what others give
// stays as it is.

#include "line.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
layout(constant_id = 2) const uint SIZE = 4; // bytes of an element
#include "indices.glsl"

layout(set = 0, binding = 1) readonly buffer X { uint x[]; };
layout(set = 0, binding = 2) buffer Y { uint y[]; };

layout(push_constant) uniform Push {
    uint first, elements, y_first;
    uint index_first; // the index that the binding of indices begins with
    uint count;       // of indices
    uint extent;
    uint inner;
    uint x_first; // the element that the binding of x begins with
    uint row_begin, row_end;
};
#include "elements.glsl"

void main() {
    const uint begin = word_begin(line_index());
    uint mask = 0, value = 0;
    for (uint k = 0; k < PER_WORD; ++k) {
        const uint element = begin + k;
        if (!is_ours(element))
            continue;
        const uint b = element % inner, i = element / inner % count, a = element / inner / count;
        const uint index = index_at(i - index_first);
        const uint from = (a * extent + index) * inner + b - x_first;
        const bool here = index >= row_begin && index < row_end;
        if (!here && !(row_begin == 0 && index >= extent))
            continue;
        if (SIZE < 4) {
            mask |= element_mask(k);
            if (here)
                value |= (x[from / PER_WORD] >> element_shift(from) & element_mask(0)) << element_shift(k);
        } else {
            for (uint w = 0; w < WORDS; ++w)
                y[word_of(element) + w] = here ? x[from * WORDS + w] : 0;
        }
    }
    if (SIZE < 4 && mask != 0)
        y[word_of(begin)] = mask == 0xffffffffu ? value : y[word_of(begin)] & ~mask | value;
}
