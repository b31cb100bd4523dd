// Sampling at half-pixel centres: sample o of OUT lies at (o + 1/2) * IN / OUT = (2 o + 1) IN / (2 OUT), kept as a
// fraction, so that all devices choose the same neighbours.

layout(constant_id = 1) const uint IN_D = 1;
layout(constant_id = 2) const uint IN_H = 1;
layout(constant_id = 3) const uint IN_W = 1;
layout(constant_id = 4) const uint OUT_D = 1;
layout(constant_id = 5) const uint OUT_H = 1;
layout(constant_id = 6) const uint OUT_W = 1;
layout(constant_id = 7) const uint C = 1;
layout(constant_id = 8) const bool CHANNELS_LAST = true;
layout(constant_id = 9) const bool LINEAR = false;

// The two elements that a sample reads along one dimension, and the weight of the second.
struct Taps {
    int low, high;
    float weight;
};
Taps taps(int o, int extent, int size) {
    const int numerator = (2 * o + 1) * extent, denominator = 2 * size;
    if (!LINEAR) {
        const int nearest = min(numerator / denominator, extent - 1);
        return Taps(nearest, nearest, 0.0);
    }
    // Less half an element, and one more than enough so that the quotient is not negative.
    const int shifted = numerator - size + denominator;
    const int below = shifted / denominator - 1;
    return Taps(max(below, 0), min(below + 1, extent - 1),
                float(shifted % denominator) / float(denominator));
}

uint index_of(uint n, uint c, uvec3 at, uvec3 extent) {
    const uint size = extent.x * extent.y * extent.z;
    const uint position = (at.x * extent.y + at.y) * extent.z + at.z;
    return n * C * size + (CHANNELS_LAST ? position * C + c : c * size + position);
}
struct Place {
    uint n, c;
    uvec3 at;
};
Place place_of(uint element, uvec3 extent) {
    const uint size = extent.x * extent.y * extent.z;
    const uint inside = element % (C * size);
    const uint position = CHANNELS_LAST ? inside / C : inside % size;
    return Place(element / (C * size), CHANNELS_LAST ? inside % C : inside / size,
                 uvec3(position / (extent.y * extent.z), position / extent.z % extent.y, position % extent.z));
}
