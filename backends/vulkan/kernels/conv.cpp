/// Convolution and its two backward passes by implicit GEMM.

#include "shaders/conv.hpp"
#include "kernels/conv_geometry.hpp"
#include "kernels/gemm.hpp"
#include "kernels/map_step.hpp"
#include "kernels/samples.hpp"
#include "shaders/conv_backward_data.hpp"
#include "shaders/conv_backward_data_cooperative.hpp"
#include "shaders/conv_backward_data_unshared.hpp"
#include "shaders/conv_backward_filter.hpp"
#include "shaders/conv_backward_filter_cooperative.hpp"
#include "shaders/conv_backward_filter_unshared.hpp"
#include "shaders/conv_cooperative.hpp"
#include "shaders/conv_unshared.hpp"

namespace lamina::vulkan {

namespace {

/// One pass as a product: c4 and k4 say that a group's channels come in aligned fours.
struct Pass {
    ProductShaders shaders;
    ConvParams p;
    Product product;
    Neighbours neighbours;
    bool takes_epilogue;
    int64_t channels, channel_stride; // of the result

    static Pass forward(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {{spirv::conv, spirv::conv_unshared, spirv::conv_cooperative},
                p,
                {p.n * p.out_size(), p.k_group(), p.window_size() * p.c_group(), p.groups},
                {last, false, last && c4, k4, last && k4},
                true,
                p.k,
                last ? 1 : p.out_size()};
    }
    static Pass data(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {{spirv::conv_backward_data, spirv::conv_backward_data_unshared,
                 spirv::conv_backward_data_cooperative},
                p,
                {p.n * p.in_size(), p.c_group(), p.window_size() * p.k_group(), p.groups},
                {last, true, last && k4, k4, last && c4},
                true,
                p.c,
                last ? 1 : p.in_size()};
    }
    static Pass filter(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {{spirv::conv_backward_filter, spirv::conv_backward_filter_unshared,
                 spirv::conv_backward_filter_cooperative},
                p,
                {p.window_size() * p.c_group(), p.k_group(), p.n * p.out_size(), p.groups},
                {!last, !last, last && c4, last && k4, k4},
                false,
                p.k,
                1};
    }

    /// operands: their dtype. epilogue: none where it is left to who joins copies.
    void dispatch(Step& step, const GemmPlan& gemm, lm_dtype operands, const Epilogue& epilogue,
                  Operand a, Operand b, Operand result) const {
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
        step.dispatch(shaders[static_cast<size_t>(gemm.shader)], constants, push, bindings,
                      gemm.groups(step, product));
    }
};

/// A pass over some samples and some of the window at a time: all of them but for operands beyond
/// the storage range.
template <Pass (*pass)(const ConvParams&), ProductShader shader>
struct InChunks {
    ConvParams p;
    lm_dtype operands;
    Samples samples;
    std::vector<WindowPart> windows;
    GemmPlan gemm; // of a whole chunk; a shorter last one leaves some tiles or parts empty

    /// other: the activation that is not input 0.
    InChunks(const Limits& limits, const Node& node, const plugin::TensorView& other)
        : p(ConvParams::of(node)), operands(node.input(0).dtype()) {
        require_product_dtypes(node);
        const int64_t elements = std::max(node.input(0).elements(), other.elements());
        // What has two bytes an element may first be written in four.
        samples = Samples::of(limits, p.n, {node.input(0).bytes(), other.bytes()}, elements * 4);
        const int64_t entry = entry_elements() * 4;
        const int64_t entries = static_cast<int64_t>(limits.max_range) / entry;
        if (entries == 0)
            plugin::unsupported("a filter of " + std::to_string(entry) +
                                " bytes a window entry, beyond the device's storage range of " +
                                std::to_string(limits.max_range) + " bytes");
        windows = window_parts(p, entries);
        gemm = GemmPlan::choose(limits, shader, chunk(0, windows[0]).product, operands);
    }
    int64_t entry_elements() const { return p.c_group() * p.k; }
    Pass chunk(int64_t first_sample, const WindowPart& window) const {
        ConvParams part = with_window(p, window);
        part.n = samples.count(first_sample);
        return pass(part);
    }
    /// The filter's elements of a part of the window.
    Range entries(const WindowPart& w) const {
        const auto& [d, h, width] = w.first;
        const int64_t first = (d * p.window[1] + h) * p.window[2] + width;
        return {first * entry_elements(),
                w.extent[0] * w.extent[1] * w.extent[2] * entry_elements()};
    }
    bool is_direct(const Pass& part, lm_dtype result) const {
        return gemm.is_direct(part.neighbours, result) && (part.takes_epilogue || !is_half(result));
    }
    /// Of the workspace's start, for dispatch().
    uint64_t copies_bytes(lm_dtype result) const {
        const Pass first = chunk(0, windows[0]);
        return is_direct(first, result) ? 0 : gemm.copies_bytes(first.product);
    }
    void dispatch(Step& step, const Pass& part, const Epilogue& epilogue, Operand a, Operand b,
                  Operand result) const {
        if (is_direct(part, epilogue.result))
            return part.dispatch(step, gemm, operands, epilogue, a, b, result);
        const Operand copies = step.workspace(0, gemm.copies_bytes(part.product));
        part.dispatch(step, gemm, operands, {}, a, b, copies);
        const auto elements = static_cast<int64_t>(result.bytes) / plugin::size_of(epilogue.result);
        dispatch_join(step, {elements, gemm.splits, part.channels, part.channel_stride}, epilogue,
                      copies, result);
    }
    Plan plan(const Limits& limits, const Node& node, uint64_t workspace,
              const Epilogue& epilogue) const {
        const auto chunks =
            static_cast<double>(samples.chunks() * static_cast<int64_t>(windows.size()));
        return {std::max(chunks * gemm.seconds, limits.seconds(0, operand_bytes(node), 0)) +
                    chunks * limits.dispatch_seconds + epilogue.seconds(limits, node),
                std::max(workspace, epilogue.temporaries), 0, "reassociated"};
    }
};

/// Where the sum of several results, the next of them, and copies of parts lie in the workspace,
/// behind what InChunks::dispatch takes.
struct Sums {
    uint64_t sum, term, parts, end;

