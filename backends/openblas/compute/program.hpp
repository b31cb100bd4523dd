#pragma once

// Elementwise programs (lamina/plugin/expression.hpp), interpreted a block at a time: every
// instruction runs over a few hundred elements that stay in the first cache level, so that a fused
// cluster costs one trip through memory.
//
// Where all values are f32 or bool, and inputs may be u8, instructions are vectorised (a bool is 0
// or 1 in a float); other types go through double and int64, an element at a time.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "compute/parallel.hpp"
#include "lamina/plugin/expression.hpp"

namespace lamina::cpu {

/// How an input is read along the flattened output.
enum class Access {
    full,     ///< element for element
    scalar,   ///< one value
    periodic, ///< over and over: broadcast along leading dimensions only
    general,  ///< by strides
};

struct ProgramInput {
    lm_dtype dtype;
    Access access;
    std::int64_t period = 1;           ///< of a periodic input
    std::vector<std::int64_t> strides; ///< of a general one, by output dimension
};

/// A dtype and a shape.
using ProgramType = plugin::TensorType;

class Program {
  public:
    /// outputs: the instructions whose results are written, in order.
    Program(const plugin::Expression& expression, std::span<const ProgramType> inputs,
            std::span<const std::int64_t> outputs, const std::vector<std::int64_t>& shape);

    void run(const void* const* inputs, void* const* outputs, const Parallel& parallel) const;
    /// Elements [begin, end) of the flattened output, on this thread. Pointers are the tensors'.
    void run_range(const void* const* inputs, void* const* outputs, std::int64_t begin,
                   std::int64_t end) const;

    /// Bit i: output 0 may be written where input i is read.
    std::uint64_t in_place() const;
    /// Estimated seconds on one thread.
    double seconds() const;
    std::int64_t size() const { return size_; }

    static constexpr std::int64_t max_arity = 3;
    enum class Source : std::uint8_t { input, slot };
    struct Operand {
        Source source;
        std::int32_t index;
        lm_dtype dtype;
    };
    struct Step {
        plugin::Element op;
        lm_dtype dtype; ///< of the result
        std::int32_t slot;
        std::array<Operand, max_arity> operands;
        int arity;
    };
    struct Constant {
        std::int32_t slot;
        float value;
        lm_dtype dtype;
    };
    struct Output {
        std::int32_t step;
        lm_dtype dtype;
    };

    const std::vector<ProgramInput>& inputs() const { return inputs_; }
    const std::vector<Step>& steps() const { return steps_; }
    const std::vector<Constant>& constants() const { return constants_; }
    const std::vector<Output>& outputs() const { return outputs_; }
    const std::vector<std::int32_t>& input_slots() const { return input_slots_; }
    const std::vector<std::int64_t>& shape() const { return shape_; }
    std::int32_t slots() const { return slots_; }
    bool vectorised() const { return vectorised_; }

  private:
    std::vector<std::int64_t> shape_;
    std::int64_t size_ = 1;
    std::vector<ProgramInput> inputs_;
    std::vector<std::int32_t> input_slots_; ///< where an input is unpacked to, or -1
    std::vector<Step> steps_;
    std::vector<Constant> constants_;
    std::vector<Output> outputs_;
    std::int32_t slots_ = 0;
    bool vectorised_ = true;
};

/// Copies elements [begin, begin + count) of an input, as the output's index sees it, into `to`.
/// T is the input's own element type.
template <class T>
void read_general(const ProgramInput& input, std::span<const std::int64_t> shape, const T* data,
                  std::int64_t begin, std::int64_t count, T* to) {
    std::array<std::int64_t, 16> index{};
    std::int64_t offset = 0, left = begin;
    for (std::size_t d = shape.size(); d-- > 0;) {
        index[d] = left % shape[d];
        left /= shape[d];
        offset += index[d] * input.strides[d];
    }
    const std::size_t last = shape.size() - 1;
    for (std::int64_t i = 0; i < count;) {
        const std::int64_t stride = input.strides[last];
        const std::int64_t row = std::min(count - i, shape[last] - index[last]);
        if (stride == 0)
            std::fill(to + i, to + i + row, data[offset]);
        else
            for (std::int64_t j = 0; j < row; ++j)
                to[i + j] = data[offset + j * stride];
        i += row;
        offset += row * stride;
        index[last] += row;
        for (std::size_t d = last; d > 0 && index[d] == shape[d]; --d) {
            offset += input.strides[d - 1] - shape[d] * input.strides[d];
            index[d] = 0;
            ++index[d - 1];
        }
    }
}

} // namespace lamina::cpu
