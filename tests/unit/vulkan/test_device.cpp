#include <catch2/catch.hpp>

#include "device.hpp"

namespace lamina::test {

namespace {

std::unique_ptr<BackendUnderTest> open(std::map<std::string, int64_t> options) {
    options["validation"] = 1;
    auto validated = std::make_unique<BackendUnderTest>("vulkan", options);
    if (validated->available())
        return validated;
    options.erase("validation");
    return std::make_unique<BackendUnderTest>("vulkan", options);
}

} // namespace

BackendUnderTest& vulkan() {
    static const auto device = open({});
    return *device;
}

BackendUnderTest& least_vulkan() {
    static const auto device = open({{"least_device", 1}});
    return *device;
}

BackendUnderTest& narrow_vulkan(int64_t kib) {
    static std::map<int64_t, std::unique_ptr<BackendUnderTest>> devices;
    auto& device = devices[kib];
    if (device == nullptr)
        device = open({{"least_device", 1}, {"storage_range_kib", kib}});
    return *device;
}

} // namespace lamina::test

using namespace lamina::test;

namespace {

bool device_there() {
    if (!vulkan().available())
        WARN("Vulkan is unavailable here: " << vulkan().why());
    return vulkan().available();
}

} // namespace

TEST_CASE("device: a list with name, driver, memory and details") {
    if (!device_there())
        return;
    const lm_backend& t = vulkan().table();
    auto error = no_error();
    uint64_t count = 0;
    REQUIRE(t.device_count(vulkan().self(), &count, &error) == LM_OK);
    REQUIRE(count >= 1);
    for (uint64_t i = 0; i < count; ++i) {
        lm_device_info info{};
        info.struct_size = sizeof info;
        REQUIRE(t.device_info(vulkan().self(), i, &info, &error) == LM_OK);
        CHECK(std::strlen(info.name) > 0);
        CHECK(info.memory_bytes > 0);
        CHECK(info.alignment >= 16);
        CHECK(std::string(info.details).find("\"uuid\":\"") != std::string::npos);
    }
}

TEST_CASE("device: an index beyond the list is refused with what there is") {
    if (!device_there())
        return;
    auto error = no_error();
    lm_device* device = nullptr;
    const std::map<std::string, int64_t> options{{"device", 99}};
    CHECK(vulkan().table().device_open(vulkan().self(), UINT64_MAX, fake_config(options), &device,
                                       &error) == LM_NOT_FOUND);
    CHECK(std::string(error.message).find("there is no Vulkan device 99") != std::string::npos);
}

TEST_CASE("memory: beyond the limit is out of memory, and the device goes on") {
    BackendUnderTest small("vulkan", {{"memory_limit_mib", 8}});
    if (!small.available())
        return;
    auto error = no_error();
    lm_buffer *first = nullptr, *second = nullptr;
    const lm_backend& t = small.table();
    REQUIRE(t.buffer_create(small.device(), 6 << 20, LM_SLOT_ARENA, &first, &error) == LM_OK);
    CHECK(t.buffer_create(small.device(), 6 << 20, LM_SLOT_ARENA, &second, &error) ==
          LM_OUT_OF_MEMORY);
    CHECK(
        std::string(error.message).find("asked for 6 MiB, 2 MiB free of 8 MiB, 6 MiB allocated") !=
        std::string::npos);
    t.buffer_destroy(small.device(), first);
    REQUIRE(t.buffer_create(small.device(), 6 << 20, LM_SLOT_ARENA, &second, &error) == LM_OK);
    t.buffer_destroy(small.device(), second);
    lm_memory_info info{};
    info.struct_size = sizeof info;
    REQUIRE(t.memory_info(small.device(), &info, &error) == LM_OK);
    CHECK(info.allocated_bytes == 0);
    CHECK(info.peak_bytes == 6 << 20);
}

TEST_CASE("transfers: what was written is read back, whatever offset and length") {
    if (!device_there())
        return;
    const lm_backend& t = vulkan().table();
    auto error = no_error();
    lm_buffer* buffer = nullptr;
    CHECK(vulkan().device() != nullptr);
    REQUIRE(t.buffer_create(vulkan().device(), 1000, LM_SLOT_VARIABLE, &buffer, &error) == LM_OK);
    std::vector<unsigned char> bytes(333), back(333);
    for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<unsigned char>(i * 7);
    lm_token token = 0;
    REQUIRE(t.write(vulkan().device(), buffer, 13, bytes.data(), bytes.size(), 0, &token, &error) ==
            LM_OK);
    REQUIRE(t.read(vulkan().device(), buffer, 13, back.data(), back.size(), token, &token,
                   &error) == LM_OK);
    REQUIRE(t.wait(vulkan().device(), token, &error) == LM_OK);
    CHECK(back == bytes);
    CHECK(t.write(vulkan().device(), buffer, 900, bytes.data(), 101, 0, &token, &error) ==
          LM_INVALID_ARGUMENT);
    t.buffer_destroy(vulkan().device(), buffer);
}

TEST_CASE("transfers: many at once on memory that the host does not see, in order") {
    BackendUnderTest& b = least_vulkan();
    if (!b.available())
        return;
    const lm_backend& t = b.table();
    auto error = no_error();
    lm_buffer* buffers[5] = {};
    uint32_t back[5] = {};
    for (lm_buffer*& buffer : buffers) {
        REQUIRE(t.buffer_create(b.device(), 256, LM_SLOT_INPUT, &buffer, &error) == LM_OK);
        CHECK(t.buffer_map(b.device(), buffer) == nullptr);
    }
    lm_token token = 0;
    for (uint32_t round = 1; round <= 40; ++round) {
        for (uint32_t i = 0; i < 5; ++i) {
            uint32_t value = 0; // the backend has copied it when it returns
            for (const uint32_t factor : {1000u, 100u}) { // the second overwrites the first
                value = factor * round + i;
                REQUIRE(t.write(b.device(), buffers[i], 8, &value, 4, 0, &token, &error) == LM_OK);
            }
            value = 0;
        }
        for (uint32_t i = 0; i < 5; ++i)
            REQUIRE(t.read(b.device(), buffers[i], 8, &back[i], 4, token, &token, &error) == LM_OK);
        REQUIRE(t.wait(b.device(), token, &error) == LM_OK);
        for (uint32_t i = 0; i < 5; ++i)
            REQUIRE(back[i] == 100 * round + i);
    }
    for (lm_buffer* buffer : buffers)
        t.buffer_destroy(b.device(), buffer);
}

TEST_CASE("describe: an operator without a kernel is refused by name") {
    if (!device_there())
        return;
    const NodeSpec spec{"no_such_operator", {}, {Tensor(LM_F32, {1})}, {{LM_F32, {1}}}};
    CHECK_THROWS_WITH(vulkan().candidates(spec),
                      Catch::Matchers::Contains("no kernel for operator `no_such_operator`"));
}

// The name sorts last, so that it sees what the others caused.
TEST_CASE("~validation: the layers have found nothing") {
    if (!device_there())
        return;
    for (const LogLine& line : BackendUnderTest::log()) {
        INFO(line.message);
        CHECK(line.message.find("vulkan validation:") == std::string::npos);
    }
}
