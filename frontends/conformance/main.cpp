// lamina-conformance: does a backend compute what the reference backend defines?
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "check.hpp"
#include "required.hpp"

namespace lamina::conformance {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Verdict = Result::Verdict;

struct Options {
    std::string backend, mode, filter, required, junit;
    bool json = false, list = false, verbose = false;
};

constexpr auto usage = R"(usage: lamina-conformance --backend NAME[:key=value,...]|FILE [options]

Runs every operator on the backend, with each of its kernels in turn, and compares with the
reference backend. Exit code 0: it conforms; 1: it does not; 2: wrong usage.
)";

Options parse(int argc, char** argv, po::options_description& help) {
    Options o;
    help.add_options()("help", "this")("backend", po::value(&o.backend),
                                       "a backend, with its options, or a backend plugin's file")(
        "mode", po::value(&o.mode)->default_value("test"),
        "test: run and compare; support: say which operators the backend takes")(
        "filter", po::value(&o.filter),
        "only the cases whose name holds this text, or matches it where it has * or ?")(
        "required", po::value(&o.required),
        "a list of operators (see tests/conformance/README.md) that must not be refused")(
        "plugin-path", po::value<std::vector<std::string>>()->composing(),
        "a folder to search for plugins first")("list", po::bool_switch(&o.list),
                                                "print the names of the cases, run none")(
        "junit", po::value(&o.junit), "also write the results to this file, as JUnit's XML")(
        "json", po::bool_switch(&o.json), "one JSON object on standard output")(
        "verbose", po::bool_switch(&o.verbose), "a line for each case that passes, too");
    po::variables_map map;
    po::store(po::command_line_parser(argc, argv).options(help).run(), map);
    po::notify(map);
    if (map.contains("help")) {
        std::cout << usage << '\n' << help;
        std::exit(0);
    }
    if (o.backend.empty() && !o.list)
        throw UsageError("--backend is missing");
    if (o.mode != "test" && o.mode != "support")
        throw UsageError("--mode " + o.mode + ": there are test and support");
    std::vector<std::filesystem::path> folders;
    if (map.contains("plugin-path"))
        for (const auto& folder : map["plugin-path"].as<std::vector<std::string>>())
            folders.emplace_back(folder);
    if (std::filesystem::is_regular_file(o.backend))
        folders.insert(folders.begin(), std::filesystem::absolute(o.backend).parent_path());
    if (!folders.empty())
        set_plugin_path(folders);
    return o;
}

/// The spec of the backend that a file registers, or the spec itself.
std::string backend_spec(const std::string& text) {
    if (!std::filesystem::is_regular_file(text))
        return text;
    for (const PartInfo& part : Registry::global().list("backend"))
        if (std::filesystem::equivalent(part.file, text))
            return part.name;
    for (const Refusal& refusal : Registry::global().refusals())
        if (std::filesystem::equivalent(refusal.file, text))
            fail(StatusCode::InvalidArgument, text + ": " + refusal.reason);
    fail(StatusCode::InvalidArgument, text + " registers no backend");
}

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

class Report {
  public:
    Report(const Options& options, const Required& required)
        : options_(options), required_(required) {}

    void add(const Case& test, Result result) {
        if (result.verdict == Verdict::Unsupported && required_.includes(test.op, test.name)) {
            result.verdict = Verdict::Failed;
            result.reason = "required, but unsupported: " + result.reason;
        }
        ++counts_[result.verdict];
        ++by_operator_[test.op][result.verdict];
        const bool show = result.verdict == Verdict::Failed || options_.verbose ||
                          (options_.mode == "support" && result.verdict == Verdict::Unsupported);
        if (!options_.junit.empty())
            junit_ += junit_case(result);
        if (options_.json)
            results_.push_back({{"case", result.test},
                                {"kernel", result.candidate},
                                {"verdict", word(result.verdict)},
                                {"reason", result.reason}});
        else if (show)
            fmt::print("{:<11} {} [{}]{}{}\n", word(result.verdict), result.test, result.candidate,
                       result.reason.empty() ? "" : ": ", result.reason);
    }

    /// An operator that is required but of which there is no case proves nothing.
    void require_cases() {
        if (!options_.filter.empty())
            return;
        for (const std::string& op : required_.operators())
            if (!by_operator_.contains(op))
                add({op, op, {}, {}, {}},
                    {op, "", Verdict::Failed, "required, but there is no case of it"});
    }

