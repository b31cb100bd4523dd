/// Images of another size, and the gradient.

#include "shaders/resize.hpp"
#include "kernels/map_step.hpp"
#include "kernels/samples.hpp"
#include "lamina/plugin/window.hpp"
#include "shaders/resize_grad.hpp"

namespace lamina::vulkan {

namespace {

Samples samples_of(const Limits& limits, const Node& node) {
    return Samples::of(limits, node.output().dim(0),
                       {node.input(0).bytes(), node.output().bytes()});
}

/// image: the operator's x, of the larger or smaller image: sampled.
void dispatch_resize(Step& step, const Node& node, std::span<const uint32_t> shader,
                     std::span<const int64_t> image, std::span<const int64_t> sampled) {
    const bool last = node.string("data_format") != "channels_first";
    const auto rank = static_cast<int64_t>(image.size()) - 2;
    const size_t first = last ? 1 : 2;
    std::vector<uint32_t> constants{line_workgroup(step.limits)};
    for (const auto& dims : {image, sampled})
        for (const int64_t extent : plugin::detail::spatial_dims(dims, first, rank))
            constants.push_back(word(extent));
    constants.insert(constants.end(), {word(last ? image.back() : image[1]), last,
                                       node.string("method") == "bilinear"});
    const Samples samples = samples_of(step.limits, node);
    for (int64_t n = 0; n < samples.n; n += samples.at_once) {
        const auto part = [&](Operand whole) { return samples.range(whole, LM_F32, n); };
        Parts parts(step, 0);
        const Range result = part(step.out());
        const uint32_t push[] = {word(result.count)};
        const Binding bindings[] = {reads(parts.read(step.in(0), LM_F32, part(step.in(0)))),
                                    writes(parts.write(step.out(), LM_F32, result))};
        const uint64_t size = constants[0];
        step.dispatch(shader, constants, push, bindings,
                      step.linear((static_cast<uint64_t>(result.count) + size - 1) / size));
        parts.finish();
    }
}

struct Resize {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        return {streaming_seconds(limits, node, 16), samples_of(limits, node).staging_bytes, 0,
                "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        dispatch_resize(step, node, spirv::resize, node.input(0).dims(), node.output().dims());
    }
};
LAMINA_VULKAN_KERNEL(resize, "resize", "samples", 10, Resize)

struct ResizeGrad {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const double readers = static_cast<double>(node.input(0).elements()) /
                               static_cast<double>(node.output().elements());
        return {streaming_seconds(limits, node, 64 * (1 + readers)),
                samples_of(limits, node).staging_bytes, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        dispatch_resize(step, node, spirv::resize_grad, node.output().dims(), node.input(0).dims());
    }
};
LAMINA_VULKAN_KERNEL(resize_grad, "resize_grad", "gather", 10, ResizeGrad)

} // namespace

} // namespace lamina::vulkan
