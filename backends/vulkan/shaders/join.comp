#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// y[i] = the sum over copies of partial[copy, i], in ascending order, then the epilogue of its channel.

#include "line.glsl"
#define EPILOGUE_ID 1
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer Partial { float partial[]; };
layout(set = 0, binding = 2) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push {
    uint elements;
    uint copies;
    uint channels, channel_stride;
};

void main() {
    const uint i = line_index();
    if (i >= elements)
        return;
    float sum = partial[i];
    for (uint copy = 1; copy < copies; ++copy)
        sum += partial[copy * elements + i];
    y[i] = epilogue(sum, i / channel_stride % channels);
}
