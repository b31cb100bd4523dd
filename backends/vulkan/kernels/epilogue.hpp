/// The attribute `epilogue` of products and convolutions: what rides on the product, and what needs
/// a pass of its own over the result.
#pragma once

#include "codegen/map.hpp"
#include "kernels/storage.hpp"

namespace lamina::vulkan {

struct Epilogue {
    // What rides: specialisation constants ADD_BIAS, ACTIVATION and RESULT of
    // shaders/epilogue.glsl.
    uint32_t add_bias = 0;
    uint32_t activation = 0;
    lm_dtype result = LM_F32; // what the product is stored as
    /// Bytes that what does not ride takes at the start of the workspace, when the product is done.
    uint64_t temporaries = 0;

    /// Of a node whose result has `channels` along channel_axis. first_extra: the input after the
    /// factors. A bias for each channel and relu, sigmoid or tanh ride; any other program that
    /// keeps the product's dtype runs over the result.
    static Epilogue of(const Limits&, const Node&, int64_t first_extra, int64_t channels,
                       int64_t channel_axis);

    /// The three constants.
    std::vector<uint32_t> constants() const { return {add_bias, activation, storage_of(result)}; }
    /// The bias, or a stand-in to be bound in its place.
    Operand bias(const Step&, Operand otherwise) const;
    /// Time of what does not ride.
    double seconds(const Limits&, const Node&) const;
    /// Adds the dispatch of what does not ride, over the step's output.
    void finish(Step&, const Node&) const;

  private:
    bool match(const Node&, int64_t channels, int64_t channel_axis);
    Map pass(const Node&) const; // of what does not ride

    size_t first_extra_ = 2;
    std::string rest_;
};

} // namespace lamina::vulkan
