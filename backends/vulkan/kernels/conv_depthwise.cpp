/// Depthwise convolution and its two backward passes, directly: as a product each group would fill
/// one column of a tile.

#include "kernels/conv_geometry.hpp"
#include "kernels/gemm.hpp"
#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"
#include "kernels/samples.hpp"
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

/// Of the two activations: input 0 and `other`.
Samples samples_of(const Limits& limits, const Node& node, const plugin::TensorView& other) {
    if (static_cast<uint64_t>(node.input(1).bytes()) > limits.max_range &&
        !node.is("conv_backward_filter"))
        plugin::unsupported("a filter beyond the device's storage range");
    return Samples::of(limits, node.input(0).dim(0), {node.input(0).bytes(), other.bytes()});
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
        const Samples samples = samples_of(limits, node, node.output());
        return {depthwise_seconds(limits, node, p) + epilogue.seconds(limits, node),
                std::max(samples.staging_bytes, epilogue.temporaries), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const ConvParams p = depthwise_params(node);
        const Epilogue epilogue = conv_epilogue(step.limits, node, p, channels(p));
        const uint32_t size = line_workgroup(step.limits);
        const bool quads = in_quads(p);
        const lm_dtype operands = node.input(0).dtype();
        std::vector<uint32_t> constants{size};
        append_geometry(constants, p);
        const auto more = epilogue.constants();
        constants.insert(constants.end(), more.begin(), more.end());
        constants.push_back(storage_of(operands));
        const std::span<const uint32_t> of_four =
            of_y ? std::span<const uint32_t>(spirv::depthwise_quads)
                 : std::span<const uint32_t>(spirv::depthwise_backward_data_quads);
        const std::span<const uint32_t> of_one =
            of_y ? std::span<const uint32_t>(spirv::depthwise)
                 : std::span<const uint32_t>(spirv::depthwise_backward_data);
        const Samples samples = samples_of(step.limits, node, node.output());
        for (int64_t first = 0; first < p.n; first += samples.at_once) {
            Parts parts(step, 0);
            const Range result = samples.range(step.out(), epilogue.result, first);
            const Operand x =
                parts.read(step.in(0), operands, samples.range(step.in(0), operands, first));
            const Operand y = parts.write(step.out(), epilogue.result, result);
            const int64_t threads = result.count / (quads ? 4 : 1);
            const uint32_t push[] = {word(threads)};
            const Binding bindings[] = {reads(x), reads(step.in(1)), writes(y),
                                        reads(epilogue.bias(step, step.in(1)))};
            step.dispatch(quads ? of_four : of_one, constants, push, bindings,
                          step.linear((static_cast<uint64_t>(threads) + size - 1) / size));
            parts.finish();
        }
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

    /// Some samples at a time, of each of which the sum is cut into parts: all of them give a copy
    /// of the filter.
    struct Cut {
        ConvParams p;
        Samples samples;
        int64_t results, splits, part; // of a whole chunk of samples
        Cut(const Limits& limits, const Node& node)
            : p(depthwise_params(node)), samples(samples_of(limits, node, node.input(1))),
              results(p.window[0] * p.window[1] * p.k) {
            const int64_t positions = samples.at_once * p.out_size();
            const int64_t wanted = std::max<int64_t>(kThreads / 4 / results, 1);
            splits = std::clamp<int64_t>(positions / kShortestPart, 1, wanted);
            part = (positions + splits - 1) / splits;
            splits = (positions + part - 1) / part;
        }
        int64_t copies() const { return samples.chunks() * splits; }
        uint64_t copies_bytes(const Node& node) const {
            const bool whole = copies() == 1 && node.output().dtype() == LM_F32;
            return whole ? 0 : static_cast<uint64_t>(copies() * node.output().elements()) * 4;
        }
    };
    static Plan describe(const Limits& limits, const Node& node) {
        const Cut cut(limits, node);
        if (cut.p.window[2] > kWidest)
            plugin::unsupported("a window wider than " + std::to_string(kWidest));
        const uint64_t copies = cut.copies_bytes(node);
        if (std::max<uint64_t>(copies, node.output().bytes()) > limits.max_range)
            plugin::unsupported("a filter, or copies of it for each chunk of samples, beyond the "
                                "device's storage range");
        return {depthwise_seconds(limits, node, cut.p) + (copies > 0) * limits.dispatch_seconds,
                aligned(limits, copies) + cut.samples.staging_bytes, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const Cut cut(step.limits, node);
        const ConvParams& p = cut.p;
        const lm_dtype operands = node.input(0).dtype();
        const uint64_t copies = cut.copies_bytes(node);
        const Rows rows = Rows::choose(step.limits, cut.part, p.channels_last);
        const Operand result = copies == 0 ? step.out() : step.workspace(0, copies);
        auto constants = rows.constants();
        append_geometry(constants, p);
        constants.push_back(storage_of(operands));
        int64_t first_copy = 0;
        for (int64_t first = 0; first < p.n; first += cut.samples.at_once) {
            Parts parts(step, aligned(step.limits, copies));
            const auto some = [&](size_t input) {
                const Operand whole = step.in(input);
                return parts.read(whole, operands, cut.samples.range(whole, operands, first));
            };
            const Operand x = some(0), dy = some(1);
            // A shorter last chunk leaves some parts empty.
            const uint32_t push[] = {word(cut.samples.count(first)), word(cut.splits),
                                     word(cut.part), word(first_copy)};
            const Binding bindings[] = {reads(x), reads(dy), writes(result)};
            step.dispatch(spirv::depthwise_backward_filter, constants, push, bindings,
                          rows.groups(step, cut.results * cut.splits));
            first_copy += cut.splits;
        }
        Epilogue stored;
        stored.result = node.output().dtype();
        if (copies > 0)
            dispatch_join(step, {node.output().elements(), cut.copies()}, stored, result,
                          step.out());
    }
};
LAMINA_VULKAN_KERNEL(conv_backward_filter, "conv_backward_filter", "depthwise", 10, DepthwiseFilter)

} // namespace

} // namespace lamina::vulkan
