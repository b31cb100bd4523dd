/// Devices and their memory, whichever backend they belong to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lamina/export.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"
#include "lamina/tensor.hpp"

namespace lamina {

struct DeviceInfo {
    std::string backend;
    uint64_t index = 0;
    std::string name, vendor, driver, type;
    uint64_t memory_bytes = 0;
    uint64_t max_buffer_bytes = 0;
    uint64_t alignment = 64;
    std::string details; // JSON
};

/// A backend and what it sees: its devices, or why it is unavailable.
struct BackendStatus {
    std::string name;
    std::string doc;
    std::string unavailable; // empty when it is available
    std::vector<DeviceInfo> devices;
};

/// Every registered backend.
LAMINA_API std::vector<BackendStatus> list_backends();

struct MemoryInfo {
    uint64_t total = 0, free = 0, allocated = 0, peak = 0;
};

class Device;

/// Memory on a device; freed at its end. Keeps the device open.
class LAMINA_API Buffer {
  public:
    Buffer(std::shared_ptr<Device> device, uint64_t bytes, int32_t kind);
    ~Buffer();
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    uint64_t bytes() const { return bytes_; }
    lm_buffer* raw() const { return buffer_; }
    /// Host address, or nullptr.
    void* map() const;
    /// Both come after all runs that were started, and wait until the transfer is done. Throw
    /// Error.
    void write(const void* source, uint64_t bytes, uint64_t offset = 0);
    void read(void* target, uint64_t bytes, uint64_t offset = 0) const;

    /// Another number after each write and each program that wrote into it: what was made from its
    /// content, such as packed weights, belongs to one version.
    uint64_t version() const { return version_; }
    void note_written() { ++version_; }

  private:
    std::shared_ptr<Device> device_;
    lm_buffer* buffer_ = nullptr;
    uint64_t bytes_;
    uint64_t version_ = 0;
};

/// An opened device of a backend.
class LAMINA_API Device : public std::enable_shared_from_this<Device> {
  public:
    /// spec: what --backend takes: NAME[:key=value,...]. Keys that name an operator force its
    /// kernel
    /// ("openblas:conv=winograd_f4x3"); the others are the backend's options; device=INDEX chooses.
    /// Throws Error: no such backend (with what there is), unavailable (with why), a wrong option.
    static std::shared_ptr<Device> open(const std::string& spec);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const std::string& backend() const { return backend_name_; }
    const std::string& spec() const { return spec_; }
    const DeviceInfo& info() const { return info_; }
    MemoryInfo memory() const;
    std::shared_ptr<Buffer> allocate(uint64_t bytes, int32_t slot_kind);

    /// The kernel that was asked for by name for this operator, "" for none.
    std::string forced(const std::string& op) const;

    const lm_backend& table() const { return part_.as<lm_backend>(); }
    lm_device* raw() const { return device_; }

    /// The token of the run that was started last: what comes after all runs waits for it.
    lm_token latest_run() const { return latest_run_; }
    void set_latest_run(lm_token token) { latest_run_ = token; }

  private:
    Device() = default;

    std::string backend_name_, spec_;
    Part part_;
    std::shared_ptr<const lm_config> config_; // lives until the device is closed
    std::vector<Part> kernels_;
    void* self_ = nullptr;
    lm_device* device_ = nullptr;
    lm_token latest_run_ = 0;
    DeviceInfo info_;
    std::vector<std::pair<std::string, std::string>> forced_;
};

} // namespace lamina
