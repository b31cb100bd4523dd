#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// y[i] = the sum over copies of partial[copy, i], in ascending order, then the epilogue of its channel.

#include "line.glsl"
#define EPILOGUE_ID 1
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer Partial { float partial[]; };
WRITES(2, y, RESULT)

layout(push_constant) uniform Push {
    uint elements;
    uint copies;
    uint channels, channel_stride;
};

float joined(uint i) {
    float sum = partial[i];
    for (uint copy = 1; copy < copies; ++copy)
        sum += partial[copy * elements + i];
    return epilogue(sum, i / channel_stride % channels);
}

void main() {
    const uint i = line_index();
    STORE_LINE(y, RESULT, i, elements, joined)
}
