#include "report.hpp"

#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "lamina/error.hpp"

namespace lamina::conformance {

namespace {

using Verdict = Result::Verdict;

const char* word(Verdict verdict) {
    switch (verdict) {
    case Verdict::Passed:
        return "passed";
    case Verdict::Failed:
        return "failed";
    default:
        return "unsupported";
    }
}

int count(const std::map<Verdict, int>& counts, Verdict verdict) {
    const auto it = counts.find(verdict);
    return it == counts.end() ? 0 : it->second;
}

Json counts_json(const std::map<Verdict, int>& counts) {
    Json json = Json::object();
    for (const Verdict v : {Verdict::Passed, Verdict::Failed, Verdict::Unsupported})
        json[word(v)] = count(counts, v);
    return json;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const size_t at = std::string_view("&<>\"").find(c);
        static constexpr const char* names[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
        out += at == std::string_view::npos ? std::string(1, c) : names[at];
    }
    return out;
}

std::string junit_case(const Result& result) {
    const std::string head = fmt::format("<testcase classname=\"{}\" name=\"{}\"",
                                         escaped(result.test), escaped(result.candidate));
    switch (result.verdict) {
    case Verdict::Passed:
        return head + "/>\n";
    case Verdict::Failed:
        return head + "><failure message=\"" + escaped(result.reason) + "\"/></testcase>\n";
    default:
        return head + "><skipped message=\"" + escaped(result.reason) + "\"/></testcase>\n";
    }
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    if (!file.flush())
        fail(StatusCode::Io, "cannot write " + path);
}

/// Shapes and sizes left out, so that equal refusals can be counted.
std::string without_numbers(const std::string& reason) {
    std::string out;
    for (const char c : reason) {
        const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
        const bool inside_word =
            !out.empty() && std::isalpha(static_cast<unsigned char>(out.back()));
        if (!digit || inside_word)
            out += c;
        else if (out.empty() || out.back() != '#')
            out += '#';
    }
    return out;
}

} // namespace

Json identity(const DeviceInfo& info) {
    const auto details = Json::parse(info.details, nullptr, false);
    const auto detail = [&](const char* key) {
        return details.is_object() ? details.value(key, "") : std::string();
    };
    return {{"backend", info.backend},
            {"device", info.name},
            {"vendor", info.vendor},
            {"type", info.type},
            {"driver", info.driver},
            {"driver_version", detail("driver_version")},
            {"uuid", detail("uuid")},
            {"memory_bytes", info.memory_bytes},
            {"details", details.is_object() ? details : Json::object()}};
}

Report::Report(ReportOptions options, Required required, const DeviceInfo& device)
    : options_(std::move(options)), required_(std::move(required)), device_(identity(device)) {
    if (options_.json)
        return;
    const auto uuid = device_["uuid"].get<std::string>();
    fmt::print("{}: {}, {}, driver {} {}, UUID {}; lamina {}\n", device.backend, device.name,
               device.type, device.driver, device_["driver_version"].get<std::string>(),
               uuid.empty() ? "none" : uuid, LAMINA_VERSION);
}

void Report::add(const std::string& subject, const std::string& mode, Result result) {
    if (result.verdict == Verdict::Unsupported && required_.includes(subject, result.test)) {
        result.verdict = Verdict::Failed;
        result.reason = "required, but unsupported: " + result.reason;
    }
    ++counts_[result.verdict];
    Tally& tally = by_subject_[subject][mode];
    ++tally.counts[result.verdict];
    if (result.verdict == Verdict::Passed && !result.candidate.empty())
        tally.kernels.insert(result.candidate);
    if (result.verdict == Verdict::Unsupported)
        ++refusals_[subject + ": " + without_numbers(result.reason)];
    if (!options_.junit.empty())
        junit_ += junit_case(result);
    const Json entry{{"test", result.test},
                     {"mode", mode},
                     {"kernel", result.candidate},
                     {"verdict", word(result.verdict)},
                     {"reason", result.reason}};
    if (result.verdict == Verdict::Failed)
        failures_.push_back(entry);
    if (options_.json)
        results_.push_back(entry);
    else if (result.verdict == Verdict::Failed || options_.verbose ||
             (options_.show_unsupported && result.verdict == Verdict::Unsupported))
        fmt::print("{:<11} {} [{}]{}{}\n", word(result.verdict), result.test, result.candidate,
                   result.reason.empty() ? "" : ": ", result.reason);
}

void Report::require_tests() {
    for (const std::string& subject : required_.operators())
        if (!by_subject_.contains(subject))
            add(subject, "test",
                {subject, "", Verdict::Failed, "required, but there is no test of it"});
}

int Report::finish(double seconds) {
    if (!options_.junit.empty())
        write_junit(seconds);
    if (!options_.summary.empty())
        write(options_.summary, summary(seconds).dump(1) + "\n");
    if (options_.json) {
        Json all = summary(seconds);
        all["results"] = results_;
        std::cout << all.dump(1) << '\n';
    } else {
        if (options_.show_unsupported)
            print_support();
        fmt::print("{}: {} passed, {} failed, {} unsupported, {:.1f} s\n", options_.backend,
                   count(counts_, Verdict::Passed), count(counts_, Verdict::Failed),
                   count(counts_, Verdict::Unsupported), seconds);
    }
    return count(counts_, Verdict::Failed) == 0 ? 0 : 1;
}

void Report::print_support() const {
    for (const auto& [subject, modes] : by_subject_)
        for (const auto& [mode, tally] : modes) {
            const int refused =
                count(tally.counts, Verdict::Unsupported) + count(tally.counts, Verdict::Failed);
            const int all = refused + count(tally.counts, Verdict::Passed);
            fmt::print("{:<24} {} ({})\n", subject,
                       refused == 0     ? "all cases"
                       : refused == all ? "none"
                                        : fmt::format("{} of {} cases", all - refused, all),
                       fmt::join(tally.kernels, ", "));
        }
}

Json Report::summary(double seconds) const {
    Json subjects = Json::object();
    for (const auto& [subject, modes] : by_subject_)
        for (const auto& [mode, tally] : modes) {
            Json entry = counts_json(tally.counts);
            entry["kernels"] = tally.kernels;
            subjects[subject][mode] = entry;
        }
    Json all{{"lamina", LAMINA_VERSION}, {"backend", options_.backend}, {"device", device_}};
    all.update(counts_json(counts_));
    all["seconds"] = std::round(seconds * 10) / 10;
    all["operators"] = subjects;
    all["refused"] = refusals_;
    all["failures"] = failures_;
    return all;
}

void Report::write_junit(double seconds) const {
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    text += fmt::format(
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
        escaped(options_.backend),
        count(counts_, Verdict::Passed) + count(counts_, Verdict::Failed) +
            count(counts_, Verdict::Unsupported),
        count(counts_, Verdict::Failed), count(counts_, Verdict::Unsupported), seconds);
    text += "<properties>\n";
    for (const char* key :
         {"backend", "device", "vendor", "type", "driver", "driver_version", "uuid"})
        text += fmt::format("<property name=\"{}\" value=\"{}\"/>\n", key,
                            escaped(device_[key].get<std::string>()));
    write(options_.junit, text + "</properties>\n" + junit_ + "</testsuite>\n");
}

} // namespace lamina::conformance
