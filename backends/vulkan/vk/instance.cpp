#include "vk/instance.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace lamina::vulkan {

namespace {

constexpr auto kValidationLayer = "VK_LAYER_KHRONOS_validation";

VKAPI_ATTR VkBool32 VKAPI_CALL report(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                      VkDebugUtilsMessageTypeFlagsEXT,
                                      const VkDebugUtilsMessengerCallbackDataEXT* data,
                                      void* user) {
    const auto* host = static_cast<const lm_host*>(user);
    const bool error = (severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) != 0;
    const std::string message = std::string("vulkan validation: ") + data->pMessage;
    host->log(error ? LM_LOG_ERROR : LM_LOG_WARNING, message.c_str());
    return VK_FALSE;
}

template <class T, class Function, class... Args>
std::vector<T> enumerate(Function function, Args... args) {
    uint32_t count = 0;
    function(args..., &count, nullptr);
    std::vector<T> list(count);
    if (count > 0)
        function(args..., &count, list.data());
    list.resize(count);
    return list;
}

std::string hex(const uint8_t* bytes) {
    std::string text;
    for (size_t i = 0; i < VK_UUID_SIZE; ++i) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
        text += digits;
        if (i == 3 || i == 5 || i == 7 || i == 9)
            text += '-';
    }
    return text;
}

const char* type_name(VkPhysicalDeviceType type) {
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return "virtual";
    default:
        return "software";
    }
}

std::string vendor_name(uint32_t id) {
    switch (id) {
    case 0x1002:
        return "AMD";
    case 0x10de:
        return "NVIDIA";
    case 0x8086:
        return "Intel";
    case 0x13b5:
        return "Arm";
    case 0x5143:
        return "Qualcomm";
    case 0x106b:
        return "Apple";
    case 0x1ae0:
        return "Google";
    case VK_VENDOR_ID_MESA:
        return "Mesa";
    default: {
        char text[16];
        std::snprintf(text, sizeof text, "0x%04x", id);
        return text;
    }
    }
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        if (static_cast<unsigned char>(c) >= 0x20)
            out += c;
    }
    return out + '"';
}

std::string version_text(uint32_t version) {
    return std::to_string(VK_API_VERSION_MAJOR(version)) + "." +
           std::to_string(VK_API_VERSION_MINOR(version)) + "." +
           std::to_string(VK_API_VERSION_PATCH(version));
}

} // namespace

void DeviceFacts::become_least_device() {
    // Table "Required Limits" of the specification.
    limits.maxStorageBufferRange = 1u << 27;
    limits.maxPushConstantsSize = 128;
    limits.maxPerStageDescriptorStorageBuffers = 4;
    limits.maxDescriptorSetStorageBuffers = 24;
    limits.minStorageBufferOffsetAlignment = 256;
    limits.maxComputeSharedMemorySize = 16384;
    limits.maxComputeWorkGroupInvocations = 128;
    for (int i = 0; i < 3; ++i) {
        limits.maxComputeWorkGroupSize[i] = i < 2 ? 128 : 64;
        limits.maxComputeWorkGroupCount[i] = 65535;
    }
    fp16 = false;
    cooperative_matrix = {};
    subgroup_size = min_subgroup_size = max_subgroup_size = 0; // unknown
    extensions.clear();
    private_memory = true;
    shares_at_no_gain = false;
}

uint64_t DeviceFacts::device_local_bytes() const {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < memory.memoryHeapCount; ++i)
        if ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0)
            bytes += memory.memoryHeaps[i].size;
    return bytes;
}

std::string DeviceFacts::details() const {
    const auto number = [](const char* key, uint64_t value) {
        return std::string(",\"") + key + "\":" + std::to_string(value);
    };
    std::string json = "{\"uuid\":" + quoted(uuid) + ",\"driver_uuid\":" + quoted(driver_uuid) +
                       ",\"driver_version\":" + quoted(driver_version) +
                       ",\"api_version\":" + quoted(version_text(api_version)) +
                       ",\"type\":" + quoted(type);
    if (!pci.empty())
        json += ",\"pci\":" + quoted(pci);
    json += std::string(",\"fp16\":") + (fp16 ? "true" : "false");
    json += number("subgroup_size", subgroup_size);
    json += number("min_subgroup_size", min_subgroup_size);
    json += number("max_subgroup_size", max_subgroup_size);
    json += ",\"cooperative_matrix\":" + quoted(cooperative_matrix.extension());
    json += ",\"copies\":" + quoted(transfer_family != queue_family ? "queue family of their own"
                                    : transfer_queue != 0           ? "second queue"
                                                                    : "same queue");
    json += ",\"heaps\":[";
    for (uint32_t i = 0; i < memory.memoryHeapCount; ++i)
        json += std::string(i > 0 ? "," : "") +
                "{\"bytes\":" + std::to_string(memory.memoryHeaps[i].size) + ",\"device_local\":" +
                ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 ? "true"
                                                                                      : "false") +
                "}";
    json += "],\"limits\":{\"max_allocation\":" + std::to_string(max_allocation);
    json += number("max_storage_range", limits.maxStorageBufferRange);
    json += number("storage_alignment", limits.minStorageBufferOffsetAlignment);
    json += number("max_workgroup_invocations", limits.maxComputeWorkGroupInvocations);
    json += number("max_shared_memory", limits.maxComputeSharedMemorySize);
    json += number("max_push_constants", limits.maxPushConstantsSize);
    json += number("max_workgroup_size", limits.maxComputeWorkGroupSize[0]);
    json += number("max_workgroups", limits.maxComputeWorkGroupCount[0]);
    json += number("max_storage_buffers", limits.maxPerStageDescriptorStorageBuffers);
    json += number("max_set_storage_buffers", limits.maxDescriptorSetStorageBuffers);
    json += number("max_memory_allocations", limits.maxMemoryAllocationCount);
    json += number("timestamp_bits", timestamp_bits);
    return json + "}}";
}

