#include "kernels/parts.hpp"

#include "kernels/map_step.hpp"

namespace lamina::vulkan {

/// A copy of nothing, where the part may be bound as it is.
Parts::Copy Parts::stage(Operand whole, lm_dtype dtype, Range range) {
    const int64_t size = plugin::size_of(dtype);
    Copy c;
    c.dtype = dtype;
    c.original = part_of(step_.limits, whole, range.first, range.first + range.count - 1, size);
    if (c.original.ahead == 0)
        return c;
    c.elements = range.count;
    c.copy = step_.workspace(workspace_, static_cast<uint64_t>(range.count * size));
    workspace_ += aligned(step_.limits, c.copy.bytes);
    return c;
}

void Parts::fetch(const Copy& c) {
    const View to = dense_view(c.dtype, std::span(&c.elements, 1));
    View from = to;
    from.base = c.original.ahead;
    dispatch_map(step_, copy_map({c.elements}, from, to), {c.original.operand}, {c.copy});
}

Operand Parts::read(Operand whole, lm_dtype dtype, Range range) {
    const Copy c = stage(whole, dtype, range);
    if (c.elements == 0)
        return c.original.operand;
    fetch(c);
    return c.copy;
}

Operand Parts::write(Operand whole, lm_dtype dtype, Range range) {
    const Copy c = stage(whole, dtype, range);
    if (c.elements == 0)
        return c.original.operand;
    written_.push_back(c);
    return c.copy;
}

Operand Parts::update(Operand whole, lm_dtype dtype, Range range) {
    const size_t before = written_.size();
    const Operand part = write(whole, dtype, range);
    if (written_.size() > before)
        fetch(written_.back());
    return part;
}

void Parts::finish() {
    for (const Copy& c : written_) {
        const View from = dense_view(c.dtype, std::span(&c.elements, 1));
        View to = from;
        to.base = c.original.ahead;
        dispatch_map(step_, copy_map({c.elements}, from, to), {c.copy}, {c.original.operand});
    }
    written_.clear();
}

} // namespace lamina::vulkan
