#include "lamina/published_weights.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/paths.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "plugins/host.hpp"
#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMirrorVariable = "LAMINA_WEIGHTS_MIRROR";
constexpr size_t kDigestDigits = 64; // of SHA-256

/// A net's files by name: {"imagenet": {"file": "...", "sha256": "..."}, "imagenet_notop": {...}}.
Json files_of(const std::string& model) {
    const PartOptions net = parse_part_options(model, "MODEL");
    const Part part = Registry::global().find("model", net.name);
    const Json config =
        apply_schema(net.options, part.as<lm_graph_function>().schema, "model " + net.name);
    Json files = config.value("weights", Json());
    if (!files.is_object())
        return Json::object();
    if (config.value("include_top", true))
        return files;
    const Json all = files;
    for (const auto& [name, file] : all.items())
        if (all.contains(name + "_notop"))
            files[name] = all.at(name + "_notop");
    return files;
}

/// Of what `sha256sum` writes: the digest, and perhaps the file's name.
std::string digest_in(const fs::path& file) {
    const std::string text = read_text(file);
    const std::string digest = lower(text.substr(0, kDigestDigits));
    if (digest.size() < kDigestDigits ||
        !std::all_of(digest.begin(), digest.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; }))
        fail(StatusCode::Io, fmt::format("{}: it does not begin with the 64 hexadecimal digits of "
                                         "a SHA-256",
                                         file.string()));
    return digest;
}

/// A download, which ends in a file whose digest is right.
class Download {
  public:
    Download(const std::string& model, std::string file, std::string mirror)
        : model_(model.substr(0, model.find(':'))), file_(std::move(file)),
          mirror_(std::move(mirror)), target_(cache_folder() / "weights" / file_) {
        if (mirror_.empty())
            if (const char* variable = std::getenv(kMirrorVariable))
                mirror_ = variable;
        if (!mirror_.empty() && mirror_.back() != '/')
            mirror_ += '/';
    }

    const fs::path& target() const { return target_; }

    void run(std::string digest) const {
        if (mirror_.empty())
            refuse(StatusCode::NotFound, "not in the cache, and no mirror is named");
        if (digest.empty()) {
            fs::path beside = target_;
            beside += ".sha256";
            get(file_ + ".sha256", "", beside, "the digest of it could not be downloaded");
            digest = digest_in(beside);
        }
        get(file_, digest, target_, "the download failed");
    }

  private:
    void get(const std::string& name, const std::string& digest, const fs::path& to,
             const std::string& failed) const {
        try {
            call(host_table()->fetch, (mirror_ + name).c_str(), digest.c_str(), to.c_str());
        } catch (const Error& e) {
            if (e.code() == StatusCode::Cancelled)
                throw;
            refuse(StatusCode::Io, fmt::format("not in the cache, and {}\n  {}", failed, e.what()));
        }
    }
    [[noreturn]] void refuse(StatusCode code, const std::string& why) const {
        fail(code, fmt::format("{}: the weights {} are {}\n  hint: --weights FILE takes a file; "
                               "{} or --weights NAME:mirror=ADDRESS names the address of a folder "
                               "that has {} and {}.sha256; the cache is {}",
                               model_, file_, why, kMirrorVariable, file_, file_,
                               target_.parent_path().string()));
    }

    std::string model_, file_, mirror_;
    fs::path target_;
};

} // namespace

bool has_published_weights(const std::string& model, const std::string& spec) {
    return files_of(model).contains(spec.substr(0, spec.find(':')));
}

std::string published_weights(const std::string& model, const std::string& spec) {
    const PartOptions wanted = parse_part_options(spec, "--weights");
    for (const auto& [key, value] : wanted.options.items())
        if (key != "mirror" || !value.is_string())
            throw UsageError(fmt::format("--weights {}: it takes mirror=ADDRESS, got {}={}",
                                         wanted.name, key, value.dump()));
    const Json files = files_of(model);
    if (!files.contains(wanted.name)) {
        std::vector<std::string> names;
        for (const auto& [name, file] : files.items())
            names.push_back(name);
        throw UsageError(
            fmt::format("--weights {}: there is no such file, and model {} has {}", wanted.name,
                        model.substr(0, model.find(':')),
                        names.empty() ? "no published weights"
                                      : "published weights under " + join(names, ", ") + " alone"));
    }
    const Json& file = files.at(wanted.name);
    const Download download(model, file.at("file").get<std::string>(),
                            wanted.options.value("mirror", ""));
    if (!fs::exists(download.target()))
        download.run(file.value("sha256", ""));
    return download.target().string();
}

} // namespace lamina
