/// Shapes that tiles, vectors and workgroups get wrong, and those of the nets people train.
#pragma once

#include <vector>

#include "lamina/shape.hpp"

namespace lamina::conformance {

/// Nothing and one element; primes; one beside a power of two; batches of 1, 127, 128 and 129; and
/// activations of LeNet, VGG16 and InceptionV3 (channels_last, small batches).
inline const std::vector<Shape>& odd_shapes() {
    static const std::vector<Shape> shapes{
        // one dimension
        {},
        {1},
        {2},
        {3},
        {7},
        {13},
        {31},
        {64},
        {127},
        {128},
        {129},
        {251},
        {257},
        {1021},
        // matrices
        {1, 1},
        {1, 127},
        {127, 1},
        {3, 5},
        {128, 10},
        {129, 33},
        // more
        {3, 5, 7},
        {1, 1, 1, 1},
        {2, 1, 3, 1},
        {127, 2, 3},
        {2, 3, 2, 5, 3},
        // nets
        {1, 28, 28, 20}, // LeNet, its first convolution
        {2, 14, 14, 50}, // its second
        {3, 500},        // its dense layer
        {1, 14, 14, 64}, // VGG16, fewer channels
        {1, 4096},       // its dense layers
        {1, 17, 17, 48}, // InceptionV3
        {1, 8, 8, 80},
    };
    return shapes;
}

/// The shape with its channels moved from the last to the second place.
inline Shape channels_first(const Shape& last) {
    Shape shape{last[0], last.back()};
    for (size_t i = 1; i + 1 < last.rank(); ++i)
        shape.push_back(last[i]);
    return shape;
}

} // namespace lamina::conformance
