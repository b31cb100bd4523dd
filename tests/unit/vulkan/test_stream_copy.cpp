#include <algorithm>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "vk/stream_copy.hpp"

using lamina::vulkan::stream_copy;

TEST_CASE("a streamed copy has every byte, wherever it begins and ends, and none beyond") {
    std::vector<uint8_t> source(3 * 4096);
    std::iota(source.begin(), source.end(), uint8_t{1});
    constexpr uint8_t kUntouched = 0xee;
    for (const size_t bytes : {0, 1, 63, 4095, 4096, 4097, 4159, 8191, 8192}) {
        for (const size_t to : {64, 65, 79, 80, 127}) {
            for (const size_t from : {0, 1, 13}) {
                CAPTURE(bytes, to, from);
                std::vector<uint8_t> target(3 * 4096, kUntouched);
                stream_copy(target.data() + to, source.data() + from, bytes);
                std::vector<uint8_t> expected(target.size(), kUntouched);
                std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(from), bytes,
                            expected.begin() + static_cast<std::ptrdiff_t>(to));
                CHECK(target == expected);
            }
        }
    }
}
