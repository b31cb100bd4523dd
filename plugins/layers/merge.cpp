/// Layers of several inputs, element by element: Add, Subtract, Multiply, Average, Maximum,
/// Minimum.
#include <algorithm>

#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// Inputs of fewer axes get axes of 1 behind the batch, as in Keras.
static Values aligned(const Values& inputs) {
    if (inputs.size() < 2)
        invalid("expected at least 2 inputs, got " + std::to_string(inputs.size()));
    int64_t rank = 0;
    for (const Value& x : inputs)
        rank = std::max(rank, x.rank());
    Values values;
    for (const Value& x : inputs) {
        const Dims dims = x.shape();
        Dims shape{dims.at(0)};
        shape.insert(shape.end(), static_cast<size_t>(rank - x.rank()), 1);
        shape.insert(shape.end(), dims.begin() + 1, dims.end());
        values.push_back(shape == dims ? x : reshape(x, shape));
    }
    return values;
}

/// operation(...operation(operation(x0, x1), x2)...).
template <class Operation>
static Value fold(const Values& inputs, Operation operation) {
    const Values values = aligned(inputs);
    Value result = values[0];
    for (size_t i = 1; i < values.size(); ++i)
        result = operation(result, values[i]);
    return result;
}

static Value sum_of(const Values& inputs) {
    return fold(inputs, [](Value a, Value b) { return a + b; });
}
static Value add_layer(Graph&, const Config&, const Values& inputs) { return sum_of(inputs); }
static Value average_layer(Graph&, const Config&, const Values& inputs) {
    return sum_of(inputs) / static_cast<double>(inputs.size());
}
static Value subtract_layer(Graph&, const Config&, Value a, Value b) {
    return fold({a, b}, [](Value x, Value y) { return x - y; });
}
static Value multiply_layer(Graph&, const Config&, const Values& inputs) {
    return fold(inputs, [](Value a, Value b) { return a * b; });
}
static Value maximum_layer(Graph&, const Config&, const Values& inputs) {
    return fold(inputs, [](Value a, Value b) { return maximum(a, b); });
}
static Value minimum_layer(Graph&, const Config&, const Values& inputs) {
    return fold(inputs, [](Value a, Value b) { return minimum(a, b); });
}

LAMINA_LAYER(Add, "{}", "The sum of its inputs", add_layer)
LAMINA_LAYER(Average, "{}", "The mean of its inputs", average_layer)
LAMINA_LAYER(Subtract, "{}", "The first input minus the second", subtract_layer)
LAMINA_LAYER(Multiply, "{}", "The product of its inputs", multiply_layer)
LAMINA_LAYER(Maximum, "{}", "The largest of its inputs", maximum_layer)
LAMINA_LAYER(Minimum, "{}", "The smallest of its inputs", minimum_layer)

} // namespace lamina::plugin
