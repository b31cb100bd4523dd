#include "vk/cooperative.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>

#include "vk/instance.hpp"

namespace lamina::vulkan {

const char* CooperativeMatrix::extension() const {
    switch (api) {
    case CooperativeApi::khr:
        return khr::kCooperativeMatrixExtension;
    case CooperativeApi::nv:
        return VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME;
    default:
        return "none";
    }
}

bool share_tile(CooperativeMatrix& c) {
    if (c.m == 0 || c.n == 0 || c.k == 0 || kCooperativeStep % c.k != 0 || c.subgroup_size == 0 ||
        kCooperativeThreads % c.subgroup_size != 0)
        return false;
    const uint32_t subgroups = kCooperativeThreads / c.subgroup_size;
    uint32_t best = UINT32_MAX;
    for (uint32_t down = 1; down <= subgroups; ++down) {
        const uint32_t across = subgroups / down;
        if (subgroups % down != 0 || kCooperativeSide % (down * c.m) != 0 ||
            kCooperativeSide % (across * c.n) != 0)
            continue;
        // A square one reads the fewest rows and columns.
        const uint32_t reads = kCooperativeSide / down + kCooperativeSide / across;
        if (reads < best) {
            best = reads;
            c.down = down;
            c.across = across;
        }
    }
    return best != UINT32_MAX;
}

namespace {

/// The subgroup size with which the device's products work.
CooperativeMatrix subgroup_of(const DeviceFacts& f) {
    CooperativeMatrix c;
    if (f.min_subgroup_size == f.max_subgroup_size) {
        c.subgroup_size = f.subgroup_size;
    } else if (f.sets_subgroup_size) {
        // Intel's units take the narrowest, which is not the size that the driver states.
        c.subgroup_size = f.products_by_least_subgroup ? f.min_subgroup_size : f.subgroup_size;
        c.requires_subgroup_size = true;
    }
    return c;
}

bool offers(const InstanceApi& api, VkPhysicalDevice device, VkBool32& feature, void* chain) {
    auto all = make<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, chain);
    api.GetPhysicalDeviceFeatures2(device, &all);
    return feature == VK_TRUE;
}

template <class Properties, class Get>
std::vector<Properties> listed(Get get, VkPhysicalDevice device, VkStructureType type) {
    uint32_t count = 0;
    get(device, &count, nullptr);
    std::vector<Properties> list(count, make<Properties>(type));
    get(device, &count, list.data());
    list.resize(count);
    return list;
}

/// The larger of `best` and what `p` is, where the shader can use it.
template <class Properties>
CooperativeMatrix larger(const CooperativeMatrix& best, CooperativeMatrix one, const Properties& p,
                         VkComponentTypeNV result) {
    if (p.AType != VK_COMPONENT_TYPE_FLOAT16_NV || p.BType != VK_COMPONENT_TYPE_FLOAT16_NV ||
        p.CType != VK_COMPONENT_TYPE_FLOAT32_NV || result != VK_COMPONENT_TYPE_FLOAT32_NV ||
        p.scope != VK_SCOPE_SUBGROUP_NV)
        return best;
    one.m = p.MSize;
    one.n = p.NSize;
    one.k = p.KSize;
    return share_tile(one) && one.m * one.n * one.k > best.m * best.n * best.k ? one : best;
}

CooperativeMatrix by_khr(const InstanceApi& api, const DeviceFacts& f, CooperativeMatrix one) {
    CooperativeMatrix best;
    auto features = make<khr::CooperativeMatrixFeatures>(khr::kFeaturesType);
    if (f.extensions.count(khr::kCooperativeMatrixExtension) == 0 ||
        api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR == nullptr ||
        !offers(api, f.handle, features.cooperativeMatrix, &features))
        return best;
    one.api = CooperativeApi::khr;
    for (const auto& p : listed<khr::CooperativeMatrixProperties>(
             api.GetPhysicalDeviceCooperativeMatrixPropertiesKHR, f.handle, khr::kPropertiesType))
        best = larger(best, one, p, p.ResultType);
    return best;
}

CooperativeMatrix by_nv(const InstanceApi& api, const DeviceFacts& f, CooperativeMatrix one) {
    CooperativeMatrix best;
    auto features = make<VkPhysicalDeviceCooperativeMatrixFeaturesNV>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV);
    if (f.extensions.count(VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME) == 0 ||
        api.GetPhysicalDeviceCooperativeMatrixPropertiesNV == nullptr ||
        !offers(api, f.handle, features.cooperativeMatrix, &features))
        return best;
    one.api = CooperativeApi::nv;
    for (const auto& p : listed<VkCooperativeMatrixPropertiesNV>(
             api.GetPhysicalDeviceCooperativeMatrixPropertiesNV, f.handle,
             VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV))
        best = larger(best, one, p, p.DType);
    return best;
}

} // namespace

CooperativeMatrix cooperative_matrix(const InstanceApi& api, const DeviceFacts& f,
                                     bool memory_model) {
    constexpr uint32_t shared_bytes = 28 << 10;
    const CooperativeMatrix one = subgroup_of(f);
    if (!f.fp16 || !memory_model || one.subgroup_size == 0 ||
        f.limits.maxComputeSharedMemorySize < shared_bytes ||
        f.limits.maxComputeWorkGroupInvocations < kCooperativeThreads)
        return {};
    const CooperativeMatrix standard = by_khr(api, f, one);
    return standard ? standard : by_nv(api, f, one);
}

