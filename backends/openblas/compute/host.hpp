#pragma once

// The engine's threads as a Parallel.

#include "compute/parallel.hpp"
#include "lamina/plugin/abi.h"

namespace lamina::cpu {

/// `workers`: as many as the workspace was planned for; the engine may lend fewer.
inline Parallel parallel_of(const lm_host* host, std::int64_t workers) {
    return Parallel(
        workers,
        [](void* pool, std::int64_t count, Parallel::Body body, void* context) {
            struct Call {
                Parallel::Body body;
                void* context;
            } call{body, context};
            static_cast<const lm_host*>(pool)->parallel_for(
                count, 1,
                [](void* c, std::int64_t begin, std::int64_t end) {
                    const auto& made = *static_cast<const Call*>(c);
                    for (std::int64_t worker = begin; worker < end; ++worker)
                        made.body(made.context, worker);
                },
                &call);
        },
        const_cast<lm_host*>(host));
}

} // namespace lamina::cpu
