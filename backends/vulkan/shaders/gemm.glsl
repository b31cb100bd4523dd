// A matrix product C[M, N] = sum over k of A[M, k] B[k, N], tiled in shared memory and registers.
//
// Who includes this defines
//     Row row_of(row), Term term_of(k)       what loads of A need to know of a row, worked out once a workgroup, and
//                                            of a k, worked out once for all rows that a thread reads there
//     float load_a(Row, Term), load_b(k, column), void store(row, column, value)
//     vec4 load_a4(Row, Term), load_b4(k, column), void store4(row, column, vec4)
//                                            four neighbours in memory: along k or along the row or column
// with Row and Term a uvec4, and calls gemm(M, N, k_begin, k_end).
//
// A workgroup computes 4 RA TY rows by 4 RB TX columns, a thread RA by RB blocks of 4 by 4, TY and TX blocks apart so
// that neighbouring threads read neighbouring words of shared memory. Tiles hold four neighbouring rows or columns in a
// vector: one read of shared memory for each four operands. While a thread multiplies one step's tiles it holds the
// next step's part of them in registers, so that memory is waited for behind arithmetic. The sum runs over k in
// ascending order.

layout(local_size_x_id = 0) in; // TX * TY
layout(constant_id = 1) const uint TX = 8;
layout(constant_id = 2) const uint TY = 8;
layout(constant_id = 3) const uint RA = 1;
layout(constant_id = 4) const uint RB = 1;
layout(constant_id = 5) const uint STEP = 16; // of k between barriers
#include "gemm_operands.glsl"

const uint THREADS = TX * TY;
const uint BLOCKS_A = RA * TY; // vectors of four rows in the tile
const uint BLOCKS_B = RB * TX;
// One more than needed: what is read along k and stored along rows would else fall into one bank.
const uint PITCH_A = BLOCKS_A + 1;
const uint PITCH_B = BLOCKS_B + 1;

shared vec4 tile_a[STEP * PITCH_A];
shared vec4 tile_b[STEP * PITCH_B];
shared Row rows[4 * BLOCKS_A];

// A thread's vectors of a tile lie at one inner place and several outer ones; threads that are neighbours read
// neighbouring memory.
const uint INNER_A = A_ALONG_K ? (A_QUADS ? STEP / 4 : STEP) : BLOCKS_A;
const uint INNER_B = B_ALONG_K ? (B_QUADS ? STEP / 4 : STEP) : BLOCKS_B;
const uint OUTER_A = STEP * BLOCKS_A / INNER_A;
const uint OUTER_B = STEP * BLOCKS_B / INNER_B;
const uint LOADS_A = (STEP * BLOCKS_A + THREADS - 1) / THREADS;
const uint LOADS_B = (STEP * BLOCKS_B + THREADS - 1) / THREADS;

vec4 fetch_a(uint inner, uint outer, uint k0, uint k_end) {
    const uint k = k0 + (A_ALONG_K ? (A_QUADS ? inner * 4 : inner) : outer);
    const uint r = A_ALONG_K ? (A_QUADS ? outer : outer * 4) : inner * 4;
    vec4 value = vec4(0.0);
    if (outer < OUTER_A && k < k_end) {
        const Term term = term_of(k);
        if (A_QUADS)
            value = load_a4(rows[r], term);
        else
            [[unroll]] for (uint i = 0; i < 4; ++i)
                value[i] = load_a(rows[r + i], term);
    }
    return value;
}
void keep_a(uint inner, uint outer, vec4 value) {
    if (outer >= OUTER_A)
        return;
    if (A_ALONG_K && A_QUADS)
        [[unroll]] for (uint i = 0; i < 4; ++i)
            tile_a[(inner * 4 + i) * PITCH_A + outer / 4][outer % 4] = value[i];
    else
        tile_a[A_ALONG_K ? inner * PITCH_A + outer : outer * PITCH_A + inner] = value;
}

