#include "parts/part.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/schema_faults.hpp"
#include "lamina/text.hpp"

namespace lamina::conformance {

namespace fs = std::filesystem;

namespace {

/// A folder with a link to the file and nothing else: so that only this plugin is found in it.
class LinkFolder {
  public:
    explicit LinkFolder(const fs::path& file) {
        std::string name = (fs::temp_directory_path() / "lamina-check-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            fail(StatusCode::Io, "no folder can be made in " + fs::temp_directory_path().string());
        path_ = name;
        fs::create_symlink(fs::absolute(file), path_ / file.filename());
    }
    ~LinkFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    LinkFolder(const LinkFolder&) = delete;
    LinkFolder& operator=(const LinkFolder&) = delete;
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

const char* schema_text(const Part& part) {
    const auto of = [&]<class Table>(const Table*) { return part.as<Table>().schema; };
    if (part.kind == "operator")
        return of(static_cast<lm_operator*>(nullptr));
    if (part.kind == "backend")
        return of(static_cast<lm_backend*>(nullptr));
    if (part.kind == "dataset")
        return of(static_cast<lm_dataset*>(nullptr));
    if (part.kind == "augmentation")
        return of(static_cast<lm_augmentation*>(nullptr));
    if (part.kind == "format")
        return of(static_cast<lm_format*>(nullptr));
    if (part.kind == "callback")
        return of(static_cast<lm_observer*>(nullptr));
    if (part.kind == "kernel")
        return "{}";
    return of(static_cast<lm_graph_function*>(nullptr));
}

void tell(const Json& line) { std::cout << Checks::mark << line.dump() << std::endl; }

Json int_sample(const Json& key) {
    int64_t value = std::max<int64_t>(3, key.value("min", int64_t{3}));
    if (key.contains("max"))
        value = std::min(value, key.at("max").get<int64_t>());
    return value;
}

Json float_sample(const Json& key) {
    const double low = key.contains("min")     ? key.at("min").get<double>()
                       : key.contains("above") ? key.at("above").get<double>()
                                               : 0;
    const double high = key.contains("max")     ? key.at("max").get<double>()
                        : key.contains("below") ? key.at("below").get<double>()
                                                : low + 1;
    return (low + high) / 2;
}

/// A value for a key that must be given.
Json sample_value(const Json& key) {
    if (key.contains("example"))
        return key.at("example");
    if (key.contains("enum"))
        return key.at("enum").at(0);
    const auto type = key.value("type", std::string("any"));
    if (type == "bool")
        return true;
    if (type == "int")
        return int_sample(key);
    if (type == "float")
        return float_sample(key);
    if (type == "ints")
        return Json::array({int_sample(key)});
    if (type == "floats")
        return Json::array({float_sample(key)});
    if (type == "object")
        return Json::object();
    if (type == "initializer")
        return "zeros";
    if (type == "regularizer")
        return "l2";
    if (type == "activation")
        return "tanh";
    return "sample";
}

Shape parse_shape(const std::string& text) {
    std::vector<int64_t> dims;
    for (const std::string& d : split(text, 'x')) {
        char* end = nullptr;
        dims.push_back(std::strtoll(d.c_str(), &end, 10));
        if (d.empty() || *end != '\0' || dims.back() < 1)
            throw UsageError(fmt::format("--inputs {}: a shape is written 8x8x3", text));
    }
    return Shape(dims);
}

std::vector<PartInfo> parts_of(const fs::path& file) {
    std::vector<PartInfo> found;
    for (const PartInfo& info : Registry::global().list(""))
        if (info.file == fs::canonical(file))
            found.push_back(info);
    return found;
}

/// "" when the schema is one.
std::string schema_fault(const Part& part) {
    const std::vector<std::string> faults = schema_faults(schema_text(part));
    return join(faults, "; ");
}

void check_all_schemas(const fs::path& file, Checks& check) {
    for (const PartInfo& info : parts_of(file))
        check.run(fmt::format("load {} {}", info.kind, info.name), [&]() -> std::string {
            const Part part = Registry::global().find(info.kind, info.name);
            return schema_fault(part);
        });
    check.run("unload", [&]() -> std::string {
        for (const fs::path& loaded : Registry::global().loaded())
            if (loaded == fs::canonical(file))
                return "it stays in memory when nothing uses it any more";
        return "";
    });
}

void check_one(const PartOptions& options, Checks& check) {
    const size_t slash = options.part.find('/');
    const std::string kind = options.part.substr(0, slash), name = options.part.substr(slash + 1);
    Subject subject;
    subject.part = Registry::global().find(kind, name);
    subject.schema = Json::parse(schema_text(subject.part), nullptr, false);
    if (!subject.schema.is_object())
        return check.skip("self-test", "its schema cannot be read");
    subject.config = options.config.empty() ? sample_configuration(subject.schema)
                                            : Json::parse(options.config, nullptr, false);
    if (!subject.config.is_object())
        throw UsageError(fmt::format("--config {}: not a JSON object", options.config));
    for (const std::string& text : options.inputs)
        subject.inputs.push_back(parse_shape(text));
    subject.data_dir = options.data_dir;
    for (const BackendStatus& b : list_backends())
        if (b.name != "reference" && b.unavailable.empty() && !b.devices.empty())
            subject.backends.push_back(b.name);
    const auto test = part_tests().find(kind);
    if (test == part_tests().end())
        return check.skip("self-test", fmt::format("there is none for the kind {}", kind));
    test->second(subject, check);
}

} // namespace

std::map<std::string, PartTest>& part_tests() {
    static std::map<std::string, PartTest> tests;
    return tests;
}

std::string Subject::spec() const {
    std::string text = part.name;
    for (const auto& [key, value] : config.items())
        text += fmt::format("{}{}={}", text.size() == part.name.size() ? ":" : ",", key,
                            value.is_string() ? value.get<std::string>() : value.dump());
    return text;
}

namespace {
bool any_failed = false;
}

static void end(const std::string& what, const char* verdict, const std::string& reason) {
    if (std::string_view(verdict) == "failed")
        any_failed = true;
    tell({{"check", what}, {"verdict", verdict}, {"reason", reason}});
}

void Checks::run(const std::string& what, const std::function<std::string()>& body) {
    tell({{"begin", what}});
    try {
        const std::string wrong = body();
        end(what, wrong.empty() ? "passed" : "failed", wrong);
    } catch (const Error& e) {
        end(what, e.code() == StatusCode::Unsupported ? "left out" : "failed", e.what());
    } catch (const std::exception& e) {
        end(what, "failed", e.what());
    }
}

void Checks::skip(const std::string& what, const std::string& why) { end(what, "left out", why); }

void Checks::add(const std::string& what, const std::function<std::vector<Result>()>& test) {
    run(what, [&]() -> std::string {
        std::string wrong, refused;
        bool passed = false;
        for (const Result& r : test()) {
            const std::string text = r.candidate.empty() ? r.reason : r.candidate + ": " + r.reason;
            if (r.verdict == Result::Verdict::Failed && wrong.empty())
                wrong = text;
            else if (r.verdict == Result::Verdict::Unsupported)
                refused = text;
            else
                passed = true;
        }
        if (wrong.empty() && !passed && !refused.empty())
            fail(StatusCode::Unsupported, refused);
        return wrong;
    });
}

Json sample_configuration(const Json& schema) {
    Json config = Json::object();
    for (const auto& [key, spec] : schema.items())
        if (spec.is_object() && (spec.value("required", false) || spec.contains("example")))
            config[key] = sample_value(spec);
    return config;
}

int check_part(const PartOptions& options) {
    Checks check;
    const LinkFolder link(options.file);
    std::vector<fs::path> folders{link.path()};
    folders.insert(folders.end(), options.folders.begin(), options.folders.end());
    set_plugin_path(folders);
    try {
        if (options.part.empty())
            check_all_schemas(options.file, check);
        else
            check_one(options, check);
    } catch (const std::exception& e) {
        end("self-test", "failed", e.what());
    }
    return any_failed ? 1 : 0;
}

} // namespace lamina::conformance
