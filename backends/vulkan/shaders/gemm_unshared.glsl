// The product of gemm.glsl for devices whose shared memory is their memory (CPUs): the includer's operands go straight
// into registers, so that nothing is copied and nobody waits at a barrier. A thread computes RA by RB blocks of 4 by 4,
// larger ones than on a card: each operand that it reads serves more of them, and what registers do not hold lies in the
// nearest cache.

layout(local_size_x_id = 0) in; // TX * TY
layout(constant_id = 1) const uint TX = 4;
layout(constant_id = 2) const uint TY = 4;
layout(constant_id = 3) const uint RA = 1;
layout(constant_id = 4) const uint RB = 1;
const uint STEP = 4; // of k in one turn of the loop: as many as are read at once
#include "gemm_operands.glsl"

void gemm(uint M, uint N, uint k_begin, uint k_end) {
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint across = (N + 4 * RB * TX - 1) / (4 * RB * TX);
    const uint row0 = (group / across * TY + gl_LocalInvocationIndex / TX) * 4 * RA;
    const uint column0 = (group % across * TX + gl_LocalInvocationIndex % TX) * 4 * RB;
    if (row0 >= M || column0 >= N)
        return;
    // Rows and columns beyond the last are computed and not stored.
    Row rows[4 * RA];
    [[unroll]] for (uint r = 0; r < 4 * RA; ++r)
        rows[r] = row_of(min(row0 + r, M - 1));
    vec4 sum[4 * RA * RB];
    [[unroll]] for (uint i = 0; i < 4 * RA * RB; ++i)
        sum[i] = vec4(0.0);

    for (uint k0 = k_begin; k0 < k_end; k0 += STEP) {
        vec4 a[STEP * RA]; // a[k * RA + i]: rows 4 i to 4 i + 3
        if (A_ALONG_K && A_QUADS) {
            const Term term = term_of(k0);
            [[unroll]] for (uint r = 0; r < 4 * RA; ++r) {
                const vec4 along_k = load_a4(rows[r], term);
                [[unroll]] for (uint k = 0; k < STEP; ++k)
                    a[k * RA + r / 4][r % 4] = along_k[k];
            }
        } else
            [[unroll]] for (uint k = 0; k < STEP; ++k) {
                const Term term = term_of(k0 + k);
                [[unroll]] for (uint i = 0; i < RA; ++i) {
                    vec4 value = vec4(0.0);
                    if (k0 + k < k_end) {
                        if (A_QUADS)
                            value = load_a4(rows[4 * i], term);
                        else
                            [[unroll]] for (uint r = 0; r < 4; ++r)
                                value[r] = load_a(rows[4 * i + r], term);
                    }
                    a[k * RA + i] = value;
                }
            }
        vec4 b[STEP * RB];
        if (B_ALONG_K && B_QUADS)
            [[unroll]] for (uint c = 0; c < 4 * RB; ++c) {
                const vec4 along_k = load_b4(k0, min(column0 + c, N - 1));
                [[unroll]] for (uint k = 0; k < STEP; ++k)
                    b[k * RB + c / 4][c % 4] = along_k[k];
            }
        else
            [[unroll]] for (uint k = 0; k < STEP; ++k)
                [[unroll]] for (uint j = 0; j < RB; ++j) {
                    vec4 value = vec4(0.0);
                    if (k0 + k < k_end) {
                        const uint column = column0 + 4 * j;
                        if (B_QUADS)
                            value = load_b4(k0 + k, min(column, N - 4));
                        else
                            [[unroll]] for (uint c = 0; c < 4; ++c)
                                value[c] = load_b(k0 + k, min(column + c, N - 1));
                    }
                    b[k * RB + j] = value;
                }
        [[unroll]] for (uint k = 0; k < STEP; ++k)
            [[unroll]] for (uint i = 0; i < RA; ++i)
                [[unroll]] for (uint r = 0; r < 4; ++r)
                    [[unroll]] for (uint j = 0; j < RB; ++j)
                        sum[(i * 4 + r) * RB + j] =
                            fma(vec4(a[k * RA + i][r]), b[k * RB + j], sum[(i * 4 + r) * RB + j]);
    }

    [[unroll]] for (uint r = 0; r < 4 * RA; ++r)
        if (row0 + r < M)
            [[unroll]] for (uint j = 0; j < RB; ++j) {
                const uint column = column0 + 4 * j;
                if (Y_QUADS) {
                    if (column < N)
                        store4(row0 + r, column, sum[r * RB + j]);
                } else {
                    [[unroll]] for (uint c = 0; c < 4; ++c)
                        if (column + c < N)
                            store(row0 + r, column + c, sum[r * RB + j][c]);
                }
            }
}
