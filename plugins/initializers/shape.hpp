/// The schema members that initializers share.
#pragma once

#include <algorithm>
#include <span>

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/nn.hpp"
#include "lamina/plugin/schema.hpp"

namespace lamina::plugin {

/// The engine passes the weight's shape.
inline constexpr auto shape_key = key("_shape", R"("type": "ints", "required": true)");
/// Keras's seed is accepted and not used: the engine's seed and the weight's name key the draw.
inline constexpr auto draw_keys =
    members(shape_key, key("seed", R"("type": "any", "nullable": true, "default": null)"));

} // namespace lamina::plugin
