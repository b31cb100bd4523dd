// Winograd's minimal filtering F(TILE x TILE, 3 x 3) (Lavin and Gray, 2016): one-dimensional transforms, of which a pass
// down the columns and one along the rows make the two-dimensional ones.
//
// With interpolation points 0, 1, -1 (and 2, -2 for TILE 4) and infinity, a target tile is A^T [(G g) * (B^T d)] of a
// filter g and a source tile d, and the filter's gradient is G^T [(A dy) * (B^T d)].

#define ALPHA (TILE + 2)

#if TILE == 2
float[4] source_transform(float d[4]) { return float[](d[0] - d[2], d[1] + d[2], d[2] - d[1], d[3] - d[1]); }
float[2] target_transform(float m[4]) { return float[](m[0] + (m[1] + m[2]), m[1] - m[2] + m[3]); }
float[4] target_gradient_transform(float y[2]) { return float[](y[0], y[0] + y[1], y[0] - y[1], y[1]); }
float[4] filter_transform(float g[3]) {
    const float even = g[0] + g[2];
    return float[](g[0], 0.5 * (even + g[1]), 0.5 * (even - g[1]), g[2]);
}
float[3] filter_gradient_transform(float u[4]) {
    const float even = 0.5 * (u[1] + u[2]);
    return float[](u[0] + even, 0.5 * (u[1] - u[2]), even + u[3]);
}
#else
float[6] source_transform(float d[6]) {
    const float even1 = d[4] - 4.0 * d[2], odd1 = d[3] - 4.0 * d[1];
    const float even2 = d[4] - d[2], odd2 = 2.0 * (d[3] - d[1]);
    return float[](4.0 * d[0] - 5.0 * d[2] + d[4], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2,
                   4.0 * d[1] - 5.0 * d[3] + d[5]);
}
float[4] target_transform(float m[6]) {
    const float sum1 = m[1] + m[2], difference1 = m[1] - m[2];
    const float sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    return float[](m[0] + (sum1 + sum2), difference1 + 2.0 * difference2, sum1 + 4.0 * sum2,
                   difference1 + 8.0 * difference2 + m[5]);
}
float[6] target_gradient_transform(float y[4]) {
    const float even1 = y[0] + y[2], odd1 = y[1] + y[3];
    const float even2 = y[0] + 4.0 * y[2], odd2 = 2.0 * y[1] + 8.0 * y[3];
    return float[](y[0], even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, y[3]);
}
float[6] filter_transform(float g[3]) {
    const float even1 = g[0] + g[2], even2 = g[0] + 4.0 * g[2], odd2 = 2.0 * g[1];
    return float[](0.25 * g[0], (even1 + g[1]) * (-1.0 / 6.0), (even1 - g[1]) * (-1.0 / 6.0),
                   (even2 + odd2) * (1.0 / 24.0), (even2 - odd2) * (1.0 / 24.0), g[2]);
}
float[3] filter_gradient_transform(float u[6]) {
    const float even1 = (u[1] + u[2]) * (-1.0 / 6.0), odd1 = (u[1] - u[2]) * (-1.0 / 6.0);
    const float even2 = (u[3] + u[4]) * (1.0 / 24.0), odd2 = (u[3] - u[4]) * (1.0 / 24.0);
    return float[](0.25 * u[0] + (even1 + even2), odd1 + 2.0 * odd2, even1 + 4.0 * even2 + u[5]);
}
#endif

// result[TO][TO] of x[FROM][FROM] by a transform of FROM values to TO.
#define TRANSFORM_BOTH_WAYS(transform, FROM, TO, x, result)                                                            \
    {                                                                                                                  \
        float between[TO][FROM];                                                                                       \
        [[unroll]] for (uint column = 0; column < FROM; ++column) {                                                    \
            float line[FROM];                                                                                          \
            [[unroll]] for (uint i = 0; i < FROM; ++i)                                                                 \
                line[i] = x[i][column];                                                                                \
            const float[TO] turned = transform(line);                                                                  \
            [[unroll]] for (uint i = 0; i < TO; ++i)                                                                   \
                between[i][column] = turned[i];                                                                        \
        }                                                                                                              \
        [[unroll]] for (uint row = 0; row < TO; ++row)                                                                 \
            result[row] = transform(between[row]);                                                                     \
    }
