#version 450

// The first of two passes that another plugin may bring: the vector's elements into the workspace, last first.

layout(local_size_x = 32) in;

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 2) writeonly buffer Workspace { float turned[]; };

layout(push_constant) uniform Push { uint x_size; };

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i < x_size)
        turned[x_size - 1 - i] = x[i];
}
