#version 450
#extension GL_GOOGLE_include_directive : require

// Along one axis: softmax, log-softmax, or the cross-entropy of labels with the softmax of logits.
// Rows are (outer, inner) pairs; entry c of a row lies at outer * C * inner_size + c * inner_size + inner.

#include "rows.glsl"
#include "math.glsl"

layout(constant_id = 3) const uint MODE = 0; // softmax, log_softmax, cross_entropy

layout(set = 0, binding = 0) readonly buffer Logits { float logits[]; };
layout(set = 0, binding = 1) readonly buffer Labels { float labels[]; };
layout(set = 0, binding = 2) writeonly buffer Result { float result[]; };

layout(push_constant) uniform Push {
    uint rows;
    uint C;
    uint inner_size;
};

float greater_of(float a, float b) { return a > b || isnan(a) ? a : b; }
float sum_of(float a, float b) { return a + b; }
JOIN_ROWS(join_maximum, greater_of)
JOIN_ROWS(join_sum, sum_of)

void main() {
    const uint row = row_index();
    const bool there = row < rows;
    const uint end = there ? C : 0;
    const uint base = row / inner_size * C * inner_size + row % inner_size;

    float top = uintBitsToFloat(0xff800000u);
    for (uint c = row_lane(); c < end; c += Y)
        top = greater_of(top, logits[base + c * inner_size]);
    top = join_maximum(top);
    float sum = 0.0;
    for (uint c = row_lane(); c < end; c += Y)
        sum += lamina_exp(logits[base + c * inner_size] - top);
    sum = join_sum(sum);
    const float log_sum = lamina_log(sum);

    if (MODE == 2) {
        float loss = 0.0;
        for (uint c = row_lane(); c < end; c += Y)
            loss += labels[base + c * inner_size] * (log_sum - (logits[base + c * inner_size] - top));
        loss = join_sum(loss);
        if (there && row_lane() == 0)
            result[row] = loss;
        return;
    }
    for (uint c = row_lane(); c < end; c += Y) {
        const uint at = base + c * inner_size;
        const float shifted = logits[at] - top;
        result[at] = MODE == 0 ? lamina_exp(shifted) / sum : shifted - log_sum;
    }
}
