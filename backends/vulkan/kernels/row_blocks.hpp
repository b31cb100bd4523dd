/// Kernels that compute one result, or one row, from each row of a tensor [outer, C, inner] along
/// C: in blocks whose operands fit bindings.
#pragma once

#include <functional>

#include "codegen/map.hpp"
#include "kernels/samples.hpp"

namespace lamina::vulkan {

/// A block's operands.
class RowBlock {
  public:
    /// Where the kernel sees [outer, C, inner].
    int64_t outer = 1, inner = 1;
    int64_t rows() const { return outer * inner; }

    /// Of a tensor [outer, C, inner] of f32.
    Operand read(Operand whole);
    Operand write(Operand whole);
    /// Of a tensor of as many results for each row, [outer, inner] where that is one.
    Operand write_results(Operand whole, lm_dtype);

  private:
    friend class RowBlocks;
    RowBlock(Step& step, uint64_t workspace) : step_(step), parts_(step, workspace) {}
    void finish();

    struct Columns {
        Operand copy, original;
    };
    Columns columns(Operand whole);

    Step& step_;
    Parts parts_;
    const Samples* samples_ = nullptr;
    int64_t first_outer_ = 0;
    // Where inner is cut: columns from first_inner_ on, which copies in the workspace stand for.
    int64_t c_ = 1, whole_inner_ = 1, first_inner_ = 0;
    uint64_t workspace_ = 0;
    std::vector<Columns> written_;

    bool cuts_inner() const { return inner < whole_inner_; }
    Map copy(bool back) const;
};

class RowBlocks {
  public:
    /// row_bytes: of one row of each operand, C elements or results. Throws where a row does not
    /// fit a binding.
    RowBlocks(const Limits&, int64_t outer, int64_t c, int64_t inner,
              std::initializer_list<int64_t> row_bytes);

    /// From the workspace's start.
    uint64_t workspace_bytes() const { return workspace_bytes_; }
    int64_t count() const;
    void for_each(Step&, const std::function<void(RowBlock&)>&) const;

  private:
    int64_t outer_, c_, inner_;
    int64_t columns_; // of inner at once
    Samples samples_; // of outer, where all of inner fits
    uint64_t workspace_bytes_ = 0;
};

} // namespace lamina::vulkan
