// Sizes of a pool as specialisation constants 1 to 17, and how its tensors are stored, all alike. x: [N, C, in...],
// y: [N, C, out...].

#include "storage.glsl"

layout(constant_id = 1) const uint IN_D = 1;
layout(constant_id = 2) const uint IN_H = 1;
layout(constant_id = 3) const uint IN_W = 1;
layout(constant_id = 4) const uint OUT_D = 1;
layout(constant_id = 5) const uint OUT_H = 1;
layout(constant_id = 6) const uint OUT_W = 1;
layout(constant_id = 7) const uint WINDOW_D = 1;
layout(constant_id = 8) const uint WINDOW_H = 1;
layout(constant_id = 9) const uint WINDOW_W = 1;
layout(constant_id = 10) const uint STRIDE_D = 1;
layout(constant_id = 11) const uint STRIDE_H = 1;
layout(constant_id = 12) const uint STRIDE_W = 1;
layout(constant_id = 13) const uint LOW_D = 0;
layout(constant_id = 14) const uint LOW_H = 0;
layout(constant_id = 15) const uint LOW_W = 0;
layout(constant_id = 16) const uint C = 1;
layout(constant_id = 17) const bool CHANNELS_LAST = true;
layout(constant_id = 18) const uint STORAGE = 0;

const ivec3 IN = ivec3(IN_D, IN_H, IN_W);
const ivec3 OUT = ivec3(OUT_D, OUT_H, OUT_W);
const ivec3 WINDOW = ivec3(WINDOW_D, WINDOW_H, WINDOW_W);
const ivec3 STRIDE = ivec3(STRIDE_D, STRIDE_H, STRIDE_W);
const ivec3 LOW = ivec3(LOW_D, LOW_H, LOW_W);
const uint IN_SIZE = IN_D * IN_H * IN_W;
const uint OUT_SIZE = OUT_D * OUT_H * OUT_W;

// Where an element of a tensor with these spatial extents lies: sample, channel and position.
struct Place {
    uint n, c;
    ivec3 at;
};
Place place_of(uint element, uint size, uvec3 extent) {
    Place p;
    const uint inside = element % (C * size);
    p.n = element / (C * size);
    p.c = CHANNELS_LAST ? inside % C : inside / size;
    const uint position = CHANNELS_LAST ? inside / C : inside % size;
    p.at = ivec3(position / (extent.y * extent.z), position / extent.z % extent.y, position % extent.z);
    return p;
}
uint index_of(uint n, uint c, ivec3 at, uint size, ivec3 extent) {
    const uint position = uint((at.x * extent.y + at.y) * extent.z + at.z);
    return n * C * size + (CHANNELS_LAST ? position * C + c : c * size + position);
}
uint x_index(uint n, uint c, ivec3 at) { return index_of(n, c, at, IN_SIZE, IN); }
uint y_index(uint n, uint c, ivec3 at) { return index_of(n, c, at, OUT_SIZE, OUT); }

// The part [first, last) of the window at output o that lies in x.
ivec3 window_first(ivec3 o) { return max(o * STRIDE - LOW, ivec3(0)); }
ivec3 window_last(ivec3 o) { return min(o * STRIDE - LOW + WINDOW, IN); }

// The outputs [first, last) whose windows hold input i.
ivec3 outputs_first(ivec3 i) { return max((i + LOW - WINDOW + STRIDE) / STRIDE, ivec3(0)); }
ivec3 outputs_last(ivec3 i) { return min((i + LOW) / STRIDE + 1, OUT); }
