/// Reshape, Permute, RepeatVector. The batch keeps its place.
#include <algorithm>

#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// target_shape: without the batch; one entry may be -1, what the others leave.
static Value reshape_layer(Graph&, const Config& config, Value x) {
    const Dims dims = x.shape();
    const Dims target = config.integers("target_shape");
    Dims shape{dims[0]};
    shape.insert(shape.end(), target.begin(), target.end());
    const int64_t in = elements(dims);
    if (const auto open = std::find(shape.begin(), shape.end(), -1); open != shape.end()) {
        *open = 1;
        const int64_t others = elements(shape);
        *open = others > 0 ? in / others : 0;
    }
    if (elements(shape) != in)
        invalid("target_shape " + to_string(target) + " does not hold the elements of " +
                to_string(dims));
    return reshape(x, shape);
}

/// dims: the order of the axes behind the batch, counted from 1.
static Value permute(Graph&, const Config& config, Value x) {
    Dims perm = config.integers("dims");
    perm.insert(perm.begin(), 0);
    Dims sorted = perm;
    std::sort(sorted.begin(), sorted.end());
    if (sorted != all_axes(x))
        invalid("dims " + to_string(config.integers("dims")) +
                " must name each axis of the input " + to_string(x.shape()) +
                " once, from 1, without the batch");
    return transpose(x, perm);
}

/// [N, C] to [N, n, C].
static Value repeat_vector(Graph&, const Config& config, Value x) {
    expect_rank(x, 2, "[N, C]");
    const Dims dims = x.shape();
    return broadcast_to(reshape(x, {dims[0], 1, dims[1]}), {dims[0], config.integer("n"), dims[1]});
}

static constexpr auto reshape_schema =
    schema(key("target_shape", R"("type": "ints", "required": true, "min": -1)"));
static constexpr auto permute_schema =
    schema(key("dims", R"("type": "ints", "required": true, "min": 1)"));
static constexpr auto repeat_schema =
    schema(key("n", R"("type": "int", "required": true, "min": 1)"));

LAMINA_LAYER(Reshape, reshape_schema.text, "The same elements in another shape", reshape_layer)
LAMINA_LAYER(Permute, permute_schema.text, "Another order of the axes", permute)
LAMINA_LAYER(RepeatVector, repeat_schema.text, "A vector n times", repeat_vector)

} // namespace lamina::plugin
