/// Convolution and its two backward passes by implicit GEMM.

#include <algorithm>

#include "kernels/gemm.hpp"
#include "kernels/reduce.hpp"
#include "lamina/plugin/window.hpp"
#include "shaders/conv.hpp"
#include "shaders/conv_backward_data.hpp"
#include "shaders/conv_backward_filter.hpp"

namespace lamina::vulkan {

namespace {

using plugin::ConvParams;

/// Constants 5 to 27 of shaders/conv_geometry.glsl.
void append_geometry(std::vector<uint32_t>& constants, const ConvParams& p) {
    for (const plugin::Spatial* list : {&p.in, &p.out, &p.window, &p.strides, &p.low, &p.dilations})
        for (const int64_t v : *list)
            constants.push_back(word(v));
    constants.insert(constants.end(),
                     {word(p.c), word(p.k), word(p.c_group()), word(p.k_group()), p.channels_last});
}

/// The product that a pass is: m by n by k, once a group.
struct Product {
    int64_t m, n, k;
};
Product forward_product(const ConvParams& p) {
    return {p.n * p.out_size(), p.k_group(), p.window_size() * p.c_group()};
}
Product data_product(const ConvParams& p) {
    return {p.n * p.in_size(), p.c_group(), p.window_size() * p.k_group()};
}
Product filter_product(const ConvParams& p) {
    return {p.window_size() * p.c_group(), p.k_group(), p.n * p.out_size()};
}

double seconds(const Limits& limits, const Node& node, const Product& s, int64_t groups,
               int dispatches) {
    const Tile tile = choose_tile(limits, s.m, s.n);
    const double bytes =
        static_cast<double>(node.input(0).bytes() + node.input(1).bytes() + node.output().bytes());
    return limits.seconds(static_cast<double>(groups) * tiled_flops(tile, s.m, s.n, s.k), bytes,
                          dispatches);
}

/// Forward and backward-data: two factors, an epilogue, one dispatch.
void dispatch_product(Step& step, const Node& node, const ConvParams& p, const Product& s,
                      std::span<const uint32_t> shader, int64_t channels, bool b_along_k) {
    const int64_t axis = p.channels_last ? p.rank + 1 : 1;
    const Epilogue epilogue = Epilogue::of(node, 2, channels, axis);
    const Tile tile = choose_tile(step.limits, s.m, s.n);
    auto constants = tile.constants(p.channels_last, b_along_k);
    append_geometry(constants, p);
    constants.insert(constants.end(), {epilogue.add_bias, epilogue.activation});
    const uint32_t push[] = {word(p.n)};
    const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), writes(step.out()),
                                reads(step.in(epilogue.add_bias ? 2 : 1))};
    step.dispatch(shader, constants, push, bindings, tile.groups(s.m, s.n, p.groups));
}

struct ConvForward {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const ConvParams p = ConvParams::of(node);
        Epilogue::of(node, 2, p.k, p.channels_last ? p.rank + 1 : 1);
        return {seconds(limits, node, forward_product(p), p.groups, 1), 0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = ConvParams::of(node);
        dispatch_product(step, node, p, forward_product(p), spirv::conv, p.k, false);
    }
};
LAMINA_VULKAN_KERNEL(conv, "conv", "implicit_gemm", 10, ConvForward)

struct ConvBackwardData {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const ConvParams p = ConvParams::of(node);
        Epilogue::of(node, 2, p.c, p.channels_last ? p.rank + 1 : 1);
        return {seconds(limits, node, data_product(p), p.groups, 1), 0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = ConvParams::of(node);
        dispatch_product(step, node, p, data_product(p), spirv::conv_backward_data, p.c, true);
    }
};
LAMINA_VULKAN_KERNEL(conv_backward_data, "conv_backward_data", "implicit_gemm", 10,
                     ConvBackwardData)

struct ConvBackwardFilter {
    /// Enough workgroups to fill a large device, none with fewer than 512 positions to sum, and no
    /// more copies of the filter than 16 MiB.
    static int64_t splits(const ConvParams& p, const Tile& tile) {
        const Product s = filter_product(p);
        const Groups g = tile.groups(s.m, s.n, p.groups);
        const int64_t wanted = 512 / (int64_t{g.x} * g.y * g.z) + 1;
        const int64_t useful = std::max<int64_t>(s.k / 512, 1);
        const int64_t affordable = std::max<int64_t>((int64_t{16} << 20) / (s.m * p.k * 4), 1);
        return std::min({wanted, useful, affordable});
    }
    static ReducePlan join(const ConvParams& p, int64_t copies) {
        const int64_t dims[] = {copies, p.window_size() * p.c_group() * p.k};
        const int64_t axes[] = {0};
        ReducePlan plan = ReducePlan::of(dims, axes);
        plan.splits = 1; // there are few copies
        return plan;
    }
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const ConvParams p = ConvParams::of(node);
        const Product s = filter_product(p);
        const int64_t copies = splits(p, choose_tile(limits, s.m, s.n));
        if (copies * p.groups > limits.max_groups)
            plugin::unsupported(std::to_string(p.groups) + " groups");
        const uint64_t workspace =
            copies > 1 ? static_cast<uint64_t>(copies * node.output().bytes()) : 0;
        return {seconds(limits, node, s, p.groups, copies > 1 ? 2 : 1), workspace, 0,
                "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = ConvParams::of(node);
        const Product s = filter_product(p);
        const Tile tile = choose_tile(step.limits, s.m, s.n);
        const int64_t copies = splits(p, tile);
        const Operand partial =
            copies > 1 ? step.workspace(0, static_cast<uint64_t>(copies * node.output().bytes()))
                       : step.out();
        auto constants = tile.constants(!p.channels_last, !p.channels_last);
        append_geometry(constants, p);
        const uint32_t push[] = {word(p.n), word(copies), word((s.k + copies - 1) / copies)};
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), writes(partial)};
        step.dispatch(spirv::conv_backward_filter, constants, push, bindings,
                      tile.groups(s.m, s.n, copies * p.groups));
        if (copies > 1)
            dispatch_reduce(step, join(p, copies), Reduction::sum, Reduced::x, 1.0f,
                            {partial, {}, {}, step.out(), 0});
    }
};
LAMINA_VULKAN_KERNEL(conv_backward_filter, "conv_backward_filter", "implicit_gemm", 10,
                     ConvBackwardFilter)

} // namespace

} // namespace lamina::vulkan
