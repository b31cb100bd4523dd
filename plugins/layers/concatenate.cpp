#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// All dimensions but the one along `axis` agree.
static Value concatenate(Graph&, const Config& config, const Values& inputs) {
    if (inputs.size() < 2)
        invalid("expected at least 2 inputs, got " + std::to_string(inputs.size()));
    const int64_t axis = normalize_axis(config.integer("axis"), inputs[0]);
    if (axis == 0)
        invalid("axis 0 is the batch, which cannot be concatenated");
    return concat(inputs, axis);
}

LAMINA_LAYER(Concatenate, R"({"axis": {"type": "int", "default": -1}})",
             "Its inputs one after another along the axis", concatenate)

} // namespace lamina::plugin
