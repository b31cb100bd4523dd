// Sizes of a convolution as 23 specialisation constants from GEOMETRY_ID on: the compiler turns divisions by them into
// products.
// Spatial dimensions are D, H, W; a missing one has extent and window 1.

layout(constant_id = GEOMETRY_ID) const uint IN_D = 1;
layout(constant_id = GEOMETRY_ID + 1) const uint IN_H = 1;
layout(constant_id = GEOMETRY_ID + 2) const uint IN_W = 1;
layout(constant_id = GEOMETRY_ID + 3) const uint OUT_D = 1;
layout(constant_id = GEOMETRY_ID + 4) const uint OUT_H = 1;
layout(constant_id = GEOMETRY_ID + 5) const uint OUT_W = 1;
layout(constant_id = GEOMETRY_ID + 6) const uint WINDOW_D = 1;
layout(constant_id = GEOMETRY_ID + 7) const uint WINDOW_H = 1;
layout(constant_id = GEOMETRY_ID + 8) const uint WINDOW_W = 1;
layout(constant_id = GEOMETRY_ID + 9) const uint STRIDE_D = 1;
layout(constant_id = GEOMETRY_ID + 10) const uint STRIDE_H = 1;
layout(constant_id = GEOMETRY_ID + 11) const uint STRIDE_W = 1;
layout(constant_id = GEOMETRY_ID + 12) const uint LOW_D = 0;
layout(constant_id = GEOMETRY_ID + 13) const uint LOW_H = 0;
layout(constant_id = GEOMETRY_ID + 14) const uint LOW_W = 0;
layout(constant_id = GEOMETRY_ID + 15) const uint DILATION_D = 1;
layout(constant_id = GEOMETRY_ID + 16) const uint DILATION_H = 1;
layout(constant_id = GEOMETRY_ID + 17) const uint DILATION_W = 1;
layout(constant_id = GEOMETRY_ID + 18) const uint C = 1;
layout(constant_id = GEOMETRY_ID + 19) const uint K = 1;
layout(constant_id = GEOMETRY_ID + 20) const uint C_GROUP = 1; // channels of x in one group
layout(constant_id = GEOMETRY_ID + 21) const uint K_GROUP = 1;
layout(constant_id = GEOMETRY_ID + 22) const bool CHANNELS_LAST = true;

const uint IN_SIZE = IN_D * IN_H * IN_W;
const uint OUT_SIZE = OUT_D * OUT_H * OUT_W;
const uint WINDOW_SIZE = WINDOW_D * WINDOW_H * WINDOW_W;

const uint X_POSITION = CHANNELS_LAST ? C : 1; // strides of x and y from one position to the next
const uint Y_POSITION = CHANNELS_LAST ? K : 1;
const uint X_CHANNEL = CHANNELS_LAST ? 1 : IN_SIZE;
const uint Y_CHANNEL = CHANNELS_LAST ? 1 : OUT_SIZE;

uint x_index(uint n, uint position, uint c) { return n * C * IN_SIZE + position * X_POSITION + c * X_CHANNEL; }
uint y_index(uint n, uint position, uint k) { return n * K * OUT_SIZE + position * Y_POSITION + k * Y_CHANNEL; }
uvec3 out_position(uint o) { return uvec3(o / (OUT_H * OUT_W), o / OUT_W % OUT_H, o % OUT_W); }
uvec3 in_position(uint i) { return uvec3(i / (IN_H * IN_W), i / IN_W % IN_H, i % IN_W); }
uvec3 window_position(uint w) { return uvec3(w / (WINDOW_H * WINDOW_W), w / WINDOW_W % WINDOW_H, w % WINDOW_W); }

const uvec3 STRIDE = uvec3(STRIDE_D, STRIDE_H, STRIDE_W);
const uvec3 LOW = uvec3(LOW_D, LOW_H, LOW_W);
const uvec3 DILATION = uvec3(DILATION_D, DILATION_H, DILATION_W);

// Positions below 0 have wrapped around to far beyond the extents.
bool in_x(uvec3 i) { return i.x < IN_D && i.y < IN_H && i.z < IN_W; }
bool in_y(uvec3 o) { return o.x < OUT_D && o.y < OUT_H && o.z < OUT_W; }
uint linear_in(uvec3 i) { return (i.x * IN_H + i.y) * IN_W + i.z; }
uint linear_out(uvec3 o) { return (o.x * OUT_H + o.y) * OUT_W + o.z; }
