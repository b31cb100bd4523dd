#version 450

// What another plugin may bring: pads a vector with a value in front, knowing only what the ABI pushes.

layout(local_size_x = 32) in;

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push {
    uint low;
    float value;
    uint x_size, y_size;
};

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i < y_size)
        y[i] = i < low || i - low >= x_size ? value : x[i - low];
}
