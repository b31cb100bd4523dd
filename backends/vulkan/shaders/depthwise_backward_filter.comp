#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a depthwise convolution with respect to the filter: one result is a line of a filter's window, so that
// each dy is read once for all of it. The sum over positions of all samples is cut into parts, each of which gives its
// own copy of the filter.

#include "rows.glsl"
#define GEOMETRY_ID 3
#include "conv_geometry.glsl"
#include "storage.glsl"

layout(constant_id = 26) const uint STORAGE = 0; // of x and dy; the result is f32

READS(0, x, STORAGE)
READS(1, dy, STORAGE)
layout(set = 0, binding = 2) writeonly buffer DFilter { float dfilter[]; };

layout(push_constant) uniform Push {
    uint N;
    uint splits;
    uint part; // positions in one part
    uint first_copy;
};

float add(float a, float b) { return a + b; }
JOIN_ROWS(join_rows, add)

void main() {
    const uint LINES = WINDOW_D * WINDOW_H;
    const uint row = row_index();
    const uint k = row % K, line = row / K % LINES, split = row / (K * LINES);
    const uint w0 = line * WINDOW_W;
    const uvec3 entry = window_position(w0) * DILATION - LOW;
    const bool there = split < splits;
    float sum[WINDOW_W];
    [[unroll]] for (uint w = 0; w < WINDOW_W; ++w)
        sum[w] = 0.0;
    const uint end = there ? min((split + 1) * part, N * OUT_SIZE) : 0;
    for (uint at = split * part + row_lane(); at < end; at += Y) {
        const uint n = at / OUT_SIZE, position = at % OUT_SIZE;
        const float gradient = dy(y_index(n, position, k));
        const uvec3 first = entry + out_position(position) * STRIDE;
        const uint base = x_index(n, 0, k / K_GROUP);
        [[unroll]] for (uint w = 0; w < WINDOW_W; ++w) {
            const uvec3 i = first + uvec3(0, 0, w * DILATION_W);
            if (in_x(i))
                sum[w] = fma(gradient, x(base + linear_in(i) * X_POSITION), sum[w]);
        }
    }
    [[unroll]] for (uint w = 0; w < WINDOW_W; ++w) {
        const float joined = join_rows(sum[w]);
        if (there && row_lane() == 0)
            dfilter[((first_copy + split) * WINDOW_SIZE + w0 + w) * K + k] = joined;
    }
}
