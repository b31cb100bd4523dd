/// vkfft_shader NAME LENGTH INNER SHADER HEADER
///
/// Writes VkFFT's shader for complex transforms of LENGTH values that lie INNER values apart, INNER
/// of them side by side, in place; and a header with its table of twiddle factors and its
/// workgroups. VkFFT is given a stand-in for Vulkan, a device with the least limits that Vulkan
/// allows, which keeps what VkFFT would have run: so the shader runs on every device, and neither
/// VkFFT nor a compiler is needed at run time.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <regex>
#include <string>
#include <vector>

#define VKFFT_BACKEND 0
#include <vkFFT.h>

namespace {

/// What VkFFT would have run.
struct Kept {
    std::string shader;
    std::vector<uint32_t> table; // of twiddle factors
    uint32_t workgroups = 0;
    int dispatches = 0;
} kept;

template <class Handle>
void give(Handle* handle) { // one that is not null
    static uintptr_t last = 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a name that nobody follows
    *handle = reinterpret_cast<Handle>(++last);
}

std::vector<uint32_t> staging;

} // namespace

// The stand-in for Vulkan. Staging memory is real: the table passes through it.

void vkGetPhysicalDeviceProperties(VkPhysicalDevice, VkPhysicalDeviceProperties* properties) {
    VkPhysicalDeviceLimits& l = properties->limits;
    l.maxComputeWorkGroupInvocations = 128;
    l.maxComputeWorkGroupSize[0] = l.maxComputeWorkGroupSize[1] = 128;
    l.maxComputeWorkGroupSize[2] = 64;
    l.maxComputeWorkGroupCount[0] = l.maxComputeWorkGroupCount[1] = l.maxComputeWorkGroupCount[2] =
        65535;
    l.maxComputeSharedMemorySize = 16384;
}
void vkGetPhysicalDeviceMemoryProperties(VkPhysicalDevice, VkPhysicalDeviceMemoryProperties* p) {
    p->memoryTypeCount = p->memoryHeapCount = 1;
    p->memoryTypes[0].propertyFlags = ~VkMemoryPropertyFlags{0};
    p->memoryHeaps[0].size = UINT32_MAX;
}
VkResult vkCreateBuffer(VkDevice, const VkBufferCreateInfo*, const VkAllocationCallbacks*,
                        VkBuffer* buffer) {
    give(buffer);
    return VK_SUCCESS;
}
void vkDestroyBuffer(VkDevice, VkBuffer, const VkAllocationCallbacks*) {}
void vkGetBufferMemoryRequirements(VkDevice, VkBuffer, VkMemoryRequirements* requirements) {
    *requirements = {1, 1, 1};
}
VkResult vkAllocateMemory(VkDevice, const VkMemoryAllocateInfo*, const VkAllocationCallbacks*,
                          VkDeviceMemory* memory) {
    give(memory);
    return VK_SUCCESS;
}
void vkFreeMemory(VkDevice, VkDeviceMemory, const VkAllocationCallbacks*) {}
VkResult vkBindBufferMemory(VkDevice, VkBuffer, VkDeviceMemory, VkDeviceSize) { return VK_SUCCESS; }
VkResult vkMapMemory(VkDevice, VkDeviceMemory, VkDeviceSize, VkDeviceSize bytes, VkMemoryMapFlags,
                     void** mapped) {
    staging.assign(bytes / 4, 0);
    *mapped = staging.data();
    return VK_SUCCESS;
}
void vkUnmapMemory(VkDevice, VkDeviceMemory) {}
void vkCmdCopyBuffer(VkCommandBuffer, VkBuffer, VkBuffer, uint32_t, const VkBufferCopy*) {
    kept.table = staging;
}
VkResult vkAllocateCommandBuffers(VkDevice, const VkCommandBufferAllocateInfo*,
                                  VkCommandBuffer* commands) {
    give(commands);
    return VK_SUCCESS;
}
void vkFreeCommandBuffers(VkDevice, VkCommandPool, uint32_t, const VkCommandBuffer*) {}
VkResult vkBeginCommandBuffer(VkCommandBuffer, const VkCommandBufferBeginInfo*) {
    return VK_SUCCESS;
}
VkResult vkEndCommandBuffer(VkCommandBuffer) { return VK_SUCCESS; }
VkResult vkQueueSubmit(VkQueue, uint32_t, const VkSubmitInfo*, VkFence) { return VK_SUCCESS; }
VkResult vkWaitForFences(VkDevice, uint32_t, const VkFence*, VkBool32, uint64_t) {
    return VK_SUCCESS;
}
VkResult vkResetFences(VkDevice, uint32_t, const VkFence*) { return VK_SUCCESS; }
VkResult vkCreateDescriptorPool(VkDevice, const VkDescriptorPoolCreateInfo*,
                                const VkAllocationCallbacks*, VkDescriptorPool* pool) {
    give(pool);
    return VK_SUCCESS;
}
void vkDestroyDescriptorPool(VkDevice, VkDescriptorPool, const VkAllocationCallbacks*) {}
VkResult vkCreateDescriptorSetLayout(VkDevice, const VkDescriptorSetLayoutCreateInfo*,
                                     const VkAllocationCallbacks*, VkDescriptorSetLayout* layout) {
    give(layout);
    return VK_SUCCESS;
}
void vkDestroyDescriptorSetLayout(VkDevice, VkDescriptorSetLayout, const VkAllocationCallbacks*) {}
VkResult vkAllocateDescriptorSets(VkDevice, const VkDescriptorSetAllocateInfo*,
                                  VkDescriptorSet* set) {
    give(set);
    return VK_SUCCESS;
}
void vkUpdateDescriptorSets(VkDevice, uint32_t, const VkWriteDescriptorSet*, uint32_t,
                            const VkCopyDescriptorSet*) {}
