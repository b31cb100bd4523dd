/// What the tiled products share: how a product is cut into tiles, steps and parts of its sum.
#pragma once

#include <array>

#include "kernels/epilogue.hpp"

namespace lamina::vulkan {

/// Which of shaders/gemm.glsl, gemm_unshared.glsl and gemm_cooperative.glsl a product runs by.
enum class ProductShader : uint8_t { shared, unshared, cooperative };

/// A shader's variants, in that order.
using ProductShaders = std::array<std::span<const uint32_t>, 3>;

/// 4 ra ty rows by 4 rb tx columns a workgroup of tx * ty threads.
struct Tile {
    uint32_t tx = 8, ty = 8;
    uint32_t ra = 1, rb = 1; // blocks of 4 by 4 a thread
    uint32_t step = 16;      // of k between barriers, or at a time

    constexpr uint32_t rows() const { return 4 * ra * ty; }
    constexpr uint32_t columns() const { return 4 * rb * tx; }
    constexpr uint32_t threads() const { return tx * ty; }
    uint32_t shared_bytes() const;
};

/// Which neighbours in memory a product's loads and stores find: specialisation constants 6 to 10.
struct Neighbours {
    bool a_along_k = true, b_along_k = false;
    bool a_quads = false, b_quads = false, y_quads = false; // aligned fours
};

/// [m, k] by [k, n], `batch` times.
struct Product {
    int64_t m = 1, n = 1, k = 1, batch = 1;

    double flops() const {
        return 2.0 * static_cast<double>(m * n) * static_cast<double>(k * batch);
    }
};

/// The tile and the number of parts of the sum that cost least by a model of the device, from the
/// shape alone.
struct GemmPlan {
    ProductShader shader = ProductShader::shared;
    Tile tile;
    int64_t splits = 1;       // parts of k, each of which gives a copy of the result to be joined
    int64_t part = 1;         // entries of k in one; a multiple of 4
    double seconds = 0;       // of the arithmetic, with joining
    CooperativeMatrix matrix; // of ProductShader::cooperative

    /// Throws where the device is not made for the shader: unshared is for those to whose shared
    /// memory it does not pay to copy, cooperative for those that were asked to, and for f16.
    static GemmPlan choose(const Limits&, ProductShader, const Product&, lm_dtype operands);
    /// Of f32, by shared or unshared, as suits the device. may_split: false where the caller has no
    /// workspace to join copies from.
    static GemmPlan choose(const Limits&, const Product&, bool may_split = true);

    /// Specialisation constants 0 to 10.
    std::vector<uint32_t> constants(const Neighbours&) const;
    Groups groups(const Step&, const Product&) const;
    /// Whether the result is written as it is to be, or as f32 copies, one for each part, to be
    /// joined: a thread writes whole words, and so no odd number of two-byte elements.
    bool is_direct(const Neighbours& n, lm_dtype result) const {
        return splits == 1 && (!is_half(result) || n.y_quads);
    }
    /// Of the copies.
    uint64_t copies_bytes(const Product&) const;
};

/// result[i] = epilogue(sum of the copies' i-th elements, which are f32); the channel of i is
/// i / channel_stride % channels.
struct Join {
    int64_t elements, copies;
    int64_t channels = 1, channel_stride = 1;
};
void dispatch_join(Step&, const Join&, const Epilogue&, Operand partial, Operand result);

} // namespace lamina::vulkan
