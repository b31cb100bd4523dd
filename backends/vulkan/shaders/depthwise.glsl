// What the depthwise passes share. K / C filters see each channel alone; filter k lies on channel k / (K / C). Sums are
// so short that memory is what counts: an element is read again from the nearest cache for each window that it is in,
// nine times of a 3 x 3 window where the device's memory sees it once.
//
// LANES channels a thread, neighbours in memory: four where channels are last, C is K and a multiple of four.

#define GEOMETRY_ID 1
#include "conv_geometry.glsl"

#if LANES == 4
#define T vec4
#define LANES_AT(name, i) name##4(i)
#else
#define T float
#define LANES_AT(name, i) name(i)
#endif

// The channel and position of a thread's elements in an activation of this many channels and positions.
struct Place {
    uint n, position, channel;
};
Place place_of(uint i, uint channels, uint positions) {
    const uint blocks = channels / LANES;
    if (CHANNELS_LAST)
        return Place(i / (blocks * positions), i / blocks % positions, i % blocks * LANES);
    return Place(i / (blocks * positions), i % positions, i / positions % blocks);
}
