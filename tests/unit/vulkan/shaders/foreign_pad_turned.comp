#version 450

// The second: pads what lies in the workspace. Knows the attributes as constants, and each operand's rank.

layout(local_size_x = 32) in;

layout(constant_id = 0) const uint kLow = 0;
layout(constant_id = 1) const float kValue = 0;

layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };
layout(set = 0, binding = 2) readonly buffer Workspace { float turned[]; };

layout(push_constant) uniform Push { uint x_rank, x_size, y_rank, y_size; };

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i >= y_size || x_rank != 1 || y_rank != 1)
        return;
    y[i] = i < kLow || i - kLow >= x_size ? kValue : turned[x_size - 1 - (i - kLow)];
}
