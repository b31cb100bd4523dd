#include "vk/pipeline_cache.hpp"

namespace lamina::vulkan {

namespace {

CacheKey key_of(const DeviceFacts& facts, const lm_host* host) {
    CacheKey key;
    for (const std::string& part :
         {std::string(host->version), facts.name, facts.uuid, facts.driver, facts.driver_uuid,
          facts.driver_version, std::to_string(facts.driver_version_number)})
        key.text += part + '\n';
    key.vendor_id = facts.vendor_id;
    key.device_id = facts.device_id;
    key.cache_uuid = facts.pipeline_cache_uuid;
    return key;
}

/// One file for each device under each driver, whatever the driver's version: a new one replaces
/// the file, so that they do not pile up.
std::filesystem::path path_of(const DeviceFacts& facts, const lm_host* host) {
    const char* folder = host->cache_folder != nullptr ? host->cache_folder() : nullptr;
    if (folder == nullptr || *folder == '\0')
        return {};
    return std::filesystem::path(folder) / "vulkan" /
           (facts.uuid + "-driver" + std::to_string(facts.driver_id) + ".pipelines");
}

} // namespace

PipelineCache::PipelineCache(const Device& device)
    : device_(device), path_(path_of(device.facts(), device.host())),
      key_(key_of(device.facts(), device.host())) {
    const auto data = path_.empty() ? std::vector<unsigned char>() : read_cache(path_, key_);
    auto info = make<VkPipelineCacheCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO);
    info.initialDataSize = data.size();
    info.pInitialData = data.data();
    if (device_.api().CreatePipelineCache(device_.handle(), &info, nullptr, &handle_) ==
        VK_SUCCESS) {
        bytes_read_ = data.size();
        return;
    }
    info.initialDataSize = 0;
    check(device_.api().CreatePipelineCache(device_.handle(), &info, nullptr, &handle_),
          "creating a pipeline cache");
}

PipelineCache::~PipelineCache() {
    device_.api().DestroyPipelineCache(device_.handle(), handle_, nullptr);
}

void PipelineCache::save() const {
    size_t bytes = 0;
    if (path_.empty() || device_.api().GetPipelineCacheData(device_.handle(), handle_, &bytes,
                                                            nullptr) != VK_SUCCESS)
        return;
    std::vector<unsigned char> data(bytes);
    if (bytes <= kDriverHeader || device_.api().GetPipelineCacheData(
                                      device_.handle(), handle_, &bytes, data.data()) != VK_SUCCESS)
        return;
    data.resize(bytes);
    if (!write_cache(path_, key_, data))
        device_.host()->log(
            LM_LOG_DEBUG,
            ("vulkan: the pipeline cache " + path_.string() + " was not written").c_str());
}

} // namespace lamina::vulkan
