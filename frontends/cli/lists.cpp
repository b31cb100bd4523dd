/// lamina devices, plugins, models, datasets: what there is.

#include <iostream>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/device.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

using Json = nlohmann::ordered_json;

namespace {

Json device_json(const DeviceInfo& d) {
    return {{"index", d.index},
            {"name", d.name},
            {"vendor", d.vendor},
            {"driver", d.driver},
            {"type", d.type},
            {"memory_bytes", d.memory_bytes},
            {"max_buffer_bytes", d.max_buffer_bytes},
            {"details", Json::parse(d.details, nullptr, false)}};
}

void print_device(const DeviceInfo& d) {
    std::cout << fmt::format("  {}: {}{}{}, {}, {:.1f} GiB\n", d.index, d.name,
                             d.vendor.empty() ? "" : ", " + d.vendor,
                             d.driver.empty() ? "" : ", driver " + d.driver, d.type,
                             static_cast<double>(d.memory_bytes) / (1u << 30));
    const Json details = Json::parse(d.details, nullptr, false);
    if (!details.is_object())
        return;
    for (const auto& [key, value] : details.items())
        if (!value.is_object() && !value.is_array())
            std::cout << fmt::format("       {}: {}\n", key,
                                     value.is_string() ? value.get<std::string>() : value.dump());
}

void print_part(const std::string& kind, const std::string& name, const std::string& plugin,
                const std::string& version, const std::string& file) {
    std::cout << fmt::format("{:<12} {:<36} {:<20} {:<8} {}\n", kind, name, plugin, version, file);
}

/// A kind of which nothing is registered is most likely mistyped.
void expect_kind(const Registry& registry, const std::string& kind) {
    std::set<std::string> kinds;
    for (const PartInfo& p : registry.list({}))
        kinds.insert(p.kind);
    if (kind.empty() || kinds.contains(kind))
        return;
    const std::vector<std::string> known(kinds.begin(), kinds.end());
    throw UsageError(fmt::format("--kind {}: nothing of this kind is registered{}\n  there are: {}",
                                 kind, did_you_mean(kind, known), join(known, ", ")));
}

/// Models and data sets: the names with what their plugins say of them.
template <class Table>
int list_kind(const Arguments& arguments, const char* kind, const char* usage, const char* about) {
    Options o(usage, about);
    o.add()("json", po::bool_switch(), "one JSON object on standard output");
    if (!o.parse(arguments))
        return 0;
    Json list = Json::array();
    for (const PartInfo& info : Registry::global().list(kind)) {
        const Part part = Registry::global().find(kind, info.name);
        const Table& table = part.as<Table>();
        if (o.flag("json"))
            list.push_back({{"name", info.name},
                            {"about", table.doc},
                            {"plugin", info.plugin},
                            {"options", Json::parse(table.schema, nullptr, false)}});
        else
            std::cout << fmt::format("{:<24} {}\n", info.name, table.doc);
    }
    if (o.flag("json"))
        std::cout << Json{{std::string(kind) + "s", list}}.dump(2) << '\n';
    return 0;
}

} // namespace

int devices(const Arguments& arguments) {
    Options o("lamina devices [--json]", "Backends and the devices they see.");
    o.add()("json", po::bool_switch(), "one JSON object on standard output");
    if (!o.parse(arguments))
        return 0;
    Json list = Json::array();
    for (const BackendStatus& b : list_backends()) {
        if (o.flag("json")) {
            Json devices = Json::array();
            for (const DeviceInfo& d : b.devices)
                devices.push_back(device_json(d));
            list.push_back({{"name", b.name},
                            {"about", b.doc},
                            {"unavailable", b.unavailable.empty() ? Json() : Json(b.unavailable)},
                            {"devices", devices}});
            continue;
        }
        std::cout << fmt::format("{}: {}\n", b.name,
                                 b.unavailable.empty() ? b.doc : "unavailable: " + b.unavailable);
        for (const DeviceInfo& d : b.devices)
            print_device(d);
    }
    if (o.flag("json"))
        std::cout << Json{{"backends", list}}.dump(2) << '\n';
    return 0;
}

int plugins(const Arguments& arguments) {
    Options o("lamina plugins [-v] [--kind KIND] [--json]",
              "What is registered, and by which file. Loads nothing.");
    o.add()("verbose,v", po::bool_switch(),
            "every folder searched, and each refusal with its reason")(
        "kind", po::value<std::string>(), "only this kind: layer, backend, ...")(
        "json", po::bool_switch(), "one JSON object on standard output");
    if (!o.parse(arguments))
        return 0;
    const Registry& registry = Registry::global();
    expect_kind(registry, o.text("kind"));
    Json parts = Json::array(), searched = Json::array(), refused = Json::array();
    if (!o.flag("json"))
        print_part("KIND", "NAME", "PLUGIN", "VERSION", "FILE");
    for (const PartInfo& p : registry.list(o.text("kind"))) {
        const std::string file = p.file.empty() ? "built in" : p.file.string();
        if (o.flag("json"))
            parts.push_back({{"kind", p.kind},
                             {"name", p.name},
                             {"plugin", p.plugin},
                             {"version", p.version},
                             {"file", file}});
        else
            print_part(p.kind, p.name, p.plugin, p.version, file);
    }
    for (const auto& folder : registry.searched())
        searched.push_back(folder.lexically_normal().string());
    for (const Refusal& r : registry.refusals())
        refused.push_back({{"file", r.file.string()}, {"reason", r.reason}});
    if (o.flag("json")) {
        std::cout << Json{{"parts", parts}, {"searched", searched}, {"refused", refused}}.dump(2)
                  << '\n';
    } else if (o.flag("verbose")) {
        for (const auto& folder : registry.searched())
            std::cout << "searched  " << folder.lexically_normal().string() << '\n';
        for (const Refusal& r : registry.refusals())
            std::cout << fmt::format("refused   {}: {}\n", r.file.string(), r.reason);
    }
    return 0;
}

int models(const Arguments& arguments) {
    return list_kind<lm_graph_function>(arguments, "model", "lamina models [--json]",
                                        "The models of the zoo.");
}

int datasets(const Arguments& arguments) {
    return list_kind<lm_dataset>(arguments, "dataset", "lamina datasets [--json]",
                                 "The data sets.");
}

} // namespace lamina::cli
