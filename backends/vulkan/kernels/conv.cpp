/// Convolution and its two backward passes by implicit GEMM.

#include "shaders/conv.hpp"
#include "kernels/conv_geometry.hpp"
#include "kernels/gemm.hpp"
#include "shaders/conv_backward_data.hpp"
#include "shaders/conv_backward_filter.hpp"

namespace lamina::vulkan {

namespace {

/// One pass as a product: c4 and k4 say that a group's channels come in aligned fours.
struct Pass {
    std::span<const uint32_t> shader;
    ConvParams p;
    Product product;
    Neighbours neighbours;
    bool takes_epilogue;
    int64_t channels, channel_stride; // of the result

    static Pass forward(const ConvParams& p) {
        const bool c4 = p.c_group() % 4 == 0, k4 = p.k_group() % 4 == 0, last = p.channels_last;
        return {spirv::conv,
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
                p,
                {p.window_size() * p.c_group(), p.k_group(), p.n * p.out_size(), p.groups},
                {!last, !last, last && c4, last && k4, k4},
                false,
                p.k,
                1};
    }

    Plan describe(const Limits& limits, const Node& node) const {
        require_dtypes(node, {LM_F32});
        const GemmPlan gemm = GemmPlan::choose(limits, product);
        const double seconds = std::max(gemm.seconds, limits.seconds(0, operand_bytes(node), 0)) +
                               limits.dispatch_seconds +
                               epilogue(limits, node).seconds(limits, node);
        return {seconds, gemm.workspace_bytes(product), 0, "reassociated"};
    }

    void build(Step& step, const Node& node) const {
        const GemmPlan gemm = GemmPlan::choose(step.limits, product);
        const Epilogue after = epilogue(step.limits, node);
        const bool whole = gemm.splits == 1;
        const Operand result =
            whole ? step.out() : step.workspace(0, gemm.workspace_bytes(product));
        auto constants = gemm.constants(neighbours);
        append_geometry(constants, p);
        std::vector<Binding> bindings{reads(step.in(0)), reads(step.in(1)), writes(result)};
        if (takes_epilogue) {
            constants.insert(constants.end(),
                             {whole ? after.add_bias : 0, whole ? after.activation : 0});
            bindings.push_back(reads(after.bias(step, step.in(1))));
        }
        const uint32_t push[] = {word(p.n), word(gemm.splits), word(gemm.part)};
        step.dispatch(shader, constants, push, bindings, gemm.groups(step, product));
        if (!whole)
            dispatch_join(step, {node.output().elements(), gemm.splits, channels, channel_stride},
                          after, result, step.out());
        after.finish(step, node);
    }

  private:
    Epilogue epilogue(const Limits& limits, const Node& node) const {
        return takes_epilogue ? conv_epilogue(limits, node, p, channels) : Epilogue();
    }
};

template <Pass (*pass)(const ConvParams&)>
struct ImplicitGemm {
    static Plan describe(const Limits& limits, const Node& node) {
        return pass(ConvParams::of(node)).describe(limits, node);
    }
    static void build(Step& step, const Node& node) {
        pass(ConvParams::of(node)).build(step, node);
    }
};
LAMINA_VULKAN_KERNEL(conv, "conv", "implicit_gemm", 10, ImplicitGemm<&Pass::forward>)
LAMINA_VULKAN_KERNEL(conv_backward_data, "conv_backward_data", "implicit_gemm", 10,
                     ImplicitGemm<&Pass::data>)
LAMINA_VULKAN_KERNEL(conv_backward_filter, "conv_backward_filter", "implicit_gemm", 10,
                     ImplicitGemm<&Pass::filter>)

} // namespace

} // namespace lamina::vulkan
