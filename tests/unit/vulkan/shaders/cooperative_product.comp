#version 450
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_NV_cooperative_matrix : require
#pragma use_vulkan_memory_model

// y += a b, of 16 by 8 by 32.
layout(local_size_x = 32) in;
shared float16_t a[16 * 24], b[32 * 24];
shared float y[16 * 24];

void main() {
    fcoopmatNV<16, gl_ScopeSubgroup, 16, 32> left;
    fcoopmatNV<16, gl_ScopeSubgroup, 32, 8> right;
    fcoopmatNV<32, gl_ScopeSubgroup, 16, 8> sum;
    coopMatLoadNV(left, a, 0, 24, false);
    coopMatLoadNV(right, b, 0, 24, false);
    coopMatLoadNV(sum, y, 0, 24, false);
    coopMatStoreNV(coopMatMulAddNV(left, right, sum), y, 0, 24, false);
}