namespace {

// Numbers of the SPIR-V registry; the packaged headers lack the Khronos extension's.
enum Op : uint32_t {
    kExtension = 10,
    kCapability = 17,
    kTypeInt = 21,
    kConstantFalse = 42,
    kConstant = 43,
    kTypeNV = 5358,
    kLoadNV = 5359,
    kStoreNV = 5360,
    kMultiplyAddNV = 5361,
    kTypeKHR = 4456,
    kLoadKHR = 4457,
    kStoreKHR = 4458,
    kMultiplyAddKHR = 4459,
};
constexpr uint32_t kCapabilityNV = 5357, kCapabilityKHR = 6022;
constexpr size_t kHeaderWords = 5, kBound = 3;

using Instruction = std::span<const uint32_t>;

uint32_t opcode(Instruction i) { return i[0] & 0xffff; }

template <class Visit>
void each_instruction(std::span<const uint32_t> module, Visit visit) {
    for (size_t at = kHeaderWords; at < module.size();) {
        const size_t words = module[at] >> 16;
        if (words == 0 || at + words > module.size())
            throw std::logic_error("a SPIR-V module ends within an instruction");
        visit(module.subspan(at, words));
        at += words;
    }
}

/// What a matrix is in a product, by the numbers that SPV_KHR_cooperative_matrix gives.
constexpr uint32_t kUses = 3; // first factor, second factor, sum

/// What is said of matrices throughout a module.
struct Matrices {
    std::map<uint32_t, uint32_t> use_of;  // by type
    std::map<uint32_t, uint32_t> type_of; // by value
    std::set<uint32_t> false_constants;
    uint32_t word_type = 0; // id of a 32-bit unsigned integer

    explicit Matrices(std::span<const uint32_t> module) {
        each_instruction(module, [&](Instruction i) {
            if (opcode(i) == kTypeNV)
                use_of[i[1]] = kUses; // not known yet
            else if (opcode(i) == kConstantFalse)
                false_constants.insert(i[2]);
            else if (opcode(i) == kTypeInt && i[2] == 32 && i[3] == 0)
                word_type = i[1];
            else if (i.size() > 2 && use_of.count(i[1]) > 0)
                type_of[i[2]] = i[1];
        });
        each_instruction(module, [&](Instruction i) {
            if (opcode(i) == kMultiplyAddNV)
                for (uint32_t use = 0; use < kUses; ++use)
                    note(type_of.at(i[3 + use]), use);
        });
    }

    void note(uint32_t type, uint32_t use) {
        uint32_t& known = use_of.at(type);
        if (known != kUses && known != use)
            throw std::logic_error("a type of cooperative matrices is used in two ways");
        known = use;
    }
};

} // namespace

bool is_cooperative(std::span<const uint32_t> module) {
    bool found = false;
    each_instruction(module, [&](Instruction i) {
        found = found ||
                (opcode(i) == kCapability && (i[1] == kCapabilityNV || i[1] == kCapabilityKHR));
    });
    return found;
}

std::vector<uint32_t> to_khr(std::span<const uint32_t> module) {
    const Matrices matrices(module);
    std::vector<uint32_t> out(module.begin(), module.begin() + kHeaderWords);
    // Constants 0, 1 and 2 say a type's use; 0 is also the layout by rows.
    const uint32_t first_constant = module[kBound];
    out[kBound] += kUses;
    bool constants = false;
    const auto put = [&](uint32_t op, std::initializer_list<uint32_t> operands,
                         Instruction rest = {}) {
        out.push_back(static_cast<uint32_t>(1 + operands.size() + rest.size()) << 16 | op);
        out.insert(out.end(), operands);
        out.insert(out.end(), rest.begin(), rest.end());
    };
    const auto by_rows = [&](uint32_t column_major) {
        if (matrices.false_constants.count(column_major) == 0)
            throw std::logic_error("a cooperative matrix is stored by columns");
        return first_constant;
    };
    each_instruction(module, [&](Instruction i) {
        switch (opcode(i)) {
        case kCapability:
            put(kCapability, {i[1] == kCapabilityNV ? kCapabilityKHR : i[1]});
            break;
        case kExtension: {
            constexpr std::string_view from = "SPV_NV_cooperative_matrix";
            constexpr std::string_view to = "SPV_KHR_cooperative_matrix";
            const std::string_view name = reinterpret_cast<const char*>(&i[1]);
            if (name != from) {
                out.insert(out.end(), i.begin(), i.end());
                break;
            }
            std::array<uint32_t, to.size() / 4 + 1> words{}; // with the zero that ends it
            std::copy(to.begin(), to.end(), reinterpret_cast<char*>(words.data()));
            put(kExtension, {}, words);
            break;
        }
        case kTypeNV:
            if (!constants)
                for (uint32_t use = 0; use < kUses; ++use)
                    put(kConstant, {matrices.word_type, first_constant + use, use});
            constants = true;
            if (matrices.use_of.at(i[1]) == kUses)
                throw std::logic_error("a type of cooperative matrices is in no product");
            put(kTypeKHR,
                {i[1], i[2], i[3], i[4], i[5], first_constant + matrices.use_of.at(i[1])});
            break;
        case kLoadNV: // type, result, pointer, stride, column major
            put(kLoadKHR, {i[1], i[2], i[3], by_rows(i[5]), i[4]}, i.subspan(6));
            break;
        case kStoreNV: // pointer, object, stride, column major
            put(kStoreKHR, {i[1], i[2], by_rows(i[4]), i[3]}, i.subspan(5));
            break;
        case kMultiplyAddNV:
            put(kMultiplyAddKHR, {}, i.subspan(1));
            break;
        default:
            out.insert(out.end(), i.begin(), i.end());
        }
    });
    return out;
}

} // namespace lamina::vulkan
