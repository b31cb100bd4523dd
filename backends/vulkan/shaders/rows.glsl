// Workgroups of X results by Y threads each: thread y of a result looks at its entries y, y + Y, y + 2 Y, ...,
// then the Y partial results are joined pairwise in shared memory, always in the same order.

layout(local_size_x_id = 0) in; // X * Y
layout(constant_id = 1) const uint X = 1;
layout(constant_id = 2) const uint Y = 64;

// Neighbouring threads belong to neighbouring results where X > 1.
uint row_lane() { return gl_LocalInvocationIndex / X; }
uint row_index() {
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    return group * X + gl_LocalInvocationIndex % X;
}

#ifndef ROW_T
#define ROW_T float
#endif
shared ROW_T row_values[X * Y];

// join(a, b) is the includer's. All threads of the workgroup must call.
#define JOIN_ROWS(name, join)                                                                                          \
    ROW_T name(ROW_T value) {                                                                                          \
        const uint t = gl_LocalInvocationIndex;                                                                        \
        row_values[t] = value;                                                                                         \
        barrier();                                                                                                     \
        for (uint half_rows = Y / 2; half_rows > 0; half_rows /= 2) {                                                  \
            if (t / X < half_rows)                                                                                     \
                row_values[t] = join(row_values[t], row_values[t + half_rows * X]);                                    \
            barrier();                                                                                                 \
        }                                                                                                              \
        const ROW_T joined = row_values[t % X];                                                                        \
        barrier();                                                                                                     \
        return joined;                                                                                                 \
    }
