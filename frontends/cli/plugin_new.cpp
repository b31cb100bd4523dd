#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/paths.hpp"
#include "lamina/text.hpp"
#include "plugin.hpp"

namespace lamina::cli {

namespace {

namespace fs = std::filesystem;

/// What every project has; the folders beside it are one kind's each.
constexpr const char* kCommon = "common";

fs::path templates() { return data_folder() / "templates"; }

bool is_identifier(const std::string& name) {
    return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
           std::all_of(name.begin(), name.end(),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// "squeeze_excite" and "SqueezeExcite", whichever was given.
std::string snake_case(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isupper(u) != 0 && !out.empty() && out.back() != '_')
            out += '_';
        out += static_cast<char>(std::tolower(u));
    }
    return out;
}
std::string camel_case(const std::string& name) {
    std::string out;
    bool upper = true;
    for (const char c : name) {
        if (c != '_')
            out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        upper = c == '_';
    }
    return out;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

} // namespace

std::vector<std::string> template_kinds() {
    std::vector<std::string> kinds;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(templates(), code))
        if (entry.is_directory() && entry.path().filename() != kCommon)
            kinds.push_back(entry.path().filename());
    if (kinds.empty())
        throw Error(StatusCode::NotFound,
                    fmt::format("{}: the templates are not there", templates().string()));
    std::sort(kinds.begin(), kinds.end());
    return kinds;
}

int plugin_new(const std::string& kind, const std::string& name, const std::string& folder) {
    const auto kinds = template_kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
        throw UsageError(fmt::format("lamina plugin new: there is no kind `{}`{}\n  there are: {}",
                                     kind, did_you_mean(kind, kinds), join(kinds, ", ")));
    if (!is_identifier(name))
        throw UsageError(fmt::format(
            "lamina plugin new: `{}` is no name for C++: letters, digits and _ only", name));
    if (fs::exists(folder))
        throw UsageError(fmt::format("lamina plugin new: {} exists already", folder));
    const auto filled = [&](const std::string& text) {
        return replaced(
            replaced(replaced(text, "@name@", snake_case(name)), "@Name@", camel_case(name)),
            "@kind@", kind);
    };
    fs::create_directories(folder);
    for (const fs::path& from : {templates() / kCommon, templates() / kind})
        for (const auto& entry : fs::directory_iterator(from)) {
            const fs::path to = fs::path(folder) / filled(entry.path().stem().string()); // no .in
            std::ofstream out(to, std::ios::binary);
            out << filled(read_text(entry.path().string()));
            out.close();
            if (!out)
                throw Error(StatusCode::Io, fmt::format("{} cannot be written", to.string()));
        }
    std::cout << fmt::format("{0}: a plugin with the {1} {2}. Next:\n"
                             "  cmake -S {0} -B {0}/build && cmake --build {0}/build && "
                             "ctest --test-dir {0}/build\n",
                             folder, kind, kind == "layer" ? camel_case(name) : snake_case(name));
    return 0;
}

} // namespace lamina::cli
