/// A backend in host memory: buffers, programs and timing, so that such a backend is a set of
/// kernels and one line:
///
///     struct MyBackend {
///         static constexpr auto schema = "{}";
///         static constexpr auto doc = "plain loops";
///         static constexpr auto type = "cpu";
///         static std::string name();        // of the device
///         static std::string details();     // JSON object of features
///         static void open(const Config&);  // optional: called when a device is opened,
///         static void close();              // and when it is closed
///     };
///     LAMINA_HOST_BACKEND(mine, MyBackend)
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/config.hpp"
#include "lamina/plugin/host_memory.hpp"
#include "lamina/plugin/kernel.hpp"
#include "lamina/plugin/owned_node.hpp"

namespace lamina::plugin {

struct HostBuffer {
    void* data = nullptr;
    uint64_t bytes = 0;
};

/// The kernels of one backend by operator, best priority first.
class KernelSet {
  public:
    void add(const char* op, const lm_kernel* kernel) {
        auto& list = kernels_[op];
        list.insert(std::upper_bound(list.begin(), list.end(), kernel,
                                     [](const lm_kernel* a, const lm_kernel* b) {
                                         return a->priority > b->priority;
                                     }),
                    kernel);
    }
    const std::vector<const lm_kernel*>* find(const char* op) const {
        const auto it = kernels_.find(op);
        return it == kernels_.end() ? nullptr : &it->second;
    }
    const lm_kernel& find(const char* op, const char* name) const {
        if (const auto* list = find(op))
            for (const lm_kernel* k : *list)
                if (std::strcmp(k->name, name) == 0)
                    return *k;
        unsupported(std::string(op) + ": no kernel named `" + name + "`");
    }

  private:
    std::map<std::string, std::vector<const lm_kernel*>, std::less<>> kernels_;
};

class HostDevice {
  public:
    HostDevice(const lm_host* host, const KernelSet& kernels, uint64_t memory_limit)
        : host_(host), kernels_(kernels), limit_(memory_limit) {}

    HostBuffer* create_buffer(uint64_t bytes) {
        if (limit_ != 0 && allocated_ + bytes > limit_)
            throw Error(LM_OUT_OF_MEMORY, out_of_memory(bytes));
        auto buffer = std::make_unique<HostBuffer>();
        buffer->bytes = bytes;
        buffer->data = host_->allocate(std::max<uint64_t>(bytes, 1));
        if (buffer->data == nullptr)
            throw Error(LM_OUT_OF_MEMORY, out_of_memory(bytes));
        allocated_ += bytes;
        peak_ = std::max(peak_, allocated_);
        return buffer.release();
    }
    void destroy_buffer(HostBuffer* buffer) {
        allocated_ -= buffer->bytes;
        host_->free(buffer->data);
        delete buffer;
    }

    /// Emits every kernel that takes the node, cheapest first; equal estimates keep their priority.
    void describe(const lm_node_desc* node, void* context, lm_emit_candidate emit) const {
        const auto* list = kernels_.find(node->op);
        if (list == nullptr)
            unsupported(std::string("no kernel for operator `") + node->op + "`");
        std::vector<lm_candidate> accepted;
        std::string reasons;
        for (const lm_kernel* kernel : *list) {
            lm_error error{};
            error.struct_size = sizeof error;
            lm_candidate candidate{};
            candidate.struct_size = sizeof candidate;
            candidate.name = kernel->name;
            candidate.numerics = "reassociated";
            if (kernel->describe(host_, node, &candidate, &error) == LM_OK)
                accepted.push_back(candidate);
            else
                reasons +=
                    std::string(reasons.empty() ? "" : "; ") + kernel->name + ": " + error.message;
        }
        if (accepted.empty())
            unsupported(reasons);
        std::stable_sort(
            accepted.begin(), accepted.end(),
            [](const lm_candidate& a, const lm_candidate& b) { return a.seconds < b.seconds; });
        for (const lm_candidate& c : accepted)
            emit(context, &c);
    }

