#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The gradient of a depthwise convolution with respect to x, gathered: one thread LANES elements of dx.

#include "line.glsl"
#include "depthwise.glsl"
#define EPILOGUE_ID 24
#include "epilogue.glsl"

layout(constant_id = 27) const uint STORAGE = 0; // of dy and the filter

READS(0, dy, STORAGE)
READS(1, weights, STORAGE)
WRITES(2, dx, RESULT)

layout(push_constant) uniform Push { uint threads; };

void main() {
    const uint i = line_index();
    if (i >= threads)
        return;
    const Place p = place_of(i, C, IN_SIZE);
    const uvec3 last = in_position(p.position) + LOW;
    T sum = T(0.0);
    for (uint w = 0; w < WINDOW_SIZE; ++w) {
        // The output that saw this input through this window entry, if any: o * stride = reached.
        const uvec3 reached = last - window_position(w) * DILATION;
        const uvec3 o = reached / STRIDE;
        if (any(greaterThan(reached, uvec3(0x7fffffffu))) || !in_y(o) || o * STRIDE != reached)
            continue;
        for (uint m = 0; m < K_GROUP; ++m) {
            const uint k = p.channel * K_GROUP + m;
            sum = fma(LANES_AT(dy, y_index(p.n, linear_out(o), k)), LANES_AT(weights, w * K + k), sum);
        }
    }
#if LANES == 4
    store_dx4(4 * i, epilogue4(sum, p.channel));
#else
    store_dx(i, epilogue(sum, p.channel));
#endif
}
