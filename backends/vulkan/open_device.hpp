/// An opened device with all that lives on it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "vk/memory.hpp"

namespace lamina::vulkan {

class OpenDevice {
  public:
    OpenDevice(std::unique_ptr<Instance>, const DeviceFacts&, const lm_host*, uint64_t memory_limit,
               uint64_t listed_as);

    /// Emits the kernels that take the node, cheapest first. Throws LM_UNSUPPORTED with each one's
    /// reason where there is none.
    void describe(const lm_node_desc*, void* context, lm_emit_candidate) const;
    const Kernel& kernel(const std::string& op, const std::string& name) const;

  private:
    std::map<std::string, std::vector<const Kernel*>> kernels_;

  public:
    // In the order in which they depend on each other.
    Device device;
    const uint64_t index; // in the backend's list
    const Limits limits;
    Memory memory;
    Pipelines pipelines;
};

} // namespace lamina::vulkan
