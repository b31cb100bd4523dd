// A plugin of yesterday, built against the headers of ABI 0.1.
#include "lamina/plugin/format.hpp"
#include "lamina/plugin/kernel.hpp"
#include "lamina/plugin/layer.hpp"

using namespace lamina::plugin;

static_assert(LM_ABI_MAJOR == 0 && LM_ABI_MINOR == 1);

static Value swish(Graph& graph, const Config& config, Value x) {
    const Value beta = weight(graph, config, "beta", {x.dim(-1)});
    return x * sigmoid(beta * x);
}

static constexpr auto swish_schema = schema(weight_keys("beta", "ones"));

LAMINA_LAYER(OldSwish, swish_schema.text, "x * sigmoid(beta * x)", swish)

/// An augmentation as its table was then: every member that has come since is missing.
static lm_status open_darker(const lm_host*, const lm_config*, void** self, lm_error*) {
    *self = nullptr;
    return LM_OK;
}
static void close_darker(void*) {}
static lm_status darker(void*, const lm_tensor_desc* type, float* sample, const lm_sample_key*,
                        lm_error*) {
    int64_t n = 1;
    for (int32_t i = 0; i < type->rank; ++i)
        n *= type->dims[i];
    for (int64_t i = 0; i < n; ++i)
        sample[i] *= 0.5f;
    return LM_OK;
}
static constexpr lm_augmentation darker_table{
    sizeof(lm_augmentation), "{}", "half as bright", &open_darker, &close_darker, &darker};
LAMINA_REGISTER(darker, "augmentation", "darker", &darker_table)

LAMINA_PLUGIN("acme_old", "0.9.0")