Instance::Instance(std::shared_ptr<const Loader> loader, const lm_host* host, bool validation)
    : loader_(std::move(loader)) {
    const GlobalApi& global = loader_->global();
    std::vector<const char*> layers, extensions;
    if (validation) {
        const auto list = enumerate<VkLayerProperties>(global.EnumerateInstanceLayerProperties);
        if (std::none_of(list.begin(), list.end(), [](const VkLayerProperties& l) {
                return std::strcmp(l.layerName, kValidationLayer) == 0;
            }))
            plugin::unsupported("validation was asked for, but the layer " +
                                std::string(kValidationLayer) +
                                " is not installed (Debian: vulkan-validationlayers)");
        layers.push_back(kValidationLayer);
        extensions = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
    }

    auto application = make<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
    application.pApplicationName = "lamina";
    application.apiVersion = VK_API_VERSION_1_2;
    auto messenger = make<VkDebugUtilsMessengerCreateInfoEXT>(
        VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT);
    messenger.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                                VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    messenger.pfnUserCallback = &report;
    messenger.pUserData = const_cast<lm_host*>(host);
    // Two kernels of one submission that lack a barrier are told by synchronisation validation
    // only.
    const VkValidationFeatureEnableEXT enabled[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    auto features = make<VkValidationFeaturesEXT>(VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT);
    features.enabledValidationFeatureCount = 1;
    features.pEnabledValidationFeatures = enabled;

    auto info = make<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
    info.pNext = validation ? &features : nullptr;
    info.pApplicationInfo = &application;
    info.enabledLayerCount = static_cast<uint32_t>(layers.size());
    info.ppEnabledLayerNames = layers.data();
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    const VkResult result = global.CreateInstance(&info, nullptr, &handle_);
    if (result != VK_SUCCESS)
        plugin::unsupported(std::string("no Vulkan driver could be started (") + to_string(result) +
                            ")");
    api_ = loader_->instance(handle_);
    if (validation && api_.CreateDebugUtilsMessengerEXT != nullptr)
        api_.CreateDebugUtilsMessengerEXT(handle_, &messenger, nullptr, &messenger_);
}

Instance::~Instance() {
    if (messenger_ != VK_NULL_HANDLE)
        api_.DestroyDebugUtilsMessengerEXT(handle_, messenger_, nullptr);
    api_.DestroyInstance(handle_, nullptr);
}

DeviceFacts Instance::facts(VkPhysicalDevice device) const {
    DeviceFacts f;
    f.handle = device;
    for (const auto& e :
         enumerate<VkExtensionProperties>(api_.EnumerateDeviceExtensionProperties, device, nullptr))
        f.extensions.insert(e.extensionName);

    auto pci = make<VkPhysicalDevicePCIBusInfoPropertiesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT);
    auto v12 = make<VkPhysicalDeviceVulkan12Properties>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES);
    auto v11 = make<VkPhysicalDeviceVulkan11Properties>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES, &v12);
    auto properties =
        make<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2);
    api_.GetPhysicalDeviceProperties2(device, &properties);
    f.api_version = properties.properties.apiVersion;
    f.name = properties.properties.deviceName;
    f.vendor = vendor_name(properties.properties.vendorID);
    f.vendor_id = properties.properties.vendorID;
    f.device_id = properties.properties.deviceID;
    f.driver_version_number = properties.properties.driverVersion;
    std::copy_n(properties.properties.pipelineCacheUUID, VK_UUID_SIZE,
                f.pipeline_cache_uuid.begin());
    f.type = type_name(properties.properties.deviceType);
    f.limits = properties.properties.limits;
    if (f.api_version < VK_API_VERSION_1_2)
        return f;

    auto subgroups = make<VkPhysicalDeviceSubgroupSizeControlPropertiesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT);
    const bool has_subgroups = f.api_version >= VK_API_VERSION_1_3 ||
                               f.extensions.count(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME) > 0;
    const bool has_pci = f.extensions.count(VK_EXT_PCI_BUS_INFO_EXTENSION_NAME) > 0;
    if (has_pci)
        v12.pNext = &pci;
    if (has_subgroups) {
        subgroups.pNext = v12.pNext;
        v12.pNext = &subgroups;
    }
    properties.pNext = &v11;
    api_.GetPhysicalDeviceProperties2(device, &properties);
    f.driver = v12.driverName;
    f.driver_id = v12.driverID;
    f.driver_version = v12.driverInfo[0] != '\0'
                           ? std::string(v12.driverInfo)
                           : version_text(properties.properties.driverVersion);
    f.uuid = hex(v11.deviceUUID);
    f.driver_uuid = hex(v11.driverUUID);
    f.subgroup_size = v11.subgroupSize;
    f.min_subgroup_size = has_subgroups ? subgroups.minSubgroupSize : v11.subgroupSize;
    f.max_subgroup_size = has_subgroups ? subgroups.maxSubgroupSize : v11.subgroupSize;
    f.max_allocation = v11.maxMemoryAllocationSize;
    if (has_pci) {
        char text[32];
        std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", pci.pciDomain, pci.pciBus,
                      pci.pciDevice, pci.pciFunction);
        f.pci = text;
    }

    auto sizes = make<VkPhysicalDeviceSubgroupSizeControlFeaturesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT);
    auto features12 = make<VkPhysicalDeviceVulkan12Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
    if (f.extensions.count(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME) > 0)
        features12.pNext = &sizes;
    auto features =
        make<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &features12);
    api_.GetPhysicalDeviceFeatures2(device, &features);
    f.fp16 = features12.shaderFloat16 == VK_TRUE;
    f.timeline = features12.timelineSemaphore == VK_TRUE;
    f.sets_subgroup_size =
        sizes.subgroupSizeControl == VK_TRUE && sizes.computeFullSubgroups == VK_TRUE &&
        (subgroups.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
    f.products_by_least_subgroup = f.vendor == "Intel";
    f.shares_at_no_gain = f.type == "software";
    f.cooperative_matrix = cooperative_matrix(api_, f, features12.vulkanMemoryModel == VK_TRUE);

    auto memory = make<VkPhysicalDeviceMemoryProperties2>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2);
    api_.GetPhysicalDeviceMemoryProperties2(device, &memory);
    f.memory = memory.memoryProperties;

    const auto families =
        enumerate<VkQueueFamilyProperties>(api_.GetPhysicalDeviceQueueFamilyProperties, device);
    for (uint32_t i = 0; i < families.size() && f.queue_family == UINT32_MAX; ++i)
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) != 0) {
            f.queue_family = f.transfer_family = i;
            f.timestamp_bits = families[i].timestampValidBits;
            f.transfer_queue = families[i].queueCount > 1 ? 1 : 0;
        }
    for (uint32_t i = 0; i < families.size(); ++i) {
        constexpr VkQueueFlags known = VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT;
        if (families[i].queueCount > 0 && (families[i].queueFlags & VK_QUEUE_TRANSFER_BIT) != 0 &&
            (families[i].queueFlags & ~known) == 0) {
            f.transfer_family = i;
            f.transfer_queue = 0;
        }
    }
    return f;
}