    const KernelSet& kernels() const { return kernels_; }
    const lm_host* host() const { return host_; }
    uint64_t limit() const { return limit_; }
    uint64_t allocated() const { return allocated_; }
    uint64_t peak() const { return peak_; }

  private:
    std::string out_of_memory(uint64_t bytes) const {
        return "out of memory: asked for " + std::to_string(bytes) + " bytes, " +
               std::to_string(allocated_) + " are allocated" +
               (limit_ ? ", the limit is " + std::to_string(limit_) : std::string());
    }

    const lm_host* host_;
    const KernelSet& kernels_;
    uint64_t limit_;
    uint64_t allocated_ = 0;
    uint64_t peak_ = 0;
};

/// A line of prepared kernels.
class HostProgram {
  public:
    HostProgram(HostDevice& device, const lm_program_desc& program) : device_(device) {
        for (uint64_t i = 0; i < program.n_values; ++i)
            places_.push_back({program.values[i]->slot, program.values[i]->offset});
        for (uint64_t i = 0; i < program.n_steps; ++i)
            add_step(*program.steps[i]);
        bases_.resize(program.n_slots);
    }

    void run(lm_buffer* const* buffers, double* seconds) {
        for (size_t slot = 0; slot < bases_.size(); ++slot) {
            const auto* buffer = reinterpret_cast<const HostBuffer*>(buffers[slot]);
            bases_[slot] = buffer == nullptr ? nullptr : static_cast<char*>(buffer->data);
        }
        for (size_t i = 0; i < steps_.size(); ++i) {
            const auto start = std::chrono::steady_clock::now();
            run(*steps_[i]);
            if (seconds != nullptr)
                seconds[i] =
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        }
    }

    /// What steps have made of the slot's content is out of date.
    void written(uint32_t slot) {
        for (const auto& step : steps_)
            for (const uint32_t input : step->inputs)
                step->pack = step->pack || places_[input].slot == slot;
    }

  private:
    struct Place {
        uint32_t slot;
        uint64_t offset;
    };
    struct Step {
        Step(HostDevice& on, const lm_node_desc& description) : device(on), node(description) {}
        ~Step() {
            if (packed != nullptr)
                device.destroy_buffer(packed);
            if (kernel != nullptr && kernel->release != nullptr)
                kernel->release(state);
        }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

        HostDevice& device;
        OwnedNode node;
        HostBuffer* packed = nullptr; // NULL: the kernel keeps nothing
        bool pack = true;
        const lm_kernel* kernel = nullptr;
        void* state = nullptr;
        std::vector<uint32_t> inputs, outputs;
        Place workspace{};
        std::vector<const void*> input_data;
        std::vector<void*> output_data;
    };

    void add_step(const lm_step_desc& desc) {
        auto step = std::make_unique<Step>(device_, *desc.node);
        const lm_kernel& kernel = device_.kernels().find(desc.node->op, desc.candidate);
        if (kernel.prepare != nullptr)
            call(kernel.prepare, device_.host(), &step->node.desc(), &step->state);
        step->kernel = &kernel;
        lm_candidate candidate{};
        candidate.struct_size = sizeof candidate;
        call(kernel.describe, device_.host(), &step->node.desc(), &candidate);
        if (candidate.packed_bytes > 0)
            step->packed = device_.create_buffer(candidate.packed_bytes);
        step->inputs.assign(desc.inputs, desc.inputs + desc.node->n_inputs);
        step->outputs.assign(desc.outputs, desc.outputs + desc.node->n_outputs);
        step->workspace = {desc.workspace_slot, desc.workspace_offset};
        step->input_data.resize(step->inputs.size());
        step->output_data.resize(step->outputs.size());
        steps_.push_back(std::move(step));
    }
    char* address(Place place) const { return bases_[place.slot] + place.offset; }
    void run(Step& step) {
        for (size_t i = 0; i < step.inputs.size(); ++i)
            step.input_data[i] = address(places_[step.inputs[i]]);
        for (size_t i = 0; i < step.outputs.size(); ++i)
            step.output_data[i] = address(places_[step.outputs[i]]);
        const lm_kernel_args args{sizeof args,
                                  step.input_data.data(),
                                  step.output_data.data(),
                                  address(step.workspace),
                                  device_.host(),
                                  step.packed != nullptr ? step.packed->data : nullptr,
                                  step.pack ? 1 : 0};
        Check check;
        lm_error* error = check;
        if (step.kernel->run(step.state, &step.node.desc(), &args, error) != LM_OK)
            throw Error(error->code, std::string(step.node.desc().op) + " (" +
                                         step.node.desc().name + ", kernel " + step.kernel->name +
                                         "): " + error->message);
        step.pack = false;
    }

