// An activation cut into tiles, STEP apart: image = tile * pairs + pair.

layout(constant_id = 4) const uint SIZE_D = 1; // of the activation
layout(constant_id = 5) const uint SIZE_H = 1;
layout(constant_id = 6) const uint SIZE_W = 1;
layout(constant_id = 7) const uint CHANNELS = 1;
layout(constant_id = 8) const bool CHANNELS_LAST = true;
layout(constant_id = 9) const uint COUNT_D = 1; // tiles in a sample
layout(constant_id = 10) const uint COUNT_H = 1;
layout(constant_id = 11) const uint COUNT_W = 1;
layout(constant_id = 12) const uint STEP_D = 1;
layout(constant_id = 13) const uint STEP_H = 1;
layout(constant_id = 14) const uint STEP_W = 1;

const uvec3 SIZE = uvec3(SIZE_D, SIZE_H, SIZE_W);
const uvec3 STEP = uvec3(STEP_D, STEP_H, STEP_W);

layout(push_constant) uniform Push {
    uint first_tile; // of the images' `tiles`
    uint tiles;
    uint first_pair; // of the images' `pairs`
    uint pairs;
};

// Where a tile begins in its sample, at STEP's multiple.
struct Tile {
    uint n;
    uvec3 first;
};
Tile tile_of(uint image) {
    const uint t = first_tile + image / pairs;
    const uint in_sample = t % (COUNT_D * COUNT_H * COUNT_W);
    return Tile(t / (COUNT_D * COUNT_H * COUNT_W),
                STEP * uvec3(in_sample / (COUNT_H * COUNT_W), in_sample / COUNT_W % COUNT_H, in_sample % COUNT_W));
}
uint channel_of(uint image) { return (first_pair + image % pairs) * 2; }
// Rows and columns before the first have wrapped around to far beyond the last.
bool inside(uvec3 at) { return all(lessThan(at, SIZE)); }
uint element_of(uint n, uint channel, uvec3 at) {
    const uint pixel = (at.x * SIZE_H + at.y) * SIZE_W + at.z;
    const uint pixels = SIZE_D * SIZE_H * SIZE_W;
    return CHANNELS_LAST ? (n * pixels + pixel) * CHANNELS + channel : (n * CHANNELS + channel) * pixels + pixel;
}
