// lamina-conformance: does a backend compute what the reference backend defines?
#include <chrono>
#include <filesystem>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "check.hpp"
#include "log_watch.hpp"
#include "parts/part.hpp"
#include "perf.hpp"
#include "report.hpp"

namespace lamina::conformance {
namespace {

namespace po = boost::program_options;
using Verdict = Result::Verdict;

struct Options {
    ReportOptions report;
    std::string mode, filter, required;
    bool list = false, large = false;
    size_t sample = 0; // 0: all
    uint64_t seed = 1;
    PartOptions part;
};

constexpr auto usage = R"(usage: lamina-conformance --backend NAME[:key=value,...]|FILE [options]
       lamina-conformance --plugin FILE [--part KIND/NAME] [options]

Runs every operator on the backend with each of its kernels in turn, every gradient, nets that
train, and the contract of the plugin interface, and compares with the reference backend.
With --plugin it tests a part of a plugin instead: what `lamina plugin check` starts, a process a
part. Exit code 0: all that the backend claims to support passes; 1: not so; 2: wrong usage.
)";

constexpr auto modes =
    "test: operators and whole nets, forward; grad: every gradient; train: ten steps of small nets "
    "with every optimizer, a step of known ones; contract: options, memory, lifetimes, out of "
    "memory. Without --mode these four. support: which operators and kernels there are, nothing is "
    "run; perf: GFLOP/s and GB/s of every kernel on every case, no verdict";

Options parse(int argc, char** argv) {
    Options o;
    po::options_description help("options");
    auto add = help.add_options();
    auto& p = o.part;
    add("help", "this");
    add("backend", po::value(&o.report.backend),
        "a backend, with its options, or a backend plugin's file");
    add("mode", po::value(&o.mode), modes);
    add("filter", po::value(&o.filter),
        "only the tests whose name holds this text, or matches it where it has * or ?");
    add("sample", po::value(&o.sample),
        "only so many tests: of every operator and gradient in turn, chosen by name and seed");
    add("seed", po::value(&o.seed)->default_value(1), "which sample");
    add("large", po::bool_switch(&o.large), "also the tests with tensors above 128 MiB");
    add("required", po::value(&o.required),
        "a list of operators (see tests/conformance/README.md) that must not be refused");
    add("plugin-path", po::value<std::vector<std::string>>()->composing(),
        "a folder to search for plugins first");
    add("plugin", po::value(&p.file), "a plugin's file: test a part of it");
    add("part", po::value(&p.part), "KIND/NAME; without it the plugin is only loaded");
    add("config", po::value(&p.config), "of the part, a JSON object (default: from its schema)");
    add("inputs", po::value(&p.inputs)->composing(),
        "the shape of an input of the part, without the batch: 8x8x3; may be repeated");
    add("data-dir", po::value(&p.data_dir), "where a data set's files are");
    add("list", po::bool_switch(&o.list), "print the names of the tests, run none");
    add("junit", po::value(&o.report.junit), "also write the results to this file, as JUnit's XML");
    add("summary", po::value(&o.report.summary),
        "also write counts, refusals and failures to this file, as JSON: the report to send in");
    add("json", po::bool_switch(&o.report.json), "one JSON object on standard output");
    add("verbose", po::bool_switch(&o.report.verbose), "a line for each test that passes, too");
    po::variables_map map;
    po::store(po::command_line_parser(argc, argv).options(help).run(), map);
    po::notify(map);
    if (map.contains("help")) {
        std::cout << usage << '\n' << help;
        std::exit(0);
    }
    if (map.contains("plugin-path"))
        p.folders = map["plugin-path"].as<std::vector<std::string>>();
    if (!p.file.empty()) {
        if (!std::filesystem::is_regular_file(p.file))
            throw UsageError("--plugin " + p.file + ": there is no such file");
        return o;
    }
    if (o.report.backend.empty() && !o.list)
        throw UsageError("--backend is missing");
    static constexpr std::array known{"", "test", "grad", "train", "contract", "support", "perf"};
    if (std::find(known.begin(), known.end(), o.mode) == known.end())
        throw UsageError("--mode " + o.mode +
                         ": there are test, grad, train, contract, support and perf");
    if (map.contains("sample") && o.sample == 0)
        throw UsageError("--sample 0 leaves nothing to run");
    o.report.show_unsupported = o.mode == "support";
    std::vector<std::filesystem::path> folders;
    folders.assign(p.folders.begin(), p.folders.end());
    if (std::filesystem::is_regular_file(o.report.backend))
        folders.insert(folders.begin(), std::filesystem::absolute(o.report.backend).parent_path());
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

bool wanted(const Options& options, const std::string& name, bool large) {
    return (options.large || !large) && (options.filter.empty() || matches(name, options.filter));
}

Tests chosen_tests(const Options& options) {
    Tests tests = all_tests();
    std::erase_if(tests, [&](const Test& t) {
        return !wanted(options, t.name, t.large) ||
               (!options.mode.empty() && t.mode != options.mode);
    });
    if (options.sample > 0)
        tests = sample(std::move(tests), options.sample, options.seed);
    if (tests.empty())
        throw UsageError("--filter " + options.filter + ": no test has such a name; see --list");
    return tests;
}

/// For modes that look at the cases of operators otherwise than by running them.
Cases chosen_cases(const Options& options) {
    Cases cases = all_cases();
    std::erase_if(cases, [&](const Case& c) { return !wanted(options, c.name, c.large); });
    if (cases.empty())
        throw UsageError("--filter " + options.filter + ": no case has such a name; see --list");
    return cases;
}

/// The spec with the device that it chooses named in it: every test gets the same one.
std::string with_device(const std::string& spec) {
    for (const char* key : {":device=", ",device=", ":uuid=", ",uuid="})
        if (spec.find(key) != std::string::npos)
            return spec;
    const uint64_t index = Device::open(spec)->info().index;
    return fmt::format("{}{}device={}", spec, spec.find(':') == std::string::npos ? ':' : ',',
                       index);
}

Target open(const Options& options, LogWatch& log) {
    const std::string spec = with_device(backend_spec(options.report.backend));
    log.take(); // how the device was chosen: the report names it
    return {spec, Device::open(spec), Device::open("reference")};
}

void run_tests(const Tests& tests, Report& report, LogWatch& log, const Target& target) {
    for (const Test& test : tests) {
        std::vector<Result> results;
        try {
            results = test.run(target);
        } catch (const std::exception& e) {
            results = verdict(test.name, e.what());
        }
        // Vulkan's validation layers speak through the log.
        if (const std::string heard = log.take(); !heard.empty())
            results.push_back({test.name, "log", Verdict::Failed, "it logged: " + heard});
        for (Result& result : results)
            report.add(test.subject(), test.mode, std::move(result));
    }
}

void run_support(const Cases& cases, Report& report, const Target& target) {
    for (const Case& test : cases)
        try {
            for (const Candidate& c : candidates(test, target))
                report.add(test.op, "support", {test.name, c.name, Verdict::Passed, ""});
        } catch (const Error& e) {
            report.add(test.op, "support", verdict(test.name, e)[0]);
        }
}

int run_perf(const Options& options, const Cases& cases, const Target& target) {
    Json list = Json::array();
    for (const Case& test : cases)
        try {
            for (const Speed& s : measure(test, target)) {
                if (!options.report.json)
                    fmt::print("{:<60} {:<20} {:10.2f} us {:9.2f} GFLOP/s {:9.2f} GB/s\n", s.test,
                               s.kernel, s.seconds * 1e6, s.gflops, s.gbytes);
                list.push_back({{"case", s.test},
                                {"kernel", s.kernel},
                                {"seconds", s.seconds},
                                {"gflops", s.gflops},
                                {"gbytes", s.gbytes}});
            }
        } catch (const Error& e) {
            if (e.code() != StatusCode::Unsupported)
                throw;
        }
    if (options.report.json)
        std::cout << Json{{"device", identity(target.device->info())}, {"speeds", list}}.dump(1)
                  << '\n';
    return 0;
}

int run(const Options& options) {
    if (!options.part.file.empty())
        return check_part(options.part);
    if (options.list) {
        for (const Test& t : chosen_tests(options))
            std::cout << t.name << '\n';
        return 0;
    }
    const auto start = std::chrono::steady_clock::now();
    const bool by_case = options.mode == "perf" || options.mode == "support";
    const Cases cases = by_case ? chosen_cases(options) : Cases();
    const Tests tests = by_case ? Tests() : chosen_tests(options);
    LogWatch log;
    Target target = open(options, log);
    if (options.mode == "perf")
        return run_perf(options, cases, target);
    Report report(options.report,
                  options.required.empty() ? Required() : Required(options.required),
                  target.device->info());
    if (options.mode == "support")
        run_support(cases, report, target);
    else
        run_tests(tests, report, log, target);
    target.device.reset();
    if (const std::string heard = log.take(); !heard.empty())
        report.add("contract", "contract",
                   {"contract/closed", "log", Verdict::Failed, "it logged: " + heard});
    if (options.filter.empty() && options.sample == 0 && options.mode.empty())
        report.require_tests();
    return report.finish(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

} // namespace
} // namespace lamina::conformance

int main(int argc, char** argv) {
    using namespace lamina::conformance;
    try {
        return run(parse(argc, argv));
    } catch (const lamina::UsageError& e) {
        std::cerr << "lamina-conformance: " << e.what() << '\n';
        return 2;
    } catch (const boost::program_options::error& e) {
        std::cerr << "lamina-conformance: " << e.what() << "\n  hint: --help lists the options\n";
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "lamina-conformance: " << e.what() << '\n';
        return 1;
    }
}
