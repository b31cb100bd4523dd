#include "vk/api.hpp"

#include <dlfcn.h>

namespace lamina::vulkan {

Loader::Loader() {
    library_ = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) {
        const char* why = dlerror();
        plugin::unsupported(std::string("no Vulkan loader (") +
                            (why != nullptr ? why : "libvulkan.so.1") +
                            "); install libvulkan1 and the driver of the graphics card");
    }
    get_ = reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library_, "vkGetInstanceProcAddr"));
    if (get_ == nullptr) {
        dlclose(library_);
        plugin::unsupported("libvulkan.so.1 is no Vulkan loader");
    }
#define LAMINA_VK_LOAD(name)                                                                       \
    global_.name = reinterpret_cast<PFN_vk##name>(get_(VK_NULL_HANDLE, "vk" #name));
    LAMINA_VK_GLOBAL(LAMINA_VK_LOAD)
#undef LAMINA_VK_LOAD
    if (global_.EnumerateInstanceVersion == nullptr) {
        dlclose(library_);
        plugin::unsupported("the Vulkan loader is of version 1.0; 1.2 is needed");
    }
}

Loader::~Loader() { dlclose(library_); }

InstanceApi Loader::instance(VkInstance handle) const {
    InstanceApi api;
#define LAMINA_VK_LOAD(name) api.name = reinterpret_cast<PFN_vk##name>(get_(handle, "vk" #name));
    LAMINA_VK_INSTANCE(LAMINA_VK_LOAD)
    LAMINA_VK_LOAD(CreateDebugUtilsMessengerEXT)
    LAMINA_VK_LOAD(DestroyDebugUtilsMessengerEXT)
    LAMINA_VK_LOAD(GetPhysicalDeviceCooperativeMatrixPropertiesNV)
#undef LAMINA_VK_LOAD
    api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR =
        reinterpret_cast<khr::GetCooperativeMatrixProperties>(
            get_(handle, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"));
    return api;
}

DeviceApi Loader::device(const InstanceApi& instance, VkDevice handle) {
    DeviceApi api;
#define LAMINA_VK_LOAD(name)                                                                       \
    api.name = reinterpret_cast<PFN_vk##name>(instance.GetDeviceProcAddr(handle, "vk" #name));     \
    if (api.name == nullptr)                                                                       \
        plugin::unsupported("the driver lacks vk" #name);
    LAMINA_VK_DEVICE(LAMINA_VK_LOAD)
#undef LAMINA_VK_LOAD
    return api;
}

const char* to_string(VkResult result) {
    switch (result) {
    case VK_SUCCESS:
        return "success";
    case VK_NOT_READY:
        return "not ready";
    case VK_TIMEOUT:
        return "timeout";
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialisation failed";
    case VK_ERROR_DEVICE_LOST:
        return "device lost";
    case VK_ERROR_MEMORY_MAP_FAILED:
        return "mapping failed";
    case VK_ERROR_LAYER_NOT_PRESENT:
        return "layer not present";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "extension not present";
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return "feature not present";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "no compatible driver";
    case VK_ERROR_TOO_MANY_OBJECTS:
        return "too many objects";
    case VK_ERROR_OUT_OF_POOL_MEMORY:
        return "out of pool memory";
    default:
        return "unknown error";
    }
}

void check(VkResult result, const char* what) {
    if (result >= 0)
        return;
    lm_status code = LM_INTERNAL;
    if (result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY)
        code = LM_OUT_OF_MEMORY;
    if (result == VK_ERROR_DEVICE_LOST)
        code = LM_DEVICE_LOST;
    throw plugin::Error(code, std::string(what) + ": " + to_string(result) + " (VkResult " +
                                  std::to_string(result) + ")");
}

} // namespace lamina::vulkan