    int finish(double seconds) {
        if (!options_.junit.empty())
            write_junit(seconds);
        if (options_.json) {
            Json operators = Json::object();
            for (const auto& [op, counts] : by_operator_)
                for (const auto& [verdict, count] : counts)
                    operators[op][word(verdict)] = count;
            std::cout << Json{{"backend", options_.backend},
                              {"passed", counts_[Verdict::Passed]},
                              {"failed", counts_[Verdict::Failed]},
                              {"unsupported", counts_[Verdict::Unsupported]},
                              {"seconds", seconds},
                              {"operators", operators},
                              {"results", results_}}
                             .dump(1)
                      << '\n';
        } else {
            if (options_.mode == "support")
                print_support();
            fmt::print("{}: {} passed, {} failed, {} unsupported, {:.1f} s\n", options_.backend,
                       counts_[Verdict::Passed], counts_[Verdict::Failed],
                       counts_[Verdict::Unsupported], seconds);
        }
        return counts_[Verdict::Failed] == 0 ? 0 : 1;
    }

  private:
    void print_support() {
        for (auto& [op, counts] : by_operator_) {
            const int refused = counts[Verdict::Unsupported] + counts[Verdict::Failed];
            const int all = refused + counts[Verdict::Passed];
            fmt::print("{:<24} {}\n", op,
                       refused == 0     ? "all cases"
                       : refused == all ? "none"
                                        : fmt::format("{} of {} cases", all - refused, all));
        }
    }

    static std::string escaped(const std::string& text) {
        std::string out;
        for (const char c : text) {
            const size_t at = std::string_view("&<>\"").find(c);
            static constexpr const char* names[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
            out += at == std::string_view::npos ? std::string(1, c) : names[at];
        }
        return out;
    }
    static std::string junit_case(const Result& result) {
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
    void write_junit(double seconds) {
        std::ofstream file(options_.junit);
        file << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             << fmt::format("<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" "
                            "skipped=\"{}\" time=\"{:.3f}\">\n",
                            escaped(options_.backend),
                            counts_[Verdict::Passed] + counts_[Verdict::Failed] +
                                counts_[Verdict::Unsupported],
                            counts_[Verdict::Failed], counts_[Verdict::Unsupported], seconds)
             << junit_ << "</testsuite>\n";
        if (!file.flush())
            fail(StatusCode::Io, "cannot write " + options_.junit);
    }

    const Options& options_;
    const Required& required_;
    std::string junit_;
    std::map<Verdict, int> counts_;
    std::map<std::string, std::map<Verdict, int>> by_operator_;
    Json results_ = Json::array();
};

int run(const Options& options) {
    Cases cases = all_cases();
    std::erase_if(cases, [&](const Case& c) {
        return !options.filter.empty() && !matches(c.name, options.filter);
    });
    if (cases.empty())
        throw UsageError("--filter " + options.filter + ": no case has such a name; see --list");
    if (options.list) {
        for (const Case& c : cases)
            std::cout << c.name << '\n';
        return 0;
    }
    const auto start = std::chrono::steady_clock::now();
    const auto device = Device::open(backend_spec(options.backend));
    const auto reference = Device::open("reference");
    const Required required = options.required.empty() ? Required() : Required(options.required);
    Report report(options, required);
    for (const Case& test : cases) {
        if (options.mode == "support") {
            const std::string reason = refusal(test, device, reference);
            report.add(test, {test.name, "",
                              reason.empty() ? Verdict::Passed : Verdict::Unsupported, reason});
            continue;
        }
        for (Result& result : check(test, device, reference))
            report.add(test, std::move(result));
    }
    report.require_cases();
    return report.finish(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

} // namespace
} // namespace lamina::conformance

int main(int argc, char** argv) {
    using namespace lamina::conformance;
    po::options_description help("options");
    try {
        return run(parse(argc, argv, help));
    } catch (const lamina::UsageError& e) {
        std::cerr << "lamina-conformance: " << e.what() << '\n';
        return 2;
    } catch (const po::error& e) {
        std::cerr << "lamina-conformance: " << e.what() << "\n  hint: --help lists the options\n";
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "lamina-conformance: " << e.what() << '\n';
        return 1;
    }
}
