#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// y[batch, M, N] = a[batch, M, K] b[batch, K, N], either factor stored transposed; one batch entry a z.

#include "gemm.glsl"
#define EPILOGUE_ID 5
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer A { float a[]; };
layout(set = 0, binding = 1) readonly buffer B { float b[]; };
layout(set = 0, binding = 2) writeonly buffer Y { float y[]; };

layout(push_constant) uniform Push {
    uint M, N, K;
    uint a_batch, a_row, a_k; // strides in elements
    uint b_batch, b_k, b_column;
};

Row row_of(uint row) { return Row(gl_WorkGroupID.z * a_batch + row * a_row, 0, 0, 0); }
float load_a(Row row, uint k) { return a[row.x + k * a_k]; }
float load_b(uint k, uint column) { return b[gl_WorkGroupID.z * b_batch + k * b_k + column * b_column]; }
void store(uint row, uint column, float value) {
    y[(gl_WorkGroupID.z * M + row) * N + column] = epilogue(value, column);
}

void main() { gemm(M, N, 0, K); }
