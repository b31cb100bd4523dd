/// Operators that look places up: gather, scatter_add, one_hot.

#include <algorithm>
#include <bit>

#include "kernels/map_step.hpp"
#include "kernels/storage.hpp"
#include "shaders/gather.hpp"
#include "shaders/one_hot.hpp"
#include "shaders/scatter_add.hpp"
#include "shaders/scatter_add_i64.hpp"
#include "shaders/scatter_add_integer.hpp"

namespace lamina::vulkan {

namespace {

uint32_t index_words(const plugin::TensorView& indices) {
    if (indices.dtype() != LM_I32 && indices.dtype() != LM_I64)
        plugin::unsupported(std::string("indices of ") + plugin::dtype_name(indices.dtype()));
    return indices.dtype() == LM_I64 ? 2 : 1;
}

/// The dims of [A..., D, B...] as three numbers.
struct Along {
    int64_t outer, extent, inner;

    Along(std::span<const int64_t> dims, int64_t axis) {
        const auto at =
            static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
        outer = plugin::elements(dims.first(at));
        extent = dims[at];
        inner = plugin::elements(dims.subspan(at + 1));
    }
};

/// [outer, count, inner], one slice for each index, and [outer, extent, inner], from or to which
/// they are looked up: in blocks of which each part fits a binding.
struct Lookup {
    int64_t outer, count, extent, inner;
    int64_t at_once;      // of outer, with all slices and the whole extent; 0: one, in parts
    int64_t slices, rows; // of count and of extent at once

    Lookup(const Limits& limits, const Along& along, const plugin::TensorView& indices,
           int64_t size)
        : outer(along.outer), count(indices.elements()), extent(along.extent), inner(along.inner) {
        const auto room = static_cast<int64_t>(limits.max_range - limits.alignment);
        const auto fit = [&](int64_t bytes) { return bytes > 0 ? room / bytes : INT64_MAX; };
        const int64_t index = 4 * static_cast<int64_t>(index_words(indices));
        at_once = std::min({fit(count * inner * size), fit(extent * inner * size), outer});
        slices = count;
        rows = extent;
        if (count > fit(index))
            at_once = 0;
        if (at_once > 0 || outer == 0 || count == 0 || extent == 0)
            return;
        slices = std::min({fit(inner * size), fit(index), count});
        rows = std::min(fit(inner * size), extent);
        if (slices == 0 || rows == 0)
            plugin::unsupported("a slice of " + std::to_string(inner * size) +
                                " bytes is beyond the device's storage range of " +
                                std::to_string(limits.max_range) + " bytes");
    }