VkResult vkCreatePipelineLayout(VkDevice, const VkPipelineLayoutCreateInfo*,
                                const VkAllocationCallbacks*, VkPipelineLayout* layout) {
    give(layout);
    return VK_SUCCESS;
}
void vkDestroyPipelineLayout(VkDevice, VkPipelineLayout, const VkAllocationCallbacks*) {}
VkResult vkCreateShaderModule(VkDevice, const VkShaderModuleCreateInfo*,
                              const VkAllocationCallbacks*, VkShaderModule* module) {
    give(module);
    return VK_SUCCESS;
}
void vkDestroyShaderModule(VkDevice, VkShaderModule, const VkAllocationCallbacks*) {}
VkResult vkCreateComputePipelines(VkDevice, VkPipelineCache, uint32_t,
                                  const VkComputePipelineCreateInfo*, const VkAllocationCallbacks*,
                                  VkPipeline* pipeline) {
    give(pipeline);
    return VK_SUCCESS;
}
void vkDestroyPipeline(VkDevice, VkPipeline, const VkAllocationCallbacks*) {}
void vkCmdBindPipeline(VkCommandBuffer, VkPipelineBindPoint, VkPipeline) {}
void vkCmdBindDescriptorSets(VkCommandBuffer, VkPipelineBindPoint, VkPipelineLayout, uint32_t,
                             uint32_t, const VkDescriptorSet*, uint32_t, const uint32_t*) {}
void vkCmdPushConstants(VkCommandBuffer, VkPipelineLayout, VkShaderStageFlags, uint32_t, uint32_t,
                        const void*) {
    std::cerr << "vkfft_shader: the shader wants push constants\n";
    std::exit(1);
}
void vkCmdPipelineBarrier(VkCommandBuffer, VkPipelineStageFlags, VkPipelineStageFlags,
                          VkDependencyFlags, uint32_t, const VkMemoryBarrier*, uint32_t,
                          const VkBufferMemoryBarrier*, uint32_t, const VkImageMemoryBarrier*) {}
void vkCmdDispatch(VkCommandBuffer, uint32_t x, uint32_t, uint32_t) {
    kept.workgroups = x;
    ++kept.dispatches;
}

// The stand-in for glslang.

