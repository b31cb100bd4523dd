// The reference backend with one fault, which its option names: lamina-conformance must find each,
// and none where there is none. Here are the faults of whole programs; kernels.cpp has those of
// one.
#include <algorithm>
#include <cstring>
#include <vector>

#include "fault.hpp"
#include "lamina/plugin/host_backend.hpp"

LAMINA_PLUGIN("faulty", "0.1.0")

namespace lamina::faulty {
namespace {

using namespace plugin;

struct Faulty {
    static constexpr auto schema = R"({
        "fault": {"type": "string", "default": "none"},
        "memory_limit_mib": {"type": "int", "default": 0, "min": 0}})";
    static constexpr auto doc = "wrong on purpose";
    static constexpr auto type = "cpu";
    static std::string name() { return "host memory"; }
    static std::string details() { return "{}"; }
};
using Host = detail::HostBackend<Faulty>;

char chosen[64] = "none";
const lm_host* host = nullptr;

bool has(std::string_view name) { return fault() == name; }

lm_status create(const lm_host* given, void** self, lm_error* error) noexcept {
    host = given;
    return Host::create(given, self, error);
}

lm_status device_open(void* self, uint64_t index, const lm_config* raw, lm_device** out,
                      lm_error* error) noexcept {
    const lm_status status = Host::device_open(self, index, raw, out, error);
    return status != LM_OK ? status : guard(error, [&] {
        const std::string name = Config(host, raw).string("fault");
        name.copy(chosen, sizeof chosen - 1);
        chosen[std::min(name.size(), sizeof chosen - 1)] = '\0';
    });
}

/// Refusing: it lacks an operator.
lm_status describe(lm_device* device, const lm_node_desc* node, void* context,
                   lm_emit_candidate emit, lm_error* error) noexcept {
    return guard(error, [&] {
        if (has("refusing") && std::string_view(node->op) == "sin")
            unsupported("it has no sin");
        if (Host::describe(device, node, context, emit, error) != LM_OK)
            throw Error(error->code, error->message);
    });
}

/// A program, and which of its slots hold a running variance.
struct Program {
    lm_program* inner;
    std::vector<std::pair<uint32_t, uint64_t>> variances; // slot, bytes
};
Program& program(lm_program* p) { return *reinterpret_cast<Program*>(p); }

bool reads_from(const lm_step_desc& second, const lm_step_desc& first) {
    for (uint64_t i = 0; i < second.node->n_inputs; ++i)
        if (second.inputs[i] == first.outputs[0])
            return true;
    return false;
}

/// Missing barrier: the first step that needs the one before it begins before that is done.
std::vector<const lm_step_desc*> ordered(const lm_program_desc& desc) {
    std::vector<const lm_step_desc*> steps(desc.steps, desc.steps + desc.n_steps);
    if (has("missing_barrier"))
        for (size_t i = 1; i < steps.size(); ++i)
            if (reads_from(*steps[i], *steps[i - 1])) {
                std::swap(steps[i], steps[i - 1]);
                break;
            }
    return steps;
}

lm_status program_create(lm_device* device, const lm_program_desc* given, lm_program** out,
                         lm_error* error) noexcept {
    return guard(error, [&] {
        lm_program_desc desc = *given;
        const auto steps = ordered(desc);
        desc.steps = steps.data();
        Program made{nullptr, {}};
        for (uint32_t slot = 0; slot < desc.n_slots; ++slot)
            if (std::string_view(desc.slots[slot]->name).ends_with("moving_variance"))
                made.variances.emplace_back(slot, desc.slots[slot]->bytes);
        if (Host::program_create(device, &desc, &made.inner, error) != LM_OK)
            throw Error(error->code, error->message);
        *out = reinterpret_cast<lm_program*>(new Program(std::move(made)));
    });
}
void program_destroy(lm_program* p) noexcept {
    Host::program_destroy(program(p).inner);
    delete &program(p);
}

/// Stale running variance: it is after a step what it was before.
lm_status submit(lm_program* p, lm_buffer* const* buffers, lm_token wait, lm_token* signal,
                 lm_error* error) noexcept {
    std::vector<std::vector<char>> before;
    const auto address = [&](uint32_t slot) {
        return static_cast<char*>(reinterpret_cast<HostBuffer*>(buffers[slot])->data);
    };
    for (const auto& [slot, bytes] : program(p).variances)
        before.emplace_back(address(slot), address(slot) + bytes);
    const lm_status status = Host::submit(program(p).inner, buffers, wait, signal, error);
    for (size_t i = 0; has("stale_variance") && i < before.size(); ++i)
        std::memcpy(address(program(p).variances[i].first), before[i].data(), before[i].size());
    return status;
}
void program_variable_written(lm_program* p, uint32_t slot) noexcept {
    Host::program_variable_written(program(p).inner, slot);
}
lm_status profile(lm_program* p, lm_buffer* const* buffers, double* seconds,
                  lm_error* error) noexcept {
    return Host::profile(program(p).inner, buffers, seconds, error);
}

constexpr lm_backend make_table() {
    lm_backend table = Host::table;
    table.create = &create;
    table.device_open = &device_open;
    table.describe = &describe;
    table.program_create = &program_create;
    table.program_destroy = &program_destroy;
    table.program_variable_written = &program_variable_written;
    table.submit = &submit;
    table.profile = &profile;
    return table;
}
constexpr lm_backend backend_table = make_table();
LAMINA_REGISTER(faulty, "backend", "faulty", &backend_table)

} // namespace

std::string_view fault() { return chosen; }

} // namespace lamina::faulty
