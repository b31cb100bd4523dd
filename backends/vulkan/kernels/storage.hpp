/// How values lie in memory: the other half of shaders/storage.glsl. f16 and bf16 are two in a
/// word, and every kernel reads and writes words, so that no device needs 16-bit storage.
#pragma once

#include "kernel.hpp"

namespace lamina::vulkan {

inline bool is_half(lm_dtype dtype) { return dtype == LM_F16 || dtype == LM_BF16; }

/// The constant that says it to a shader.
inline uint32_t storage_of(lm_dtype dtype) {
    return dtype == LM_F16 ? 1 : dtype == LM_BF16 ? 2 : 0;
}

/// Threads of a line that STORE_LINE lets write so many elements.
inline int64_t line_threads(int64_t elements, lm_dtype dtype) {
    return is_half(dtype) ? (elements + 1) / 2 : elements;
}

/// Throws unless the node's operands and results are f32 or, of a product of f16 or bf16, that.
inline void require_product_dtypes(const Node& node) {
    const lm_dtype dtype = node.input(0).dtype();
    require_dtypes(node, {LM_F32, is_half(dtype) ? dtype : lm_dtype{LM_F32}});
}

/// Throws unless the node's operands and results are f32, or all f16, or all bf16.
inline void require_stored_alike(const Node& node) {
    const lm_dtype dtype = node.input(0).dtype();
    require_dtypes(node, {is_half(dtype) ? dtype : lm_dtype{LM_F32}});
}

} // namespace lamina::vulkan
