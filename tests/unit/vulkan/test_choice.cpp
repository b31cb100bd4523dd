// Which devices are listed, and which one is taken.

#include <catch2/catch.hpp>

#include "vk/instance.hpp"

using namespace lamina::vulkan;

namespace {

DeviceFacts card(const std::string& name, const std::string& type, const std::string& uuid,
                 const std::string& pci = "") {
    DeviceFacts f;
    f.name = name;
    f.type = type;
    f.uuid = uuid;
    f.pci = pci;
    return f;
}

std::string chosen(const std::vector<DeviceFacts>& list) { return list[choose(list)].name; }

} // namespace

TEST_CASE("choice: discrete before integrated before virtual before software, else the first") {
    std::vector<DeviceFacts> list{card("llvmpipe", "software", "1")};
    CHECK(chosen(list) == "llvmpipe");
    list.push_back(card("virtio", "virtual", "2"));
    CHECK(chosen(list) == "virtio");
    list.push_back(card("xe", "integrated", "3"));
    CHECK(chosen(list) == "xe");
    list.push_back(card("navi", "discrete", "4"));
    list.push_back(card("ada", "discrete", "5"));
    CHECK(chosen(list) == "navi");
}

TEST_CASE("choice: a card seen through two drivers is listed once, two equal cards twice") {
    const auto list =
        each_once({card("RADV", "discrete", "1", "0000:03:00.0"),
                   card("AMDVLK", "discrete", "2", "0000:03:00.0"),
                   card("RADV", "discrete", "3", "0000:04:00.0"), card("llvmpipe", "software", "4"),
                   card("llvmpipe again", "software", "4"), card("SwiftShader", "software", "5")});
    std::vector<std::string> uuids;
    for (const DeviceFacts& f : list)
        uuids.push_back(f.uuid);
    CHECK(uuids == std::vector<std::string>{"1", "3", "4", "5"});
}

TEST_CASE("choice: the least device is within the specification's smallest limits") {
    DeviceFacts f = card("roomy", "discrete", "1");
    f.limits.maxStorageBufferRange = UINT32_MAX;
    f.limits.maxComputeWorkGroupInvocations = 1024;
    f.limits.minStorageBufferOffsetAlignment = 16;
    f.fp16 = true;
    f.subgroup_size = 32;
    f.become_least_device();
    CHECK(f.limits.maxStorageBufferRange == 128 << 20);
    CHECK(f.limits.maxComputeWorkGroupInvocations == 128);
    CHECK(f.limits.minStorageBufferOffsetAlignment == 256);
    CHECK(f.details().find("\"fp16\":false,\"subgroup_size\":0") != std::string::npos);
}
