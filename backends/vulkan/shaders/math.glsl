// Functions within a few units in the last place, where GLSL's own may be far off (exp: 3 + 2 |x| units).
// The same polynomials as codegen/math.cpp (Cephes).

#define INFINITY uintBitsToFloat(0x7f800000u)

float lamina_exp(float x) {
    const float bounded = x < -110.0 ? -110.0 : (x > 89.0 ? 89.0 : x);
    const float n = roundEven(bounded * 1.44269504088896341);
    precise float r = bounded - n * 0.693359375;
    r = r + n * 2.12194440e-4;
    float p = 1.9875691500e-4;
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    p = p * r * r + r + 1.0;
    const int whole = int(n);
    const int low = whole >> 1;
    return p * intBitsToFloat((low + 127) << 23) * intBitsToFloat((whole - low + 127) << 23);
}

float lamina_log(float x) {
    const bool tiny = x < 1.17549435e-38;
    const uint b = floatBitsToUint(tiny ? x * 8388608.0 : x);
    const int e = int(b - 0x3f3504f3u) >> 23;
    const float m = uintBitsToFloat(b - (uint(e) << 23));
    const float exponent = float(e) - (tiny ? 23.0 : 0.0);
    const float f = m - 1.0;
    const float s = f * f;
    float y = 7.0376836292e-2;
    y = y * f - 1.1514610310e-1;
    y = y * f + 1.1676998740e-1;
    y = y * f - 1.2420140846e-1;
    y = y * f + 1.4249322787e-1;
    y = y * f - 1.6668057665e-1;
    y = y * f + 2.0000714765e-1;
    y = y * f - 2.4999993993e-1;
    y = y * f + 3.3333331174e-1;
    y = y * f * s;
    y = y + exponent * -2.12194440e-4;
    y = y - 0.5 * s;
    const float result = f + y + exponent * 0.693359375;
    if (x == 0.0)
        return -INFINITY;
    return x == INFINITY ? x : result;
}

float lamina_tanh(float x) {
    const float s = x * x;
    if (s < 0.390625) {
        float p = -5.70498872745e-3;
        p = p * s + 2.06390887954e-2;
        p = p * s - 5.37397155531e-2;
        p = p * s + 1.33314422036e-1;
        p = p * s - 3.33332819422e-1;
        return x + x * s * p;
    }
    const float far = 1.0 - 2.0 / (lamina_exp(abs(x) * 2.0) + 1.0);
    return x < 0.0 ? -far : far;
}

float lamina_sigmoid(float x) {
    const float e = lamina_exp(-abs(x));
    return (x < 0.0 ? e : 1.0) / (e + 1.0);
}

// sin and cos of an angle in [0, 2 pi].
vec2 lamina_sin_cos(float x) {
    const float n = roundEven(x * 0.636619772367581343);
    precise float r = x - n * 1.5703125;
    r = r - n * 4.83751296997e-4;
    r = r - n * 7.5495336e-8;
    const float s = r * r;
    const float sine = r + r * s * ((-1.9515295891e-4 * s + 8.3321608736e-3) * s - 1.6666654611e-1);
    const float cosine =
        1.0 - 0.5 * s + s * s * ((2.443315711809948e-5 * s - 1.388731625493765e-3) * s + 4.166664568298827e-2);
    const int turns = int(n);
    const vec2 turned = (turns & 1) != 0 ? vec2(cosine, -sine) : vec2(sine, cosine);
    return (turns & 2) != 0 ? -turned : turned;
}
