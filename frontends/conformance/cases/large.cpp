// Tensors above 128 MiB, the least storage range that Vulkan promises, and layers of VGG16 whole.
#include "case.hpp"

namespace lamina::conformance {
namespace {

using Ints = std::vector<int64_t>;

CONFORMANCE_CASES(large) {
    const auto add = [&](const std::string& name, const std::string& op, std::vector<Input> inputs,
                         const Attributes& attrs, const Limit& limit,
                         std::vector<size_t> gradient = {}) {
        cases.push_back({op + "/large/" + name,
                         op,
                         std::move(inputs),
                         attrs,
                         limit,
                         {},
                         std::move(gradient),
                         true});
    };
    const Attributes same{{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}};
    add("vgg16_dense_1", "matmul", {{{1, 25088}, integers()}, {{25088, 4096}, integers()}}, {},
        exact(), {0, 1});
    add("vgg16_conv_1", "conv", {{{1, 224, 224, 3}, uniform()}, {{3, 3, 3, 64}, uniform()}}, same,
        sum_of(27));
    add("vgg16_conv_13", "conv", {{{1, 14, 14, 512}, uniform()}, {{3, 3, 512, 512}, uniform()}},
        same, sum_of(4608));

    const Shape x{11, 224, 224, 64}; // 135 MiB
    const Attributes pool{{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}};
    add("vgg16_relu", "relu", {{x, uniform()}}, {}, exact());
    add("vgg16_bias", "add", {{x, uniform()}, {{64}, uniform()}}, {}, rounded());
    add("vgg16_pool", "max_pool", {{x, uniform()}}, pool, exact());
    add("channels", "reduce_sum", {{x, integers()}}, {{"axes", Ints{0, 1, 2}}}, exact());
    add("to_channels_first", "transpose", {{x, uniform()}}, {{"perm", Ints{0, 3, 1, 2}}}, exact());
    add("batch_norm", "batch_norm_inference",
        {{x, uniform()},
         {{64}, uniform(0.5, 2)},
         {{64}, uniform()},
         {{64}, uniform()},
         {{64}, uniform(0.5, 2)}},
        {{"axis", -1}, {"epsilon", 0.001}}, function());
    add("depthwise", "conv", {{x, uniform()}, {{3, 3, 1, 64}, uniform()}},
        {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}, {"groups", 64}}, sum_of(9));
    add("samples", "conv", {{x, uniform()}, {{3, 3, 64, 2}, uniform()}}, same, sum_of(576));

    add("classes", "softmax", {{{35003, 1000}, uniform(-9, 9)}}, {{"axis", -1}}, function(1000));
    add("columns", "argmax", {{{37, 1000003}, integers()}}, {{"axis", 0}}, exact());
    add("embedding", "gather",
        {{{600011, 60}, integers()}, {{7, 129}, integers(-1, 600011), DType::I64}}, {{"axis", 0}},
        exact());
}

} // namespace
} // namespace lamina::conformance
