/// Kernels that other plugins bring for this backend, as SPIR-V.
#pragma once

#include "kernel.hpp"

namespace lamina::vulkan {

/// Throws LM_INVALID_ARGUMENT where the table lacks what a SPIR-V kernel must have.
void check_foreign(const lm_kernel&);

/// The kernel's own estimate; throws its refusal.
lm_candidate describe_foreign(const lm_kernel&, const lm_host*, const Limits&, const Node&);

/// A dispatch for each of its passes, as abi.h says.
void build_foreign(const lm_kernel&, const lm_host*, Step&, const Node&);

} // namespace lamina::vulkan
