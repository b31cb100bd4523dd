// Every kernel of openblas for a node, against reference's.
#pragma once

#include <catch2/catch.hpp>

#include "openblas/kernels.hpp"

namespace lamina::test {

/// The largest difference over the largest value; integers and bools must be equal.
inline double difference(const Tensor& got, const Tensor& want) {
    if (want.dtype != LM_F32)
        return got.bytes == want.bytes ? 0.0 : 1.0;
    double scale = 1e-30, worst = 0.0;
    for (std::int64_t i = 0; i < want.size(); ++i) {
        const double a = double{got.data()[i]}, b = double{want.data()[i]};
        if (std::isnan(a) != std::isnan(b))
            return 1e30;
        if (std::isnan(b) || a == b) {
            scale = std::isfinite(b) ? std::max(scale, std::abs(b)) : scale;
            continue;
        }
        scale = std::max(scale, std::abs(b));
        worst = std::max(worst, std::abs(a - b));
    }
    return worst / scale;
}

/// Checks each kernel that takes the node: within `bound` of reference (Winograd, which
/// transforms: 100 times it, and at least 1e-4), the same bits for 1 and 3 threads.
inline void compare(const TestNode& node, double bound) {
    static const Library fast("openblas"), reference("reference");
    const auto& oracle = reference.kernels.at(node.op).front();
    host_threads() = 1;
    const auto want = run(*oracle, node);
    int accepted = 0;
    for (const lm_kernel* kernel : fast.kernels.at(node.op)) {
        std::string reason;
        if (!accepts(*kernel, node, reason)) {
            CHECK(!reason.empty());
            continue;
        }
        ++accepted;
        const bool transforms = std::string(kernel->name).starts_with("winograd");
        host_threads() = 1;
        const auto got = run(*kernel, node);
        host_threads() = 3;
        const auto again = run(*kernel, node);
        host_threads() = 1;
        for (std::size_t i = 0; i < want.size(); ++i) {
            INFO(node.op << " " << kernel->name << ", output " << i << ", input 0 "
                         << plugin::to_string(node.inputs.front().dims));
            CHECK(difference(got[i], want[i]) <=
                  (transforms ? std::max(1e-4, 100 * bound) : bound));
            CHECK(got[i].bytes == again[i].bytes);
        }
    }
    INFO(node.op << " " << plugin::to_string(node.inputs.front().dims));
    CHECK(accepted > 0);
}

} // namespace lamina::test