int glslang_initialize_process() { return 1; }
void glslang_finalize_process() {}
glslang_shader_t* glslang_shader_create(const glslang_input_t* input) {
    // As many transforms as the buffer has room for.
    kept.shader =
        std::regex_replace(input->code, std::regex(R"(\b(inputs|outputs)\[\d+\];)"), "$1[];");
    return nullptr;
}
void glslang_shader_delete(glslang_shader_t*) {}
int glslang_shader_preprocess(glslang_shader_t*, const glslang_input_t*) { return 1; }
int glslang_shader_parse(glslang_shader_t*, const glslang_input_t*) { return 1; }
const char* glslang_shader_get_info_log(glslang_shader_t*) { return ""; }
glslang_program_t* glslang_program_create() { return nullptr; }
void glslang_program_delete(glslang_program_t*) {}
void glslang_program_add_shader(glslang_program_t*, glslang_shader_t*) {}
int glslang_program_link(glslang_program_t*, int) { return 1; }
const char* glslang_program_get_info_log(glslang_program_t*) { return ""; }
void glslang_program_SPIRV_generate(glslang_program_t*, glslang_stage_t) {}
const char* glslang_program_SPIRV_get_messages(glslang_program_t*) { return nullptr; }
uint32_t* glslang_program_SPIRV_get_ptr(glslang_program_t*) {
    static uint32_t none = 0;
    return &none;
}
size_t glslang_program_SPIRV_get_size(glslang_program_t*) { return 1; }

namespace {

/// One forward transform of [length][inner] values: kept.
VkFFTResult plan(uint64_t length, uint64_t inner) {
    VkPhysicalDevice physical = VK_NULL_HANDLE;
    VkDevice device = VK_NULL_HANDLE;
    VkQueue queue = VK_NULL_HANDLE;
    VkCommandPool pool = VK_NULL_HANDLE;
    VkFence fence = VK_NULL_HANDLE;
    VkBuffer buffer = VK_NULL_HANDLE;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    give(&buffer);
    uint64_t bytes = length * inner * 2 * sizeof(float);
    VkFFTConfiguration configuration{};
    configuration.physicalDevice = &physical;
    configuration.device = &device;
    configuration.queue = &queue;
    configuration.commandPool = &pool;
    configuration.fence = &fence;
    configuration.buffer = &buffer;
    configuration.bufferSize = &bytes;
    configuration.FFTdim = 2;
    configuration.size[0] = inner;
    configuration.size[1] = length;
    configuration.omitDimension[0] = 1;
    configuration.numberBatches = 2; // or the shader would look at no other than the first
    configuration.makeForwardPlanOnly = 1;
    configuration.useLUT = 1; // no sines of the driver's: the same bits everywhere, and good ones
    configuration.coalescedMemory = 64;
    VkFFTApplication application{};
    VkFFTResult result = initializeVkFFT(&application, configuration);
    if (result != VKFFT_SUCCESS)
        return result;
    VkFFTLaunchParams launch{};
    launch.commandBuffer = &commands;
    result = VkFFTAppend(&application, -1, &launch);
    deleteVkFFT(&application);
    return result;
}

void write_header(const std::string& path, const std::string& name) {
    std::ofstream header(path);
    header << "#pragma once\n#include <cstdint>\n\nnamespace lamina::vkfft {\n"
           << "inline constexpr std::uint32_t " << name << "_table[] = {";
    for (size_t i = 0; i < kept.table.size(); ++i)
        header << (i % 8 == 0 ? "\n    " : " ") << kept.table[i] << "u,";
    header << "\n};\ninline constexpr std::uint32_t " << name << "_workgroups = " << kept.workgroups
           << ";\n} // namespace lamina::vkfft\n";
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: vkfft_shader NAME LENGTH INNER SHADER HEADER\n";
        return 2;
    }
    const VkFFTResult result = plan(std::stoull(argv[2]), std::stoull(argv[3]));
    if (result != VKFFT_SUCCESS || kept.dispatches != 1) {
        std::cerr << "vkfft_shader: VkFFT says " << result << " and makes " << kept.dispatches
                  << " dispatches\n";
        return 1;
    }
    std::ofstream(argv[4]) << kept.shader;
    write_header(argv[5], argv[1]);
    return 0;
}
