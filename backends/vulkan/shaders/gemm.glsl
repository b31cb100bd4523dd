// A matrix product C[M, N] = sum over k of A[M, k] B[k, N], tiled in shared memory and registers.
//
// Who includes this defines load_a(row, k), load_b(k, column) and store(row, column, value), and calls
// gemm(M, N, k_begin, k_end). One workgroup computes 4 TY rows by 4 TX columns; a thread 4 by 4 of them, since
// 16 accumulators and 8 operands fit the registers of every device. The sum runs over k in ascending order.

layout(local_size_x_id = 0) in; // TX * TY
layout(constant_id = 1) const uint TX = 8;
layout(constant_id = 2) const uint TY = 8;
// Neighbouring threads read neighbouring elements of memory: along k or along the row of A ...
layout(constant_id = 3) const bool A_ALONG_K = true;
// ... and along k or along the column of B.
layout(constant_id = 4) const bool B_ALONG_K = false;

const uint STEP = 16; // of k between barriers: 2 KiB a 32-wide tile, 6 KiB for 64 by 32
const uint THREADS = TX * TY;
const uint TILE_M = 4 * TY;
const uint TILE_N = 4 * TX;

shared float tile_a[STEP * TILE_M];
shared float tile_b[STEP * TILE_N];

float load_a(uint row, uint k);
float load_b(uint k, uint column);
void store(uint row, uint column, float value);

void gemm(uint M, uint N, uint k_begin, uint k_end) {
    const uint thread = gl_LocalInvocationIndex;
    const uint row0 = gl_WorkGroupID.y * TILE_M, column0 = gl_WorkGroupID.x * TILE_N;
    const uint tx = thread % TX, ty = thread / TX;
    float sum[4][4];
    [[unroll]] for (uint i = 0; i < 4; ++i)
        [[unroll]] for (uint j = 0; j < 4; ++j)
            sum[i][j] = 0.0;

    for (uint k0 = k_begin; k0 < k_end; k0 += STEP) {
        for (uint e = thread; e < STEP * TILE_M; e += THREADS) {
            const uint k = A_ALONG_K ? e % STEP : e / TILE_M;
            const uint r = A_ALONG_K ? e / STEP : e % TILE_M;
            float value = 0.0;
            if (row0 + r < M && k0 + k < k_end)
                value = load_a(row0 + r, k0 + k);
            tile_a[k * TILE_M + r] = value;
        }
        for (uint e = thread; e < STEP * TILE_N; e += THREADS) {
            const uint k = B_ALONG_K ? e % STEP : e / TILE_N;
            const uint c = B_ALONG_K ? e / STEP : e % TILE_N;
            float value = 0.0;
            if (column0 + c < N && k0 + k < k_end)
                value = load_b(k0 + k, column0 + c);
            tile_b[k * TILE_N + c] = value;
        }
        barrier();
        for (uint k = 0; k < STEP; ++k) {
            float a[4], b[4];
            [[unroll]] for (uint i = 0; i < 4; ++i)
                a[i] = tile_a[k * TILE_M + ty + i * TY];
            [[unroll]] for (uint j = 0; j < 4; ++j)
                b[j] = tile_b[k * TILE_N + tx + j * TX];
            [[unroll]] for (uint i = 0; i < 4; ++i)
                [[unroll]] for (uint j = 0; j < 4; ++j)
                    sum[i][j] = fma(a[i], b[j], sum[i][j]);
        }
        barrier();
    }

    [[unroll]] for (uint i = 0; i < 4; ++i)
        [[unroll]] for (uint j = 0; j < 4; ++j) {
            const uint row = row0 + ty + i * TY, column = column0 + tx + j * TX;
            if (row < M && column < N)
                store(row, column, sum[i][j]);
        }
}
