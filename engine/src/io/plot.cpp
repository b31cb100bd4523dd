#include "lamina/plot.hpp"

#include "io/gnuplot.hpp"
#include "lamina/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace lamina {
namespace {

/// Colours that colour-blind readers tell apart, and that differ in grey as well:
/// Okabe and Ito, Color Universal Design, 2008.
constexpr std::array<std::string_view, 6> kColours = {"#0072B2", "#D55E00", "#009E73",
                                                      "#CC79A7", "#E69F00", "#56B4E9"};
/// gnuplot's filled circle, square, triangle, diamond, triangle downwards, pentagon.
constexpr std::array<int, 6> kMarkers = {7, 5, 9, 13, 11, 15};

constexpr std::string_view kHouseStyle = R"(
set border 3 linecolor rgb '#444444' linewidth 0.7
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid linetype 1 linecolor rgb '#e4e4e4' linewidth 0.6
set key Left reverse spacing 1.25 samplen 2.4 width 1
)";

struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    void include(double value) {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
};

/// The round step (1, 2 or 5 times a power of ten) that divides `span` into at most `parts`.
double round_step(double span, int parts) {
    const double least = span / parts;
    const double power = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= least * (1 - 1e-9)) {
            return factor * power;
        }
    }
    return 10 * power;
}

int decimals_of(double step) {
    return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
}

/// Ticks at round values, as many as a panel holds; the range grows to the outer ones.
std::string linear_axis(char axis, const PlotAxis& wanted, Range data) {
    if (data.low == data.high) { // one point: something to either side of it
        const double room = data.low == 0 ? 1 : std::abs(data.low) * 0.1;
        data = {data.low - room, data.high + room};
    }
    double low = wanted.from.value_or(data.low);
    double high = wanted.to.value_or(data.high);
    if (!(low < high)) {
        high = low + 1;
    }
    constexpr int kTicks = 6;
    const double step = round_step(high - low, kTicks);
    if (!wanted.from) {
        low = std::floor(low / step + 1e-9) * step;
    }
    if (!wanted.to) {
        high = std::ceil(high / step - 1e-9) * step;
    }
    return fmt::format("set {0}range [{1}:{2}]\nset {0}tics {3}\nset format {0} '%.{4}f'\n", axis,
                       low, high, step, decimals_of(step));
}

std::string written_ticks(char axis, const std::vector<double>& ticks) {
    std::string text;
    for (const double tick : ticks) {
        text += fmt::format("{}'{}' {}", text.empty() ? "" : ", ", tick, tick);
    }
    return fmt::format("set {}tics ({})\n", axis, text);
}

/// Markers at either end stand free of the frame.
std::string free_range(char axis, const PlotAxis& wanted, const Range& data) {
    constexpr double kRoom = 0.03; // of the axis
    if (wanted.logarithmic) {
        const double factor = std::pow(std::max(data.high / data.low, 1.1), kRoom);
        return fmt::format("set {}range [{}:{}]\n", axis, wanted.from.value_or(data.low / factor),
                           wanted.to.value_or(data.high * factor));
    }
    const double room = data.high > data.low ? (data.high - data.low) * kRoom : 0.5;
    return fmt::format("set {}range [{}:{}]\n", axis, wanted.from.value_or(data.low - room),
                       wanted.to.value_or(data.high + room));
}

std::string axis_commands(char axis, const PlotAxis& wanted, Range data) {
    if (!(data.low <= data.high)) { // no point at all
        data = {1, 2};
    }
    std::string text = fmt::format("set {}label {}\n", axis, gnuplot_string(wanted.label));
    text += fmt::format("{} logscale {}\n", wanted.logarithmic ? "set" : "unset", axis);
    if (!wanted.ticks.empty()) {
        text += written_ticks(axis, wanted.ticks) + free_range(axis, wanted, data);
    } else if (wanted.logarithmic) {
        text += fmt::format("set {0}tics autofreq\nset format {0} '%g'\n", axis) +
                free_range(axis, wanted, data);
    } else {
        text += linear_axis(axis, wanted, data);
    }
    return text;
}

std::string_view key_position(Corner corner) {
    switch (corner) {
    case Corner::TopLeft:
        return "top left";
    case Corner::TopRight:
        return "top right";
    case Corner::BottomLeft:
        return "bottom left";
    case Corner::BottomRight:
        return "bottom right";
    }
    return "top right";
}

std::string title_command(std::string_view title) {
    return title.empty() ? "unset title\n" : fmt::format("set title {}\n", gnuplot_string(title));
}

