// The contract of abi.h beyond arithmetic: options, the device list, memory, describe, programs and
// their lifetimes, and what happens when memory runs out.
#include <algorithm>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "abi_call.hpp"
#include "gradient.hpp"
#include "lamina/operators.hpp"
#include "lamina/thread_pool.hpp"
#include "small_program.hpp"
#include "test.hpp"

namespace lamina::conformance {

namespace {

using Wrong = std::string; // what is wrong, "" for nothing

std::string with_option(const std::string& spec, const std::string& option) {
    return spec + (spec.find(':') == std::string::npos ? ":" : ",") + option;
}

/// "" when the body throws an Error of this kind with a message, else what it did.
template <class Body>
Wrong must_fail(const char* what, std::initializer_list<StatusCode> codes, Body&& body) {
    try {
        body();
    } catch (const Error& e) {
        if (std::find(codes.begin(), codes.end(), e.code()) == codes.end())
            return fmt::format("{} gives the error `{}` ({})", what, e.what(), name(e.code()));
        return e.what()[0] == '\0' ? fmt::format("{} fails without a message", what) : "";
    }
    return fmt::format("{} is accepted", what);
}

std::vector<unsigned char> pattern(uint64_t bytes, unsigned seed) {
    std::vector<unsigned char> data(bytes);
    for (size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<unsigned char>((i * 31 + seed * 97) ^ (i >> 8));
    return data;
}

std::vector<float> read_floats(const Buffer& buffer) {
    std::vector<float> values(SmallProgram::elements);
    buffer.read(values.data(), SmallProgram::bytes);
    return values;
}

// ---- Options and devices ---------------------------------------------------------------------

Wrong unknown_option(const Target& target) {
    return must_fail("an option that no backend has", {StatusCode::InvalidArgument},
                     [&] { Device::open(with_option(target.spec, "no_such_option=1")); });
}

Wrong no_such_device(const Target& target) {
    return must_fail("device 4,000,000",
                     {StatusCode::NotFound, StatusCode::InvalidArgument, StatusCode::Unsupported},
                     [&] {
                         const std::string name = target.spec.substr(0, target.spec.find(':'));
                         Device::open(name + ":device=4000000");
                     });
}

Wrong second_device(const Target& target) {
    const auto again = Device::open(target.spec);
    if (again->info().name != target.device->info().name)
        return "the same --backend opens another device the second time";
    const SmallProgram program(again);
    const auto x = again->allocate(SmallProgram::bytes, LM_SLOT_INPUT),
               y = again->allocate(SmallProgram::bytes, LM_SLOT_OUTPUT);
    x->write(SmallProgram::x(1).data(), SmallProgram::bytes);
    call(again->table().wait, again->raw(), program.submit(*x, *y, 0));
    return read_floats(*y) == SmallProgram::y(1)
               ? ""
               : "a device that is opened beside computes wrongly";
}

Wrong information(const Target& target) {
    const DeviceInfo& info = target.device->info();
    if (info.name.empty() || info.driver.empty())
        return "the device has no name or no driver";
    const std::set<std::string> types{"cpu", "discrete", "integrated", "virtual", "software"};
    if (!types.contains(info.type))
        return "the device's type is `" + info.type + "`";
    if (info.alignment == 0 || (info.alignment & (info.alignment - 1)) != 0)
        return fmt::format("the alignment, {}, is no power of two", info.alignment);
    if (info.max_buffer_bytes < uint64_t{1} << 20)
        return fmt::format("a buffer may have only {} bytes", info.max_buffer_bytes);
    if (!nlohmann::json::parse(info.details, nullptr, false).is_object())
        return "the details are no JSON object: " + info.details;
    return "";
}

// ---- Memory ----------------------------------------------------------------------------------

Wrong round_trip(const Target& target) {
    for (const int32_t kind :
         {LM_SLOT_ARENA, LM_SLOT_VARIABLE, LM_SLOT_CONSTANT, LM_SLOT_INPUT, LM_SLOT_OUTPUT})
        for (const uint64_t bytes : {1, 3, 4, 127, 129, 4096, 65537}) {
            const auto buffer = target.device->allocate(bytes, kind);
            auto want = pattern(bytes, 1);
            buffer->write(want.data(), bytes);
            const uint64_t from = bytes / 3, count = bytes - from - bytes / 4;
            const auto part = pattern(count, 2);
            buffer->write(part.data(), count, from);
            std::copy(part.begin(), part.end(), want.begin() + static_cast<int64_t>(from));
            std::vector<unsigned char> got(bytes);
            buffer->read(got.data(), bytes);
            if (got != want)
                return fmt::format("{} bytes in a buffer of kind {} are read back otherwise", bytes,
                                   kind);
        }
    return "";
}

Wrong no_bytes(const Target& target) {
    const auto buffer = target.device->allocate(0, LM_SLOT_ARENA);
    buffer->write(nullptr, 0);
    buffer->read(nullptr, 0);
    target.device->table().buffer_destroy(target.device->raw(), nullptr);
    return "";
}

Wrong beyond_the_end(const Target& target) {
    const auto buffer = target.device->allocate(1000, LM_SLOT_ARENA);
    std::vector<unsigned char> bytes(2000);
    struct Range {
        uint64_t offset, count;
    };
    for (const Range r : {Range{0, 1001}, {999, 2}, {1001, 0}, {UINT64_MAX - 1, 4}}) {
        const std::string what = fmt::format("{} bytes at {} of 1000", r.count, r.offset);
        Wrong wrong = must_fail(("writing " + what).c_str(), {StatusCode::InvalidArgument},
                                [&] { buffer->write(bytes.data(), r.count, r.offset); });
        if (wrong.empty())
            wrong = must_fail(("reading " + what).c_str(), {StatusCode::InvalidArgument},
                              [&] { buffer->read(bytes.data(), r.count, r.offset); });
        if (!wrong.empty())
            return wrong;
    }
    return "";
}

Wrong too_large(const Target& target) {
    const Wrong wrong = must_fail("a buffer of 2^56 bytes", {StatusCode::OutOfMemory}, [&] {
        target.device->allocate(uint64_t{1} << 56, LM_SLOT_ARENA);
    });
    return wrong.empty() ? round_trip(target) : wrong;
}

Wrong accounting(const Target& target) {
    const MemoryInfo before = target.device->memory();
    {
        const auto first = target.device->allocate(1 << 20, LM_SLOT_ARENA),
                   second = target.device->allocate(3 << 19, LM_SLOT_VARIABLE);
        const MemoryInfo during = target.device->memory();
        if (during.allocated != before.allocated + first->bytes() + second->bytes())
            return fmt::format("{} bytes are allocated; {} were before {} and {} more",
                               during.allocated, before.allocated, first->bytes(), second->bytes());
        if (during.peak < during.allocated)
            return "more is allocated than the peak";
    }
    const MemoryInfo after = target.device->memory();
    return after.allocated == before.allocated
               ? ""
               : fmt::format("{} bytes are allocated after all was freed that was not there when "
                             "{} were",
                             after.allocated, before.allocated);
}

// ---- Describe --------------------------------------------------------------------------------

lm_status describe(const Target& target, const lm_node_desc& node, std::vector<lm_candidate>& list,
                   std::string& message) {
    const auto emit = [](void* context, const lm_candidate* c) {
        static_cast<std::vector<lm_candidate>*>(context)->push_back(*c);
    };
    lm_error error{};
    error.struct_size = sizeof error;
    const lm_status status =
        target.device->table().describe(target.device->raw(), &node, &list, emit, &error);
    message = error.message;
    return status;
}

Wrong unknown_operator(const Target& target) {
    Graph graph;
    const ValueId x = graph.add_input("x", {DType::F32, Shape{3}});
    add_operator(graph, "neg", "neg", "", {x});
    const auto node = describe_node(graph, graph.nodes()[1]);
    lm_node_desc renamed = node->desc();
    renamed.op = "no_such_operator";
    std::vector<lm_candidate> list;
    std::string message;
    if (const lm_status status = describe(target, renamed, list, message); status != LM_UNSUPPORTED)
        return fmt::format("an unknown operator gives status {}", status);
    if (!list.empty())
        return "an unknown operator has candidates";
    return message.empty() ? "a refusal without a reason" : "";
}

/// For some operators in some sizes.
Wrong best_first(const Target& target) {
    for (const int64_t n : {1, 127, 512})
        for (const char* op : {"matmul", "add", "mul"}) {
            Graph graph;
            const TensorType type{DType::F32, Shape{n, n}};
            const ValueId a = graph.add_input("a", type), b = graph.add_input("b", type);
            add_operator(graph, op, op, "", {a, b});
            const auto node = describe_node(graph, graph.nodes()[2]);
            std::vector<lm_candidate> list, again;
            std::string message;
            if (describe(target, node->desc(), list, message) != LM_OK)
                continue; // the operators' tests list what is refused
            std::set<std::string> names;
            for (size_t i = 0; i < list.size(); ++i) {
                if (!names.insert(list[i].name).second)
                    return fmt::format("{}: two candidates are named {}", op, list[i].name);
                if (i > 0 && list[i].seconds < list[i - 1].seconds)
                    return fmt::format("{}: {} stands behind {} and is estimated as faster", op,
                                       list[i].name, list[i - 1].name);
            }
            describe(target, node->desc(), again, message);
            const auto same = [](const lm_candidate& x, const lm_candidate& y) {
                return std::strcmp(x.name, y.name) == 0 && x.seconds == y.seconds &&
                       x.workspace_bytes == y.workspace_bytes;
            };
            if (!std::equal(list.begin(), list.end(), again.begin(), again.end(), same))
                return std::string(op) + ": asked again, other candidates come";
        }
    return "";
}

// ---- Programs --------------------------------------------------------------------------------

/// Two inputs with their outputs.
struct Pair {
    std::shared_ptr<Buffer> x[2], y[2];

    explicit Pair(Device& device) {
        for (int i = 0; i < 2; ++i) {
            x[i] = device.allocate(SmallProgram::bytes, LM_SLOT_INPUT);
            y[i] = device.allocate(SmallProgram::bytes, LM_SLOT_OUTPUT);
            x[i]->write(SmallProgram::x(i).data(), SmallProgram::bytes);
        }
    }
};

void wait(const Target& target, lm_token token) {
    call(target.device->table().wait, target.device->raw(), token);
}

Wrong description_may_die(const Target& target) {
    const SmallProgram program(target.device);
    const Pair buffers(*target.device);
    wait(target, program.submit(*buffers.x[0], *buffers.y[0], 0));
    return read_floats(*buffers.y[0]) == SmallProgram::y(0) ? "" : "the program computes wrongly";
}

Wrong other_buffers(const Target& target) {
    const SmallProgram program(target.device);
    const Pair buffers(*target.device);
    for (int round = 0; round < 20; ++round) {
        const int in = round % 2, out = round / 2 % 2;
        wait(target, program.submit(*buffers.x[in], *buffers.y[out], 0));
        if (read_floats(*buffers.y[out]) != SmallProgram::y(in))
            return fmt::format("wrong results in submission {} with changing buffers", round);
    }
    return "";
}

/// write, submit, read, write, submit, read, each behind the other's token, waited for at the end.
Wrong chained_tokens(const Target& target) {
    const SmallProgram program(target.device);
    const Pair buffers(*target.device);
    const lm_backend& table = target.device->table();
    constexpr int rounds = 5;
    std::vector<std::vector<float>> sources(rounds), results(rounds);
    lm_token token = 0;
    for (int i = 0; i < rounds; ++i) {
        const auto at = static_cast<size_t>(i);
        sources[at] = SmallProgram::x(i + 5);
        results[at].resize(SmallProgram::elements);
        call(table.write, target.device->raw(), buffers.x[0]->raw(), uint64_t{0},
             static_cast<const void*>(sources[at].data()), SmallProgram::bytes, token, &token);
        token = program.submit(*buffers.x[0], *buffers.y[0], token);
        call(table.read, target.device->raw(), buffers.y[0]->raw(), uint64_t{0},
             static_cast<void*>(results[at].data()), SmallProgram::bytes, token, &token);
    }
    wait(target, token);
    for (int i = 0; i < rounds; ++i)
        if (results[static_cast<size_t>(i)] != SmallProgram::y(i + 5))
            return fmt::format("round {} of write, submit, read has wrong results", i);
    return "";
}

Wrong interleaved(const Target& target) {
    const SmallProgram first(target.device), second(target.device);
    const Pair buffers(*target.device);
    for (int round = 0; round < 5; ++round) {
        lm_token token = first.submit(*buffers.x[0], *buffers.y[0], 0);
        token = second.submit(*buffers.x[1], *buffers.y[1], token);
        wait(target, token);
        for (int i = 0; i < 2; ++i)
            if (read_floats(*buffers.y[i]) != SmallProgram::y(i))
                return "two programs in turn have wrong results";
    }
    return "";
}

Wrong memory_is_flat(const Target& target) {
    const Pair buffers(*target.device);
    const uint64_t before = target.device->memory().allocated;
    uint64_t with_program = 0;
    for (int made = 0; made < 5; ++made) {
        const SmallProgram program(target.device);
        for (int round = 0; round < 20; ++round)
            wait(target, program.submit(*buffers.x[0], *buffers.y[0], 0));
        const uint64_t now = target.device->memory().allocated;
        if (made > 0 && now != with_program)
            return fmt::format("{} bytes with the first program, {} with number {}", with_program,
                               now, made + 1);
        with_program = now;
    }
    const uint64_t after = target.device->memory().allocated;
    return after == before ? "" : fmt::format("{} bytes before, {} after", before, after);
}

Wrong profile(const Target& target) {
    const SmallProgram program(target.device);
    const Pair buffers(*target.device);
    for (const double s : program.profile(*buffers.x[0], *buffers.y[0]))
        if (!(s >= 0 && s < 60))
            return fmt::format("a step takes {} seconds", s);
    return read_floats(*buffers.y[0]) == SmallProgram::y(0) ? ""
                                                            : "a profiled run computes wrongly";
}

// ---- Out of memory ---------------------------------------------------------------------------

constexpr uint64_t limit_mib = 32;

std::shared_ptr<Device> small_device(const Target& target) {
    const auto schema = nlohmann::json::parse(target.device->table().schema, nullptr, false);
    if (!schema.is_object() || !schema.contains("memory_limit_mib"))
        fail(StatusCode::Unsupported,
             "the backend has no option memory_limit_mib, so its memory cannot be made short");
    return Device::open(with_option(target.spec, fmt::format("memory_limit_mib={}", limit_mib)));
}

/// A MiB at a time, for each k: the k-th after the last that fits fails, and one more fits again
/// when one is given back.
Wrong oom_buffers(const Target& target) {
    const auto device = small_device(target);
    std::vector<std::shared_ptr<Buffer>> held;
    for (uint64_t i = 0; i < limit_mib; ++i)
        held.push_back(device->allocate(1 << 20, LM_SLOT_ARENA));
    const auto one_more = [&] { device->allocate(1 << 20, LM_SLOT_VARIABLE); };
    for (int round = 0; round < 3; ++round) {
        if (Wrong wrong =
                must_fail("a buffer beyond the limit", {StatusCode::OutOfMemory}, one_more);
            !wrong.empty())
            return wrong;
        held.pop_back();
        held.push_back(device->allocate(1 << 20, LM_SLOT_ARENA));
    }
    return "";
}

/// A convolution's gradient in ever more memory: it fails at its first allocation, then at a later
/// one, ..., each time with the right error and nothing left behind, until it runs and is right.
Wrong oom_program(const Target& target) {
    const auto device = small_device(target);
    const Case test{
        "contract/oom/program",
        "conv",
        {{{4, 32, 32, 8}, integers()}, {{3, 3, 8, 8}, integers()}},
        {{"padding_low", std::vector<int64_t>{1, 1}}, {"padding_high", std::vector<int64_t>{1, 1}}},
        {},
        {},
        {0, 1}};
    const auto inputs = make_inputs(test);
    const uint64_t before = device->memory().allocated;
    const auto want = gradients(device, test, inputs);
    const uint64_t needed = device->memory().peak - before;

    constexpr uint64_t steps = 16;
    bool ran_short = false;
    for (uint64_t step = 0; step <= steps; ++step) {
        const uint64_t room = needed * step / steps;
        const uint64_t taken = (limit_mib << 20) - device->memory().allocated - room;
        const auto ballast = device->allocate(taken, LM_SLOT_ARENA);
        const uint64_t held = device->memory().allocated;
        try {
            const auto got = gradients(device, test, inputs);
            for (size_t i = 0; i < want.size(); ++i)
                if (std::memcmp(got[i].raw(), want[i].raw(), want[i].bytes()) != 0)
                    return "other bits where memory is just enough";
        } catch (const Error& e) {
            if (e.code() != StatusCode::OutOfMemory)
                return fmt::format("with room for {} of {} bytes: {}", room, needed, e.what());
            if (step == steps)
                return fmt::format("it ran once in {} bytes, and does not run in them again: {}",
                                   needed, e.what());
            ran_short = true;
        }
        if (const uint64_t now = device->memory().allocated; now != held)
            return fmt::format("a failure with room for {} of {} bytes leaves {} bytes behind",
                               room, needed, now - held);
    }
    return ran_short ? "" : "it never ran out of memory";
}

CONFORMANCE_TESTS(contract) {
    const auto add = [&](const std::string& what, Wrong (*run)(const Target&)) {
        const std::string name = "contract/" + what;
        tests.push_back({name, "contract", [name, run](const Target& target) {
                             set_threads(2);
                             try {
                                 return verdict(name, run(target));
                             } catch (const Error& e) {
                                 return verdict(name, e);
                             }
                         }});
    };
    add("options/unknown", unknown_option);
    add("device/no_such", no_such_device);
    add("device/opened_twice", second_device);
    add("device/information", information);
    add("memory/round_trip", round_trip);
    add("memory/no_bytes", no_bytes);
    add("memory/beyond_the_end", beyond_the_end);
    add("memory/too_large", too_large);
    add("memory/accounting", accounting);
    add("describe/unknown_operator", unknown_operator);
    add("describe/best_first", best_first);
    add("program/description_may_die", description_may_die);
    add("program/other_buffers", other_buffers);
    add("program/chained_tokens", chained_tokens);
    add("program/interleaved", interleaved);
    add("program/memory_is_flat", memory_is_flat);
    add("program/profile", profile);
    add("oom/buffers", oom_buffers);
    add("oom/program", oom_program);
}

} // namespace
} // namespace lamina::conformance
