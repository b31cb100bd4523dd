/// Values of any dtype during an elementwise program, and the operators on them.
#pragma once

#include <array>
#include <span>

#include "codegen/values.hpp"
#include "lamina/plugin/expression.hpp"

namespace lamina::vulkan::spirv {

/// How a dtype lives in registers. f16 and bf16 are computed as f32; i64 and f64 are two words,
/// low first, and of f64 only copies are made.
enum class Form : uint8_t { f32, i32, u8, boolean, pair };

Form form_of(lm_dtype);

struct Element {
    lm_dtype dtype = LM_F32;
    Id id = 0;
    Id high = 0; // of a pair
};

/// The element of `buffer` at this index.
Element load(Module&, Id buffer, Uint index, lm_dtype);
/// One element of 4 or 8 bytes.
void store(Module&, Id buffer, Uint index, Element);
/// A word of elements of 1 or 2 bytes.
Uint pack(Module&, std::span<const Element>);

Element constant(Module&, double value, lm_dtype);
Element cast(Module&, Element, lm_dtype);
Element choose(Module&, Bool, Element, Element);
/// Operands have the dtypes that the operator takes; result: what it gives.
Element apply(Module&, plugin::Element op, std::span<const Element> args, lm_dtype result);

/// False where apply has no such arithmetic.
bool can_apply(plugin::Element op, std::span<const lm_dtype> args, lm_dtype result);

} // namespace lamina::vulkan::spirv
