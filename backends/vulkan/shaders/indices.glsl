// Indices of 32 or 64 bits, as words. INDEX_WORDS is the includer's constant.

layout(set = 0, binding = 0) readonly buffer Indices { uint indices[]; };

// The i-th index, or 0xffffffff where it does not lie in [0, 2^31).
uint index_at(uint i) {
    const uint low = indices[i * INDEX_WORDS];
    const uint high = INDEX_WORDS == 2 ? indices[i * INDEX_WORDS + 1] : 0;
    return high != 0 || low > 0x7fffffffu ? 0xffffffffu : low;
}
