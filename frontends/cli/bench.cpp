#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "bench_tune.hpp"
#include "lamina/error.hpp"
#include "lamina/text.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::cli {

namespace {

using Json = nlohmann::ordered_json;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Inputs of the right types: pictures of noise, classes in turn, a learning rate that changes
/// little.
std::map<std::string, Tensor> make_inputs(const Graph& graph, int64_t classes) {
    std::map<std::string, Tensor> out;
    uint32_t state = 1;
    for (const auto& [name, value] : graph.inputs()) {
        const TensorType& type = graph.type(value);
        Tensor t = Tensor::zeros(type.dtype, type.shape);
        if (name == "learning_rate")
            t.data<float>()[0] = 1e-4f;
        if (name == "x")
            for (auto& v : t.data<uint8_t>())
                v = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
        if (name == "y")
            for (size_t i = 0; i < t.data<int64_t>().size(); ++i)
                t.data<int64_t>()[i] = static_cast<int64_t>(i) % classes;
        out.emplace(name, std::move(t));
    }
    return out;
}

struct Timing {
    double median_seconds, best_seconds;
    // Of this thread between two submissions; 0 where the device computes in the thread itself.
    double median_host_seconds;
    // Of all threads: a CPU backend's or a software driver's whole work, whatever else the machine
    // does meanwhile.
    double mean_cpu_seconds;
    uint64_t peak_kib;
};

/// Waiting left out. clock: of this thread or of the process.
double cpu_seconds(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// As in training, one step is under way while the next is submitted, where the device can.
Timing time_steps(Executable& step, const std::map<std::string, Tensor>& inputs, double seconds) {
    for (int i = 0; i < 3; ++i)
        step.run(inputs);
    step.submit(inputs);
    const bool asynchronous = !step.oldest_ended();
    if (!asynchronous)
        step.collect();
    std::vector<double> times, host;
    const double all_start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (const double begin = now(); now() - begin < seconds || times.size() < 5;) {
        const double start = now(), cpu_start = cpu_seconds();
        step.submit(inputs);
        step.collect();
        host.push_back(asynchronous ? cpu_seconds() - cpu_start : 0);
        times.push_back(now() - start);
    }
    const double all = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - all_start;
    if (asynchronous)
        step.collect();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {median(times), *std::min_element(times.begin(), times.end()), median(host),
            all / static_cast<double>(times.size()), static_cast<uint64_t>(usage.ru_maxrss)};
}

/// GFLOP/s of a large square matrix product on the device: what its operators can at best be held
/// against.
double product_gflops(Device& device) {
    constexpr int64_t n = 1024;
    Graph graph;
    const ValueId a = graph.add_input("a", {DType::F32, {n, n}});
    const ValueId b = graph.add_input("b", {DType::F32, {n, n}});
    const Attributes attrs = {
        {"transpose_a", false}, {"transpose_b", false}, {"epilogue", std::string()}};
    const NodeId node =
        graph.add_node("matmul", "matmul", "", {a, b}, attrs, {{DType::F32, {n, n}}});
    graph.add_output("c", graph.node(node).outputs[0]);
    Executable program(std::move(graph), std::make_shared<VariableStore>(device.shared_from_this()),
                       {.optimize = false});
    const std::map<std::string, Tensor> inputs = {{"a", Tensor::zeros(DType::F32, {n, n})},
                                                  {"b", Tensor::zeros(DType::F32, {n, n})}};
    double best = 1e30;
    for (int i = 0; i < 5; ++i)
        best = std::min(best, program.profile(inputs)[0]);
    return 2e-9 * n * n * n / best;
}

struct Row {
    std::string name;
    double seconds = 0, flops = 0, bytes = 0;
    bool tuned = false;
};

/// Medians of several profiled runs, by step.
std::vector<Row> profile(Executable& step, const std::map<std::string, Tensor>& inputs) {
    const auto infos = step.steps();
    std::vector<std::vector<double>> times(infos.size());
    for (int i = 0; i < 15; ++i) {
        const auto seconds = step.profile(inputs);
        for (size_t k = 0; k < seconds.size(); ++k)
            times[k].push_back(seconds[k]);
    }
    std::vector<Row> rows;
    for (size_t k = 0; k < infos.size(); ++k)
        rows.push_back(
            {fmt::format("{:<24} {:<20} {}", infos[k].op,
                         infos[k].candidate + (infos[k].tuned ? " *" : ""), infos[k].name),
             median(times[k]), infos[k].flops, infos[k].bytes, infos[k].tuned});
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.seconds > b.seconds; });
    return rows;
}

struct Compiled {
    Model model;
    std::shared_ptr<Executable> step;
};

Compiled compile_step(const Options& o, const std::string& backend, bool tuned) {
    Model model = open_model(o.text("model"), "", 0);
    use_backend(model, o, backend, tuned);
    compile(model, {.optimizer = o.text("optimizer"), .loss = o.text("loss")});
    auto step = model.executable(o.text("mode") == "train" ? Mode::Train : Mode::Predict,
                                 o.get<int64_t>("batch-size"), DType::U8, 1.0 / 255, 0);
    return {std::move(model), std::move(step)};
}

