// A matrix product C[M, N] = sum over k of A[M, k] B[k, N], tiled in shared memory and registers.
//
// Who includes this defines
//     Row row_of(row)                 what load_a needs to know of a row, worked out once a workgroup
//     float load_a(Row, k), load_b(k, column), void store(row, column, value)
// with Row a uvec4, and calls gemm(M, N, k_begin, k_end). One workgroup computes 4 TY rows by 4 TX columns; a thread
// 4 by 4 of them, since 16 accumulators and 8 operands fit the registers of every device. Tiles hold four
// neighbouring rows or columns in a vector: one read of shared memory for each four operands. The sum runs over k in
// ascending order.

layout(local_size_x_id = 0) in; // TX * TY
layout(constant_id = 1) const uint TX = 8;
layout(constant_id = 2) const uint TY = 8;
// Neighbouring threads read neighbouring elements of memory: along k or along the row of A ...
layout(constant_id = 3) const bool A_ALONG_K = true;
// ... and along k or along the column of B.
layout(constant_id = 4) const bool B_ALONG_K = false;

#define Row uvec4

const uint STEP = 16; // of k between barriers: 2 KiB a 32-wide tile
const uint THREADS = TX * TY;

shared vec4 tile_a[STEP * TY];
shared vec4 tile_b[STEP * TX];
shared Row rows[4 * TY];

Row row_of(uint row);
float load_a(Row row, uint k);
float load_b(uint k, uint column);
void store(uint row, uint column, float value);

void gemm(uint M, uint N, uint k_begin, uint k_end) {
    const uint thread = gl_LocalInvocationIndex;
    const uint row0 = gl_WorkGroupID.y * 4 * TY, column0 = gl_WorkGroupID.x * 4 * TX;
    const uint tx = thread % TX, ty = thread / TX;
    vec4 sum[4];
    [[unroll]] for (uint i = 0; i < 4; ++i)
        sum[i] = vec4(0.0);

    for (uint r = thread; r < 4 * TY; r += THREADS)
        rows[r] = row_of(min(row0 + r, M - 1)); // rows beyond M are computed and not stored
    barrier();

    for (uint k0 = k_begin; k0 < k_end; k0 += STEP) {
        for (uint e = thread; e < STEP * TY; e += THREADS) {
            const uint k = A_ALONG_K ? e % STEP : e / TY;
            const uint r = A_ALONG_K ? e / STEP : e % TY;
            vec4 value = vec4(0.0);
            if (k0 + k < k_end)
                [[unroll]] for (uint i = 0; i < 4; ++i)
                    value[i] = load_a(rows[r * 4 + i], k0 + k);
            tile_a[k * TY + r] = value;
        }
        for (uint e = thread; e < STEP * TX; e += THREADS) {
            const uint k = B_ALONG_K ? e % STEP : e / TX;
            const uint c = B_ALONG_K ? e / STEP : e % TX;
            vec4 value = vec4(0.0);
            if (k0 + k < k_end)
                [[unroll]] for (uint j = 0; j < 4; ++j)
                    value[j] = load_b(k0 + k, min(column0 + c * 4 + j, N - 1));
            tile_b[k * TX + c] = value;
        }
        barrier();
        [[unroll]] for (uint k = 0; k < STEP; ++k) {
            const vec4 a = tile_a[k * TY + ty], b = tile_b[k * TX + tx];
            [[unroll]] for (uint i = 0; i < 4; ++i)
                sum[i] = fma(vec4(a[i]), b, sum[i]);
        }
        barrier();
    }

    [[unroll]] for (uint i = 0; i < 4; ++i)
        [[unroll]] for (uint j = 0; j < 4; ++j) {
            const uint row = row0 + ty * 4 + i, column = column0 + tx * 4 + j;
            if (row < M && column < N)
                store(row, column, sum[i][j]);
        }
}
