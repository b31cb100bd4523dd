// The images whose transforms a convolution multiplies: each a tile or a filter of two neighbouring channels, one in
// the real part and one in the imaginary part, since the values are real (their transforms part again by symmetry:
// fft_product.comp). LANES images lie side by side: images[block][d][h][w][lane].

layout(constant_id = 1) const uint TILE_D = 1;
layout(constant_id = 2) const uint TILE_H = 1;
layout(constant_id = 3) const uint TILE_W = 1;

const uvec3 TILE = uvec3(TILE_D, TILE_H, TILE_W);
const uint LANES = 8;

// One thread for each entry of images cut down to `extent`.
struct Place {
    uint image;
    uvec3 at;
};
Place place_of(uint i, uvec3 extent) {
    const uint pixel = i / LANES % (extent.x * extent.y * extent.z);
    const uint block = i / LANES / (extent.x * extent.y * extent.z);
    return Place(block * LANES + i % LANES,
                 uvec3(pixel / (extent.y * extent.z), pixel / extent.z % extent.y, pixel % extent.z));
}
uint index_of(Place p) {
    return (((p.image / LANES * TILE_D + p.at.x) * TILE_H + p.at.y) * TILE_W + p.at.z) * LANES + p.image % LANES;
}