    HostDevice& device_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<Step>> steps_;
    std::vector<char*> bases_;
};

namespace detail {

/// The functions of lm_backend over HostDevice; Traits names the backend.
template <class Traits>
struct HostBackend {
    struct Self {
        const lm_host* host;
        KernelSet kernels;
        std::string device_name, details;
    };

    static HostDevice& device(lm_device* d) { return *reinterpret_cast<HostDevice*>(d); }
    static HostBuffer& buffer(lm_buffer* b) { return *reinterpret_cast<HostBuffer*>(b); }

    static lm_status create(const lm_host* host, void** self, lm_error* error) noexcept {
        return guard(error, [&] { *self = new Self{host, {}, Traits::name(), Traits::details()}; });
    }
    static void destroy(void* self) noexcept { delete static_cast<Self*>(self); }
    static lm_status add_kernel(void* self, const char* op, const char*, const lm_kernel* kernel,
                                lm_error* error) noexcept {
        return guard(error, [&] { static_cast<Self*>(self)->kernels.add(op, kernel); });
    }
    static lm_status device_count(void*, uint64_t* count, lm_error*) noexcept {
        *count = 1;
        return LM_OK;
    }
    static lm_status device_info(void* self, uint64_t, lm_device_info* out, lm_error*) noexcept {
        const auto& s = *static_cast<Self*>(self);
        out->name = s.device_name.c_str();
        out->vendor = "";
        out->driver = "host";
        out->type = Traits::type;
        out->memory_bytes = total_host_memory();
        out->max_buffer_bytes = out->memory_bytes;
        out->alignment = 64;
        out->details = s.details.c_str();
        return LM_OK;
    }
    static lm_status device_open(void* self, uint64_t, const lm_config* raw, lm_device** out,
                                 lm_error* error) noexcept {
        return guard(error, [&] {
            auto& s = *static_cast<Self*>(self);
            const Config config(s.host, raw);
            const int64_t limit = config.integer("memory_limit_mib", 0);
            auto opened =
                std::make_unique<HostDevice>(s.host, s.kernels, static_cast<uint64_t>(limit) << 20);
            if constexpr (requires { Traits::open(config); })
                Traits::open(config);
            *out = reinterpret_cast<lm_device*>(opened.release());
        });
    }
    static void device_close(lm_device* d) noexcept {
        if constexpr (requires { Traits::close(); })
            Traits::close();
        delete &device(d);
    }
    static lm_status buffer_create(lm_device* d, uint64_t bytes, int32_t, lm_buffer** out,
                                   lm_error* error) noexcept {
        return guard(error,
                     [&] { *out = reinterpret_cast<lm_buffer*>(device(d).create_buffer(bytes)); });
    }
    static void buffer_destroy(lm_device* d, lm_buffer* b) noexcept {
        if (b != nullptr)
            device(d).destroy_buffer(&buffer(b));
    }
    static void* buffer_map(lm_device*, lm_buffer* b) noexcept { return buffer(b).data; }
    static void check_range(const HostBuffer& b, uint64_t offset, uint64_t bytes) {
        if (offset > b.bytes || bytes > b.bytes - offset)
            invalid("transfer of " + std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                    " does not fit a buffer of " + std::to_string(b.bytes));
    }
    static lm_status write(lm_device*, lm_buffer* b, uint64_t offset, const void* source,
                           uint64_t bytes, lm_token, lm_token* signal, lm_error* error) noexcept {
        return guard(error, [&] {
            check_range(buffer(b), offset, bytes);
            if (bytes > 0)
                std::memcpy(static_cast<char*>(buffer(b).data) + offset, source, bytes);
            if (signal != nullptr)
                *signal = 0;
        });
    }
    static lm_status read(lm_device*, lm_buffer* b, uint64_t offset, void* target, uint64_t bytes,
                          lm_token, lm_token* signal, lm_error* error) noexcept {
        return guard(error, [&] {
            check_range(buffer(b), offset, bytes);
            if (bytes > 0)
                std::memcpy(target, static_cast<char*>(buffer(b).data) + offset, bytes);
            if (signal != nullptr)
                *signal = 0;
        });
    }
    static lm_status memory_info(lm_device* d, lm_memory_info* out, lm_error*) noexcept {
        out->total_bytes = total_host_memory();
        out->free_bytes = available_host_memory();
        out->allocated_bytes = device(d).allocated();
        out->peak_bytes = device(d).peak();
        if (const uint64_t limit = device(d).limit(); limit != 0) {
            out->total_bytes = std::min<uint64_t>(out->total_bytes, limit);
            out->free_bytes = std::min<uint64_t>(out->free_bytes, limit - out->allocated_bytes);
        }
        return LM_OK;
    }
    static lm_status describe(lm_device* d, const lm_node_desc* node, void* context,
                              lm_emit_candidate emit, lm_error* error) noexcept {
        return guard(error, [&] { device(d).describe(node, context, emit); });
    }
    static lm_status program_create(lm_device* d, const lm_program_desc* desc, lm_program** out,
                                    lm_error* error) noexcept {
        return guard(error, [&] {
            *out = reinterpret_cast<lm_program*>(new HostProgram(device(d), *desc));
        });
    }
    static void program_destroy(lm_program* p) noexcept {
        delete reinterpret_cast<HostProgram*>(p);
    }
    static void program_variable_written(lm_program* p, uint32_t slot) noexcept {
        reinterpret_cast<HostProgram*>(p)->written(slot);
    }
    static lm_status submit(lm_program* p, lm_buffer* const* buffers, lm_token, lm_token* signal,
                            lm_error* error) noexcept {
        return guard(error, [&] {
            reinterpret_cast<HostProgram*>(p)->run(buffers, nullptr);
            if (signal != nullptr)
                *signal = 0;
        });
    }
    static lm_status wait(lm_device*, lm_token, lm_error*) noexcept { return LM_OK; }
    static lm_status profile(lm_program* p, lm_buffer* const* buffers, double* seconds,
                             lm_error* error) noexcept {
        return guard(error, [&] { reinterpret_cast<HostProgram*>(p)->run(buffers, seconds); });
    }

    static uint64_t device_index(lm_device*) noexcept { return 0; }

    static constexpr lm_backend table{sizeof(lm_backend),
                                      Traits::schema,
                                      Traits::doc,
                                      "host",
                                      &create,
                                      &destroy,
                                      &add_kernel,
                                      &device_count,
                                      &device_info,
                                      &device_open,
                                      &device_close,
                                      &buffer_create,
                                      &buffer_destroy,
                                      &buffer_map,
                                      &write,
                                      &read,
                                      &memory_info,
                                      &describe,
                                      &program_create,
                                      &program_destroy,
                                      &program_variable_written,
                                      &submit,
                                      &wait,
                                      &profile,
                                      &device_index};
};

} // namespace detail

} // namespace lamina::plugin

/// name: an identifier, what --backend takes.
#define LAMINA_HOST_BACKEND(name, Traits)                                                          \
    LAMINA_REGISTER(name, "backend", #name, &::lamina::plugin::detail::HostBackend<Traits>::table)
