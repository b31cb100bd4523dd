#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "child.hpp"
#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "plugin.hpp"

namespace lamina::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kMark = "lamina-check: "; // before what lamina-conformance tells

/// lamina-conformance, which lies beside this program.
fs::path tester() {
    return fs::read_symlink("/proc/self/exe").parent_path() / "lamina-conformance";
}

/// What the manifest says, read without loading; or why the file is refused.
struct Listed {
    std::vector<PartInfo> parts;
    std::string refusal;
};
Listed read_listing(const fs::path& file) {
    std::string folder = (fs::temp_directory_path() / "lamina-check-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr)
        throw Error(StatusCode::Io,
                    "no folder can be made in " + fs::temp_directory_path().string());
    struct Remove {
        const std::string& folder;
        ~Remove() {
            std::error_code ignored;
            fs::remove_all(folder, ignored);
        }
    } const remove{folder};
    fs::create_symlink(fs::absolute(file), fs::path(folder) / "plugin.so");
    const Registry registry({folder});
    Listed out;
    for (const PartInfo& info : registry.list())
        if (info.file == fs::canonical(file))
            out.parts.push_back(info);
    for (const Refusal& r : registry.refusals())
        if (r.file.parent_path() == folder)
            out.refusal = r.reason;
    return out;
}

std::string signal_text(int signal) {
    const char* name = signal == SIGSEGV   ? "segmentation fault"
                       : signal == SIGABRT ? "abort"
                       : signal == SIGFPE  ? "arithmetic exception"
                       : signal == SIGBUS  ? "bus error"
                       : signal == SIGILL  ? "illegal instruction"
                                           : nullptr;
    return name != nullptr ? name : fmt::format("signal {}", signal);
}

/// The report as it grows: lines for a person, or one object at the end.
class Report {
  public:
    Report(bool json, Json head) : json_(json), whole_(std::move(head)) {
        whole_["parts"] = Json::array();
    }
    void begin(const std::string& part) {
        whole_["parts"].push_back({{"part", part}, {"checks", Json::array()}});
        if (!json_)
            std::cout << part << std::endl;
    }
    void add(const Json& check) {
        whole_["parts"].back()["checks"].push_back(check);
        const std::string verdict = check.at("verdict"), reason = check.at("reason");
        failed_ += verdict == "failed" ? 1 : 0;
        ++counts_[verdict];
        if (!json_)
            std::cout << fmt::format("  {:<8}  {}{}{}\n", verdict,
                                     check.at("check").get<std::string>(),
                                     reason.empty() ? "" : ": ", reason)
                      << std::flush;
    }
    int finish() {
        whole_["passed"] = failed_ == 0;
        if (json_)
            std::cout << whole_.dump(2) << '\n';
        else
            std::cout << fmt::format("{} passed, {} failed, {} left out\n", counts_["passed"],
                                     counts_["failed"], counts_["left out"]);
        return failed_ == 0 ? 0 : 1;
    }

  private:
    bool json_;
    Json whole_;
    int failed_ = 0;
    std::map<std::string, int> counts_;
};

/// One process of the tester; a crash or a hang becomes a failed check.
void run_checks(Report& report, const std::vector<std::string>& arguments, int seconds) {
    std::string running = "start";
    const ChildEnd end = run_child(tester(), arguments, seconds, [&](const std::string& line) {
        if (!line.starts_with(kMark)) {
            std::cerr << line << '\n'; // the plugin's own
            return;
        }
        const Json told = Json::parse(line.substr(kMark.size()), nullptr, false);
        if (told.contains("begin")) {
            running = told.at("begin");
        } else if (told.contains("check")) {
            report.add(told);
            running = "end";
        }
    });
    const auto failed = [&](const std::string& reason) {
        report.add({{"check", running}, {"verdict", "failed"}, {"reason", reason}});
    };
    if (end.timed_out)
        failed(fmt::format("it had not ended after {} s and was killed (--timeout)", seconds));
    else if (end.signal != 0)
        failed(fmt::format("it crashed ({})", signal_text(end.signal)));
    else if (end.code > 1 || (end.code == 1 && running != "end"))
        failed(fmt::format("its process ended with exit code {}", end.code));
}

} // namespace

int plugin_check(const std::string& file, const Options& options) {
    if (!fs::is_regular_file(file))
        throw UsageError(fmt::format("lamina plugin check {}: there is no such file", file));
    const int seconds = options.get<int>("timeout");
    expect_at_least("timeout", seconds, 1);
    const Listed listed = read_listing(file);
    const std::string wanted = options.text("part");
    std::vector<PartInfo> parts;
    std::vector<std::string> names;
    for (const PartInfo& info : listed.parts) {
        names.push_back(info.kind + "/" + info.name);
        if (wanted.empty() || wanted == names.back())
            parts.push_back(info);
    }
    if (listed.refusal.empty() && parts.empty())
        throw UsageError(wanted.empty() ? fmt::format("{}: it registers no parts", file)
                                        : fmt::format("--part {}: {} registers {}", wanted, file,
                                                      join(names, ", ")));

    Json head = {{"file", file}};
    if (!parts.empty())
        head.update({{"plugin", parts[0].plugin}, {"version", parts[0].version}});
    Report report(options.flag("json"), head);
    report.begin(
        parts.empty() ? file : fmt::format("{} {} ({})", parts[0].plugin, parts[0].version, file));
    report.add({{"check", "manifest"},
                {"verdict", listed.refusal.empty() ? "passed" : "failed"},
                {"reason", listed.refusal}});
    if (!listed.refusal.empty())
        return report.finish();

    std::vector<std::string> arguments{"--plugin", file};
    for (const char* flag : {"config", "data-dir"})
        if (options.has(flag))
            arguments.insert(arguments.end(), {fmt::format("--{}", flag), options.text(flag)});
    for (const char* flag : {"inputs", "plugin-path"})
        if (options.has(flag))
            for (const std::string& value : options.get<Arguments>(flag))
                arguments.insert(arguments.end(), {fmt::format("--{}", flag), value});
    run_checks(report, arguments, seconds);
    for (const PartInfo& part : parts) {
        report.begin(part.kind + " " + part.name);
        std::vector<std::string> of_part = arguments;
        of_part.insert(of_part.end(), {"--part", part.kind + "/" + part.name});
        run_checks(report, of_part, seconds);
    }
    return report.finish();
}

} // namespace lamina::cli
