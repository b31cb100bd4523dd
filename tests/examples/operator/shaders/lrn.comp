// Local response normalisation of x [N, H, W, C] over C: one element an invocation.
#version 450
layout(local_size_x = 64) in;

layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) writeonly buffer Y { float y[]; };
// The attributes that the kernel names, then the dimensions of each operand.
layout(push_constant) uniform Push {
    int depth_radius;
    float bias, alpha, beta;
    int N, H, W, C;
};

void main() {
    const uint i = (gl_WorkGroupID.y * 65535u + gl_WorkGroupID.x) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
    if (i >= uint(N * H * W * C))
        return;
    const int c = int(i) % C, row = int(i) - c;
    float sum = 0;
    for (int j = max(0, c - depth_radius); j <= min(C - 1, c + depth_radius); ++j)
        sum += x[row + j] * x[row + j];
    y[i] = x[i] * pow(bias + alpha * sum, -beta);
}
