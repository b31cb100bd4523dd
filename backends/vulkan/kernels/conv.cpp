/// Convolution and its two backward passes by implicit GEMM.

#include "shaders/conv.hpp"
#include "kernels/conv_geometry.hpp"
#include "kernels/gemm.hpp"
#include "kernels/samples.hpp"
#include "shaders/conv_backward_data.hpp"
#include "shaders/conv_backward_data_cooperative.hpp"
#include "shaders/conv_backward_filter.hpp"
#include "shaders/conv_backward_filter_cooperative.hpp"
#include "shaders/conv_cooperative.hpp"

namespace lamina::vulkan {

namespace {

/// One pass as a product: c4 and k4 say that a group's channels come in aligned fours.
struct Pass {
    std::span<const uint32_t> shader, cooperative_shader;
    ConvParams p;
    Product product;
    Neighbours neighbours;
    bool takes_epilogue;
    int64_t channels, channel_stride; // of the result

    static Pass forward(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {spirv::conv,
                spirv::conv_cooperative,
                p,
                {p.n * p.out_size(), p.k_group(), p.window_size() * p.c_group(), p.groups},
                {last, false, last && c4, k4, last && k4},
                true,
                p.k,
                last ? 1 : p.out_size()};
    }
    static Pass data(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {spirv::conv_backward_data,
                spirv::conv_backward_data_cooperative,
                p,
                {p.n * p.in_size(), p.c_group(), p.window_size() * p.k_group(), p.groups},
                {last, true, last && k4, k4, last && c4},
                true,
                p.c,
                last ? 1 : p.in_size()};
    }
    static Pass filter(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {spirv::conv_backward_filter,
                spirv::conv_backward_filter_cooperative,
                p,
                {p.window_size() * p.c_group(), p.k_group(), p.n * p.out_size(), p.groups},
                {!last, !last, last && c4, last && k4, k4},
                false,
                p.k,
                1};
    }

    /// operands: their dtype. epilogue: none where it is left to who joins copies.
    void dispatch(Step& step, bool cooperative, const GemmPlan& gemm, lm_dtype operands,
                  const Epilogue& epilogue, Operand a, Operand b, Operand result) const {
        auto constants = gemm.constants(neighbours);
        append_geometry(constants, p);
        std::vector<Binding> bindings{reads(a), reads(b), writes(result)};
        if (takes_epilogue) {
            const auto more = epilogue.constants();
            constants.insert(constants.end(), more.begin(), more.end());
            bindings.push_back(reads(epilogue.bias(step, b)));
        }
        constants.push_back(storage_of(operands));
        const uint32_t push[] = {word(p.n), word(gemm.splits), word(gemm.part)};
        step.dispatch(cooperative ? cooperative_shader : shader, constants, push, bindings,
                      gemm.groups(step, product));
    }
};

/// A pass over some samples at a time: all of them but for activations beyond the storage range.
template <Pass (*pass)(const ConvParams&), bool cooperative>
struct InChunks {
    ConvParams p;
    lm_dtype operands;
    Samples samples;
    GemmPlan gemm; // of a whole chunk; a shorter last one leaves some tiles or parts empty

    InChunks(const Limits& limits, const Node& node)
        : p(ConvParams::of(node)), operands(node.input(0).dtype()) {
        require_product_dtypes(node);
        const int64_t size = plugin::size_of(operands);
        const int64_t x = p.n * p.c * p.in_size(), y = p.n * p.k * p.out_size();
        // A result of two bytes may first be written in four.
        samples = Samples::of(limits, p.n, {x * size, y * size, x * 4, y * 4});
        if (static_cast<uint64_t>(p.window_size() * p.c_group() * p.k * size) > limits.max_range)
            plugin::unsupported("a filter beyond the device's storage range");
        gemm = cooperative ? GemmPlan::cooperative(limits, chunk(0).product, operands)
                           : GemmPlan::choose(limits, chunk(0).product);
    }
    Pass chunk(int64_t first) const {
        ConvParams part = p;
        part.n = samples.count(first);
        return pass(part);
    }
    Plan plan(const Limits& limits, const Node& node, uint64_t workspace,
              const Epilogue& epilogue) const {
        const auto chunks = static_cast<double>(samples.chunks());
        return {std::max(chunks * gemm.seconds, limits.seconds(0, operand_bytes(node), 0)) +
                    chunks * limits.dispatch_seconds + epilogue.seconds(limits, node),
                workspace, 0, "reassociated"};
    }
};

/// Forward and backward-data: an activation from an activation.
template <Pass (*pass)(const ConvParams&), bool cooperative>
struct OfActivation {
    static constexpr bool cuts_ranges = true;

