#include <algorithm>
#include <iostream>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"
#include "picture_input.hpp"

namespace lamina::cli {

namespace {

/// The model's output for every file, [n, classes].
Tensor outputs(Model& model, const PictureInput& input, const std::vector<std::string>& files,
               ProgressMode mode) {
    CollectedRows collected;
    each_batch(input, files, "prediction", mode, [&](const Tensor& batch, size_t first) {
        collected.add(model.predict(batch), first, files.size());
    });
    return collected.all();
}

struct Guess {
    size_t index;
    std::string label;
    float probability;
};

std::vector<Guess> best(std::span<const float> y, int top, const std::vector<std::string>& labels) {
    std::vector<size_t> order(y.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return y[a] > y[b]; });
    std::vector<Guess> out;
    for (size_t i = 0; i < order.size() && i < static_cast<size_t>(top); ++i)
        out.push_back({order[i],
                       order[i] < labels.size() ? labels[order[i]] : std::to_string(order[i]),
                       y[order[i]]});
    return out;
}

/// "cat (3)"
std::string named(const Guess& g) {
    return g.label == std::to_string(g.index) ? g.label : fmt::format("{} ({})", g.label, g.index);
}

constexpr int kBarsDrawn = 5;

/// The best classes as bars, and below them what every class has.
void draw(const std::string& title, std::span<const float> y, const std::vector<Guess>& guesses,
          const std::string& file) {
    constexpr size_t kFewClasses = 40; // markers and ticks for each have room
    BarChart chart;
    chart.title = title;
    for (const Guess& g : guesses)
        chart.bars.push_back({named(g), 100.0 * static_cast<double>(g.probability)});
    chart.suffix = " %";
    if (y.size() < 2)
        return plot_bars(chart, file);
    const bool few = y.size() <= kFewClasses;
    LinePanel line{.x = {.label = "class"}, .y = {.label = "probability"}};
    LineSeries& series = line.series.emplace_back();
    series.markers = few;
    for (size_t i = 0; i < y.size(); ++i) {
        series.x.push_back(static_cast<double>(i));
        series.y.push_back(static_cast<double>(y[i]));
    }
    if (few)
        line.x.ticks = series.x;
    else
        line.x.to = static_cast<double>(y.size());
    if (guesses.front().probability <= 1 && *std::min_element(y.begin(), y.end()) >= 0) {
        line.y.from = 0;
        line.y.to = 1;
    }
    plot_bars(chart, line, file);
}

} // namespace

int predict(const Arguments& arguments) {
    Options o("lamina predict MODEL FILE... [options]",
              "What a trained model sees in pictures (PNG, JPEG or WebP).");
    o.add()("model", po::value<std::string>()->required(),
            "a model file, or a zoo name with --weights")(
        "file", po::value<std::vector<std::string>>()->required(),
        "pictures")("weights", po::value<std::string>(),
                    "take the weights from this file, or a zoo net's published ones: imagenet")(
        "backend", po::value<std::string>()->default_value("openblas"), "NAME[:key=value,...]")(
        "top", po::value<int>()->default_value(1), "how many classes to show")(
        "labels", po::value<std::string>(),
        "a file with a class name a line; without: the names that the model has from its training "
        "data, or that its kind has")(
        "plot", po::value<std::string>(),
        "draw the first picture's best classes as bars (--top of them, else 5), and below them the "
        "probability of every class as a line (.png or .svg)");
    add_picture_options(o);
    add_progress_options(o);
    add_backend_options(o);
    o.positional("model", 1);
    o.positional("file", -1);
    if (!o.parse(arguments))
        return 0;
    const int top = o.get<int>("top");
    expect_at_least("top", top, 1);
    if (o.has("plot"))
        check_plot_file(o.text("plot"));
    expect_writable(o, "plot");
    Model model = open_model(o.text("model"), o.text("weights"), 0, progress_mode(o));
    use_backend(model, o, o.text("backend"));
    const PictureInput input(o, model);
    const auto files = o.get<std::vector<std::string>>("file");
    const auto labels = o.has("labels") ? read_lines(o.text("labels")) : model.class_names();
    if (o.has("labels") && static_cast<int64_t>(labels.size()) != model.classes())
        throw UsageError(fmt::format("--labels {}: {} for the {} classes of model {}",
                                     o.text("labels"),
                                     count_of(static_cast<long long>(labels.size()), "line"),
                                     model.classes(), model.name()));
    const Tensor y = outputs(model, input, files, progress_mode(o));
    const auto classes = static_cast<size_t>(y.elements()) / files.size();

    auto json = nlohmann::ordered_json::array();
    for (size_t i = 0; i < files.size(); ++i) {
        const auto row = y.data<float>().subspan(i * classes, classes);
        const auto guesses = best(row, top, labels);
        if (o.flag("json")) {
            auto list = nlohmann::ordered_json::array();
            for (const Guess& g : guesses)
                list.push_back(
                    {{"class", g.index}, {"label", g.label}, {"probability", g.probability}});
            json.push_back({{"file", files[i]}, {"predictions", list}});
        } else {
            std::cout << files[i] << '\n';
            for (const Guess& g : guesses)
                std::cout << fmt::format("  {:<24} {:.4f}\n", named(g), g.probability);
        }
        if (i == 0 && o.has("plot"))
            draw(files[i], row, best(row, o.has("top") ? top : kBarsDrawn, labels), o.text("plot"));
    }
    if (o.flag("json"))
        std::cout << nlohmann::ordered_json{{"files", json}}.dump() << '\n';
    return 0;
}

} // namespace lamina::cli
