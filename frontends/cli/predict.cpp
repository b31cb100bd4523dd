#include <algorithm>
#include <iostream>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "interrupt.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/image.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

namespace {

/// The picture as the model's input: resized, 0 to 1.
void fill(const std::string& file, const std::vector<int64_t>& shape, float* target) {
    const auto height = static_cast<int>(shape[0]), width = static_cast<int>(shape[1]),
               channels = static_cast<int>(shape[2]);
    Image image = load_image(file, channels);
    if (image.width != width || image.height != height)
        image = resize(image, width, height, Resampling::Bilinear);
    std::transform(image.pixels.begin(), image.pixels.end(), target,
                   [](uint8_t v) { return static_cast<float>(v) / 255.0f; });
}

std::vector<std::string> read_labels(const std::string& path) {
    std::vector<std::string> out;
    if (path.empty())
        return out;
    std::string text = read_text(path);
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        out.emplace_back(trim(std::string_view(text).substr(at, end - at)));
        at = end + 1;
    }
    return out;
}

constexpr size_t kBatch = 32;

/// The model's output for every file, [n, classes].
Tensor outputs(Model& model, const std::vector<std::string>& files, ProgressMode mode) {
    const auto shape = model.input_shape();
    const auto sample = static_cast<size_t>(shape[0] * shape[1] * shape[2]);
    const EndOnSignals signals;
    // One batch is no wait that anyone would want to see.
    ProgressBar bar("prediction", files.size(), "images",
                    files.size() > kBatch ? mode : ProgressMode::Quiet);
    Tensor all;
    for (size_t begin = 0; begin < files.size();) {
        const size_t end = std::min(begin + kBatch, files.size());
        Tensor x = Tensor::uninitialized(
            DType::F32, {static_cast<int64_t>(end - begin), shape[0], shape[1], shape[2]});
        for (size_t i = begin; i < end; ++i)
            fill(files[i], shape, x.data<float>().data() + (i - begin) * sample);
        const Tensor y = model.predict(x);
        if (begin == 0) {
            Shape whole = y.shape();
            whole[0] = static_cast<int64_t>(files.size());
            all = Tensor::uninitialized(y.dtype(), whole);
        }
        Tensor rows = all.rows(static_cast<int64_t>(begin), static_cast<int64_t>(end));
        std::copy(y.raw_bytes().begin(), y.raw_bytes().end(), rows.raw_bytes().begin());
        begin = end;
        bar.update(begin, "");
        if (end_asked() != 0 && begin < files.size())
            throw Error(StatusCode::Cancelled,
                        fmt::format("the prediction was stopped after {} of {} pictures", begin,
                                    files.size()));
    }
    bar.finish("");
    return all;
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

} // namespace

int predict(const Arguments& arguments) {
    Options o("lamina predict MODEL FILE... [options]",
              "What a trained model sees in pictures (PNG or JPEG).");
    o.add()("model", po::value<std::string>()->required(),
            "a model file, or a zoo name with --weights")(
        "file", po::value<std::vector<std::string>>()->required(),
        "pictures")("weights", po::value<std::string>(), "take the weights from this file")(
        "backend", po::value<std::string>()->default_value("openblas"), "NAME[:key=value,...]")(
        "top", po::value<int>()->default_value(1), "how many classes to show")(
        "labels", po::value<std::string>(), "a file with a class name a line")(
        "plot", po::value<std::string>(),
        "draw the classes of the first picture as bars (.png or .svg)");
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
    Model model = open_model(o.text("model"), o.text("weights"), 0);
    use_backend(model, o, o.text("backend"));
    const auto shape = model.input_shape();
    if (shape.size() != 3)
        throw Error(StatusCode::Unsupported,
                    fmt::format("model {} does not take pictures: its input is {}", model.name(),
                                Shape(shape).to_string()));
    const auto files = o.get<std::vector<std::string>>("file");
    const auto labels = read_labels(o.text("labels"));
    if (o.has("labels") && static_cast<int64_t>(labels.size()) != model.classes())
        throw UsageError(fmt::format("--labels {}: {} for the {} classes of model {}",
                                     o.text("labels"),
                                     count_of(static_cast<long long>(labels.size()), "line"),
                                     model.classes(), model.name()));
    const Tensor y = outputs(model, files, progress_mode(o));
    const auto classes = static_cast<size_t>(y.elements()) / files.size();

    auto json = nlohmann::ordered_json::array();
    for (size_t i = 0; i < files.size(); ++i) {
        const auto guesses = best(y.data<float>().subspan(i * classes, classes), top, labels);
        if (o.flag("json")) {
            auto list = nlohmann::ordered_json::array();
            for (const Guess& g : guesses)
                list.push_back(
                    {{"class", g.index}, {"label", g.label}, {"probability", g.probability}});
            json.push_back({{"file", files[i]}, {"predictions", list}});
        } else {
            std::cout << files[i] << '\n';
            for (const Guess& g : guesses)
                std::cout << fmt::format("  {:<24} {:.4f}\n", g.label, g.probability);
        }
        if (i == 0 && o.has("plot")) {
            BarChart chart;
            chart.title = files[i];
            for (const Guess& g : guesses)
                chart.bars.push_back({g.label, 100.0 * static_cast<double>(g.probability)});
            chart.suffix = " %";
            plot_bars(chart, o.text("plot"));
        }
    }
    if (o.flag("json"))
        std::cout << nlohmann::ordered_json{{"files", json}}.dump() << '\n';
    return 0;
}

} // namespace lamina::cli