/// Without the plan that is there already, and gone from the device before anything is timed.
Json tune_backend(const Options& o, const std::string& backend) {
    Compiled untuned = compile_step(o, backend, false);
    return tune_step(o, untuned.model.device(), *untuned.step);
}

} // namespace

int bench(const Arguments& arguments) {
    Options o("lamina bench MODEL [options]",
              "Speed of training steps or predictions on made-up pictures.");
    o.add()("model", po::value<std::string>()->required(), "a name of the zoo, or a model file")(
        "backend", po::value<std::string>()->default_value("openblas"),
        "one or several, parted by commas: NAME[:key=value,...],NAME[...]")(
        "mode", po::value<std::string>()->default_value("train"),
        "train or infer")("batch-size", po::value<int64_t>()->default_value(128),
                          "")("optimizer", po::value<std::string>()->default_value("adam"), "")(
        "loss", po::value<std::string>()->default_value("categorical_crossentropy"),
        "")("seconds", po::value<double>()->default_value(5), "how long to measure each")(
        "profile", po::bool_switch(), "time, GFLOP/s and GB/s of each operator")(
        "json", po::bool_switch(), "one JSON object on standard output");
    add_backend_options(o);
    add_tuning_options(o);
    o.positional("model", 1);
    if (!o.parse(arguments))
        return 0;
    const std::string mode = o.text("mode");
    if (mode != "train" && mode != "infer")
        throw UsageError(fmt::format("--mode must be train or infer, got {}", mode));
    const auto batch = o.get<int64_t>("batch-size");
    expect_at_least<int64_t>("batch-size", batch, 1);
    expect_at_least("seconds", o.get<double>("seconds"), 0.0);
    check_tuning_options(o);
    Json results = Json::array();
    for (const std::string& backend : split_specs(o.text("backend"))) {
        const Json tuning = o.flag("tune") ? tune_backend(o, backend) : Json();
        auto [model, step] = compile_step(o, backend, o.flag("tuned"));
        model.initialize(1, *step);
        const auto inputs = make_inputs(step->graph(), model.classes());
        const Timing t = time_steps(*step, inputs, o.get<double>("seconds"));
        const auto images = static_cast<double>(batch);
        const MemoryInfo memory = model.device().memory();
        results.push_back({{"backend", backend},
                           {"device", model.device().info().name},
                           {"model", model.name()},
                           {"mode", mode},
                           {"batch_size", batch},
                           {"precision", name(model.precision())},
                           {"images_per_second", images / t.median_seconds},
                           {"best_images_per_second", images / t.best_seconds},
                           {"step_ms", 1e3 * t.median_seconds},
                           {"best_step_ms", 1e3 * t.best_seconds},
                           {"cpu_ms", 1e3 * t.mean_cpu_seconds},
                           {"host_us", 1e6 * t.median_host_seconds},
                           {"peak_rss_mib", static_cast<double>(t.peak_kib) / 1024},
                           {"device_bytes", memory.peak},
                           {"planned_bytes", step->memory().total()}});
        if (const auto plan = model.tuned_plan())
            results.back()["tuned_plan"] = plan->hash();
        if (!tuning.is_null())
            results.back()["tuning"] = tuning;
        if (!o.flag("json"))
            std::cout << fmt::format(
                "{} {} batch {} {} on {}: {:.0f} images/s (best {:.0f}), {:.3f} "
                "ms a step{}, peak {:.0f} MiB\n",
                model.name(), mode, batch, name(model.precision()), backend,
                images / t.median_seconds, images / t.best_seconds, 1e3 * t.median_seconds,
                t.median_host_seconds > 0
                    ? fmt::format(" ({:.0f} us of them the host's)", 1e6 * t.median_host_seconds)
                    : "",
                static_cast<double>(t.peak_kib) / 1024);
        if (!o.flag("profile"))
            continue;
        const auto rows = profile(*step, inputs);
        double total = 0;
        for (const Row& r : rows)
            total += r.seconds;
        const double peak = product_gflops(model.device());
        results.back()["product_gflops"] = peak;
        Json list = Json::array();
        if (!o.flag("json"))
            std::cout << fmt::format(
                "peak: {:.0f} GFLOP/s, a 1024 x 1024 x 1024 matrix product on this device\n"
                "{:>9} {:>6} {:>9} {:>8} {:>7}  {}\n",
                peak, "ms", "share", "GFLOP/s", "of peak", "GB/s",
                "operator, kernel (* by the tuned plan), node");
        for (const Row& r : rows) {
            const double gflops = r.flops / r.seconds / 1e9;
            const double gbytes = r.bytes / r.seconds / 1e9;
            list.push_back({{"step", r.name},
                            {"ms", 1e3 * r.seconds},
                            {"gflops", gflops},
                            {"share_of_peak", gflops / peak},
                            {"gbytes", gbytes},
                            {"tuned", r.tuned}});
            if (!o.flag("json"))
                std::cout << fmt::format("{:>9.3f} {:>5.1f}% {:>9.1f} {:>7.1f}% {:>7.1f}  {}\n",
                                         1e3 * r.seconds, 100 * r.seconds / total, gflops,
                                         100 * gflops / peak, gbytes, r.name);
        }
        results.back()["profile"] = list;
    }
    if (o.flag("json"))
        std::cout << Json{{"results", results}}.dump(2) << '\n';
    return 0;
}

} // namespace lamina::cli