// Columns beyond N are computed and not stored.
vec4 fetch_b(uint inner, uint outer, uint k0, uint k_end, uint column0, uint N) {
    const uint k = k0 + (B_ALONG_K ? (B_QUADS ? inner * 4 : inner) : outer);
    const uint column = column0 + (B_ALONG_K ? (B_QUADS ? outer : outer * 4) : inner * 4);
    vec4 value = vec4(0.0);
    if (outer < OUTER_B && k < k_end) {
        if (B_QUADS)
            value = load_b4(k, min(column, N - (B_ALONG_K ? 1 : 4)));
        else
            [[unroll]] for (uint j = 0; j < 4; ++j)
                value[j] = load_b(k, min(column + j, N - 1));
    }
    return value;
}
void keep_b(uint inner, uint outer, vec4 value) {
    if (outer >= OUTER_B)
        return;
    if (B_ALONG_K && B_QUADS)
        [[unroll]] for (uint j = 0; j < 4; ++j)
            tile_b[(inner * 4 + j) * PITCH_B + outer / 4][outer % 4] = value[j];
    else
        tile_b[B_ALONG_K ? inner * PITCH_B + outer : outer * PITCH_B + inner] = value;
}

void gemm(uint M, uint N, uint k_begin, uint k_end) {
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint across = (N + 4 * BLOCKS_B - 1) / (4 * BLOCKS_B);
    const uint row0 = group / across * 4 * BLOCKS_A, column0 = group % across * 4 * BLOCKS_B;
    if (row0 >= M)
        return;
    const uint thread = gl_LocalInvocationIndex;
    const uint tx = thread % TX, ty = thread / TX;
    const uint inner_a = thread % INNER_A, outer_a = thread / INNER_A;
    const uint inner_b = thread % INNER_B, outer_b = thread / INNER_B;
    vec4 sum[4 * RA * RB];
    [[unroll]] for (uint i = 0; i < 4 * RA * RB; ++i)
        sum[i] = vec4(0.0);

    for (uint r = thread; r < 4 * BLOCKS_A; r += THREADS)
        rows[r] = row_of(min(row0 + r, M - 1)); // rows beyond M are computed and not stored
    barrier();

    vec4 next_a[LOADS_A], next_b[LOADS_B];
    [[unroll]] for (uint i = 0; i < LOADS_A; ++i)
        next_a[i] = fetch_a(inner_a, outer_a + i * (THREADS / INNER_A), k_begin, k_end);
    [[unroll]] for (uint j = 0; j < LOADS_B; ++j)
        next_b[j] = fetch_b(inner_b, outer_b + j * (THREADS / INNER_B), k_begin, k_end, column0, N);

    for (uint k0 = k_begin; k0 < k_end; k0 += STEP) {
        [[unroll]] for (uint i = 0; i < LOADS_A; ++i)
            keep_a(inner_a, outer_a + i * (THREADS / INNER_A), next_a[i]);
        [[unroll]] for (uint j = 0; j < LOADS_B; ++j)
            keep_b(inner_b, outer_b + j * (THREADS / INNER_B), next_b[j]);
        barrier();
        [[unroll]] for (uint i = 0; i < LOADS_A; ++i)
            next_a[i] = fetch_a(inner_a, outer_a + i * (THREADS / INNER_A), k0 + STEP, k_end);
        [[unroll]] for (uint j = 0; j < LOADS_B; ++j)
            next_b[j] = fetch_b(inner_b, outer_b + j * (THREADS / INNER_B), k0 + STEP, k_end, column0, N);
        [[unroll]] for (uint k = 0; k < STEP; ++k) {
            vec4 a[RA], b[RB];
            [[unroll]] for (uint i = 0; i < RA; ++i)
                a[i] = tile_a[k * PITCH_A + i * TY + ty];
            [[unroll]] for (uint j = 0; j < RB; ++j)
                b[j] = tile_b[k * PITCH_B + j * TX + tx];
            [[unroll]] for (uint i = 0; i < RA; ++i)
                [[unroll]] for (uint r = 0; r < 4; ++r)
                    [[unroll]] for (uint j = 0; j < RB; ++j)
                        sum[(i * 4 + r) * RB + j] = fma(vec4(a[i][r]), b[j], sum[(i * 4 + r) * RB + j]);
        }
        barrier();
    }

    [[unroll]] for (uint i = 0; i < RA; ++i)
        [[unroll]] for (uint r = 0; r < 4; ++r) {
            const uint row = row0 + (i * TY + ty) * 4 + r;
            if (row < M)
                [[unroll]] for (uint j = 0; j < RB; ++j) {
                    const uint column = column0 + (j * TX + tx) * 4;
                    const vec4 value = sum[(i * 4 + r) * RB + j];
                    if (Y_QUADS) {
                        if (column < N)
                            store4(row, column, value);
                    } else {
                        [[unroll]] for (uint c = 0; c < 4; ++c)
                            if (column + c < N)
                                store(row, column + c, value[c]);
                    }
                }
        }
}
