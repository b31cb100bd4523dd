#pragma once

// The definition of every random draw in Lamina. Depends on nothing of Lamina, so that any plugin
// may include it; shaders repeat it in GLSL and are tested against it.
//
// A draw is a pure function of five things: the seed of the run, the name of the node that draws,
// the step t, the global index s of the sample within the data set, and the index e of the element
// within its sample (row-major over all dimensions but the leading one). Hence the same bits for
// any batch size, any thread count and any backend.
//
//     key     = the 64 bits of mix64(mix64(seed) ^ fnv1a64(name)), low word first
//     counter = { e / 4, low word of s, low word of t, high word of t }
//     bits    = philox4x32(counter, key)[e % 4]
//
// Draws that belong to no sample (initial weights, a shuffle) use s = 0; draws that belong to no
// step use t = 0. A sample may have up to 2^34 elements and a data set 2^32 samples.
//
//     uniform   = (bits >> 8) * 2^-24                     in [0, 1), every value a float exactly
//     bernoulli = uniform < p
//     normal    : the lanes (0, 1) and (2, 3) are pairs (a, b), Box and Muller (1958):
//                 r = sqrt(-2 ln(((a >> 8) + 1) * 2^-24)), angle = 2 pi ((b >> 8) * 2^-24)
//                 even lane: r cos(angle); odd lane: r sin(angle); all in float
//     truncated normal : the normal draw at step t; while it lies beyond two standard deviations,
//                 drawn again at step t + 2^48, t + 2 * 2^48, ... (the high half of counter word 3
//                 counts the attempts)
//
// Operators scale in float, each operation rounded on its own (no fused multiply-add):
// low + (high - low) * uniform, mean + stddev * normal.
//
// Uniform and Bernoulli draws are the same bits everywhere; normal draws agree to the rounding of
// the device's logarithm, sine and cosine.

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace lamina {

using PhiloxKey = std::array<std::uint32_t, 2>;
using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Philox4x32 with 10 rounds: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
constexpr PhiloxBlock philox4x32(PhiloxCounter counter, PhiloxKey key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0];
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
        counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(p1),
                   static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(p0)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

/// The 64-bit FNV-1a hash of the bytes of the text.
constexpr std::uint64_t fnv1a64(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3u;
    }
    return hash;
}

/// SplitMix64's output function (Steele, Lea and Flood, 2014): a bijection in which every bit of
/// the input reaches every bit of the output, so that seeds 1, 2, 3 give unrelated keys.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// The key from the hash of the node's name, which random operators carry as their attribute `key`.
constexpr PhiloxKey philox_key(std::uint64_t seed, std::uint64_t name_hash) {
    const std::uint64_t key = mix64(mix64(seed) ^ name_hash);
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

constexpr PhiloxKey philox_key(std::uint64_t seed, std::string_view node_name) {
    return philox_key(seed, fnv1a64(node_name));
}

/// The counter of the block that holds element e; the element's own lane is e % 4.
constexpr PhiloxCounter philox_counter(std::uint64_t element, std::uint64_t sample,
                                       std::uint64_t step) {
    return {static_cast<std::uint32_t>(element / 4), static_cast<std::uint32_t>(sample),
            static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)};
}

/// The 32 random bits of one element.
constexpr std::uint32_t random_bits(PhiloxKey key, std::uint64_t element, std::uint64_t sample,
                                    std::uint64_t step) {
    return philox4x32(philox_counter(element, sample, step), key)[element % 4];
}

/// In [0, 1), a multiple of 2^-24.
constexpr float uniform_from_bits(std::uint32_t bits) {
    return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// The standard normal draw of one lane of a block.
inline float normal_from_block(const PhiloxBlock& block, std::uint64_t lane) {
    const std::uint64_t first = lane & 2u;
    const float u = static_cast<float>((block[first] >> 8) + 1u) * 0x1p-24f;
    const float angle = 6.28318530717958647692f * uniform_from_bits(block[first + 1]);
    const float radius = std::sqrt(-2.0f * std::log(u));
    return radius * ((lane & 1u) == 0 ? std::cos(angle) : std::sin(angle));
}

/// Uniform in [0, 1).
constexpr float random_uniform(PhiloxKey key, std::uint64_t element, std::uint64_t sample,
                               std::uint64_t step) {
    return uniform_from_bits(random_bits(key, element, sample, step));
}

/// Standard normal, within about 5.8 standard deviations.
inline float random_normal(PhiloxKey key, std::uint64_t element, std::uint64_t sample,
                           std::uint64_t step) {
    return normal_from_block(philox4x32(philox_counter(element, sample, step), key), element % 4);
}

/// Standard normal within two standard deviations.
inline float random_truncated_normal(PhiloxKey key, std::uint64_t element, std::uint64_t sample,
                                     std::uint64_t step) {
    constexpr std::uint64_t attempt = std::uint64_t{1} << 48;
    float draw = random_normal(key, element, sample, step);
    while (!(std::fabs(draw) <= 2.0f))
        draw = random_normal(key, element, sample, step += attempt);
    return draw;
}

} // namespace lamina
