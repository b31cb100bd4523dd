#include "bench_tune.hpp"

#include <cmath>
#include <iostream>

#include "lamina/tuning.hpp"

namespace lamina::cli {

namespace {

using Json = nlohmann::ordered_json;

/// "conv conv2d_1: winograd_f2x3 2.100 ms, implicit_gemm 3.200 ms"; the chosen one first.
std::string in_words(const TunedOperator& o) {
    std::string chosen, others;
    for (const auto& [kernel, seconds] : o.kernels) {
        const std::string text = std::isfinite(seconds)
                                     ? fmt::format("{} {:.3f} ms", kernel, 1e3 * seconds)
                                     : fmt::format("{} out of memory", kernel);
        (kernel == o.chosen ? chosen : others) += (kernel == o.chosen ? "" : ", ") + text;
    }
    return fmt::format("  {} {}{}: {}{}\n", o.op, o.name,
                       o.count > 1 ? fmt::format(" and {} more", o.count - 1) : "", chosen, others);
}

Json as_json(const TunedOperator& o) {
    Json kernels = Json::object();
    for (const auto& [kernel, seconds] : o.kernels)
        kernels[kernel] = std::isfinite(seconds) ? Json(1e3 * seconds) : Json();
    return {{"op", o.op},
            {"name", o.name},
            {"count", o.count},
            {"chosen", o.chosen},
            {"kernels_ms", kernels}};
}

TunedPlan kept_plan(const Device& device) {
    return std::filesystem::exists(TunedPlan::path(device)) ? TunedPlan::load(device) : TunedPlan();
}

} // namespace

void add_tuning_options(Options& options) {
    options.add()("tune", po::bool_switch(),
                  "measure the kernels of each operator of the step that has several, and keep the "
                  "choices on disk for --tuned")(
        "tune-seconds", po::value<double>()->default_value(60),
        "the most time that --tune takes; operators that it does not come to stay as they are")(
        "tune-runs", po::value<int>()->default_value(10),
        "the most runs of each kernel, and at most 0.2 s of them");
}

void check_tuning_options(const Options& options) {
    expect_at_least("tune-seconds", options.get<double>("tune-seconds"), 0.0);
    expect_at_least("tune-runs", options.get<int>("tune-runs"), 1);
}

Json tune_step(const Options& o, Device& device, const Executable& step) {
    const TuningBounds bounds{o.get<double>("tune-seconds"), o.get<int>("tune-runs")};
    TunedPlan plan = kept_plan(device);
    const bool quiet = o.flag("json");
    if (!quiet)
        std::cout << fmt::format("kernels on {}, the chosen one first:\n", device.spec());
    const TuningResult result =
        tune(step.graph(), device.shared_from_this(), plan, bounds, [&](const TunedOperator& t) {
            if (!quiet)
                std::cout << in_words(t) << std::flush;
        });
    plan.save(device);
    const auto path = TunedPlan::path(device).string();
    if (!quiet)
        std::cout << fmt::format("measured {} operators in {:.1f} s, {} left out for want of time; "
                                 "plan {}: {}\n",
                                 result.measured.size(), result.seconds, result.left_out,
                                 plan.hash(), path);
    Json operators = Json::array();
    for (const TunedOperator& t : result.measured)
        operators.push_back(as_json(t));
    return {{"plan", plan.hash()},
            {"file", path},
            {"seconds", result.seconds},
            {"left_out", result.left_out},
            {"operators", operators}};
}

} // namespace lamina::cli
