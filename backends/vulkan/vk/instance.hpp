/// The instance and the physical devices it sees.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "vk/api.hpp"

namespace lamina::vulkan {

/// What a physical device says of itself. Strings and numbers only: it outlives the instance.
struct DeviceFacts {
    VkPhysicalDevice handle = VK_NULL_HANDLE; // valid as long as the instance that listed it
    std::string name, vendor, driver, driver_version, type, uuid, driver_uuid, pci;
    uint32_t api_version = 0;
    uint32_t vendor_id = 0, device_id = 0;
    uint32_t driver_id = 0; // VkDriverId: which driver, whatever its version
    uint32_t driver_version_number = 0;
    std::array<uint8_t, VK_UUID_SIZE> pipeline_cache_uuid{};
    VkPhysicalDeviceLimits limits{};
    uint32_t subgroup_size = 0, min_subgroup_size = 0, max_subgroup_size = 0;
    uint64_t max_allocation = 0;
    bool fp16 = false;
    bool sets_subgroup_size = false; // a pipeline may ask for one between min and max
    CooperativeMatrix cooperative_matrix;
    bool timeline = false;
    uint32_t queue_family = UINT32_MAX; // the one for compute; UINT32_MAX: none
    uint32_t timestamp_bits = 0;
    // For copies: a family of its own, else a second queue of the compute family, else the same.
    uint32_t transfer_family = UINT32_MAX;
    uint32_t transfer_queue = 0;
    VkPhysicalDeviceMemoryProperties memory{};
    std::set<std::string> extensions;
    bool private_memory = false; // buffers are never mapped
    // Quirk, of CPUs: shared memory is memory like any other, and a barrier a change of context.
    bool shares_at_no_gain = false;
    // Quirk, of Intel: products of small matrices want min_subgroup_size.
    bool products_by_least_subgroup = false;

    /// Clamps what the device says to the least that Vulkan 1.2 allows, so that a roomy device can
    /// stand for the poorest one.
    void become_least_device();
    uint64_t device_local_bytes() const;
    /// JSON object for lm_device_info.
    std::string details() const;
};

class Instance {
  public:
    /// Throws LM_UNSUPPORTED with the reason where Vulkan cannot be used. Validation messages
    /// go to the host's log.
    Instance(std::shared_ptr<const Loader>, const lm_host*, bool validation);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const InstanceApi& api() const { return api_; }
    bool validating() const { return messenger_ != VK_NULL_HANDLE; }

    /// Devices that Lamina can use, in the driver's order, the same card once.
    std::vector<DeviceFacts> devices() const;

  private:
    DeviceFacts facts(VkPhysicalDevice) const;

    std::shared_ptr<const Loader> loader_;
    VkInstance handle_ = VK_NULL_HANDLE;
    InstanceApi api_;
    VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
};

/// The same list with each card once: two drivers for one card (RADV and AMDVLK) give it different
/// UUIDs, but it sits in one slot. The first one stays.
std::vector<DeviceFacts> each_once(std::vector<DeviceFacts>);

/// Discrete before integrated before virtual before software. The list is not empty.
size_t choose(const std::vector<DeviceFacts>&);

} // namespace lamina::vulkan
