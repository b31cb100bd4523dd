#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// [N, ...] -> [N, product]. channels_first is brought to channels_last before, as in Keras, so
/// that the order of the features does not depend on the data format.
static Value flatten(Graph&, const Config& config, Value x) {
    if (channels_first(config) && x.rank() > 2) {
        Dims perm{0};
        for (int64_t axis = 2; axis < x.rank(); ++axis)
            perm.push_back(axis);
        perm.push_back(1);
        x = transpose(x, perm);
    }
    const Dims dims = x.shape();
    return reshape(x, {dims[0], elements(std::span(dims).subspan(1))});
}

static constexpr auto flatten_schema = schema(data_format_key);

LAMINA_LAYER(Flatten, flatten_schema.text, "[N, ...] to [N, product]", flatten)

} // namespace lamina::plugin