/// The series' points as a named block of data.
std::string data_block(const std::string& name, const LineSeries& series) {
    std::string text = fmt::format("{} << EOD\n", name);
    for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
        if (std::isfinite(series.x[i]) && std::isfinite(series.y[i])) {
            text += fmt::format("{} {}\n", series.x[i], series.y[i]);
        }
    }
    return text + "EOD\n";
}

std::string curve_style(const LineSeries& series, std::size_t index) {
    return series.markers ? fmt::format("with linespoints linewidth 1.7 pointtype {} pointsize 0.9",
                                        kMarkers[index % kMarkers.size()])
                          : "with lines linewidth 1";
}

std::string panel_commands(const LinePanel& panel, std::size_t index) {
    Range x;
    Range y;
    std::string blocks;
    std::string curves;
    for (std::size_t i = 0; i < panel.series.size(); ++i) {
        const LineSeries& series = panel.series[i];
        std::for_each(series.x.begin(), series.x.end(), [&](double value) { x.include(value); });
        std::for_each(series.y.begin(), series.y.end(), [&](double value) { y.include(value); });
        const std::string name = fmt::format("$p{}s{}", index, i);
        blocks += data_block(name, series);
        curves += fmt::format("{}{} using 1:2 {} linecolor rgb '{}' title {}",
                              curves.empty() ? "" : ", ", name, curve_style(series, i),
                              kColours[i % kColours.size()], gnuplot_string(series.name));
    }
    return blocks + title_command(panel.title) + axis_commands('x', panel.x, x) +
           axis_commands('y', panel.y, y) +
           fmt::format("set key {}\nplot {}\n", key_position(panel.legend), curves);
}

/// Whole epochs, a dozen at most.
std::vector<double> epoch_ticks(std::size_t epochs) {
    const double step = std::max(1.0, round_step(static_cast<double>(epochs), 12));
    std::vector<double> ticks;
    if (step > 1) {
        ticks.push_back(1);
    }
    for (double tick = step; tick <= static_cast<double>(epochs); tick += step) {
        ticks.push_back(tick);
    }
    return ticks;
}

/// How much of the curves, in steps along them, lies where the legend would stand.
int covered_by_legend(const LinePanel& panel, const Range& x, const Range& y, Corner corner) {
    constexpr double kWidth = 0.42; // of the panel
    constexpr double kHeight = 0.24;
    constexpr int kSteps = 32; // from one point to the next
    const bool left = corner == Corner::TopLeft || corner == Corner::BottomLeft;
    const bool top = corner == Corner::TopLeft || corner == Corner::TopRight;
    const auto share = [](const Range& range, double value) {
        return range.high > range.low ? (value - range.low) / (range.high - range.low) : 0.5;
    };
    const auto covers = [&](double across, double up) {
        return (left ? across < kWidth : across > 1 - kWidth) &&
               (top ? up > 1 - kHeight : up < kHeight);
    };
    int covered = 0;
    for (const LineSeries& s : panel.series) {
        for (std::size_t i = 0; i + 1 < s.x.size(); ++i) {
            for (int step = 0; step <= kSteps; ++step) {
                const double part = static_cast<double>(step) / kSteps;
                covered += covers(share(x, std::lerp(s.x[i], s.x[i + 1], part)),
                                  share(y, std::lerp(s.y[i], s.y[i + 1], part)))
                               ? 1
                               : 0;
            }
        }
    }
    return covered;
}

/// The wanted corner, unless a curve runs through it and through another less.
Corner free_corner(const LinePanel& panel, Corner wanted) {
    Range x;
    Range y;
    y.include(panel.y.from.value_or(std::numeric_limits<double>::infinity()));
    for (const LineSeries& s : panel.series) {
        std::for_each(s.x.begin(), s.x.end(), [&](double value) { x.include(value); });
        std::for_each(s.y.begin(), s.y.end(), [&](double value) { y.include(value); });
    }
    Corner best = wanted;
    for (const Corner corner :
         {Corner::TopRight, Corner::BottomRight, Corner::TopLeft, Corner::BottomLeft}) {
        if (covered_by_legend(panel, x, y, corner) < covered_by_legend(panel, x, y, best)) {
            best = corner;
        }
    }
    return best;
}