    /// bytes: of one sum; 0 where there is but one result.
    Sums(const Limits& limits, uint64_t copies_bytes, uint64_t bytes, uint64_t parts_bytes)
        : sum(aligned(limits, copies_bytes)), term(sum + aligned(limits, bytes)),
          parts(term + aligned(limits, bytes)), end(parts + parts_bytes) {}
};

/// Forward and backward-data: an activation from an activation. Results of parts of the window are
/// added up in their order.
template <Pass (*pass)(const ConvParams&), ProductShader shader>
struct OfActivation {
    using Chunks = InChunks<pass, shader>;

    static Chunks chunks(const Limits& limits, const Node& node) {
        return {limits, node, node.output()};
    }
    static int64_t result_elements(const Chunks& c, const Node& node, int64_t first) {
        return node.output().elements() / c.p.n * c.samples.count(first);
    }
    static Sums sums(const Limits& limits, const Chunks& c, const Node& node,
                     const Epilogue& epilogue) {
        if (c.windows.size() == 1)
            return {limits, c.copies_bytes(epilogue.result), 0, c.samples.staging_bytes};
        const auto filter =
            static_cast<uint64_t>(c.entries(c.windows[0]).count * plugin::size_of(c.operands));
        return {limits, c.copies_bytes(LM_F32),
                static_cast<uint64_t>(result_elements(c, node, 0)) * sizeof(float),
                c.samples.staging_bytes + aligned(limits, filter)};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Chunks c = chunks(limits, node);
        const Epilogue epilogue =
            conv_epilogue(limits, node, c.p, c.chunk(0, c.windows[0]).channels);
        return c.plan(limits, node, sums(limits, c, node, epilogue).end, epilogue);
    }
    static void build(Step& step, const Node& node) {
        const Chunks c = chunks(step.limits, node);
        const Epilogue epilogue =
            conv_epilogue(step.limits, node, c.p, c.chunk(0, c.windows[0]).channels);
        const Sums at = sums(step.limits, c, node, epilogue);
        for (int64_t first = 0; first < c.p.n; first += c.samples.at_once) {
            Parts parts(step, at.parts);
            const Operand a =
                parts.read(step.in(0), c.operands, c.samples.range(step.in(0), c.operands, first));
            const Operand y = parts.write(step.out(), epilogue.result,
                                          c.samples.range(step.out(), epilogue.result, first));
            if (c.windows.size() == 1)
                c.dispatch(step, c.chunk(first, c.windows[0]), epilogue, a, step.in(1), y);
            else
                add_windows(step, c, first, at, epilogue, a, y, result_elements(c, node, first));
            parts.finish();
        }
        epilogue.finish(step, node);
    }
    static void add_windows(Step& step, const Chunks& c, int64_t first, const Sums& at,
                            const Epilogue& epilogue, Operand a, Operand y, int64_t elements) {
        const auto bytes = static_cast<uint64_t>(elements) * sizeof(float);
        const Operand sum = step.workspace(at.sum, bytes), term = step.workspace(at.term, bytes);
        for (size_t i = 0; i < c.windows.size(); ++i) {
            Parts filter(step, at.parts + c.samples.staging_bytes);
            const Operand b = filter.read(step.in(1), c.operands, c.entries(c.windows[i]));
            c.dispatch(step, c.chunk(first, c.windows[i]), {}, a, b, i == 0 ? sum : term);
            if (i > 0)
                dispatch_add(step, sum, term, elements);
        }
        const Pass part = c.chunk(first, c.windows[0]);
        dispatch_join(step, {elements, 1, part.channels, part.channel_stride}, epilogue, sum, y);
    }
};
template <ProductShader shader>
using Forward = OfActivation<&Pass::forward, shader>;
template <ProductShader shader>
using Data = OfActivation<&Pass::data, shader>;
LAMINA_VULKAN_KERNEL(conv, "conv", "implicit_gemm", 10, Forward<ProductShader::shared>)
LAMINA_VULKAN_KERNEL(conv_unshared, "conv", "unshared_gemm", 10, Forward<ProductShader::unshared>)
LAMINA_VULKAN_KERNEL(conv_cooperative, "conv", "cooperative_matrix", 10,
                     Forward<ProductShader::cooperative>)
LAMINA_VULKAN_KERNEL(data, "conv_backward_data", "implicit_gemm", 10, Data<ProductShader::shared>)
LAMINA_VULKAN_KERNEL(data_unshared, "conv_backward_data", "unshared_gemm", 10,
                     Data<ProductShader::unshared>)
LAMINA_VULKAN_KERNEL(data_cooperative, "conv_backward_data", "cooperative_matrix", 10,
                     Data<ProductShader::cooperative>)

/// Backward-filter: results of chunks of samples are added up in their order.
template <ProductShader shader>
struct OfFilter {
    using Chunks = InChunks<&Pass::filter, shader>;

