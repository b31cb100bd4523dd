// The product of gemm.glsl for devices that multiply small matrices at once (GL_NV_cooperative_matrix): the includer's
// functions are the same, operands are f16, and sums are f32.
//
// A workgroup of 128 threads computes 64 by 64, which its subgroups share: DOWN of them have the rows, ACROSS the
// columns. Each has its part as matrices of the device's size. Tiles lie in shared memory as f16, which every operand is
// in memory too, so that nothing is rounded here. The sum runs over k in ascending order, MATRIX_K at a time.
//
// vk/cooperative.cpp turns the module into one for SPV_KHR_cooperative_matrix.

#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_NV_cooperative_matrix : require
#pragma use_vulkan_memory_model

layout(local_size_x_id = 0) in; // 128
layout(constant_id = 1) const uint DOWN = 2;
layout(constant_id = 2) const uint ACROSS = 2;
layout(constant_id = 3) const uint MATRIX_M = 16;
layout(constant_id = 4) const uint MATRIX_N = 16;
layout(constant_id = 5) const uint MATRIX_K = 16;
#include "gemm_operands.glsl"

const uint THREADS = 128;
const uint SIDE = 64; // of the workgroup's tile
const uint STEP = 32; // of k between barriers
// Rows begin at multiples of 16 bytes, as loads of matrices want it, and in another bank each.
const uint PITCH_A = STEP + 8;
const uint PITCH_B = SIDE + 8;
// A subgroup's part: rows and columns, and matrices in them.
const uint PART_ROWS = SIDE / DOWN;
const uint PART_COLUMNS = SIDE / ACROSS;
const uint ROWS = PART_ROWS / MATRIX_M;
const uint COLUMNS = PART_COLUMNS / MATRIX_N;

shared float16_t tile_a[SIDE * PITCH_A]; // row, k
shared float16_t tile_b[STEP * PITCH_B]; // k, column
shared float tile_y[SIDE * SIDE];
shared Row rows[SIDE];

// Neighbouring threads read neighbouring memory.
void fill_a(uint k0, uint k_end) {
    if (A_QUADS && A_ALONG_K) {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP / 4; i += THREADS) {
            const uint k = i % (STEP / 4) * 4, r = i / (STEP / 4);
            const vec4 value = k0 + k < k_end ? load_a4(rows[r], term_of(k0 + k)) : vec4(0.0);
            [[unroll]] for (uint j = 0; j < 4; ++j)
                tile_a[r * PITCH_A + k + j] = float16_t(value[j]);
        }
    } else if (A_QUADS) {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP / 4; i += THREADS) {
            const uint r = i % (SIDE / 4) * 4, k = i / (SIDE / 4);
            const vec4 value = k0 + k < k_end ? load_a4(rows[r], term_of(k0 + k)) : vec4(0.0);
            [[unroll]] for (uint j = 0; j < 4; ++j)
                tile_a[(r + j) * PITCH_A + k] = float16_t(value[j]);
        }
    } else {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP; i += THREADS) {
            const uint k = A_ALONG_K ? i % STEP : i / SIDE, r = A_ALONG_K ? i / STEP : i % SIDE;
            const float value = k0 + k < k_end ? load_a(rows[r], term_of(k0 + k)) : 0.0;
            tile_a[r * PITCH_A + k] = float16_t(value);
        }
    }
}
// Columns beyond N are computed and not stored.
void fill_b(uint k0, uint k_end, uint column0, uint N) {
    if (B_QUADS && B_ALONG_K) {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP / 4; i += THREADS) {
            const uint k = i % (STEP / 4) * 4, c = i / (STEP / 4);
            const vec4 value = k0 + k < k_end ? load_b4(k0 + k, min(column0 + c, N - 1)) : vec4(0.0);
            [[unroll]] for (uint j = 0; j < 4; ++j)
                tile_b[(k + j) * PITCH_B + c] = float16_t(value[j]);
        }
    } else if (B_QUADS) {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP / 4; i += THREADS) {
            const uint c = i % (SIDE / 4) * 4, k = i / (SIDE / 4);
            const vec4 value = k0 + k < k_end ? load_b4(k0 + k, min(column0 + c, N - 4)) : vec4(0.0);
            [[unroll]] for (uint j = 0; j < 4; ++j)
                tile_b[k * PITCH_B + c + j] = float16_t(value[j]);
        }
    } else {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * STEP; i += THREADS) {
            const uint k = B_ALONG_K ? i % STEP : i / SIDE, c = B_ALONG_K ? i / STEP : i % SIDE;
            const float value = k0 + k < k_end ? load_b(k0 + k, min(column0 + c, N - 1)) : 0.0;
            tile_b[k * PITCH_B + c] = float16_t(value);
        }
    }
}

