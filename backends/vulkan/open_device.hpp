/// An opened device with all that lives on it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "vk/memory.hpp"

namespace lamina::vulkan {

/// A kernel of our own or somebody else's.
struct KernelEntry {
    const char* name;
    int32_t priority;
    const Kernel* own = nullptr;
    const lm_kernel* foreign = nullptr;
};
using KernelTable = std::map<std::string, std::vector<KernelEntry>, std::less<>>;

class OpenDevice {
  public:
    /// foreign: what add_kernel took, by operator.
    OpenDevice(const KernelTable& foreign, std::unique_ptr<Instance>, const DeviceFacts&,
               const lm_host*, const DeviceOptions&, uint64_t listed_as);

    /// Emits the kernels that take the node, cheapest first. Throws LM_UNSUPPORTED with each one's
    /// reason where there is none.
    void describe(const lm_node_desc*, void* context, lm_emit_candidate) const;
    /// Adds the dispatches of the kernel by this name; returns the estimate of their seconds.
    double build(const char* kernel, Step&, const Node&) const;

  private:
    KernelTable kernels_;

  public:
    // In the order in which they depend on each other.
    Device device;
    const uint64_t index; // in the backend's list
    const Limits limits;
    const double submission_seconds; // a submission's longest estimated time
    Memory memory;
    Pipelines pipelines;
    Tables tables;
};

} // namespace lamina::vulkan
