// Operators on the device under test against the double-precision reference backend.
#pragma once

#include "device.hpp"

namespace lamina::test {

BackendUnderTest& reference();

enum class Fill { integers, uniform, near_one };

Tensor random_tensor(plugin::Dims dims, uint64_t seed, Fill fill = Fill::uniform);
/// Integers from -4 to 4, made at once.
Tensor striped(plugin::Dims dims);

/// [n, spatial..., c] where channels are last, else [n, c, spatial...].
plugin::Dims activation(int64_t n, int64_t c, const plugin::Dims& spatial, bool last);

/// tolerance: of the largest magnitude; 0 wants the same bits. That of transforms is their own. The
/// same bits, too, on a second run.
void expect_same_by(BackendUnderTest&, const std::string& candidate, const NodeSpec&,
                    const std::vector<Tensor>& expected, double tolerance);
/// By every candidate.
void expect_same_on(BackendUnderTest&, const NodeSpec&, double tolerance);
/// On the device as it is and on the least.
void expect_same(const NodeSpec&, double tolerance);

} // namespace lamina::test
