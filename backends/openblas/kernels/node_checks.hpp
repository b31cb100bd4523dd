#pragma once

// What kernels ask of a node before they take it.

#include <string>

#include "compute/host.hpp"
#include "lamina/plugin/kernel.hpp"

namespace lamina::cpu {

/// Refuses a node whose first `inputs` inputs or whose outputs are not f32.
inline void expect_f32(const plugin::Node& node, std::int64_t inputs) {
    const auto check = [](const plugin::TensorView& t) {
        if (t.dtype() != LM_F32)
            plugin::unsupported("it computes in f32, not in " +
                                std::string(plugin::dtype_name(t.dtype())));
    };
    for (std::int64_t i = 0; i < inputs; ++i)
        check(node.input(i));
    for (std::int64_t i = 0; i < node.n_outputs(); ++i)
        check(node.output(i));
}

/// Threads that scratch memory is planned for.
inline std::int64_t planned_workers() { return plugin::host()->threads(); }

} // namespace lamina::cpu
