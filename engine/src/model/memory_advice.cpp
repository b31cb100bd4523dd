#include "model/memory_advice.hpp"

#include <fmt/format.h>

#include "lamina/error.hpp"

namespace lamina {

namespace {

std::string mib(uint64_t bytes) {
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1u << 20));
}

std::string by_kind(const MemoryUse& use) {
    std::string text;
    const auto add = [&](const char* kind, uint64_t bytes) {
        if (bytes > 0)
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, mib(bytes));
    };
    add("weights", use.weights);
    add("optimizer slots", use.optimizer_slots);
    add("gradients", use.gradients);
    add("activations", use.activations);
    add("workspace", use.workspace);
    add("constants", use.constants);
    add("inputs", use.inputs);
    return text;
}

const char* name_of(Mode mode) {
    switch (mode) {
    case Mode::Train:
        return "training";
    case Mode::Evaluate:
        return "evaluation";
    default:
        return "prediction";
    }
}

/// Training has programs for whole batches, for the last one and for validation: variables and
/// arena are shared, inputs and constants are not.
uint64_t bytes_needed(Mode mode, const MemoryUse& use) {
    const uint64_t programs = mode == Mode::Train ? 3 : 1;
    return use.total() + (programs - 1) * (use.inputs + use.constants);
}

std::string memory_advice(Model::State& state, Mode mode, int64_t batch,
                          const SampleFormat& format) {
    Device& device = *state.store->device();
    const auto plan = [&](int64_t n) {
        return plan_only(state.build(mode, n, format).graph, device, state.compile_options());
    };
    // The plan counts variables and arena anew, so that what the store holds of them is free.
    const uint64_t room = device.memory().free + state.store->bytes();
    int64_t fits = 0, too_many = batch;
    while (too_many - fits > 1) {
        const int64_t middle = fits + (too_many - fits) / 2;
        (bytes_needed(mode, plan(middle)) <= room ? fits : too_many) = middle;
    }
    const MemoryUse use = plan(batch);
    const std::string takes =
        fmt::format("  {} {} in batches of {} takes {}: {}\n", name_of(mode),
                    state.architecture.name, batch, mib(use.total()), by_kind(use));
    if (fits == 0)
        return takes + fmt::format("  hint: {} are free for it, and a batch of 1 takes {}; a "
                                   "smaller model, or a device with more memory, is needed",
                                   mib(room), mib(plan(1).total()));
    return takes + fmt::format("  hint: the largest batch that fits into the {} that are free for "
                               "it is {}: --batch-size {}",
                               mib(room), fits, fits);
}

} // namespace

void with_memory_advice(Model::State& state, Mode mode, int64_t batch, const SampleFormat& format,
                        const std::function<void()>& make) {
    try {
        make();
    } catch (const Error& e) {
        if (e.code() != StatusCode::OutOfMemory)
            throw;
        fail(e.code(), fmt::format("{}\n{}", e.what(), memory_advice(state, mode, batch, format)));
    }
}

} // namespace lamina
