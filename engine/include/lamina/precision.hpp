/// In what type a model's values are stored.
#pragma once

#include <string>
#include <string_view>

#include "lamina/export.hpp"

namespace lamina {

/// Mixed: convolutions and products take and give float16 and add up in float32; so do pools,
/// activations and movements between them. Variables, normalisation, softmax, losses, reductions
/// and updates are float32, and the loss is scaled. MixedBfloat16: the same with
/// bfloat16, which has float32's range and needs no scaling.
enum class Precision { Float32, Mixed, MixedBfloat16 };

/// "float32", "mixed", "mixed_bfloat16"; Keras's "mixed_float16" is "mixed".
/// Throws UsageError for anything else.
LAMINA_API Precision parse_precision(std::string_view text);
LAMINA_API std::string name(Precision precision);

} // namespace lamina
