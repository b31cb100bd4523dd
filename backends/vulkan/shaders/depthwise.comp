#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// Depthwise convolution: one thread LANES elements of y.

#include "line.glsl"
#include "depthwise.glsl"
#define EPILOGUE_ID 24
#include "epilogue.glsl"

layout(constant_id = 27) const uint STORAGE = 0; // of x and the filter

READS(0, x, STORAGE)
READS(1, weights, STORAGE)
WRITES(2, y, RESULT)

layout(push_constant) uniform Push { uint threads; };

void main() {
    const uint i = line_index();
    if (i >= threads)
        return;
    const Place p = place_of(i, K, OUT_SIZE);
    const uvec3 first = out_position(p.position) * STRIDE - LOW;
    const uint base = x_index(p.n, 0, p.channel / K_GROUP);
    T sum = T(0.0);
    for (uint w = 0; w < WINDOW_SIZE; ++w) {
        const uvec3 at = first + window_position(w) * DILATION;
        if (in_x(at))
            sum = fma(LANES_AT(x, base + linear_in(at) * X_POSITION), LANES_AT(weights, w * K + p.channel), sum);
    }
#if LANES == 4
    store_y4(4 * i, epilogue4(sum, p.channel));
#else
    store_y(i, epilogue(sum, p.channel));
#endif
}
