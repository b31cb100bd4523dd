#include "kernel.hpp"

#include <algorithm>

#include "lamina/device.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("reference has a kernel for every operator") {
    std::vector<std::string> kernels;
    for (const PartInfo& part : registry().list("kernel"))
        kernels.push_back(part.name);
    for (const std::string& op : registry().names("operator")) {
        INFO(op);
        CHECK(std::find(kernels.begin(), kernels.end(), op + "/reference/plain") != kernels.end());
    }
}

TEST_CASE("reference: memory_limit_mib bounds what the device hands out") {
    registry();
    const auto device = Device::open("reference:memory_limit_mib=1");
    const auto first = device->allocate(700 << 10, LM_SLOT_ARENA);
    CHECK(device->memory().allocated == 700u << 10);
    CHECK_THROWS_WITH(device->allocate(700 << 10, LM_SLOT_ARENA),
                      Catch::Contains("the limit is 1048576"));
}