void gemm(uint M, uint N, uint k_begin, uint k_end) {
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint across = (N + SIDE - 1) / SIDE;
    const uint row0 = group / across * SIDE, column0 = group % across * SIDE;
    if (row0 >= M)
        return;
    const uint my_row = gl_SubgroupID / ACROSS * PART_ROWS, my_column = gl_SubgroupID % ACROSS * PART_COLUMNS;

    for (uint r = gl_LocalInvocationIndex; r < SIDE; r += THREADS)
        rows[r] = row_of(min(row0 + r, M - 1)); // rows beyond M are computed and not stored

    fcoopmatNV<32, gl_ScopeSubgroup, MATRIX_M, MATRIX_N> sum[ROWS * COLUMNS];
    for (uint i = 0; i < ROWS * COLUMNS; ++i)
        sum[i] = fcoopmatNV<32, gl_ScopeSubgroup, MATRIX_M, MATRIX_N>(0.0);

    for (uint k0 = k_begin; k0 < k_end; k0 += STEP) {
        barrier();
        fill_a(k0, k_end);
        fill_b(k0, k_end, column0, N);
        barrier();
        for (uint k = 0; k < STEP; k += MATRIX_K) {
            fcoopmatNV<16, gl_ScopeSubgroup, MATRIX_M, MATRIX_K> a[ROWS];
            for (uint i = 0; i < ROWS; ++i)
                coopMatLoadNV(a[i], tile_a, (my_row + i * MATRIX_M) * PITCH_A + k, PITCH_A, false);
            for (uint j = 0; j < COLUMNS; ++j) {
                fcoopmatNV<16, gl_ScopeSubgroup, MATRIX_K, MATRIX_N> b;
                coopMatLoadNV(b, tile_b, k * PITCH_B + my_column + j * MATRIX_N, PITCH_B, false);
                for (uint i = 0; i < ROWS; ++i)
                    sum[i * COLUMNS + j] = coopMatMulAddNV(a[i], b, sum[i * COLUMNS + j]);
            }
        }
    }
    for (uint i = 0; i < ROWS; ++i)
        for (uint j = 0; j < COLUMNS; ++j)
            coopMatStoreNV(sum[i * COLUMNS + j], tile_y,
                           (my_row + i * MATRIX_M) * SIDE + my_column + j * MATRIX_N, SIDE, false);
    barrier();

    if (Y_QUADS) {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * SIDE / 4; i += THREADS) {
            const uint r = i / (SIDE / 4), c = i % (SIDE / 4) * 4;
            if (row0 + r < M && column0 + c < N)
                store4(row0 + r, column0 + c,
                       vec4(tile_y[r * SIDE + c], tile_y[r * SIDE + c + 1], tile_y[r * SIDE + c + 2],
                            tile_y[r * SIDE + c + 3]));
        }
    } else {
        for (uint i = gl_LocalInvocationIndex; i < SIDE * SIDE; i += THREADS) {
            const uint r = i / SIDE, c = i % SIDE;
            if (row0 + r < M && column0 + c < N)
                store(row0 + r, column0 + c, tile_y[i]);
        }
    }
}
