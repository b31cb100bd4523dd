#pragma once

// What a product or convolution does to its result before storing it.

#include <cstdint>

namespace lamina::cpu {

enum class Activation { none, relu, leaky_relu };

struct Epilogue {
    const float* bias = nullptr; ///< along the last dimension, or null
    Activation activation = Activation::none;
    float alpha = 0.0f; ///< leaky_relu's slope below zero
    /// The general case: an elementwise program over finished rows while they are in the cache.
    /// Rows are dense; first_row counts from the start of the tensor.
    void (*program)(const void* context, float* rows, std::int64_t first_row,
                    std::int64_t row_count, std::int64_t columns) = nullptr;
    const void* context = nullptr;
};

} // namespace lamina::cpu
