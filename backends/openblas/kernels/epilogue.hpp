#pragma once

// The attribute `epilogue` of products and convolutions, as far as possible applied while the
// result is still in registers or in the cache.

#include <memory>
#include <vector>

#include "compute/epilogue.hpp"
#include "compute/program.hpp"
#include "lamina/plugin/kernel.hpp"

namespace lamina::cpu {

class NodeEpilogue {
  public:
    /// own: inputs that are the product's; the epilogue's follow.
    NodeEpilogue(const plugin::Node& node, std::int64_t own);

    /// What the tiles apply: a bias along the last dimension and relu; nothing unless `native`.
    Epilogue in_tiles(const plugin::Args& args, bool native) const;
    /// Is there anything that the tiles do not do?
    bool needs_pass(bool native) const { return program_ != nullptr && !(native && native_); }
    /// Applies the whole program to the finished result.
    void pass(const plugin::Args& args, const Parallel& parallel) const;
    double seconds() const { return program_ == nullptr || native_ ? 0.0 : program_->seconds(); }

    /// The program on finished rows; lives as long as the call.
    struct Rows {
        const Program* program;
        std::vector<const void*> inputs;
        void* output;
    };
    std::unique_ptr<Rows> rows(const plugin::Args& args) const;
    static void run_rows(const void* context, float* rows, std::int64_t first_row,
                         std::int64_t row_count, std::int64_t columns);

  private:
    std::int64_t own_;
    std::int64_t inputs_;
    std::shared_ptr<const Program> program_;
    bool native_ = false;
    std::int64_t bias_ = -1; ///< the input that is the bias
    Activation activation_ = Activation::none;
};

} // namespace lamina::cpu
