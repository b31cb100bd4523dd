// Programs of several steps: barriers, replay, bindings, profile.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

#include "device.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;

namespace {

constexpr int64_t kElements = 100003;

/// A chain of steps on [kElements] vectors that all lie in one arena of `places` vectors.
class Chain {
  public:
    Chain(BackendUnderTest& backend, int places) : backend_(backend), dims_{kElements} {
        tensor_ = {sizeof tensor_, LM_F32, 1, 0, dims_.data()};
        for (int i = 0; i < places; ++i)
            values_.push_back({sizeof(lm_value_desc), 0, place(i), &tensor_});
        bytes_ = place(places);
    }
    static uint64_t place(int i) {
        return static_cast<uint64_t>(i) * (kElements * 4 + 1023) / 1024 * 1024;
    }
    void step(const std::string& op, std::vector<uint32_t> in, uint32_t out) {
        std::vector<lamina::plugin::OperandType> inputs(in.size(), {{LM_F32, dims_}});
        steps_.push_back(std::make_unique<Step>(op, inputs, std::move(in), out));
    }
    lm_program* create() {
        std::vector<const lm_value_desc*> values;
        for (const auto& v : values_)
            values.push_back(&v);
        std::vector<lm_step_desc> descs;
        for (const auto& s : steps_)
            descs.push_back({sizeof(lm_step_desc), 0, 0, &s->node.desc(), "generated",
                             s->inputs.data(), &s->output});
        std::vector<const lm_step_desc*> steps;
        for (const auto& d : descs)
            steps.push_back(&d);
        const lm_slot_desc slot{sizeof slot, LM_SLOT_ARENA, bytes_, "arena"};
        const lm_slot_desc* slots[] = {&slot};
        const lm_program_desc desc{sizeof desc,   "chain",      1,           slots, values.size(),
                                   values.data(), steps.size(), steps.data()};
        lm_program* program = nullptr;
        auto error = no_error();
        if (backend_.table().program_create(backend_.device(), &desc, &program, &error) != LM_OK)
            throw std::runtime_error(error.message);
        return program;
    }
    uint64_t bytes() const { return bytes_; }

  private:
    struct Step {
        Step(const std::string& op, const std::vector<lamina::plugin::OperandType>& types,
             std::vector<uint32_t> in, uint32_t out)
            : node(op, op, "", types, {{{LM_F32, {kElements}}}}, {}), inputs(std::move(in)),
              output(out) {}
        lamina::plugin::OwnedNode node;
        std::vector<uint32_t> inputs;
        uint32_t output;
    };
    BackendUnderTest& backend_;
    Dims dims_;
    lm_tensor_desc tensor_{};
    std::vector<lm_value_desc> values_;
    std::vector<std::unique_ptr<Step>> steps_;
    uint64_t bytes_ = 0;
};

struct ArenaBuffer {
    ArenaBuffer(BackendUnderTest& backend, uint64_t bytes) : backend(backend), memory(bytes / 4) {
        auto error = no_error();
        REQUIRE(backend.table().buffer_create(backend.device(), bytes, LM_SLOT_ARENA, &buffer,
                                              &error) == LM_OK);
    }
    ~ArenaBuffer() { backend.table().buffer_destroy(backend.device(), buffer); }
    void fill(float value) {
        auto error = no_error();
        std::fill(memory.begin(), memory.end(), value);
        lm_token token = 0;
        REQUIRE(backend.table().write(backend.device(), buffer, 0, memory.data(), memory.size() * 4,
                                      0, &token, &error) == LM_OK);
        REQUIRE(backend.table().wait(backend.device(), token, &error) == LM_OK);
    }
    float last(int place, lm_token wait) const {
        auto error = no_error();
        float value = 0;
        lm_token token = 0;
        REQUIRE(backend.table().read(backend.device(), buffer,
                                     Chain::place(place) + (kElements - 1) * 4, &value, 4, wait,
                                     &token, &error) == LM_OK);
        REQUIRE(backend.table().wait(backend.device(), token, &error) == LM_OK);
        return value;
    }
    BackendUnderTest& backend;
    std::vector<float> memory;
    lm_buffer* buffer = nullptr;
};

lm_token submit(BackendUnderTest& b, lm_program* program, ArenaBuffer& arena, lm_token wait = 0) {
    auto error = no_error();
    lm_token token = 0;
    REQUIRE(b.table().submit(program, &arena.buffer, wait, &token, &error) == LM_OK);
    return token;
}

} // namespace

TEST_CASE("program: steps that reuse each other's memory run in order, on every replay") {
    for (BackendUnderTest* b : {&vulkan(), &least_vulkan()}) {
        if (!b->available())
            return;
        Chain chain(*b, 3);
        chain.step("add", {0, 0}, 1); // p1 = 2 x
        chain.step("mul", {1, 0}, 2); // p2 = 2 x^2
        chain.step("sub", {2, 1}, 1); // p1 = 2 x^2 - 2 x, over what the last step read
        chain.step("add", {1, 2}, 2); // p2 = 4 x^2 - 2 x, in place
        chain.step("copy", {2}, 0);   // x for the next replay
        lm_program* program = chain.create();
        ArenaBuffer one(*b, chain.bytes()), two(*b, chain.bytes());
        one.fill(1.0f);
        two.fill(0.5f);
        lm_token token = submit(*b, program, one);
        CHECK(one.last(0, token) == 2.0f);
        token = submit(*b, program, one, token); // not waited for by the host
        token = submit(*b, program, two, token);
        CHECK(one.last(0, token) == 12.0f);
        CHECK(two.last(0, token) == 0.0f);
        b->table().program_destroy(program);
    }
}

