// A filter [window..., C, K], of which each image holds two of the channels that a convolution gives (K, or C where it
// is BACKWARD) for one of those that it takes: image = taken * pairs + pair.

layout(constant_id = 4) const uint WINDOW_D = 1;
layout(constant_id = 5) const uint WINDOW_H = 1;
layout(constant_id = 6) const uint WINDOW_W = 1;
layout(constant_id = 7) const uint TAKEN = 1;
layout(constant_id = 8) const uint GIVEN = 1;
layout(constant_id = 9) const bool BACKWARD = false;

const uvec3 WINDOW = uvec3(WINDOW_D, WINDOW_H, WINDOW_W);

layout(push_constant) uniform Push {
    uint images_used;
    uint first_pair; // of the images' `pairs`
    uint pairs;
};

uint taken_of(uint image) { return image / pairs; }
uint given_of(uint image) { return (first_pair + image % pairs) * 2; }
uint weight_of(uvec3 at, uint taken, uint given) {
    const uint entry = (at.x * WINDOW_H + at.y) * WINDOW_W + at.z;
    return BACKWARD ? (entry * GIVEN + given) * TAKEN + taken : (entry * TAKEN + taken) * GIVEN + given;
}
