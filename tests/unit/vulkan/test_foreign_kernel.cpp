#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "device.hpp"
#include "lamina/plugin/node.hpp"
#include "shaders/foreign_copy.hpp"
#include "shaders/foreign_pad.hpp"
#include "shaders/foreign_pad_turned.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;
using lamina::plugin::Node;

namespace {

lm_status groups_of_output(const lm_host*, const lm_node_desc* node, uint32_t groups[3],
                           lm_error*) {
    groups[0] = static_cast<uint32_t>((Node(node).output().elements() + 31) / 32);
    return LM_OK;
}

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
    kernel.dispatch = groups_of_output;
    return kernel;
}

/// The same in two passes, by way of a workspace.
constexpr lm_spirv_pass kCopy{sizeof(lm_spirv_pass),
                              0,
                              lamina::spirv::foreign_copy,
                              std::size(lamina::spirv::foreign_copy),
                              nullptr,
                              nullptr,
                              groups_of_output};
constexpr lm_spirv_pass kPadTurned{sizeof(lm_spirv_pass),
                                   LM_PASS_RANKS,
                                   lamina::spirv::foreign_pad_turned,
                                   std::size(lamina::spirv::foreign_pad_turned),
                                   "low,value",
                                   nullptr,
                                   groups_of_output};
constexpr const lm_spirv_pass* kPasses[] = {&kCopy, &kPadTurned};

lm_kernel foreign_pad_in_passes() {
    lm_kernel kernel = foreign_pad();
    kernel.describe = [](const lm_host*, const lm_node_desc* node, lm_candidate* out,
                         lm_error* error) {
        if (Node(node).input(0).rank() != 1)
            return lamina::plugin::report(error, LM_UNSUPPORTED, "only vectors");
        out->seconds = 1e-9;
        out->workspace_bytes = static_cast<uint64_t>(Node(node).input(0).bytes());
        return lm_status{LM_OK};
    };
    kernel.spirv = nullptr;
    kernel.spirv_words = 0;
    kernel.spirv_entry = kernel.push_attrs = nullptr;
    kernel.dispatch = nullptr;
    kernel.n_passes = std::size(kPasses);
    kernel.passes = kPasses;
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

TEST_CASE("a kernel of another plugin may take several passes, constants, ranks and a workspace") {
    const lm_kernel kernel = foreign_pad_in_passes();
    BackendUnderTest vulkan("vulkan", {}, {&kernel});
    if (!vulkan.available())
        return;
    std::vector<float> x(200), padded(203, 7.5f);
    std::iota(x.begin(), x.end(), 1.0f);
    std::copy(x.begin(), x.end(), padded.begin() + 2);
    const Attrs attrs{{"low", Dims{2}}, {"high", Dims{1}}, {"value", 7.5}};
    const NodeSpec vector{"pad", attrs, {Tensor(LM_F32, {200}, x)}, {{LM_F32, {203}}}};
    CHECK(vulkan.run(vector, "acme")[0].values<float>() == padded);
}

TEST_CASE("a kernel of another plugin that gives its SPIR-V twice is refused") {
    lm_kernel kernel = foreign_pad_in_passes();
    kernel.spirv = lamina::spirv::foreign_pad;
    CHECK_THROWS_WITH(BackendUnderTest("vulkan", {}, {&kernel}),
                      Catch::Matchers::Contains("both spirv and passes"));
}

TEST_CASE("SPIR-V that needs a feature which devices are not opened with is refused") {
    std::vector<uint32_t> words(std::begin(lamina::spirv::foreign_pad),
                                std::end(lamina::spirv::foreign_pad));
    REQUIRE(words.at(5) == ((2u << 16) | 17u)); // OpCapability
    words.at(6) = 11;                           // Int64
    lm_kernel kernel = foreign_pad();
    kernel.spirv = words.data();
    CHECK_THROWS_WITH(BackendUnderTest("vulkan", {}, {&kernel}),
                      Catch::Matchers::Contains("declares the capability 11"));
    words.at(0) = 0;
    CHECK_THROWS_WITH(BackendUnderTest("vulkan", {}, {&kernel}),
                      Catch::Matchers::Contains("not SPIR-V"));
}
