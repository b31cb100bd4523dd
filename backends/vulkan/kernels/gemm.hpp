/// What the tiled products share: the choice of the tile, and what may ride on a product.
#pragma once

#include <array>

#include "kernel.hpp"

namespace lamina::vulkan {

/// 4 ty rows by 4 tx columns a workgroup of tx * ty threads (shaders/gemm.glsl).
struct Tile {
    uint32_t tx = 8, ty = 8;

    uint32_t rows() const { return 4 * ty; }
    uint32_t columns() const { return 4 * tx; }
    Groups groups(int64_t m, int64_t n, int64_t z) const;
    /// The specialisation constants 0 to 4.
    std::vector<uint32_t> constants(bool a_along_k, bool b_along_k) const;
};

/// The tile that pads [m, n] least; of equals the largest.
Tile choose_tile(const Limits&, int64_t m, int64_t n);

/// Multiplications and additions that the tiles do, padding included.
double tiled_flops(Tile, int64_t m, int64_t n, int64_t k);

/// Specialisation constants ADD_BIAS and ACTIVATION of shaders/epilogue.glsl.
struct Epilogue {
    uint32_t add_bias = 0;
    uint32_t activation = 0;

    /// Of a node whose product has `channels` columns; first_extra: the input after the factors.
    /// channel_axis: the output's dimension that holds them. Throws what does not fit.
    static Epilogue of(const Node&, int64_t first_extra, int64_t channels, int64_t channel_axis);
};

} // namespace lamina::vulkan
