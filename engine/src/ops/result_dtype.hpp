/// The attribute `result_dtype` of products and sums: "f32" where f16 or bf16 operands are to give
/// the sum as it was added up, "" for the operands' own dtype. lamina/plugin/shape_rules.hpp reads
/// it.
#pragma once

#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {

#define LAMINA_RESULT_DTYPE_SCHEMA                                                                 \
    R"("result_dtype": {"type": "string", "enum": ["", "f32"], "default": ""})"

/// What arrives at the result, as a gradient rule combines it with the operands.
inline Value dy_as_operand(const GradientContext& g) { return cast(g.dy(), g.x().dtype()); }

} // namespace lamina::plugin
