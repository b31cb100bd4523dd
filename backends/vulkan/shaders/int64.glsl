// 64-bit integers as two words, the low one first.

uvec2 add64(uvec2 x, uvec2 y) {
    uint carry;
    const uint low = uaddCarry(x.x, y.x, carry);
    return uvec2(low, x.y + y.y + carry);
}
uvec2 multiply64(uvec2 x, uvec2 y) {
    uint high, low;
    umulExtended(x.x, y.x, high, low);
    return uvec2(low, high + x.x * y.y + x.y * y.x);
}
// Of signed ones.
bool less64(uvec2 x, uvec2 y) { return x.y == y.y ? x.x < y.x : int(x.y) < int(y.y); }