    static Sums sums(const Limits& limits, const Chunks& c, lm_dtype result) {
        const int64_t elements = c.entries(c.windows[0]).count;
        const bool one = c.samples.chunks() == 1, whole = c.windows.size() == 1;
        const auto part = static_cast<uint64_t>(elements * plugin::size_of(result));
        return {limits, c.copies_bytes(one ? result : lm_dtype{LM_F32}),
                one ? 0 : static_cast<uint64_t>(elements) * sizeof(float),
                c.samples.staging_bytes + (whole ? 0 : aligned(limits, part))};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Chunks c(limits, node, node.input(1));
        return c.plan(limits, node, sums(limits, c, node.output().dtype()).end, {});
    }
    static void build(Step& step, const Node& node) {
        const Chunks c(step.limits, node, node.input(1));
        Epilogue stored;
        stored.result = node.output().dtype();
        const Sums at = sums(step.limits, c, stored.result);
        for (const WindowPart& window : c.windows) {
            const Range entries = c.entries(window);
            Parts parts(step, at.parts + c.samples.staging_bytes);
            const Operand y = parts.write(step.out(), stored.result, entries);
            if (c.samples.chunks() == 1)
                c.dispatch(step, c.chunk(0, window), stored, step.in(0), step.in(1), y);
            else
                add_samples(step, c, window, at, stored, y, entries.count);
            parts.finish();
        }
    }
    static void add_samples(Step& step, const Chunks& c, const WindowPart& window, const Sums& at,
                            const Epilogue& stored, Operand y, int64_t elements) {
        const auto bytes = static_cast<uint64_t>(elements) * sizeof(float);
        const Operand sum = step.workspace(at.sum, bytes), term = step.workspace(at.term, bytes);
        for (int64_t first = 0; first < c.p.n; first += c.samples.at_once) {
            Parts parts(step, at.parts);
            const auto part = [&](size_t input) {
                const Operand whole = step.in(input);
                return parts.read(whole, c.operands, c.samples.range(whole, c.operands, first));
            };
            const Operand x = part(0), dy = part(1);
            c.dispatch(step, c.chunk(first, window), {}, x, dy, first == 0 ? sum : term);
            if (first > 0)
                dispatch_add(step, sum, term, elements);
        }
        dispatch_join(step, {elements, 1}, stored, sum, y);
    }
};
LAMINA_VULKAN_KERNEL(filter, "conv_backward_filter", "implicit_gemm", 10,
                     OfFilter<ProductShader::shared>)
LAMINA_VULKAN_KERNEL(filter_unshared, "conv_backward_filter", "unshared_gemm", 10,
                     OfFilter<ProductShader::unshared>)
LAMINA_VULKAN_KERNEL(filter_cooperative, "conv_backward_filter", "cooperative_matrix", 10,
                     OfFilter<ProductShader::cooperative>)

} // namespace

} // namespace lamina::vulkan