    static Plan describe(const Limits& limits, const Node& node) {
        const InChunks<pass, cooperative> c(limits, node);
        const Pass first = c.chunk(0);
        const Epilogue epilogue = conv_epilogue(limits, node, c.p, first.channels);
        const bool direct = c.gemm.is_direct(first.neighbours, epilogue.result);
        return c.plan(limits, node, direct ? 0 : c.gemm.copies_bytes(first.product), epilogue);
    }
    static void build(Step& step, const Node& node) {
        const InChunks<pass, cooperative> c(step.limits, node);
        const Epilogue epilogue = conv_epilogue(step.limits, node, c.p, c.chunk(0).channels);
        for (int64_t first = 0; first < c.p.n; first += c.samples.at_once) {
            const Pass part = c.chunk(first);
            const Operand a = c.samples.part(step.in(0), first);
            const Operand y = c.samples.part(step.out(), first);
            if (c.gemm.is_direct(part.neighbours, epilogue.result)) {
                part.dispatch(step, cooperative, c.gemm, c.operands, epilogue, a, step.in(1), y);
                continue;
            }
            const Operand copies = step.workspace(0, c.gemm.copies_bytes(part.product));
            part.dispatch(step, cooperative, c.gemm, c.operands, {}, a, step.in(1), copies);
            const auto elements = static_cast<int64_t>(y.bytes) / plugin::size_of(epilogue.result);
            dispatch_join(step, {elements, c.gemm.splits, part.channels, part.channel_stride},
                          epilogue, copies, y);
        }
        epilogue.finish(step, node);
    }
};
using Forward = OfActivation<&Pass::forward, false>;
using Data = OfActivation<&Pass::data, false>;
using CooperativeForward = OfActivation<&Pass::forward, true>;
using CooperativeData = OfActivation<&Pass::data, true>;
LAMINA_VULKAN_KERNEL(conv, "conv", "implicit_gemm", 10, Forward)
LAMINA_VULKAN_KERNEL(conv_cooperative, "conv", "cooperative_matrix", 10, CooperativeForward)
LAMINA_VULKAN_KERNEL(data, "conv_backward_data", "implicit_gemm", 10, Data)
LAMINA_VULKAN_KERNEL(data_cooperative, "conv_backward_data", "cooperative_matrix", 10,
                     CooperativeData)

/// Backward-filter: each chunk and part of the sum gives a copy of the filter.
template <bool cooperative>
struct OfFilter {
    static constexpr bool cuts_ranges = true;
    using Chunks = InChunks<&Pass::filter, cooperative>;

    static int64_t copies(const Chunks& c) { return c.samples.chunks() * c.gemm.splits; }
    static bool is_whole(const Chunks& c, const Node& node) {
        return copies(c) == 1 && node.output().dtype() == LM_F32;
    }
    static uint64_t copies_bytes(const Node& node, int64_t copies) {
        return static_cast<uint64_t>(copies * node.output().elements()) * sizeof(float);
    }
    static uint64_t workspace_bytes(const Chunks& c, const Node& node) {
        return is_whole(c, node) ? 0 : copies_bytes(node, copies(c));
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Chunks c(limits, node);
        const uint64_t of_chunk = copies_bytes(node, c.gemm.splits);
        if (c.samples.chunks() > 1 && of_chunk % limits.alignment != 0)
            plugin::unsupported("activations beyond the storage range and a filter of an odd size");
        if (workspace_bytes(c, node) > limits.max_range)
            plugin::unsupported("so many samples that the filter's copies are beyond the storage "
                                "range");
        return c.plan(limits, node, workspace_bytes(c, node), {});
    }
    static void build(Step& step, const Node& node) {
        const Chunks c(step.limits, node);
        const bool whole = is_whole(c, node);
        const Operand all = whole ? step.out() : step.workspace(0, workspace_bytes(c, node));
        const uint64_t of_chunk = all.bytes / static_cast<uint64_t>(c.samples.chunks());
        Operand result{all.slot, all.offset, of_chunk};
        for (int64_t first = 0; first < c.p.n; first += c.samples.at_once) {
            c.chunk(first).dispatch(step, cooperative, c.gemm, c.operands, {},
                                    c.samples.part(step.in(0), first),
                                    c.samples.part(step.in(1), first), result);
            result.offset += of_chunk;
        }
        Epilogue stored;
        stored.result = node.output().dtype();
        if (!whole)
            dispatch_join(step, {node.output().elements(), copies(c)}, stored, all, step.out());
    }
};
LAMINA_VULKAN_KERNEL(filter, "conv_backward_filter", "implicit_gemm", 10, OfFilter<false>)
LAMINA_VULKAN_KERNEL(filter_cooperative, "conv_backward_filter", "cooperative_matrix", 10,
                     OfFilter<true>)

} // namespace

} // namespace lamina::vulkan
