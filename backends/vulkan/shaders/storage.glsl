// Values as they lie in memory: f32, or f16 or bf16, two in a word, the first in the lower half. Arithmetic is in f32.
// Words alone are read and written, so that no device needs 16-bit storage; kernels/storage.hpp has the other half.
//
// Conversions are written out: what packHalf2x16 rounds to is the driver's choice (AMD cuts), and here it is the
// nearest, ties to even.

const uint F32 = 0;
const uint F16 = 1;
const uint BF16 = 2;

float widened(uint bits, uint type) { return type == BF16 ? uintBitsToFloat(bits << 16) : unpackHalf2x16(bits).x; }

uint narrowed(float value, uint type) {
    const uint bits = floatBitsToUint(value), magnitude = bits & 0x7fffffffu;
    if (type == BF16)
        return magnitude > 0x7f800000u ? bits >> 16 | 0x40u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    uint narrow;
    if (magnitude > 0x7f800000u)
        narrow = 0x7e00u; // NaN
    else if (magnitude >= 0x477ff000u)
        narrow = 0x7c00u; // from 65520 on, infinity
    else if (magnitude < 0x38800000u)
        // Below 2^-14 the unit is 2^-24, that of floats from 1/2 to 1.
        narrow = floatBitsToUint(uintBitsToFloat(magnitude) + 0.5) - 0x3f000000u;
    else
        narrow = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    return bits >> 16 & 0x8000u | narrow;
}

// Element i of the word that holds it.
float half_of(uint word, uint i, uint type) { return widened(word >> 16 * (i & 1u) & 0xffffu, type); }
vec4 four_of(uvec2 words, uint type) {
    return vec4(half_of(words.x, 0, type), half_of(words.x, 1, type), half_of(words.y, 0, type),
                half_of(words.y, 1, type));
}
uint two_in_word(float first, float second, uint type) { return narrowed(first, type) | narrowed(second, type) << 16; }
uvec2 four_in_words(vec4 v, uint type) { return uvec2(two_in_word(v.x, v.y, type), two_in_word(v.z, v.w, type)); }

// Declares a buffer at `id` and name(i), its element i, and name4(i), the four from i on, a multiple of four.
#define READS(id, name, type)                                                                                          \
    layout(set = 0, binding = id) readonly buffer name##F32 { float name##_f32[]; };                                   \
    layout(set = 0, binding = id) readonly buffer name##F32x4 { vec4 name##_f32x4[]; };                                \
    layout(set = 0, binding = id) readonly buffer name##Words { uint name##_words[]; };                                \
    layout(set = 0, binding = id) readonly buffer name##Pairs { uvec2 name##_pairs[]; };                               \
    float name(uint i) {                                                                                               \
        if (type == F32)                                                                                               \
            return name##_f32[i];                                                                                      \
        return half_of(name##_words[i / 2], i, type);                                                                  \
    }                                                                                                                  \
    vec4 name##4(uint i) {                                                                                             \
        if (type == F32)                                                                                               \
            return name##_f32x4[i / 4];                                                                                \
        return four_of(name##_pairs[i / 4], type);                                                                     \
    }

// Declares a buffer at `id` and store_name4(i, four values from i on); of f32 also store_name(i, value).
#define WRITES(id, name, type)                                                                                         \
    layout(set = 0, binding = id) buffer name##F32 { float name##_f32[]; };                                            \
    layout(set = 0, binding = id) buffer name##F32x4 { vec4 name##_f32x4[]; };                                         \
    layout(set = 0, binding = id) buffer name##Words { uint name##_words[]; };                                         \
    layout(set = 0, binding = id) buffer name##Pairs { uvec2 name##_pairs[]; };                                        \
    void store_##name(uint i, float value) { name##_f32[i] = value; }                                                  \
    void store_##name##4(uint i, vec4 value) {                                                                         \
        if (type == F32)                                                                                               \
            name##_f32x4[i / 4] = value;                                                                               \
        else                                                                                                           \
            name##_pairs[i / 4] = four_in_words(value, type);                                                          \
    }

// Stores value(e) of the elements that thread i of a line has: one of f32, two of 16 bits. What lies behind the last
// of an odd number of elements stays.
#define STORE_LINE(name, type, i, elements, value)                                                                     \
    if (type == F32) {                                                                                                 \
        if (i < elements)                                                                                              \
            name##_f32[i] = value(i);                                                                                  \
    } else if (2 * i + 1 < elements) {                                                                                 \
        const float first = value(2 * i), second = value(2 * i + 1);                                                   \
        name##_words[i] = two_in_word(first, second, type);                                                            \
    } else if (2 * i < elements) {                                                                                     \
        const float last = value(2 * i);                                                                               \
        name##_words[i] = name##_words[i] & 0xffff0000u | narrowed(last, type);                                        \
    }
