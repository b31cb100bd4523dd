/// The lm_backend table over Vulkan 1.2.

#include <cstdlib>

#include "foreign_kernel.hpp"
#include "lamina/plugin/config.hpp"
#include "open_device.hpp"
#include "program.hpp"

LAMINA_PLUGIN("vulkan", "0.1.0")

namespace lamina::vulkan {

namespace {

using plugin::guard;

constexpr auto kSchema = R"({
    "device": {"type": "int", "min": 0, "default": null, "nullable": true},
    "uuid": {"type": "string", "default": null, "nullable": true},
    "memory_limit_mib": {"type": "int", "min": 0, "default": 0},
    "submission_ms": {"type": "int", "min": 0, "default": 0},
    "validation": {"type": "bool", "default": false},
    "least_device": {"type": "bool", "default": false},
    "storage_range_kib": {"type": "int", "min": 0, "default": 0},
    "cooperative_matrix": {"type": "bool", "default": false},
    "without_work": {"type": "bool", "default": false},
    "lose_device_at": {"type": "int", "min": 0, "default": 0}
})";

/// What is known before a device is opened.
class Backend {
  public:
    explicit Backend(const lm_host* host) : host_(host) {}

    const lm_host* host() const { return host_; }

    const std::vector<DeviceFacts>& devices() {
        if (devices_.empty()) {
            devices_ = Instance(loader(), host_, false).devices();
            if (devices_.empty())
                plugin::unsupported("no driver offers a Vulkan 1.2 device; install the "
                                    "driver of the graphics card (Debian: mesa-vulkan-drivers)");
            for (const DeviceFacts& f : devices_)
                details_.push_back(f.details());
        }
        return devices_;
    }
    const std::string& details(size_t index) const { return details_.at(index); }

    void add(const char* op, const char* name, const lm_kernel& kernel) {
        check_foreign(kernel);
        kernels_[op].push_back({name, kernel.priority, nullptr, &kernel});
    }

    size_t pick(uint64_t index, const plugin::Config& config) {
        const auto& list = devices();
        if (index == UINT64_MAX && config.has("uuid"))
            return by_uuid(config.string("uuid"));
        if (index == UINT64_MAX && config.has("device"))
            index = static_cast<uint64_t>(config.integer("device"));
        if (index == UINT64_MAX) {
            const size_t best = choose(list);
            if (list[best].type == "software")
                host_->log(LM_LOG_WARNING, ("vulkan: only a software device is there: " +
                                            list[best].name + "; it runs on the CPU")
                                               .c_str());
            return best;
        }
        if (index >= list.size())
            throw plugin::Error(LM_NOT_FOUND, "there is no Vulkan device " + std::to_string(index) +
                                                  "; there are " + std::to_string(list.size()) +
                                                  ", counted from 0");
        return index;
    }

    std::unique_ptr<OpenDevice> open(size_t index, const plugin::Config& config) {
        const char* asked = std::getenv("LAMINA_VULKAN_VALIDATION");
        const bool validation =
            config.boolean("validation") || (asked != nullptr && std::strcmp(asked, "1") == 0);
        auto instance = std::make_unique<Instance>(loader(), host_, validation);
        auto found = instance->devices();
        const std::string wanted = devices().at(index).uuid;
        const bool least = config.boolean("least_device");
        const auto range = static_cast<uint64_t>(config.integer("storage_range_kib")) << 10;
        if (least) // the engine plans with what the list says
            devices_[index].become_least_device();
        for (DeviceFacts& facts : found) {
            if (facts.uuid != wanted)
                continue;
            if (least)
                facts.become_least_device();
            if (range > 0)
                facts.limits.maxStorageBufferRange = static_cast<uint32_t>(
                    std::min<uint64_t>(facts.limits.maxStorageBufferRange, range));
            DeviceOptions options;
            options.memory_limit = static_cast<uint64_t>(config.integer("memory_limit_mib")) << 20;
            options.submission_seconds =
                static_cast<double>(config.integer("submission_ms")) / 1000;
            options.cooperative_matrix = config.boolean("cooperative_matrix");
            options.without_work = config.boolean("without_work");
            options.lose_at = static_cast<uint64_t>(config.integer("lose_device_at"));
            return std::make_unique<OpenDevice>(kernels_, std::move(instance), facts, host_,
                                                options, index);
        }
        throw plugin::Error(LM_NOT_FOUND, "the Vulkan device " + wanted + " is gone");
    }

  private:
    size_t by_uuid(const std::string& uuid) {
        std::string known;
        for (size_t i = 0; i < devices().size(); ++i) {
            if (devices()[i].uuid == uuid)
                return i;
            known += (i > 0 ? ", " : "") + devices()[i].uuid;
        }
        throw plugin::Error(LM_NOT_FOUND,
                            "there is no Vulkan device with UUID " + uuid + "; there are " + known);
    }

    std::shared_ptr<const Loader> loader() {
        if (loader_ == nullptr)
            loader_ = std::make_shared<Loader>();
        return loader_;
    }

    const lm_host* host_;
    std::shared_ptr<const Loader> loader_;
    KernelTable kernels_; // of other plugins
    std::vector<DeviceFacts> devices_;
    std::vector<std::string> details_;
};

Backend& backend(void* self) { return *static_cast<Backend*>(self); }
OpenDevice& open_device(lm_device* d) { return *reinterpret_cast<OpenDevice*>(d); }
Program& program(lm_program* p) { return *reinterpret_cast<Program*>(p); }
Buffer& buffer(lm_buffer* b) { return *reinterpret_cast<Buffer*>(b); }

