#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The complex matrix product of each frequency, y[row, column] = sum over k of a[row, k] b[k, column], or conj(b):
//     A_ALONG_K: rows are tiles and k runs over the channels taken,
//     otherwise: rows are channels of a, k runs over tiles (the filter's gradient);
// columns are channels of b. As a product of real numbers it has twice the k and the columns: real and imaginary parts.
//
// Images hold two channels p and q as p + i q. Of the transform Z of such an image, P(f) = (Z(f) + conj Z(-f)) / 2 and
// Q(f) = (Z(f) - conj Z(-f)) / 2i; here both without the halves. So half of all frequencies, as `frequencies` lists
// them with their opposites, give them all. y goes back in the same form, real and imaginary parts exchanged: a forward
// transform of that is the inverse transform, exchanged.

#ifdef UNSHARED
#include "gemm_unshared.glsl"
#else
#include "gemm.glsl"
#endif
layout(constant_id = 11) const uint POINTS = 1; // of a tile
layout(constant_id = 12) const bool CONJUGATE = true;
layout(constant_id = 13) const bool ACCUMULATE = false; // adds to what stands in y

layout(set = 0, binding = 0) readonly buffer A { vec2 a[]; };
layout(set = 0, binding = 1) readonly buffer B { vec2 b[]; };
layout(set = 0, binding = 2) buffer Y { vec2 y[]; };
layout(set = 0, binding = 3) readonly buffer Frequencies { uvec2 frequencies[]; };

layout(push_constant) uniform Push {
    uint M, N, K;
    uint pairs_a, pairs_b; // pairs of channels: images of a tile, or of a channel taken
};

const uint LANES = 8;
uint at(uint image, uint frequency) { return (image / LANES * POINTS + frequency) * LANES + image % LANES; }

uvec2 frequency() { return frequencies[gl_WorkGroupID.z]; }
// P and Q of an image.
vec4 part(vec2 z, vec2 opposite) {
    return vec4(z.x + opposite.x, z.y - opposite.y, z.y + opposite.y, opposite.x - z.x);
}
vec4 part_a(uint image) { return part(a[at(image, frequency().x)], a[at(image, frequency().y)]); }

Row row_of(uint row) { return Row(row, 0, 0, 0); }
Term term_of(uint k) { return Term(k, 0, 0, 0); }
vec4 load_a4(Row row, Term term) {
    if (A_ALONG_K)
        return part_a(row.x * pairs_a + term.x / 4);
    const uint tile = term.x / 2 * pairs_a, pair = row.x / 2;
    const vec4 first = part_a(tile + pair), second = part_a(tile + min(pair + 1, pairs_a - 1));
    return term.x % 2 == 0 ? vec4(first.xz, second.xz) : vec4(first.yw, second.yw);
}
vec4 load_b4(uint k, uint column) {
    const uint image = k / 2 * pairs_b + column / 4;
    vec4 value = part(b[at(image, frequency().x)], b[at(image, frequency().y)]);
    if (CONJUGATE)
        value.yw = -value.yw;
    return k % 2 == 0 ? value : vec4(-value.y, value.x, -value.w, value.z);
}
float load_a(Row row, Term term) { return 0.0; } // all is read and written in fours
float load_b(uint k, uint column) { return 0.0; }
void store(uint row, uint column, float value) {}

void store4(uint row, uint column, vec4 value) {
    const uint image = row * pairs_b + column / 4;
    const uint here = at(image, frequency().x), opposite = at(image, frequency().y);
    vec2 sum = vec2(value.y + value.z, value.x - value.w);
    vec2 opposite_sum = vec2(value.z - value.y, value.x + value.w);
    if (ACCUMULATE) {
        sum += y[here];
        opposite_sum += y[opposite];
    }
    y[here] = sum;
    y[opposite] = opposite_sum; // the same where a frequency is its own opposite
}

void main() { gemm(M, N, 0, K); }
