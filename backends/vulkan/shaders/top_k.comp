#version 450
#extension GL_GOOGLE_include_directive : require

// The k largest entries of each row and where they stand, of equals the first first. Each round looks for the
// largest among those that come after the last one taken, in the order of (value descending, index ascending).
// With VALUES off and k = 1 it is argmax.

#include "rows.glsl"

layout(constant_id = 3) const bool VALUES = true;

layout(set = 0, binding = 0) readonly buffer XBuffer { float x[]; };
layout(set = 0, binding = 1) writeonly buffer Indices { uvec2 indices[]; };
layout(set = 0, binding = 2) writeonly buffer Values { float values[]; };

layout(push_constant) uniform Push {
    uint rows;
    uint C;
    uint inner_size;
    uint k;
};

shared uint best_index[X * Y];

const uint NONE = 0xffffffffu;

// NaN counts as the largest.
bool before(float a, uint i, float b, uint j) {
    if (isnan(a) || isnan(b))
        return isnan(a) && (!isnan(b) || i < j);
    return a > b || (a == b && i < j);
}

void main() {
    const uint row = row_index(), t = gl_LocalInvocationIndex;
    const bool there = row < rows;
    const uint base = row / inner_size * C * inner_size + row % inner_size;
    float last = 0.0;
    uint last_index = NONE;
    for (uint round = 0; round < k; ++round) {
        float best = 0.0;
        uint index = NONE;
        for (uint c = row_lane(); there && c < C; c += Y) {
            const float v = x[base + c * inner_size];
            const bool open = last_index == NONE || before(last, last_index, v, c);
            if (open && (index == NONE || before(v, c, best, index))) {
                best = v;
                index = c;
            }
        }
        row_values[t] = best;
        best_index[t] = index;
        barrier();
        for (uint half_rows = Y / 2; half_rows > 0; half_rows /= 2) {
            const uint other = t + half_rows * X;
            if (t / X < half_rows && best_index[other] != NONE &&
                (best_index[t] == NONE ||
                 before(row_values[other], best_index[other], row_values[t], best_index[t]))) {
                row_values[t] = row_values[other];
                best_index[t] = best_index[other];
            }
            barrier();
        }
        last = row_values[t % X];
        last_index = best_index[t % X];
        barrier();
        if (there && row_lane() == 0) {
            indices[row * k + round] = uvec2(last_index, 0);
            if (VALUES)
                values[row * k + round] = last;
        }
    }
}
