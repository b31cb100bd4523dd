// A gated linear unit (Dauphin et al. 2017), built with clang and libc++: its strings, vectors and
// exceptions are not the engine's.
#include <stdexcept>

#include "lamina/plugin/layer.hpp"

using namespace lamina::plugin;

/// x: [N, ..., 2 C]; y = x[..., :C] * sigmoid(x[..., C:]).
static Value gated(Graph&, const Config&, Value x) {
    const int64_t channels = x.dim(-1);
    if (channels % 2 != 0)
        throw std::runtime_error("it halves the channels, and " + std::to_string(channels) +
                                 " is odd"); // none of the SDK's errors
    Dims begin(static_cast<size_t>(x.rank()), 0), size = x.shape();
    const Dims strides(static_cast<size_t>(x.rank()), 1);
    size.back() = channels / 2;
    const Value a = slice(x, begin, size, strides);
    begin.back() = channels / 2;
    return a * sigmoid(slice(x, begin, size, strides));
}

LAMINA_LAYER(GatedLinearUnit, "{}", "half of the channels, gated by the other half", gated)

LAMINA_PLUGIN("acme_libcxx", "1.0.0")