TEST_CASE("program: cut into many submissions it gives the same, and so does its profile") {
    BackendUnderTest whole("vulkan"), parts("vulkan", {{"submission_ms", 1}});
    if (!whole.available())
        return;
    std::vector<float> results;
    for (BackendUnderTest* b : {&whole, &parts}) {
        Chain chain(*b, 3);
        for (int i = 0; i < 200; ++i) { // some milliseconds by the estimate of any device
            chain.step("mul", {0, 0}, 1);
            chain.step("sub", {1, 0}, 2);
            chain.step("add", {2, 1}, 0);
        }
        lm_program* program = chain.create();
        ArenaBuffer arena(*b, chain.bytes());
        arena.fill(0.3f);
        submit(*b, program, arena);
        results.push_back(arena.last(0, submit(*b, program, arena)));
        std::vector<double> seconds(600, -1);
        auto error = no_error();
        REQUIRE(b->table().profile(program, &arena.buffer, seconds.data(), &error) == LM_OK);
        CHECK(*std::min_element(seconds.begin(), seconds.end()) >= 0);
        b->table().program_destroy(program);
    }
    CHECK(results[0] == results[1]);
}

TEST_CASE("program: a lost device is an error that names the part, at every call, and closes") {
    BackendUnderTest b("vulkan", {{"submission_ms", 1}, {"lose_device_at", 3}});
    if (!b.available())
        return;
    Chain chain(b, 2);
    for (int i = 0; i < 300; ++i) {
        chain.step("exp", {0}, 1);
        chain.step("copy", {1}, 0);
    }
    lm_program* program = chain.create();
    ArenaBuffer arena(b, chain.bytes());
    arena.fill(0.0f);
    auto error = no_error();
    lm_token token = 0;
    CHECK(b.table().submit(program, &arena.buffer, 0, &token, &error) == LM_DEVICE_LOST);
    const std::string message = error.message;
    INFO(message);
    CHECK(message.find("the device was lost") == 0);
    CHECK(message.find("in part 3 of ") != std::string::npos);
    CHECK(message.find("of program `chain`: steps ") != std::string::npos);
    CHECK(message.find(" of 600, ") != std::string::npos);
    CHECK(message.find("exp of exp") != std::string::npos);
    CHECK(b.table().submit(program, &arena.buffer, 0, &token, &error) == LM_DEVICE_LOST);
    CHECK(error.message == message);
    b.table().program_destroy(program);
}

TEST_CASE("program: profile gives each step's time") {
    if (!vulkan().available())
        return;
    Chain chain(vulkan(), 2);
    chain.step("exp", {0}, 1);
    chain.step("copy", {1}, 0);
    lm_program* program = chain.create();
    ArenaBuffer arena(vulkan(), chain.bytes());
    arena.fill(0.0f);
    double seconds[2] = {-1, -1};
    auto error = no_error();
    REQUIRE(vulkan().table().profile(program, &arena.buffer, seconds, &error) == LM_OK);
    CHECK(seconds[0] > 0);
    CHECK(seconds[1] > 0);
    CHECK(seconds[0] + seconds[1] < 10);
    CHECK(arena.last(0, 0) == 1.0f);
    vulkan().table().program_destroy(program);
}

TEST_CASE("program: a buffer that is too small for its slot is refused") {
    if (!vulkan().available())
        return;
    Chain chain(vulkan(), 2);
    chain.step("copy", {0}, 1);
    lm_program* program = chain.create();
    ArenaBuffer small(vulkan(), 4096);
    auto error = no_error();
    lm_token token = 0;
    CHECK(vulkan().table().submit(program, &small.buffer, 0, &token, &error) ==
          LM_INVALID_ARGUMENT);
    CHECK(std::string(error.message).find("its buffer has 4096") != std::string::npos);
    vulkan().table().program_destroy(program);
}

TEST_CASE("device: without a driver the backend is unavailable, and says why") {
    const char* const names[] = {"VK_ICD_FILENAMES", "VK_DRIVER_FILES"};
    std::string before[2];
    for (int i = 0; i < 2; ++i) {
        before[i] = std::getenv(names[i]) != nullptr ? std::getenv(names[i]) : "";
        setenv(names[i], "/nonexistent.json", 1);
    }
    BackendUnderTest none("vulkan");
    CHECK_FALSE(none.available());
    CHECK(none.why().find("no Vulkan ") == 0);
    for (int i = 0; i < 2; ++i)
        before[i].empty() ? unsetenv(names[i]) : setenv(names[i], before[i].c_str(), 1);
}

TEST_CASE("without_work, a program is submitted and ends, and its kernels do not run") {
    BackendUnderTest idle("vulkan", {{"without_work", 1}});
    if (!idle.available())
        return;
    const NodeSpec node{
        "relu", {}, {Tensor(LM_F32, {3}, std::vector<float>{-1, 0, 2})}, {{LM_F32, {3}}}};
    const std::vector<float> expected{0, 0, 2};
    CHECK(vulkan().run(node)[0].values<float>() == expected);
    CHECK(idle.run(node)[0].values<float>() != expected);
}