LinePanel history_panel(const TrainingCurves& curves, const std::string& metric, Corner legend) {
    LinePanel panel{.x = {.label = "epoch"}, .y = {.label = metric}};

    std::size_t epochs = 0;
    for (const auto& [key, name] : {std::pair<std::string, std::string>{metric, "training"},
                                    {"val_" + metric, "validation"}}) {
        const auto curve = curves.find(key);
        if (curve == curves.end() || curve->second.empty()) {
            continue;
        }
        LineSeries series{.name = name, .x = {}, .y = curve->second};
        for (std::size_t epoch = 1; epoch <= series.y.size(); ++epoch) {
            series.x.push_back(static_cast<double>(epoch));
        }
        epochs = std::max(epochs, series.y.size());
        panel.series.push_back(std::move(series));
    }
    const bool negative = std::any_of(panel.series.begin(), panel.series.end(), [](const auto& s) {
        return std::any_of(s.y.begin(), s.y.end(), [](double value) { return value < 0; });
    });
    if (metric == "loss" && !negative) {
        panel.y.from = 0;
    }
    panel.x.ticks = epoch_ticks(epochs);
    panel.legend = free_corner(panel, legend);
    return panel;
}

constexpr int kBarsWidth = 1000;

int bars_height(const BarChart& chart) {
    constexpr int kRow = 52;
    constexpr int kFrame = 130;
    constexpr int kTitle = 50;
    return kFrame + (chart.title.empty() ? 0 : kTitle) + kRow * static_cast<int>(chart.bars.size());
}

std::string bar_commands(const BarChart& chart) {
    const auto count = static_cast<int>(chart.bars.size());
    Range values;
    values.include(chart.axis.from.value_or(0));
    std::string block = "$bars << EOD\n";
    std::string labels;
    for (int i = 0; i < count; ++i) {
        const Bar& bar = chart.bars[static_cast<std::size_t>(i)];
        values.include(bar.value);
        block += fmt::format("{} {} {:.{}f}\n", i, bar.value, bar.value, chart.decimals);
        labels += fmt::format("{}{} {}", i > 0 ? ", " : "", gnuplot_string(bar.label), i);
    }
    block += "EOD\n";
    std::string script =
        block + title_command(chart.title) + axis_commands('x', chart.axis, values);
    script += fmt::format("set ytics ({}) scale 0\nset grid noytics xtics\nset yrange [{}:-0.6]\n"
                          "unset ylabel\nunset key\nset rmargin 9\nset style fill solid noborder\n",
                          labels, count - 0.4);
    script += fmt::format("begin = {}\n", chart.axis.from.value_or(0));
    script += fmt::format(
        "plot $bars using (begin):1:(begin):2:($1-0.34):($1+0.34) with boxxyerror "
        "linecolor rgb '{}', "
        "'' using 2:1:(strcol(3).{}) with labels left offset 0.6,0 textcolor rgb '#222222'\n",
        kColours[0], gnuplot_string(chart.suffix));
    return script;
}

} // namespace

void plot_lines(std::span<const LinePanel> panels, const std::filesystem::path& file) {
    constexpr PictureSize kPanel{800, 620};
    std::string script(kHouseStyle);
    script += fmt::format("set multiplot layout 1,{}\n", panels.size());
    for (std::size_t i = 0; i < panels.size(); ++i) {
        script += panel_commands(panels[i], i);
    }
    script += "unset multiplot\n";
    run_gnuplot(script, {kPanel.width * static_cast<int>(panels.size()), kPanel.height}, file);
}

void plot_bars(const BarChart& chart, const std::filesystem::path& file) {
    run_gnuplot(std::string(kHouseStyle) + bar_commands(chart), {kBarsWidth, bars_height(chart)},
                file);
}

void plot_bars(const BarChart& chart, const LinePanel& below, const std::filesystem::path& file) {
    constexpr int kBelow = 440;
    const int height = bars_height(chart) + kBelow;
    const double share = static_cast<double>(kBelow) / height;
    // The curves first: what the bars set would stay in force.
    run_gnuplot(std::string(kHouseStyle) + "set multiplot\n" +
                    fmt::format("set origin 0,0\nset size 1,{}\n", share) +
                    panel_commands(below, 0) +
                    fmt::format("set origin 0,{}\nset size 1,{}\n", share, 1 - share) +
                    bar_commands(chart) + "unset multiplot\n",
                {kBarsWidth, height}, file);
}

void plot_history(const TrainingCurves& curves, const std::filesystem::path& file) {
    std::vector<LinePanel> panels;
    for (const auto& [metric, legend] :
         {std::pair{"accuracy", Corner::BottomRight}, {"loss", Corner::TopRight}}) {
        LinePanel panel = history_panel(curves, metric, legend);
        if (!panel.series.empty()) {
            panels.push_back(std::move(panel));
        }
    }
    if (panels.empty()) {
        fail(StatusCode::InvalidArgument,
             fmt::format("{}: the history has neither accuracy nor loss to draw", file.string()));
    }
    plot_lines(panels, file);
}

void check_plot_file(const std::filesystem::path& file) { check_gnuplot(file); }

} // namespace lamina
