// Products of small matrices: how subgroups share a workgroup's tile, and modules for the Khronos
// extension.

#include <algorithm>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "shaders/cooperative_product.hpp"
#include "vk/cooperative.hpp"

using namespace lamina::vulkan;

namespace {

CooperativeMatrix matrix(uint32_t m, uint32_t n, uint32_t k, uint32_t subgroup_size) {
    CooperativeMatrix c;
    c.api = CooperativeApi::khr;
    c.m = m;
    c.n = n;
    c.k = k;
    c.subgroup_size = subgroup_size;
    return c;
}

/// The instructions with this opcode, in order.
std::vector<std::vector<uint32_t>> instructions(std::span<const uint32_t> module, uint32_t opcode) {
    std::vector<std::vector<uint32_t>> found;
    for (size_t at = 5; at < module.size(); at += module[at] >> 16)
        if ((module[at] & 0xffff) == opcode)
            found.emplace_back(module.begin() + static_cast<ptrdiff_t>(at),
                               module.begin() + static_cast<ptrdiff_t>(at + (module[at] >> 16)));
    return found;
}

uint32_t constant(std::span<const uint32_t> module, uint32_t id) {
    for (const auto& i : instructions(module, 43))
        if (i[2] == id)
            return i[3];
    FAIL("no constant " << id);
    return 0;
}

} // namespace

TEST_CASE("cooperative: the subgroups' parts cover the tile, in whole matrices") {
    // NVIDIA, AMD (RDNA 3, either width), Intel (Xe-HPG, Xe2), lavapipe.
    for (CooperativeMatrix c :
         {matrix(16, 16, 16, 32), matrix(16, 8, 8, 32), matrix(16, 16, 16, 64), matrix(8, 8, 16, 8),
          matrix(8, 16, 16, 16), matrix(8, 8, 8, 8)}) {
        INFO(c.m << " x " << c.n << " x " << c.k << ", subgroups of " << c.subgroup_size);
        REQUIRE(share_tile(c));
        CHECK(c.down * c.across * c.subgroup_size == kCooperativeThreads);
        CHECK(kCooperativeSide % (c.down * c.m) == 0);
        CHECK(kCooperativeSide % (c.across * c.n) == 0);
    }
}

TEST_CASE("cooperative: a matrix that no tile holds is refused") {
    for (CooperativeMatrix c :
         {matrix(0, 16, 16, 32), matrix(16, 16, 64, 32), matrix(12, 16, 16, 32),
          matrix(16, 16, 16, 0), matrix(16, 16, 16, 256), matrix(64, 64, 16, 32)}) {
        INFO(c.m << " x " << c.n << " x " << c.k << ", subgroups of " << c.subgroup_size);
        CHECK_FALSE(share_tile(c));
    }
}

TEST_CASE("cooperative: a module for NVIDIA's extension becomes one for Khronos's") {
    const std::span<const uint32_t> before = lamina::spirv::cooperative_product;
    REQUIRE(is_cooperative(before));
    const auto after = to_khr(before);
    CHECK(is_cooperative(after));

    for (const uint32_t nv : {5358u, 5359u, 5360u, 5361u})
        CHECK(instructions(after, nv).empty());
    const auto capabilities = instructions(after, 17);
    CHECK(std::count(capabilities.begin(), capabilities.end(),
                     std::vector<uint32_t>{2u << 16 | 17, 6022}) == 1);
    CHECK(std::count(capabilities.begin(), capabilities.end(),
                     std::vector<uint32_t>{2u << 16 | 17, 5357}) == 0);

    // y = a b + y: each type has its use, which the constant says.
    const auto products = instructions(after, 4459);
    REQUIRE(products.size() == 1);
    const auto types = instructions(after, 4456);
    CHECK(types.size() == 3);
    const auto use = [&](uint32_t type) {
        for (const auto& t : types)
            if (t[1] == type)
                return constant(after, t[6]);
        FAIL("no type " << type);
        return 0u;
    };
    std::map<uint32_t, uint32_t> type_of;
    for (const auto& load : instructions(after, 61)) // of variables
        type_of[load[2]] = load[1];
    for (const auto& load : instructions(after, 4457)) {
        type_of[load[2]] = load[1];
        CHECK(constant(after, load[4]) == 0); // by rows
        CHECK(constant(after, load[5]) == 24);
    }
    for (uint32_t i = 0; i < 3; ++i)
        CHECK(use(type_of.at(products[0][3 + i])) == i);
    const auto stores = instructions(after, 4458);
    REQUIRE(stores.size() == 1);
    CHECK(constant(after, stores[0][3]) == 0);
    CHECK(constant(after, stores[0][4]) == 24);

    // Ids stay below the bound.
    for (const auto& c : instructions(after, 43))
        CHECK(c[2] < after[3]);
}

TEST_CASE("cooperative: a module that multiplies no matrices is told from one that does") {
    const uint32_t none[] = {0x07230203, 0x00010500, 0, 10, 0, 2u << 16 | 17, 1};
    CHECK_FALSE(is_cooperative(none));
}
