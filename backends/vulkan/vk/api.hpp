/// Vulkan's functions, found at run time: nothing here links libvulkan, so that the plugin loads on
/// a machine without it.
#pragma once

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <vulkan/vulkan_core.h>

#include <string>

#include "lamina/plugin/plugin.hpp"
#include "vk/cooperative.hpp"

namespace lamina::vulkan {

#define LAMINA_VK_GLOBAL(X)                                                                        \
    X(EnumerateInstanceVersion)                                                                    \
    X(EnumerateInstanceExtensionProperties)                                                        \
    X(EnumerateInstanceLayerProperties)                                                            \
    X(CreateInstance)

#define LAMINA_VK_INSTANCE(X)                                                                      \
    X(DestroyInstance)                                                                             \
    X(EnumeratePhysicalDevices)                                                                    \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(GetPhysicalDeviceProperties2)                                                                \
    X(GetPhysicalDeviceFeatures2)                                                                  \
    X(GetPhysicalDeviceMemoryProperties2)                                                          \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                      \
    X(CreateDevice)                                                                                \
    X(GetDeviceProcAddr)

#define LAMINA_VK_DEVICE(X)                                                                        \
    X(DestroyDevice)                                                                               \
    X(GetDeviceQueue)                                                                              \
    X(DeviceWaitIdle)                                                                              \
    X(QueueSubmit)                                                                                 \
    X(CreateBuffer)                                                                                \
    X(DestroyBuffer)                                                                               \
    X(GetBufferMemoryRequirements)                                                                 \
    X(AllocateMemory)                                                                              \
    X(FreeMemory)                                                                                  \
    X(BindBufferMemory)                                                                            \
    X(MapMemory)                                                                                   \
    X(CreateSemaphore)                                                                             \
    X(DestroySemaphore)                                                                            \
    X(WaitSemaphores)                                                                              \
    X(GetSemaphoreCounterValue)                                                                    \
    X(CreateCommandPool)                                                                           \
    X(DestroyCommandPool)                                                                          \
    X(AllocateCommandBuffers)                                                                      \
    X(FreeCommandBuffers)                                                                          \
    X(BeginCommandBuffer)                                                                          \
    X(EndCommandBuffer)                                                                            \
    X(CmdPipelineBarrier)                                                                          \
    X(CmdCopyBuffer)                                                                               \
    X(CmdBindPipeline)                                                                             \
    X(CmdBindDescriptorSets)                                                                       \
    X(CmdPushConstants)                                                                            \
    X(CmdDispatch)                                                                                 \
    X(CmdResetQueryPool)                                                                           \
    X(CmdWriteTimestamp)                                                                           \
    X(CreateQueryPool)                                                                             \
    X(DestroyQueryPool)                                                                            \
    X(GetQueryPoolResults)                                                                         \
    X(CreateShaderModule)                                                                          \
    X(DestroyShaderModule)                                                                         \
    X(CreateDescriptorSetLayout)                                                                   \
    X(DestroyDescriptorSetLayout)                                                                  \
    X(CreatePipelineLayout)                                                                        \
    X(DestroyPipelineLayout)                                                                       \
    X(CreatePipelineCache)                                                                         \
    X(DestroyPipelineCache)                                                                        \
    X(GetPipelineCacheData)                                                                        \
    X(CreateComputePipelines)                                                                      \
    X(DestroyPipeline)                                                                             \
    X(CreateDescriptorPool)                                                                        \
    X(DestroyDescriptorPool)                                                                       \
    X(AllocateDescriptorSets)                                                                      \
    X(UpdateDescriptorSets)

#define LAMINA_VK_MEMBER(name) PFN_vk##name name = nullptr;
struct GlobalApi {
    LAMINA_VK_GLOBAL(LAMINA_VK_MEMBER)
};
struct InstanceApi {
    LAMINA_VK_INSTANCE(LAMINA_VK_MEMBER)
    // Of VK_EXT_debug_utils; NULL without it.
    LAMINA_VK_MEMBER(CreateDebugUtilsMessengerEXT)
    LAMINA_VK_MEMBER(DestroyDebugUtilsMessengerEXT)
    // Of VK_NV_cooperative_matrix and VK_KHR_cooperative_matrix; NULL without it.
    LAMINA_VK_MEMBER(GetPhysicalDeviceCooperativeMatrixPropertiesNV)
    khr::GetCooperativeMatrixProperties GetPhysicalDeviceCooperativeMatrixPropertiesKHR = nullptr;
};
struct DeviceApi {
    LAMINA_VK_DEVICE(LAMINA_VK_MEMBER)
};
#undef LAMINA_VK_MEMBER

/// libvulkan.so.1, opened. The constructor throws LM_UNSUPPORTED with the reason where there is
/// none.
class Loader {
  public:
    Loader();
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    const GlobalApi& global() const { return global_; }
    InstanceApi instance(VkInstance) const;
    static DeviceApi device(const InstanceApi&, VkDevice);

  private:
    void* library_ = nullptr;
    PFN_vkGetInstanceProcAddr get_ = nullptr;
    GlobalApi global_;
};

/// A zeroed structure of Vulkan's with its type filled in.
template <class T>
T make(VkStructureType type, void* next = nullptr) {
    T structure{};
    structure.sType = type;
    structure.pNext = next;
    return structure;
}

const char* to_string(VkResult);

/// Throws what a Vulkan call reported: LM_OUT_OF_MEMORY, LM_DEVICE_LOST or LM_INTERNAL.
void check(VkResult, const char* what);

} // namespace lamina::vulkan
