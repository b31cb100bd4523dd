#version 450
#extension GL_GOOGLE_include_directive : require

// Random draws as lamina/plugin/philox.hpp defines them: one thread a block of four elements.

#include "line.glsl"
#include "math.glsl"
#include "int64.glsl"

layout(constant_id = 1) const uint DISTRIBUTION = 0; // uniform, normal, truncated normal, bernoulli
layout(constant_id = 2) const bool BATCHED = false;

layout(set = 0, binding = 0) readonly buffer State { uint state[6]; }; // seed, step, first sample; low words first
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push {
    uint row_length;
    uint hash_low, hash_high; // of the node's name
    float a, b;               // low and high - low; mean and stddev; probability
    uint first_block, count;  // of those of all rows
    uint y_first;             // the element that the binding of y begins with
};

uvec2 xor_shift(uvec2 x, uint n) { return x ^ uvec2(x.x >> n | x.y << (32 - n), x.y >> n); }
uvec2 mix64(uvec2 x) {
    x = add64(x, uvec2(0x7f4a7c15u, 0x9e3779b9u));
    x = multiply64(xor_shift(x, 30), uvec2(0x1ce4e5b9u, 0xbf58476du));
    x = multiply64(xor_shift(x, 27), uvec2(0x133111ebu, 0x94d049bbu));
    return xor_shift(x, 31);
}

uvec4 philox(uvec4 counter, uvec2 key) {
    for (int i = 0; i < 10; ++i) {
        uint high0, low0, high1, low1;
        umulExtended(0xD2511F53u, counter.x, high0, low0);
        umulExtended(0xCD9E8D57u, counter.z, high1, low1);
        counter = uvec4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

float uniform_of(uint bits) { return float(bits >> 8) * 5.9604644775390625e-8; } // 2^-24

// The normal draws of two lanes.
vec2 normal_pair(uint first, uint second) {
    const float u = float((first >> 8) + 1) * 5.9604644775390625e-8;
    const vec2 sin_cos = lamina_sin_cos(6.28318530717958647692 * uniform_of(second));
    const float radius = sqrt(-2.0 * lamina_log(u));
    return radius * sin_cos.yx;
}
vec4 normal_block(uvec4 counter, uvec2 key) {
    const uvec4 bits = philox(counter, key);
    return vec4(normal_pair(bits.x, bits.y), normal_pair(bits.z, bits.w));
}

void main() {
    if (line_index() >= count)
        return;
    const uint blocks = (row_length + 3) / 4;
    const uint index = first_block + line_index();
    const uint row = index / blocks, block = index % blocks;
    const uvec2 key = mix64(mix64(uvec2(state[0], state[1])) ^ uvec2(hash_low, hash_high));
    uvec4 counter = uvec4(block, BATCHED ? state[4] + row : 0, state[2], state[3]);

    vec4 draw;
    if (DISTRIBUTION == 0 || DISTRIBUTION == 3) {
        const uvec4 bits = philox(counter, key);
        draw = vec4(uniform_of(bits.x), uniform_of(bits.y), uniform_of(bits.z), uniform_of(bits.w));
    } else {
        draw = normal_block(counter, key);
    }
    // A lane beyond two deviations takes the same lane of the next attempt.
    while (DISTRIBUTION == 2 && any(greaterThan(abs(draw), vec4(2.0)))) {
        counter.w += 0x10000u;
        const vec4 again = normal_block(counter, key);
        draw = mix(draw, again, greaterThan(abs(draw), vec4(2.0)));
    }

    for (uint lane = 0; lane < 4 && block * 4 + lane < row_length; ++lane) {
        precise float value = b * draw[lane];
        value = a + value;
        if (DISTRIBUTION == 3)
            value = draw[lane] < a ? 1.0 : 0.0;
        y[row * row_length + block * 4 + lane - y_first] = value;
    }
}
