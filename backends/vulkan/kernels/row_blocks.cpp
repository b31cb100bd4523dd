#include "kernels/row_blocks.hpp"

#include <algorithm>

#include "kernels/map_step.hpp"

namespace lamina::vulkan {

namespace {

// Copies of columns are made of so many bytes at a time.
constexpr int64_t kCopyBytes = int64_t{32} << 20;

} // namespace

/// Between [C, columns] in the workspace and the same columns of the tensor.
Map RowBlock::copy(bool back) const {
    const std::vector<int64_t> space{c_, inner};
    const View dense = dense_view(LM_F32, space);
    View strided = dense;
    strided.base = first_outer_ * c_ * whole_inner_ + first_inner_;
    strided.strides = {whole_inner_, 1};
    return back ? copy_map(space, dense, strided) : copy_map(space, strided, dense);
}

RowBlock::Columns RowBlock::columns(Operand whole) {
    const auto bytes = static_cast<uint64_t>(c_ * inner) * sizeof(float);
    const Columns c{step_.workspace(workspace_, bytes), whole};
    workspace_ += aligned(step_.limits, bytes);
    return c;
}

Operand RowBlock::read(Operand whole) {
    if (!cuts_inner())
        return parts_.read(whole, LM_F32, samples_->range(whole, LM_F32, first_outer_));
    const Columns c = columns(whole);
    dispatch_map(step_, copy(false), {whole}, {c.copy});
    return c.copy;
}

Operand RowBlock::write(Operand whole) {
    if (!cuts_inner())
        return parts_.write(whole, LM_F32, samples_->range(whole, LM_F32, first_outer_));
    written_.push_back(columns(whole));
    return written_.back().copy;
}

Operand RowBlock::write_results(Operand whole, lm_dtype dtype) {
    const Range range = cuts_inner() ? Range{first_outer_ * whole_inner_ + first_inner_, inner}
                                     : samples_->range(whole, dtype, first_outer_);
    return parts_.write(whole, dtype, range);
}

void RowBlock::finish() {
    for (const Columns& c : written_)
        dispatch_map(step_, copy(true), {c.copy}, {c.original});
    parts_.finish();
}

RowBlocks::RowBlocks(const Limits& limits, int64_t outer, int64_t c, int64_t inner,
                     std::initializer_list<int64_t> row_bytes)
    : outer_(outer), c_(c), inner_(inner), columns_(inner) {
    const auto room = static_cast<int64_t>(limits.max_range - limits.alignment);
    const int64_t widest = std::max<int64_t>(std::max(row_bytes), 1);
    if (widest > room)
        plugin::unsupported("a row of " + std::to_string(widest) +
                            " bytes is beyond the device's storage range of " +
                            std::to_string(limits.max_range) + " bytes");
    if (outer * inner * widest <= static_cast<int64_t>(limits.max_range)) {
        samples_ = {outer, std::max<int64_t>(outer, 1), 0};
    } else if (inner * widest <= room) {
        std::vector<int64_t> bytes;
        for (const int64_t row : row_bytes)
            bytes.push_back(row * outer * inner);
        samples_ = Samples::of(limits, outer, bytes);
        workspace_bytes_ = samples_.staging_bytes;
    } else {
        columns_ = std::max<int64_t>(std::min(room, kCopyBytes) / widest, 1);
        for (const int64_t row : row_bytes) // copies of columns, and of results that begin anywhere
            workspace_bytes_ += 2 * aligned(limits, static_cast<uint64_t>(columns_ * row));
    }
}

int64_t RowBlocks::count() const {
    return columns_ == inner_ ? samples_.chunks() : outer_ * ((inner_ + columns_ - 1) / columns_);
}

void RowBlocks::for_each(Step& step, const std::function<void(RowBlock&)>& compute) const {
    const bool cut = columns_ < inner_;
    const int64_t at_once = cut ? 1 : samples_.at_once;
    for (int64_t o = 0; o < outer_; o += at_once)
        for (int64_t i = 0; i < inner_; i += columns_) {
            // Copies of columns come first, copies of results behind them.
            RowBlock block(step, cut ? workspace_bytes_ / 2 : 0);
            block.samples_ = &samples_;
            block.c_ = c_;
            block.whole_inner_ = inner_;
            block.first_outer_ = o;
            block.first_inner_ = i;
            block.outer = cut ? 1 : samples_.count(o);
            block.inner = std::min(columns_, inner_ - i);
            compute(block);
            block.finish();
        }
}

} // namespace lamina::vulkan
