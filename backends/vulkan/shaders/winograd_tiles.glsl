// An activation cut into tiles, and the matrices of its transformed tiles: one matrix for each of ALPHA^2 points, tiles
// by channels where channels are last, channels by tiles where they are first, so that neighbouring threads find
// neighbouring memory on both sides. One thread a tile and channel.

layout(constant_id = 1) const uint HEIGHT = 1; // of the activation
layout(constant_id = 2) const uint WIDTH = 1;
layout(constant_id = 3) const uint CHANNELS = 1;
layout(constant_id = 4) const bool CHANNELS_LAST = true;
layout(constant_id = 5) const uint DOWN = 1; // tiles in a sample
layout(constant_id = 6) const uint ACROSS = 1;

layout(push_constant) uniform Push {
    uint first_tile; // of the matrices' `tiles`
    uint tiles;
};

struct Place {
    uint n, c;
    uvec2 tile; // down, across
};
Place place_of(uint i) {
    const uint t = first_tile + (CHANNELS_LAST ? i / CHANNELS : i % tiles);
    return Place(t / (DOWN * ACROSS), CHANNELS_LAST ? i % CHANNELS : i / tiles,
                 uvec2(t / ACROSS % DOWN, t % ACROSS));
}
// Rows and columns before the first have wrapped around to far beyond the last.
bool inside(uvec2 at) { return at.x < HEIGHT && at.y < WIDTH; }
uint index_of(Place p, uvec2 at) {
    return CHANNELS_LAST ? ((p.n * HEIGHT + at.x) * WIDTH + at.y) * CHANNELS + p.c
                         : ((p.n * CHANNELS + p.c) * HEIGHT + at.x) * WIDTH + at.y;
}
