#include "vk/pipeline.hpp"

#include <chrono>

namespace lamina::vulkan {

Pipelines::~Pipelines() {
    for (const auto& [key, pipeline] : pipelines_)
        device_.api().DestroyPipeline(device_.handle(), pipeline.handle, nullptr);
    for (const auto& [key, layout] : layouts_) {
        device_.api().DestroyPipelineLayout(device_.handle(), layout.layout, nullptr);
        device_.api().DestroyDescriptorSetLayout(device_.handle(), layout.set, nullptr);
    }
}

const Pipelines::Layout& Pipelines::layout(uint32_t bindings, uint32_t push_bytes) {
    Layout& layout = layouts_[{bindings, push_bytes}];
    if (layout.layout != VK_NULL_HANDLE)
        return layout;

    std::vector<VkDescriptorSetLayoutBinding> list(bindings);
    for (uint32_t i = 0; i < bindings; ++i) {
        list[i].binding = i;
        list[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
        list[i].descriptorCount = 1;
        list[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    }
    auto set =
        make<VkDescriptorSetLayoutCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO);
    set.bindingCount = bindings;
    set.pBindings = list.data();
    check(device_.api().CreateDescriptorSetLayout(device_.handle(), &set, nullptr, &layout.set),
          "creating a descriptor set layout");

    VkPushConstantRange push{VK_SHADER_STAGE_COMPUTE_BIT, 0, push_bytes};
    auto info = make<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
    info.setLayoutCount = 1;
    info.pSetLayouts = &layout.set;
    info.pushConstantRangeCount = push_bytes > 0 ? 1 : 0;
    info.pPushConstantRanges = &push;
    check(device_.api().CreatePipelineLayout(device_.handle(), &info, nullptr, &layout.layout),
          "creating a pipeline layout");
    return layout;
}

const Pipeline& Pipelines::get(std::span<const uint32_t> words, std::span<const uint32_t> constants,
                               uint32_t bindings, uint32_t push_bytes) {
    std::vector<uint32_t> key{bindings, push_bytes};
    key.insert(key.end(), constants.begin(), constants.end());
    key.insert(key.end(), words.begin(), words.end());
    const auto known = pipelines_.find(key);
    if (known != pipelines_.end())
        return known->second;

    const CooperativeMatrix& matrix = device_.facts().cooperative_matrix;
    const bool cooperative = is_cooperative(words);
    std::vector<uint32_t> translated;
    if (cooperative && matrix.api == CooperativeApi::khr)
        words = translated = to_khr(words);

    const Layout& shape = layout(bindings, push_bytes);
    auto module_info = make<VkShaderModuleCreateInfo>(VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
    module_info.codeSize = words.size_bytes();
    module_info.pCode = words.data();
    VkShaderModule module = VK_NULL_HANDLE;
    check(device_.api().CreateShaderModule(device_.handle(), &module_info, nullptr, &module),
          "creating a shader module");

    std::vector<VkSpecializationMapEntry> entries;
    for (uint32_t i = 0; i < constants.size(); ++i)
        entries.push_back({i, i * 4, 4});
    const VkSpecializationInfo specialization{static_cast<uint32_t>(entries.size()), entries.data(),
                                              constants.size_bytes(), constants.data()};
    auto info = make<VkComputePipelineCreateInfo>(VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO);
    info.stage =
        make<VkPipelineShaderStageCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO);
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = "main";
    info.stage.pSpecializationInfo = constants.empty() ? nullptr : &specialization;
    auto subgroup = make<VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT>(
        VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO_EXT);
    subgroup.requiredSubgroupSize = matrix.subgroup_size;
    if (cooperative && matrix.requires_subgroup_size) {
        info.stage.pNext = &subgroup;
        info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT;
    }
    info.layout = shape.layout;
    VkPipeline handle = VK_NULL_HANDLE;
    const auto begin = std::chrono::steady_clock::now();
    const VkResult result = device_.api().CreateComputePipelines(device_.handle(), cache_.handle(),
                                                                 1, &info, nullptr, &handle);
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ++made_;
    device_.api().DestroyShaderModule(device_.handle(), module, nullptr);
    check(result, "compiling a shader");
    return pipelines_.emplace(std::move(key), Pipeline{handle, shape.layout, shape.set})
        .first->second;
}

void Pipelines::settle() {
    if (made_ == 0)
        return;
    device_.host()->log(LM_LOG_DEBUG,
                        ("vulkan: " + std::to_string(made_) + " pipelines made in " +
                         std::to_string(seconds_) + " s, with " +
                         std::to_string(cache_.bytes_read()) + " bytes from the cache on disk")
                            .c_str());
    made_ = 0;
    seconds_ = 0;
    cache_.save();
}

} // namespace lamina::vulkan
