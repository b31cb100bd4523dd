#version 450
#extension GL_GOOGLE_include_directive : require

// y[a, d, b] = sum over i with indices[i] = d of updates[a, i, b], i ascending: each element looks through all
// indices, so that the order of its sum is fixed without atomics. Of the updates only some may be bound: the others'
// sum, which comes first, is in y.

#include "line.glsl"
#include "storage.glsl"
layout(constant_id = 1) const uint INDEX_WORDS = 2;
layout(constant_id = 2) const uint SIZE = 4; // bytes of an element
#include "indices.glsl"

// KIND: of floats how they are stored; of whole numbers 1 where only whether the sum differs from 0 counts.
layout(constant_id = 3) const uint KIND = 0;
layout(constant_id = 4) const uint UPDATES = 0; // how the updates are stored, if floats; else as y
#if defined(I64)
#define T uvec2
#elif defined(INTEGER)
#define T uint
#else
#define T float
#endif

layout(set = 0, binding = 1) readonly buffer Updates { uint updates[]; };
layout(set = 0, binding = 2) buffer Y { uint y[]; };

layout(push_constant) uniform Push {
    uint first, elements, y_first;
    uint index_first; // the index that the binding of indices begins with
    uint count;       // of all indices
    uint extent;
    uint inner;
    uint update_first; // the element that the binding of updates begins with
    uint begin_i, end_i;
};
#include "elements.glsl"

#if defined(I64)
#include "int64.glsl"
T none() { return uvec2(0); }
T plus(T a, T b) { return add64(a, b); }
T update_at(uint i) { return uvec2(updates[2 * i], updates[2 * i + 1]); }
T stored(uint word, uint k) { return uvec2(y[word], y[word + 1]); }
uint low_word(T sum) { return sum.x; }
#else
uint bits_of(uint word, uint i) { return word >> element_shift(i) & element_mask(0); }
#if defined(INTEGER)
T none() { return 0; }
T plus(T a, T b) { return a + b; }
T update_at(uint i) { return bits_of(updates[i / PER_WORD], i); }
T stored(uint word, uint k) { return bits_of(y[word], k); }
uint low_word(T sum) { return KIND == 1 ? uint(sum != 0) : sum & element_mask(0); }
#else
T none() { return 0.0; }
T plus(T a, T b) { return a + b; }
T value_of(uint bits) { return KIND == F32 ? uintBitsToFloat(bits) : widened(bits, KIND); }
T update_at(uint i) {
    return UPDATES == F32 ? uintBitsToFloat(updates[i]) : half_of(updates[i / 2], i, UPDATES);
}
T stored(uint word, uint k) { return value_of(bits_of(y[word], k)); }
uint low_word(T sum) { return KIND == F32 ? floatBitsToUint(sum) : narrowed(sum, KIND); }
#endif
#endif

void main() {
    const uint begin = word_begin(line_index());
    uint mask = 0, value = 0;
    for (uint k = 0; k < PER_WORD; ++k) {
        const uint element = begin + k;
        if (!is_ours(element))
            continue;
        const uint b = element % inner, d = element / inner % extent, a = element / inner / extent;
        T sum = none();
        if (begin_i > 0)
            sum = stored(word_of(element), k);
        for (uint i = begin_i; i < end_i; ++i)
            if (index_at(i - index_first) == d)
                sum = plus(sum, update_at((a * count + i) * inner + b - update_first));
        mask |= element_mask(k);
        value |= low_word(sum) << element_shift(k);
#if defined(I64)
        y[word_of(element) + 1] = sum.y;
#endif
    }
    if (mask != 0)
        y[word_of(begin)] = mask == 0xffffffffu ? value : y[word_of(begin)] & ~mask | value;
}
