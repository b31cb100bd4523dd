#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require

// The activation that a convolution gives: STEP of each tile, from FIRST on, then the epilogue. The images come with
// real and imaginary parts exchanged (fft_product.comp) and without their inverse transform's factor.

#include "line.glsl"
#include "fft_images.glsl"
#include "fft_activation.glsl"
layout(constant_id = 15) const uint FIRST_D = 0;
layout(constant_id = 16) const uint FIRST_H = 0;
layout(constant_id = 17) const uint FIRST_W = 0;
layout(constant_id = 18) const float SCALE = 1.0;
#define EPILOGUE_ID 19
#include "epilogue.glsl"

layout(set = 0, binding = 0) readonly buffer Images { vec2 images[]; };
layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };

void main() {
    Place p = place_of(line_index(), STEP);
    if (p.image >= tiles * pairs)
        return;
    const Tile tile = tile_of(p.image);
    const uvec3 at = tile.first + p.at;
    if (!inside(at))
        return;
    p.at += uvec3(FIRST_D, FIRST_H, FIRST_W);
    const vec2 value = images[index_of(p)].yx * SCALE;
    const uint channel = channel_of(p.image);
    y[element_of(tile.n, channel, at)] = epilogue(value.x, channel);
    if (channel + 1 < CHANNELS)
        y[element_of(tile.n, channel + 1, at)] = epilogue(value.y, channel + 1);
}
