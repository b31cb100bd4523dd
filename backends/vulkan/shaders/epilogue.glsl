// What rides on a product: a bias for each channel, then an activation. kernels/epilogue.hpp has the other half.
// Constants EPILOGUE_ID to EPILOGUE_ID + 2.

#include "math.glsl"
#include "storage.glsl"

layout(constant_id = EPILOGUE_ID) const bool ADD_BIAS = false;
layout(constant_id = EPILOGUE_ID + 1) const uint ACTIVATION = 0;
layout(constant_id = EPILOGUE_ID + 2) const uint RESULT = 0; // how the result is stored, and the bias

READS(3, bias, RESULT)

float epilogue(float value, uint channel) {
    if (ADD_BIAS)
        value += bias(channel);
    if (ACTIVATION == 1)
        return value < 0.0 ? 0.0 : value;
    if (ACTIVATION == 2)
        return lamina_sigmoid(value);
    if (ACTIVATION == 3)
        return lamina_tanh(value);
    return value;
}
// Of four neighbouring channels.
vec4 epilogue4(vec4 value, uint channel) {
    [[unroll]] for (uint i = 0; i < 4; ++i)
        value[i] = epilogue(value[i], channel + i);
    return value;
}
