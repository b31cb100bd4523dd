/// Depthwise convolution and its two backward passes, directly: as a product each group would fill
/// one column of a tile.

#include "kernels/conv_geometry.hpp"
#include "kernels/gemm.hpp"
#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"
#include "shaders/depthwise.hpp"
#include "shaders/depthwise_backward_data.hpp"
#include "shaders/depthwise_backward_data_quads.hpp"
#include "shaders/depthwise_backward_filter.hpp"
#include "shaders/depthwise_quads.hpp"

namespace lamina::vulkan {

namespace {

ConvParams depthwise_params(const Node& node) {
    require_product_dtypes(node);
    const ConvParams p = ConvParams::of(node);
    if (!p.depthwise())
        plugin::unsupported(std::to_string(p.c_group()) + " channels a group; it takes one");
    return p;
}

double depthwise_seconds(const Limits& limits, const Node& node, const ConvParams& p) {
    // A window entry costs a read from cache beside its multiplication.
    return limits.seconds(8.0 * p.flops(), operand_bytes(node));
}

/// Forward (of_y) and backward-data.
template <bool of_y>
struct Depthwise {
    static int64_t channels(const ConvParams& p) { return of_y ? p.k : p.c; }
    static bool in_quads(const ConvParams& p) {
        return p.channels_last && p.c == p.k && p.c % 4 == 0;
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const ConvParams p = depthwise_params(node);
        const Epilogue epilogue = conv_epilogue(limits, node, p, channels(p));
        if (is_half(epilogue.result) && !in_quads(p))
            plugin::unsupported("16-bit results of which four channels are no neighbours");
        return {depthwise_seconds(limits, node, p) + epilogue.seconds(limits, node), 0, 0,
                "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = depthwise_params(node);
        const Epilogue epilogue = conv_epilogue(step.limits, node, p, channels(p));
        const uint32_t size = line_workgroup(step.limits);
        const bool quads = in_quads(p);
        std::vector<uint32_t> constants{size};
        append_geometry(constants, p);
        const auto more = epilogue.constants();
        constants.insert(constants.end(), more.begin(), more.end());
        constants.push_back(storage_of(node.input(0).dtype()));
        const int64_t threads = node.output().elements() / (quads ? 4 : 1);
        const uint32_t push[] = {word(threads)};
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), writes(step.out()),
                                    reads(epilogue.bias(step, step.in(1)))};
        const std::span<const uint32_t> of_four =
            of_y ? std::span<const uint32_t>(spirv::depthwise_quads)
                 : std::span<const uint32_t>(spirv::depthwise_backward_data_quads);
        const std::span<const uint32_t> of_one =
            of_y ? std::span<const uint32_t>(spirv::depthwise)
                 : std::span<const uint32_t>(spirv::depthwise_backward_data);
        step.dispatch(quads ? of_four : of_one, constants, push, bindings,
                      step.linear((static_cast<uint64_t>(threads) + size - 1) / size));
        epilogue.finish(step, node);
    }
};
LAMINA_VULKAN_KERNEL(conv, "conv", "depthwise", 10, Depthwise<true>)
LAMINA_VULKAN_KERNEL(conv_backward_data, "conv_backward_data", "depthwise", 10, Depthwise<false>)

struct DepthwiseFilter {
    // Threads that fill a large device, and positions that are worth a part of their own.
    static constexpr int64_t kThreads = 65536, kShortestPart = 1024;
    // The results of one window line keep WINDOW_W sums in registers.
    static constexpr int64_t kWidest = 32;

    struct Cut {
        int64_t results, splits, part;
        Cut(const ConvParams& p) : results(p.window[0] * p.window[1] * p.k) {
            const int64_t positions = p.n * p.out_size();
            const int64_t wanted = std::max<int64_t>(kThreads / 4 / results, 1);
            splits = std::clamp<int64_t>(positions / kShortestPart, 1, wanted);
            part = (positions + splits - 1) / splits;
            splits = (positions + part - 1) / part;
        }
        uint64_t workspace_bytes(const Node& node) const {
            const bool whole = splits == 1 && node.output().dtype() == LM_F32;
            return whole ? 0 : static_cast<uint64_t>(splits * node.output().elements()) * 4;
        }
    };
    static Plan describe(const Limits& limits, const Node& node) {
        const ConvParams p = depthwise_params(node);
        if (p.window[2] > kWidest)
            plugin::unsupported("a window wider than " + std::to_string(kWidest));
        const Cut cut(p);
        return {depthwise_seconds(limits, node, p) +
                    (cut.workspace_bytes(node) > 0) * limits.dispatch_seconds,
                cut.workspace_bytes(node), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = depthwise_params(node);
        const Cut cut(p);
        const bool whole = cut.workspace_bytes(node) == 0;
        const Rows rows = Rows::choose(step.limits, cut.part, p.channels_last);
        const Operand result = whole ? step.out() : step.workspace(0, cut.workspace_bytes(node));
        auto constants = rows.constants();
        append_geometry(constants, p);
        constants.push_back(storage_of(node.input(0).dtype()));
        const uint32_t push[] = {word(p.n), word(cut.splits), word(cut.part)};
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), writes(result)};
        step.dispatch(spirv::depthwise_backward_filter, constants, push, bindings,
                      rows.groups(step, cut.results * cut.splits));
        Epilogue stored;
        stored.result = node.output().dtype();
        if (!whole)
            dispatch_join(step, {node.output().elements(), cut.splits}, stored, result, step.out());
    }
};
LAMINA_VULKAN_KERNEL(conv_backward_filter, "conv_backward_filter", "depthwise", 10, DepthwiseFilter)

} // namespace

} // namespace lamina::vulkan
