#include <catch2/catch.hpp>

#include "device.hpp"
#include "lamina/plugin/node.hpp"
#include "shaders/foreign_pad.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;
using lamina::plugin::Node;

namespace {

lm_kernel foreign_pad() {
    lm_kernel kernel{};
    kernel.struct_size = sizeof kernel;
    kernel.priority = 20;
    kernel.backend = "vulkan";
    kernel.op = "pad";
    kernel.name = "acme";
    kernel.describe = [](const lm_host*, const lm_node_desc* node, lm_candidate* out,
                         lm_error* error) {
        if (Node(node).input(0).rank() != 1)
            return lamina::plugin::report(error, LM_UNSUPPORTED, "only vectors");
        out->seconds = 1e-9; // faster than anybody
        return lm_status{LM_OK};
    };
    kernel.spirv = lamina::spirv::foreign_pad;
    kernel.spirv_words = std::size(lamina::spirv::foreign_pad);
    kernel.spirv_entry = "main";
    kernel.push_attrs = "low,value";
    kernel.dispatch = [](const lm_host*, const lm_node_desc* node, uint32_t groups[3], lm_error*) {
        groups[0] = static_cast<uint32_t>((Node(node).output().elements() + 31) / 32);
        return lm_status{LM_OK};
    };
    return kernel;
}

} // namespace

TEST_CASE("a kernel of another plugin, as SPIR-V, is chosen where it is best and takes the node") {
    const lm_kernel kernel = foreign_pad();
    BackendUnderTest vulkan("vulkan", {}, {&kernel});
    if (!vulkan.available())
        return;
    const Attrs attrs{{"low", Dims{2}}, {"high", Dims{1}}, {"value", 7.5}};
    const NodeSpec vector{
        "pad", attrs, {Tensor(LM_F32, {3}, std::vector<float>{1, 2, 3})}, {{LM_F32, {6}}}};
    CHECK(vulkan.candidates(vector) == std::vector<std::string>{"acme", "generated"});
    CHECK(vulkan.run(vector, "acme")[0].values<float>() ==
          std::vector<float>{7.5f, 7.5f, 1, 2, 3, 7.5f});

    const Attrs flat{{"low", Dims{0, 1}}, {"high", Dims{0, 0}}, {"value", 0.0}};
    const NodeSpec matrix{
        "pad", flat, {Tensor(LM_F32, {1, 1}, std::vector<float>{1})}, {{LM_F32, {1, 2}}}};
    CHECK(vulkan.candidates(matrix) == std::vector<std::string>{"generated"});
}

TEST_CASE("a kernel of another plugin without SPIR-V is refused") {
    lm_kernel kernel = foreign_pad();
    kernel.spirv = nullptr;
    CHECK_THROWS_WITH(BackendUnderTest("vulkan", {}, {&kernel}),
                      Catch::Matchers::Contains("needs spirv, describe and dispatch"));
}
