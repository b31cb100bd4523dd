#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "io/json.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "lamina/paths.hpp"
#include "lamina/sha256.hpp"
#include "lamina/thread_pool.hpp"
#include "lamina/tuning.hpp"

namespace lamina {

namespace {

constexpr size_t kHashDigits = 12;

/// What a measurement holds for.
Json identity(const Device& device) {
    const DeviceInfo& info = device.info();
    Json out = {{"lamina", LAMINA_VERSION},
                {"backend", info.backend},
                {"device", info.name},
                {"vendor", info.vendor},
                {"driver", info.driver}};
    if (info.type == "cpu")
        out["threads"] = default_pool().threads();
    return out;
}

std::string checksum(const Json& identity, const Json& kernels) {
    return sha256(identity.dump() + kernels.dump());
}

/// The file's kernels. Throws what the parser does, or Error, for a damaged file.
Json kernels_of(const std::filesystem::path& path, const Device& device) {
    const Json file = read_json(path);
    const Json& whose = file.at("for");
    const Json& kernels = file.at("kernels");
    if (file.at("sha256") != checksum(whose, kernels))
        fail(StatusCode::InvalidArgument, "it is damaged");
    if (whose != identity(device))
        fail(StatusCode::InvalidArgument, "it was made for another device, driver or version");
    return kernels;
}

std::string operands_text(const lm_tensor_desc* const* list, uint64_t count) {
    std::string out;
    for (uint64_t i = 0; i < count; ++i) {
        const lm_tensor_desc& t = *list[i];
        out += fmt::format("{}{}{}", i == 0 ? "" : ", ",
                           from_plugin(t.dtype, t.rank, t.dims).to_string(),
                           (t.flags & LM_TENSOR_CONSTANT) != 0   ? " constant"
                           : (t.flags & LM_TENSOR_VARIABLE) != 0 ? " variable"
                                                                 : "");
    }
    return out;
}

std::string attribute_text(const lm_attr& a) {
    switch (a.kind) {
    case LM_ATTR_FLOAT:
        return fmt::format("{}", a.f);
    case LM_ATTR_STRING:
        return fmt::format("\"{}\"", a.s);
    case LM_ATTR_INTS:
        return fmt::format("[{}]", fmt::join(a.ints, a.ints + a.count, ", "));
    case LM_ATTR_FLOATS:
        return fmt::format("[{}]", fmt::join(a.floats, a.floats + a.count, ", "));
    default:
        return fmt::format("{}", a.i);
    }
}

} // namespace

std::string signature(const Graph& graph, const Node& node) {
    const auto owned = describe_node(graph, node);
    const lm_node_desc& desc = owned->desc();
    std::string out =
        fmt::format("{}({}) -> ({})", desc.op, operands_text(desc.inputs, desc.n_inputs),
                    operands_text(desc.outputs, desc.n_outputs));
    for (uint64_t i = 0; i < desc.n_attrs; ++i)
        out += fmt::format(" {}={}", desc.attrs[i]->name, attribute_text(*desc.attrs[i]));
    return out;
}

TunedPlan TunedPlan::load(const Device& device) {
    const std::filesystem::path file = path(device);
    TunedPlan plan;
    std::error_code ignored; // one that cannot be reached is told when it is read
    if (std::filesystem::status(file, ignored).type() == std::filesystem::file_type::not_found) {
        log_warning(fmt::format("tuned plan {}: there is none; `lamina bench MODEL --backend {} "
                                "--tune` makes one",
                                file.string(), device.spec()));
        return plan;
    }
    try {
        const Json kernels = kernels_of(file, device);
        for (const auto& [signature, kernel] : kernels.items())
            plan.set(signature, kernel.get<std::string>());
    } catch (const std::exception& e) {
        plan.kernels_.clear();
        log_warning(fmt::format("tuned plan {}: not used: {}", file.string(), e.what()));
    }
    return plan;
}

std::filesystem::path TunedPlan::path(const Device& device) {
    const std::string digest = sha256(identity(device).dump()).substr(0, kHashDigits);
    return cache_folder() / "tuned" / fmt::format("{}-{}.json", device.backend(), digest);
}

void TunedPlan::save(const Device& device) const {
    const std::filesystem::path file = path(device);
    std::error_code code;
    std::filesystem::create_directories(file.parent_path(), code);
    if (code)
        fail(StatusCode::Io, fmt::format("{}: {}", file.parent_path().string(), code.message()));
    const Json whose = identity(device);
    const Json kernels(kernels_);
    write_file(
        file,
        Json{{"for", whose}, {"kernels", kernels}, {"sha256", checksum(whose, kernels)}}.dump(1) +
            "\n");
}

const std::string* TunedPlan::kernel(const std::string& signature) const {
    const auto it = kernels_.find(signature);
    return it == kernels_.end() ? nullptr : &it->second;
}

void TunedPlan::set(const std::string& signature, const std::string& kernel) {
    kernels_[signature] = kernel;
}

std::string TunedPlan::hash() const { return sha256(Json(kernels_).dump()).substr(0, kHashDigits); }

} // namespace lamina
