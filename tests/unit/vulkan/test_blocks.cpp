// Small buffers share allocations.

#include <catch2/catch.hpp>

#include "device.hpp"
#include "vk/blocks.hpp"

using namespace lamina::test;
using namespace lamina::vulkan;

namespace {

std::unique_ptr<Device> first_device() {
    try {
        auto instance =
            std::make_unique<Instance>(std::make_shared<const Loader>(), fake_host(), false);
        const auto list = instance->devices();
        if (!list.empty())
            return std::make_unique<Device>(std::move(instance), list[0], fake_host(),
                                            DeviceOptions{});
    } catch (const lamina::plugin::Error&) {
    }
    WARN("Vulkan is unavailable here");
    return nullptr;
}

} // namespace

TEST_CASE("free list: pieces are aligned, do not overlap and join again when given back") {
    FreeList list(1000);
    const uint64_t a = list.take(10, 1), b = list.take(100, 256), c = list.take(90, 16);
    CHECK(a == 0);
    CHECK(b == 256);
    CHECK(c == 16); // the gap before b
    CHECK(list.take(700, 1) == UINT64_MAX);
    CHECK(list.take(644, 1) == 356);
    list.give_back(256, 100);
    list.give_back(356, 644);
    CHECK(list.take(744, 256) == 256);
    list.give_back(256, 744);
    list.give_back(0, 10);
    CHECK_FALSE(list.whole(1000));
    list.give_back(16, 90);
    CHECK(list.whole(1000));
}

TEST_CASE("blocks: thousands of small pieces take a few allocations, and all are given back") {
    const auto device = first_device();
    if (device == nullptr)
        return;
    Blocks blocks(*device);
    std::vector<Piece> pieces;
    for (int i = 0; i < 5000; ++i) {
        pieces.push_back(blocks.take(0, 4096, 256));
        REQUIRE(pieces.back().block != nullptr);
        REQUIRE(pieces.back().offset % 256 == 0);
    }
    CHECK(blocks.allocations() == 2); // 5,000 of 4 KiB in blocks of 16 MiB
    const Piece large = blocks.take(0, 5 << 20, 256);
    CHECK(blocks.allocations() == 3);
    CHECK(large.offset == 0);
    blocks.give_back(large);
    CHECK(blocks.allocations() == 2);
    for (const Piece& p : pieces)
        blocks.give_back(p);
    CHECK(blocks.allocations() == 0);
}
