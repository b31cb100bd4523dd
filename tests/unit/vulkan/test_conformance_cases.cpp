// That lamina-conformance's cases reach the kernels that they are there for.

#include <catch2/catch.hpp>

#include <algorithm>

#include "case.hpp"
#include "device.hpp"
#include "single_node.hpp"

using namespace lamina::conformance;

TEST_CASE("conformance: FFT runs every case of a kernel of 7 to 31 that it takes, in all passes") {
    if (!lamina::test::vulkan().available())
        return;
    const auto device = lamina::Device::open("vulkan");
    int taken = 0;
    for (const Case& c : all_cases()) {
        if (c.name.find("/kernel_") == std::string::npos)
            continue;
        const SingleNode node(device, c.op, make_inputs(c), c.attrs);
        const auto list = node.candidates();
        const bool fft = std::any_of(list.begin(), list.end(),
                                     [](const Candidate& k) { return k.name == "fft"; });
        INFO(c.name);
        CHECK(fft == !c.attrs.contains("strides"));
        taken += fft ? 1 : 0;
    }
    // Seven shapes, three passes, channels last and first, integers and random values.
    CHECK(taken == 7 * 3 * 2 * 2);
}
