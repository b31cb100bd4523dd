// Hu, Shen and Sun (2018): each channel is weighted by what all channels are on average.
#include <algorithm>

#include "lamina/plugin/layer.hpp"

using namespace lamina::plugin;

/// x: [N, spatial..., C]; two dense layers, C -> C / ratio -> C, on the mean over space.
static Value squeeze_excite(Graph& graph, const Config& config, Value x) {
    if (x.rank() < 3)
        invalid("expected input [N, spatial..., C], got " + to_string(x.shape()));
    const int64_t channels = x.dim(-1);
    const int64_t hidden = std::max<int64_t>(1, channels / config.integer("ratio"));
    const std::string initializer = "\"glorot_uniform\"";
    const Value squeeze = graph.weight("squeeze", {channels, hidden}, initializer);
    const Value excite = graph.weight("excite", {hidden, channels}, initializer);
    Dims space, shape = x.shape();
    for (int64_t i = 1; i + 1 < x.rank(); ++i) {
        space.push_back(i);
        shape[static_cast<size_t>(i)] = 1;
    }
    const Value mean = reduce_mean(x, space);
    const Value weights = sigmoid(matmul(relu(matmul(mean, squeeze)), excite));
    return x * reshape(weights, shape);
}

LAMINA_LAYER(SqueezeExcite, R"({"ratio": {"type": "int", "min": 1, "default": 4}})",
             "channels weighted by what they are on average", squeeze_excite)
