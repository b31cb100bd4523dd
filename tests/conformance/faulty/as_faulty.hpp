// Included before each of the reference's kernels, so that they register for the backend `faulty`.
#pragma once

#include "lamina/plugin/kernel.hpp"

#undef LAMINA_KERNEL
#define LAMINA_KERNEL(id, backend, op, name, priority, Class)                                      \
    static constexpr lm_kernel LAMINA_CONCAT(lamina_kernel_, id) =                                 \
        ::lamina::plugin::kernel_table<Class>("faulty", op, name, priority);                       \
    LAMINA_REGISTER(id, "kernel", op "/faulty/" name, &LAMINA_CONCAT(lamina_kernel_, id))
