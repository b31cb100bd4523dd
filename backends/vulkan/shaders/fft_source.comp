#version 450
#extension GL_GOOGLE_include_directive : require

// Tiles of an activation: EXTENT of each, zeros beyond and in the padding.

#include "line.glsl"
#include "fft_images.glsl"
#include "fft_activation.glsl"

layout(constant_id = 15) const uint LOW_D = 0; // a tile begins so far before its STEP's multiple
layout(constant_id = 16) const uint LOW_H = 0;
layout(constant_id = 17) const uint LOW_W = 0;
layout(constant_id = 18) const uint EXTENT_D = 1;
layout(constant_id = 19) const uint EXTENT_H = 1;
layout(constant_id = 20) const uint EXTENT_W = 1;

layout(set = 0, binding = 0) readonly buffer X { float x[]; };
layout(set = 0, binding = 1) writeonly buffer Images { vec2 images[]; };

void main() {
    const Place p = place_of(line_index(), TILE);
    if (p.image >= tiles * pairs)
        return;
    const Tile tile = tile_of(p.image);
    const uvec3 at = tile.first + p.at - uvec3(LOW_D, LOW_H, LOW_W);
    const uint channel = channel_of(p.image);
    vec2 value = vec2(0.0);
    if (inside(at) && all(lessThan(p.at, uvec3(EXTENT_D, EXTENT_H, EXTENT_W)))) {
        value.x = x[element_of(tile.n, channel, at)];
        if (channel + 1 < CHANNELS)
            value.y = x[element_of(tile.n, channel + 1, at)];
    }
    images[index_of(p)] = value;
}
