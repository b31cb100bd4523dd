#include "lamina/device.hpp"

#include <memory_resource>

#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/error.hpp"
#include "plugins/host.hpp"
#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

/// A backend with the kernels that plugins bring for it.
struct Backend {
    Part part;
    std::vector<Part> kernels;
    void* self = nullptr;

    explicit Backend(const std::string& name) : part(Registry::global().find("backend", name)) {
        call(table().create, host_table(), &self);
        try {
            if (table().add_kernel != nullptr) {
                kernels = Registry::global().kernels_for(name);
                for (const Part& p : kernels) {
                    const auto& kernel = p.as<lm_kernel>();
                    call(table().add_kernel, self, kernel.op, kernel.name, &kernel);
                }
            }
        } catch (...) {
            table().destroy(self);
            throw;
        }
    }
    ~Backend() {
        if (self != nullptr)
            table().destroy(self);
    }
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    const lm_backend& table() const { return part.as<lm_backend>(); }

    uint64_t device_count() const {
        uint64_t count = 0;
        call(table().device_count, self, &count);
        return count;
    }
    DeviceInfo info(const std::string& name, uint64_t index) const {
        lm_device_info raw{};
        raw.struct_size = sizeof raw;
        call(table().device_info, self, index, &raw);
        const auto text = [](const char* s) { return std::string(s == nullptr ? "" : s); };
        return {name,
                index,
                text(raw.name),
                text(raw.vendor),
                text(raw.driver),
                text(raw.type),
                raw.memory_bytes,
                raw.max_buffer_bytes,
                raw.alignment,
                text(raw.details)};
    }
};

} // namespace

std::vector<BackendStatus> list_backends() {
    std::vector<BackendStatus> out;
    for (const std::string& name : Registry::global().names("backend")) {
        BackendStatus status{name, "", "", {}};
        try {
            const Backend backend(name);
            status.doc = backend.table().doc;
            const uint64_t count = backend.device_count();
            for (uint64_t i = 0; i < count; ++i)
                status.devices.push_back(backend.info(name, i));
        } catch (const Error& e) {
            status.unavailable = e.what();
        }
        out.push_back(std::move(status));
    }
    return out;
}

std::shared_ptr<Device> Device::open(const std::string& text) {
    const PartOptions spec = parse_part_options(text, "--backend");
    Backend backend(spec.name);
    const uint64_t count = [&] {
        try {
            return backend.device_count();
        } catch (const Error& e) {
            fail(e.code(), fmt::format("backend {} is unavailable: {}", spec.name, e.what()));
        }
    }();
    std::shared_ptr<Device> device(new Device());
    Json config = Json::object();
    uint64_t index = UINT64_MAX;
    for (const auto& [key, value] : spec.options.items()) {
        if (key == "device") {
            if (!value.is_number_unsigned() || value.get<uint64_t>() >= count)
                throw UsageError(fmt::format(
                    "--backend {}: no device {}; there are 0 to {}, see `lamina devices`", text,
                    value.dump(), count - 1));
            index = value.get<uint64_t>();
        } else if (Registry::global().has("operator", key)) {
            device->forced_.emplace_back(key, value.is_string() ? value.get<std::string>()
                                                                : value.dump());
        } else {
            config[key] = value;
        }
    }
    // `device` is known, too, to whoever mistypes it.
    Json schema = parse_json(backend.table().schema, "the schema of backend " + spec.name);
    schema["device"] = {{"type", "int"}, {"default", nullptr}};
    Json options = apply_schema(config, schema.dump(), "--backend " + spec.name);
    options.erase("device");
    device->config_ = std::make_shared<const lm_config>(std::move(options));
    call(backend.table().device_open, backend.self, index, device->config_.get(), &device->device_);
    device->backend_name_ = spec.name;
    device->spec_ = text;
    device->info_ = backend.info(spec.name, backend.table().device_index(device->device_));
    device->part_ = backend.part;
    device->kernels_ = std::move(backend.kernels);
    device->self_ = std::exchange(backend.self, nullptr);
    return device;
}

Device::~Device() {
    if (device_ != nullptr)
        table().device_close(device_);
    if (self_ != nullptr)
        table().destroy(self_);
}

MemoryInfo Device::memory() const {
    lm_memory_info raw{};
    raw.struct_size = sizeof raw;
    call(table().memory_info, device_, &raw);
    return {raw.total_bytes, raw.free_bytes, raw.allocated_bytes, raw.peak_bytes};
}

std::shared_ptr<Buffer> Device::allocate(uint64_t bytes, int32_t slot_kind) {
    // Side by side, as every step looks at those of all weights. Never destroyed: buffers may live
    // as long as the program does.
    static auto& pool = *new std::pmr::synchronized_pool_resource();
    return std::allocate_shared<Buffer>(std::pmr::polymorphic_allocator<Buffer>(&pool),
                                        shared_from_this(), bytes, slot_kind);
}

std::string Device::forced(const std::string& op) const {
    for (const auto& [name, kernel] : forced_)
        if (name == op)
            return kernel;
    return "";
}

Buffer::Buffer(std::shared_ptr<Device> device, uint64_t bytes, int32_t kind)
    : device_(std::move(device)), bytes_(bytes) {
    call(device_->table().buffer_create, device_->raw(), bytes, kind, &buffer_);
}

Buffer::~Buffer() {
    if (buffer_ != nullptr)
        device_->table().buffer_destroy(device_->raw(), buffer_);
}

void* Buffer::map() const { return device_->table().buffer_map(device_->raw(), buffer_); }

void Buffer::write(const void* source, uint64_t bytes, uint64_t offset) {
    lm_token token = 0;
    call(device_->table().write, device_->raw(), buffer_, offset, source, bytes,
         device_->latest_run(), &token);
    call(device_->table().wait, device_->raw(), token);
    note_written();
}

void Buffer::read(void* target, uint64_t bytes, uint64_t offset) const {
    lm_token token = 0;
    call(device_->table().read, device_->raw(), buffer_, offset, target, bytes,
         device_->latest_run(), &token);
    call(device_->table().wait, device_->raw(), token);
}

} // namespace lamina
