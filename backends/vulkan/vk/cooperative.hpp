/// Products of small matrices by the lanes of a subgroup: what a device offers, by
/// VK_KHR_cooperative_matrix or, before it, VK_NV_cooperative_matrix.
///
/// The packaged headers and compiler know NVIDIA's extension alone, so shaders are written for that
/// one. What the Khronos one takes is declared here, and modules are turned into its form when
/// their pipelines are made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <vulkan/vulkan_core.h>

namespace lamina::vulkan {

struct DeviceFacts;
struct InstanceApi;

enum class CooperativeApi : uint8_t { none, khr, nv };

/// c [m, n] += a [m, k] b [k, n] of f16 with sums in f32.
struct CooperativeMatrix {
    CooperativeApi api = CooperativeApi::none;
    uint32_t m = 0, n = 0, k = 0;
    uint32_t subgroup_size = 0;          // of the subgroups that compute one
    bool requires_subgroup_size = false; // it is one of several that the device has
    uint32_t down = 0, across = 0;       // how the subgroups of a workgroup share its tile

    explicit operator bool() const { return api != CooperativeApi::none; }
    const char* extension() const;
};

/// Threads of a workgroup, rows and columns of its tile, and how many terms are summed between two
/// barriers (shaders/gemm_cooperative.glsl).
constexpr uint32_t kCooperativeThreads = 128;
constexpr uint32_t kCooperativeSide = 64;
constexpr uint32_t kCooperativeStep = 32;

/// Sets how subgroups share the workgroup's tile; false where they cannot.
bool share_tile(CooperativeMatrix&);

/// The largest that the shader can use; none where the device has none.
CooperativeMatrix cooperative_matrix(const InstanceApi&, const DeviceFacts&, bool memory_model);

/// Whether the module computes such products.
bool is_cooperative(std::span<const uint32_t> module);

/// A module for SPV_NV_cooperative_matrix as one for SPV_KHR_cooperative_matrix: types say whether
/// they are a factor or a sum, and loads and stores name the layout before the stride. Throws where
/// a type is used as two of these, or a matrix is stored by columns.
std::vector<uint32_t> to_khr(std::span<const uint32_t> module);

namespace khr {

constexpr auto kCooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
// VkStructureType's values, of the registry.
constexpr auto kFeaturesType = static_cast<VkStructureType>(1000506000);
constexpr auto kPropertiesType = static_cast<VkStructureType>(1000506001);

/// VkPhysicalDeviceCooperativeMatrixFeaturesKHR.
struct CooperativeMatrixFeatures {
    VkStructureType sType;
    void* pNext;
    VkBool32 cooperativeMatrix;
    VkBool32 cooperativeMatrixRobustBufferAccess;
};

/// VkCooperativeMatrixPropertiesKHR; component types and scopes have the values of NVIDIA's.
struct CooperativeMatrixProperties {
    VkStructureType sType;
    void* pNext;
    uint32_t MSize, NSize, KSize;
    VkComponentTypeNV AType, BType, CType, ResultType;
    VkBool32 saturatingAccumulation;
    VkScopeNV scope;
};

using GetCooperativeMatrixProperties = VkResult(VKAPI_PTR*)(VkPhysicalDevice, uint32_t*,
                                                            CooperativeMatrixProperties*);

} // namespace khr

} // namespace lamina::vulkan
