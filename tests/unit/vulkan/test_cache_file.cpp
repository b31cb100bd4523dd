// The pipeline cache's file: what does not match is a miss, never an error.

#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "temp_folder.hpp"
#include "vk/cache_file.hpp"

using namespace lamina::vulkan;

namespace {

using Bytes = std::vector<unsigned char>;

CacheKey key(const std::string& text = "0.1.0\nsome card\nsome driver 1.2\n") {
    CacheKey k{text, 0x1002, 0x73bf, {}};
    k.cache_uuid.fill(7);
    return k;
}

/// What a driver hands out: its header, then `n` bytes.
Bytes driver_data(size_t n, unsigned char fill = 1) {
    const uint32_t words[] = {kDriverHeader, 1, 0x1002, 0x73bf};
    Bytes data(kDriverHeader + n, fill);
    std::memcpy(data.data(), words, sizeof words);
    std::fill_n(data.begin() + sizeof words, 16, 7);
    return data;
}

Bytes contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const std::filesystem::path& path, const Bytes& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

} // namespace

TEST_CASE("pipeline cache: what was written is read back by the same device and driver") {
    const TempFolder folder;
    const auto path = folder / "made/on/the/way/a.pipelines";
    CHECK(read_cache(path, key()).empty());
    CHECK(write_cache(path, key(), driver_data(1000)));
    CHECK(read_cache(path, key()) == driver_data(1000));
    CHECK(write_cache(path, key(), driver_data(10, 2)));
    CHECK(read_cache(path, key()) == driver_data(10, 2));
    CHECK_FALSE(std::filesystem::exists(path.string() + ".partial"));
}

TEST_CASE("pipeline cache: another device, driver or version of ours is a miss") {
    const TempFolder folder;
    const auto path = folder / "a.pipelines";
    REQUIRE(write_cache(path, key(), driver_data(100)));
    CHECK(read_cache(path, key("0.1.1\nsome card\nsome driver 1.2\n")).empty());
    CHECK(read_cache(path, key("0.1.0\nsome card\nsome driver 1.3\n")).empty());
    CacheKey other = key();
    other.vendor_id = 1;
    CHECK(read_cache(path, other).empty());
    other = key();
    other.device_id = 1;
    CHECK(read_cache(path, other).empty());
    other = key();
    other.cache_uuid[15] = 0;
    CHECK(read_cache(path, other).empty());
    CHECK_FALSE(read_cache(path, key()).empty());
}

TEST_CASE("pipeline cache: a file that is cut short, too long, foreign or damaged is a miss") {
    const TempFolder folder;
    const auto path = folder / "a.pipelines";
    REQUIRE(write_cache(path, key(), driver_data(200)));
    const Bytes whole = contents(path);
    for (size_t i = 0; i < whole.size(); ++i) {
        INFO("byte " << i);
        Bytes damaged = whole;
        damaged[i] ^= 0x40;
        replace(path, damaged);
        REQUIRE(read_cache(path, key()).empty());
        replace(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i)));
        REQUIRE(read_cache(path, key()).empty());
    }
    Bytes longer = whole;
    longer.push_back(0);
    replace(path, longer);
    CHECK(read_cache(path, key()).empty());
    replace(path, Bytes(5000, 'x'));
    CHECK(read_cache(path, key()).empty());
    replace(path, {});
    CHECK(read_cache(path, key()).empty());
    replace(path, whole);
    CHECK(read_cache(path, key()) == driver_data(200));
}

TEST_CASE("pipeline cache: a folder that cannot be written to, or a folder in the file's place") {
    const TempFolder folder;
    const auto path = folder / "a.pipelines";
    std::filesystem::create_directory(path);
    CHECK(read_cache(path, key()).empty());
    CHECK_FALSE(write_cache(path, key(), driver_data(10)));
    const auto plain = folder / "plain";
    replace(plain, {1});
    CHECK_FALSE(write_cache(plain / "below.pipelines", key(), driver_data(10)));
    if (::geteuid() == 0)
        return; // root may write anywhere
    const auto closed = folder / "closed";
    std::filesystem::create_directory(closed);
    ::chmod(closed.c_str(), 0500);
    CHECK_FALSE(write_cache(closed / "a.pipelines", key(), driver_data(10)));
    ::chmod(closed.c_str(), 0700);
}

TEST_CASE("pipeline cache: beyond its bound it starts anew") {
    const TempFolder folder;
    const auto path = folder / "a.pipelines";
    REQUIRE(write_cache(path, key(), driver_data(100)));
    CHECK_FALSE(write_cache(path, key(), Bytes(kMostCacheBytes + 1)));
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("pipeline cache: of several that write at once each reader sees one whole") {
    const TempFolder folder;
    const auto path = folder / "a.pipelines";
    REQUIRE(write_cache(path, key(), driver_data(50000, 0)));
    std::vector<std::jthread> writers;
    for (unsigned char n = 1; n <= 3; ++n)
        writers.emplace_back([&path, n] {
            for (int i = 0; i < 40; ++i)
                write_cache(path, key(), driver_data(50000, n));
        });
    for (int i = 0; i < 100; ++i) {
        const Bytes seen = read_cache(path, key());
        REQUIRE(seen.size() == kDriverHeader + 50000);
        REQUIRE(seen == driver_data(50000, seen.back()));
    }
}