    struct Block {
        int64_t outer, outers;  // of outer
        int64_t index, indices; // of count
        int64_t row, rows;      // of extent
    };
    /// by_rows: parts of the extent are in the outer loop.
    std::vector<Block> blocks(bool by_rows) const {
        std::vector<Block> list;
        const int64_t step = std::max<int64_t>(at_once, 1);
        const int64_t outside = by_rows ? extent : count, outside_step = by_rows ? rows : slices;
        const int64_t inside = by_rows ? count : extent, inside_step = by_rows ? slices : rows;
        for (int64_t a = 0; a < outer; a += step)
            for (int64_t o = 0; o < outside; o += outside_step)
                for (int64_t i = 0; i < inside; i += inside_step) {
                    const int64_t os = std::min(outside_step, outside - o),
                                  is = std::min(inside_step, inside - i);
                    const int64_t as = std::min(step, outer - a);
                    list.push_back(by_rows ? Block{a, as, i, is, o, os}
                                           : Block{a, as, o, os, i, is});
                }
        return list;
    }
    /// Elements of [outer, count, inner].
    int64_t first_of_slices(const Block& b) const { return (b.outer * count + b.index) * inner; }
    int64_t slice_elements(const Block& b) const {
        return ((b.outers - 1) * count + b.indices) * inner;
    }
    /// And of [outer, extent, inner].
    int64_t first_of_rows(const Block& b) const { return (b.outer * extent + b.row) * inner; }
    int64_t row_elements(const Block& b) const {
        return ((b.outers - 1) * extent + b.rows) * inner;
    }
};

Part part_from(const Limits& limits, Operand whole, int64_t first, int64_t count, int64_t size) {
    return part_of(limits, whole, first, first + count - 1, size);
}

/// One thread a word of the elements [first, first + count) of y (shaders/elements.glsl).
Groups word_groups(const Step& step, int64_t first, int64_t count, int64_t size) {
    const int64_t per_word = std::max<int64_t>(4 / size, 1);
    const int64_t words = (first + count - 1) / per_word - first / per_word + 1;
    const int64_t group = line_workgroup(step.limits);
    return step.linear(static_cast<uint64_t>((words + group - 1) / group));
}

struct Gather {
    static Lookup lookup(const Limits& limits, const Node& node) {
        return {limits, Along(node.input(0).dims(), node.integer("axis")), node.input(1),
                plugin::size_of(node.output().dtype())};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        lookup(limits, node);
        return {streaming_seconds(limits, node), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const Lookup l = lookup(step.limits, node);
        const int64_t size = plugin::size_of(node.output().dtype());
        const uint32_t words = index_words(node.input(1));
        if (node.output().elements() == 0 || l.extent == 0)
            return;
        for (const Lookup::Block& b : l.blocks(false)) {
            const int64_t first = l.first_of_slices(b), count = l.slice_elements(b);
            const int64_t from = l.first_of_rows(b);
            const Part y = part_from(step.limits, step.out(), first, count, size);
            const Part x = part_from(step.limits, step.in(0), from, l.row_elements(b), size);
            const Part i = part_from(step.limits, step.in(1), b.index, b.indices, 4 * words);
            step.dispatch(spirv::gather, {line_workgroup(step.limits), words, word(size)},
                          {word(first), word(count), word(first - y.ahead), word(b.index - i.ahead),
                           word(l.count), word(l.extent), word(l.inner), word(from - x.ahead),
                           word(b.row), word(b.row + b.rows)},
                          {reads(i.operand), reads(x.operand), updates(y.operand)},
                          word_groups(step, first, count, size));
        }
    }
};
LAMINA_VULKAN_KERNEL(gather, "gather", "lookup", 10, Gather)

/// Where the updates come in parts, sums of f16 and bf16 are kept in f32 until they are whole.
struct ScatterAdd {
    static Lookup lookup(const Limits& limits, const Node& node) {
        // Four bytes of what may be kept so.
        return {limits, Along(node.output().dims(), node.integer("axis")), node.input(0),
                std::max<int64_t>(plugin::size_of(node.output().dtype()), 4)};
    }
    static bool keeps_sums(const Lookup& l, lm_dtype dtype) {
        return is_half(dtype) && l.slices < l.count;
    }
    static uint64_t sum_bytes(const Lookup& l) {
        return static_cast<uint64_t>(l.row_elements({0, 1, 0, 0, 0, l.rows})) * sizeof(float);
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const lm_dtype dtype = node.output().dtype();
        const Lookup l = lookup(limits, node);
        if (dtype == LM_F64)
            plugin::unsupported("scatter_add of f64: shaders compute in f32");
        const auto count = static_cast<double>(node.input(0).elements());
        return {streaming_seconds(limits, node, 2 * count), keeps_sums(l, dtype) ? sum_bytes(l) : 0,
                0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const Lookup l = lookup(step.limits, node);
        const lm_dtype dtype = node.output().dtype();
        const bool sums = keeps_sums(l, dtype);
        if (node.output().elements() == 0)
            return;
        for (const Lookup::Block& b : l.blocks(true)) {
            if (!sums) {
                add(step, node, l, b, step.out(), dtype, 0);
                continue;
            }
            const int64_t first = l.first_of_rows(b), count = l.row_elements(b);
            const Operand sum = step.workspace(0, static_cast<uint64_t>(count) * sizeof(float));
            add(step, node, l, b, sum, LM_F32, first);
            if (b.index + b.indices == l.count)
                store(step, node, sum, first, count);
        }
    }

  private:
    static std::span<const uint32_t> shader(lm_dtype dtype) {
        if (dtype == LM_I64)
            return spirv::scatter_add_i64;
        if (dtype == LM_F32 || is_half(dtype))
            return spirv::scatter_add;
        return spirv::scatter_add_integer;
    }
    /// whole_y: the elements of [outer, extent, inner] from y_first on, stored in this dtype.
    static void add(Step& step, const Node& node, const Lookup& l, const Lookup::Block& b,
                    Operand whole_y, lm_dtype dtype, int64_t y_first) {
        const lm_dtype of_updates = node.input(1).dtype();
        const int64_t size = plugin::size_of(dtype);
        const int64_t first = l.first_of_rows(b), count = l.row_elements(b);
        const int64_t from = l.first_of_slices(b);
        const uint32_t words = index_words(node.input(0));
        const Part y = part_from(step.limits, whole_y, first - y_first, count, size);
        const Part updates_part = part_from(step.limits, step.in(1), from, l.slice_elements(b),
                                            plugin::size_of(of_updates));
        const Part i = part_from(step.limits, step.in(0), b.index, b.indices, 4 * words);
        const uint32_t kind = dtype == LM_BOOL ? 1 : storage_of(dtype);
        step.dispatch(
            shader(dtype),
            {line_workgroup(step.limits), words, word(size), kind, storage_of(of_updates)},
            {word(first), word(count), word(first - y.ahead), word(b.index - i.ahead),
             word(l.count), word(l.extent), word(l.inner), word(from - updates_part.ahead),
             word(b.index), word(b.index + b.indices)},
            {reads(i.operand), reads(updates_part.operand), updates(y.operand)},
            word_groups(step, first, count, size));
    }
    /// Rounds whole sums to where they belong.
    static void store(Step& step, const Node& node, Operand sum, int64_t first, int64_t count) {
        const lm_dtype dtype = node.output().dtype();
        Map map;
        map.space = {count};
        map.inputs = {dense_view(LM_F32, map.space)};
        map.outputs = {dense_view(dtype, map.space)};
        map.outputs[0].base = first;
        map.expression =
            plugin::Expression::parse(std::string("cast_") + plugin::dtype_name(dtype) + " i0");
        map.results = {0};
        dispatch_map(step, std::move(map), {sum}, {step.out()});
    }
};
LAMINA_VULKAN_KERNEL(scatter_add, "scatter_add", "search", 10, ScatterAdd)

struct OneHot {
    static Plan describe(const Limits& limits, const Node& node) {
        index_words(node.input(0));
        return {streaming_seconds(limits, node), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const lm_dtype dtype = node.output().dtype();
        const int64_t size = plugin::size_of(dtype), depth = node.integer("depth");
        const uint32_t words = index_words(node.input(0));
        const int64_t elements = node.output().elements();
        // No more of y at once than fits, and reads indices that fit.
        const auto room = static_cast<int64_t>(step.limits.max_range - step.limits.alignment);
        const int64_t at_once =
            std::min(room / size, (room / (4 * words) - 1) * std::min(depth, room));
        for (int64_t first = 0; first < elements; first += at_once) {
            const int64_t count = std::min(at_once, elements - first);
            const int64_t index = first / depth, indices = (first + count - 1) / depth - index + 1;
            const Part y = part_from(step.limits, step.out(), first, count, size);
            const Part i = part_from(step.limits, step.in(0), index, indices, 4 * words);
            const uint64_t one = bits_of_one(dtype);
            step.dispatch(spirv::one_hot,
                          {line_workgroup(step.limits), words, word(size),
                           static_cast<uint32_t>(one), static_cast<uint32_t>(one >> 32)},
                          {word(first), word(count), word(first - y.ahead), word(index - i.ahead),
                           word(depth)},
                          {reads(i.operand), updates(y.operand)},
                          word_groups(step, first, count, size));
        }
    }
    static uint64_t bits_of_one(lm_dtype dtype) {
        switch (dtype) {
        case LM_F32:
            return std::bit_cast<uint32_t>(1.0f);
        case LM_F64:
            return std::bit_cast<uint64_t>(1.0);
        case LM_F16:
            return 0x3c00;
        case LM_BF16:
            return 0x3f80;
        default:
            return 1;
        }
    }
};
LAMINA_VULKAN_KERNEL(one_hot, "one_hot", "compare", 10, OneHot)

} // namespace

} // namespace lamina::vulkan
