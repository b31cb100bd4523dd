#include "lamina/precision.hpp"

#include <fmt/format.h>

#include "lamina/error.hpp"

namespace lamina {

Precision parse_precision(std::string_view text) {
    if (text == "float32")
        return Precision::Float32;
    if (text == "mixed" || text == "mixed_float16")
        return Precision::Mixed;
    if (text == "mixed_bfloat16")
        return Precision::MixedBfloat16;
    throw UsageError(fmt::format(
        "--precision must be float32, mixed (float16) or mixed_bfloat16, got {}", text));
}

std::string name(Precision precision) {
    switch (precision) {
    case Precision::Float32:
        return "float32";
    case Precision::Mixed:
        return "mixed";
    default:
        return "mixed_bfloat16";
    }
}

} // namespace lamina
