/// A map that binds more buffers than a device takes, as several that bind fewer: the same
/// instructions in another order, over temporaries that keep every bit.
#pragma once

#include "codegen/map.hpp"

namespace lamina::vulkan {

/// A buffer of a pass: one of the map's, or a temporary, dense over the space.
struct PassBuffer {
    enum class Kind : uint8_t { input, output, temporary };
    Kind kind = Kind::input;
    size_t index = 0;
    lm_dtype dtype = LM_F32; // of a temporary's elements

    bool operator==(const PassBuffer&) const = default;
};

struct Pass {
    std::vector<PassBuffer> inputs, outputs;
    plugin::Expression expression;
    std::vector<int64_t> results; // of each output: the instruction
};

struct Passes {
    std::vector<Pass> list;
    std::vector<int64_t> temporaries; // bytes an element of each
};

/// most: buffers of one pass, at least 4, which are what any instruction takes. An output is first
/// written when no input is read any more in later passes, so that it may lie where an input does.
Passes cut_into_passes(const Map&, size_t most);

} // namespace lamina::vulkan