std::vector<DeviceFacts> Instance::devices() const {
    std::vector<DeviceFacts> list;
    for (const VkPhysicalDevice device :
         enumerate<VkPhysicalDevice>(api_.EnumeratePhysicalDevices, handle_)) {
        DeviceFacts f = facts(device);
        if (f.api_version >= VK_API_VERSION_1_2 && f.timeline && f.queue_family != UINT32_MAX)
            list.push_back(std::move(f));
    }
    return each_once(std::move(list));
}

std::vector<DeviceFacts> each_once(std::vector<DeviceFacts> all) {
    std::vector<DeviceFacts> list;
    for (DeviceFacts& f : all) {
        const bool known = std::any_of(list.begin(), list.end(), [&](const DeviceFacts& other) {
            return f.uuid == other.uuid || (!f.pci.empty() && f.pci == other.pci);
        });
        if (!known)
            list.push_back(std::move(f));
    }
    return list;
}

size_t choose(const std::vector<DeviceFacts>& list) {
    const auto rank = [](const DeviceFacts& f) {
        constexpr const char* order[] = {"discrete", "integrated", "virtual"};
        return std::find(std::begin(order), std::end(order), f.type) - std::begin(order);
    };
    const auto best =
        std::min_element(list.begin(), list.end(), [&](const DeviceFacts& a, const DeviceFacts& b) {
            return rank(a) < rank(b);
        });
    return static_cast<size_t>(best - list.begin());
}

} // namespace lamina::vulkan