void give(lm_token* signal, lm_token token) {
    if (signal != nullptr)
        *signal = token;
}

lm_status create(const lm_host* host, void** self, lm_error* error) noexcept {
    return guard(error, [&] { *self = new Backend(host); });
}
void destroy(void* self) noexcept { delete static_cast<Backend*>(self); }

lm_status add_kernel(void* self, const char* op, const char* name, const lm_kernel* kernel,
                     lm_error* error) noexcept {
    return guard(error, [&] { backend(self).add(op, name, *kernel); });
}

lm_status device_count(void* self, uint64_t* count, lm_error* error) noexcept {
    return guard(error, [&] { *count = backend(self).devices().size(); });
}

lm_status device_info(void* self, uint64_t index, lm_device_info* out, lm_error* error) noexcept {
    return guard(error, [&] {
        const auto& list = backend(self).devices();
        if (index >= list.size())
            throw plugin::Error(LM_NOT_FOUND, "no Vulkan device " + std::to_string(index));
        const DeviceFacts& f = list[index];
        out->name = f.name.c_str();
        out->vendor = f.vendor.c_str();
        out->driver = f.driver.c_str();
        out->type = f.type.c_str();
        out->memory_bytes = f.device_local_bytes();
        // One operand may span maxStorageBufferRange (describe sees to that), but a buffer holds
        // many.
        out->max_buffer_bytes = f.max_allocation;
        out->alignment = Limits::of(f).alignment;
        out->details = backend(self).details(index).c_str();
    });
}

lm_status device_open(void* self, uint64_t index, const lm_config* raw, lm_device** out,
                      lm_error* error) noexcept {
    return guard(error, [&] {
        Backend& b = backend(self);
        const plugin::Config config(b.host(), raw);
        *out = reinterpret_cast<lm_device*>(b.open(b.pick(index, config), config).release());
    });
}
void device_close(lm_device* d) noexcept { delete &open_device(d); }
uint64_t device_index(lm_device* d) noexcept { return open_device(d).index; }

lm_status buffer_create(lm_device* d, uint64_t bytes, int32_t slot_kind, lm_buffer** out,
                        lm_error* error) noexcept {
    return guard(error, [&] {
        *out = reinterpret_cast<lm_buffer*>(open_device(d).memory.create(bytes, slot_kind));
    });
}
void buffer_destroy(lm_device* d, lm_buffer* b) noexcept {
    if (b != nullptr)
        open_device(d).memory.destroy(&buffer(b));
}
void* buffer_map(lm_device*, lm_buffer* b) noexcept { return buffer(b).mapped; }

lm_status write(lm_device* d, lm_buffer* b, uint64_t offset, const void* source, uint64_t bytes,
                lm_token wait, lm_token* signal, lm_error* error) noexcept {
    return guard(error, [&] {
        give(signal, open_device(d).memory.write(buffer(b), offset, source, bytes, wait));
    });
}
lm_status read(lm_device* d, lm_buffer* b, uint64_t offset, void* target, uint64_t bytes,
               lm_token wait, lm_token* signal, lm_error* error) noexcept {
    return guard(error, [&] {
        give(signal, open_device(d).memory.read(buffer(b), offset, target, bytes, wait));
    });
}
lm_status memory_info(lm_device* d, lm_memory_info* out, lm_error* error) noexcept {
    return guard(error, [&] { *out = open_device(d).memory.info(); });
}

lm_status describe(lm_device* d, const lm_node_desc* node, void* context, lm_emit_candidate emit,
                   lm_error* error) noexcept {
    return guard(error, [&] { open_device(d).describe(node, context, emit); });
}

lm_status program_create(lm_device* d, const lm_program_desc* desc, lm_program** out,
                         lm_error* error) noexcept {
    return guard(error,
                 [&] { *out = reinterpret_cast<lm_program*>(new Program(open_device(d), *desc)); });
}
void program_destroy(lm_program* p) noexcept { delete &program(p); }

lm_status submit(lm_program* p, lm_buffer* const* buffers, lm_token wait, lm_token* signal,
                 lm_error* error) noexcept {
    return guard(error, [&] { give(signal, program(p).submit(buffers, wait)); });
}
lm_status wait(lm_device* d, lm_token token, lm_error* error) noexcept {
    return guard(error, [&] { open_device(d).memory.wait(token); });
}
lm_status profile(lm_program* p, lm_buffer* const* buffers, double* seconds,
                  lm_error* error) noexcept {
    return guard(error, [&] { program(p).profile(buffers, seconds); });
}

constexpr lm_backend make_table() {
    lm_backend t{};
    t.struct_size = sizeof t;
    t.schema = kSchema;
    t.doc = "any GPU with a Vulkan 1.2 driver";
    t.kernel_payload = "spirv";
    t.create = &create;
    t.destroy = &destroy;
    t.add_kernel = &add_kernel;
    t.device_count = &device_count;
    t.device_info = &device_info;
    t.device_open = &device_open;
    t.device_close = &device_close;
    t.buffer_create = &buffer_create;
    t.buffer_destroy = &buffer_destroy;
    t.buffer_map = &buffer_map;
    t.write = &write;
    t.read = &read;
    t.memory_info = &memory_info;
    t.describe = &describe;
    t.program_create = &program_create;
    t.program_destroy = &program_destroy;
    t.program_variable_written = nullptr; // no packed forms are kept
    t.submit = &submit;
    t.wait = &wait;
    t.profile = &profile;
    t.device_index = &device_index;
    return t;
}
constexpr lm_backend kTable = make_table();

LAMINA_REGISTER(vulkan, "backend", "vulkan", &kTable)

} // namespace

} // namespace lamina::vulkan
