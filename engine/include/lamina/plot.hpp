#pragma once

#include "lamina/export.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lamina {

// Pictures for papers and reports, drawn by gnuplot in a process of its own: nothing of it is
// linked or loaded by a program that draws nothing. The file's ending chooses PNG, SVG or PDF; the
// file appears whole or not at all. Points that are not finite are left out.

/// One curve: a line with a marker at each (x[i], y[i]).
struct LineSeries {
    std::string name; ///< what the legend says
    std::vector<double> x;
    std::vector<double> y;
    bool markers = true; ///< without, a thin line: for points by the hundred
};

struct PlotAxis {
    std::string label = {};
    bool logarithmic = false; ///< base 10; all values must be above 0
    std::optional<double> from =
        {}; ///< where the axis begins; by default, a round value below the data
    std::optional<double> to = {};
    std::vector<double> ticks = {}; ///< where values are written; by default, at round steps
};

enum class Corner { TopLeft, TopRight, BottomLeft, BottomRight };

/// One pair of axes with its curves; a picture holds a row of these.
struct LinePanel {
    std::string title = {};
    PlotAxis x = {};
    PlotAxis y = {};
    std::vector<LineSeries> series = {};
    Corner legend = Corner::TopRight;
};

struct Bar {
    std::string label;
    double value;
};

/// Horizontal bars, the first on top, each with its value written at its end.
struct BarChart {
    std::string title = {};
    PlotAxis axis = {};
    std::vector<Bar> bars = {};
    int decimals = 1;        ///< of the values at the bars' ends
    std::string suffix = {}; ///< behind those values: " %"
};

/// Curves of training by Keras's names: "loss", "val_loss", "accuracy", "val_accuracy", each with a
/// value an epoch.
using TrainingCurves = std::map<std::string, std::vector<double>>;

LAMINA_API void plot_lines(std::span<const LinePanel> panels, const std::filesystem::path& file);
LAMINA_API void plot_bars(const BarChart& chart, const std::filesystem::path& file);
/// The bars with a panel of curves below them.
LAMINA_API void plot_bars(const BarChart& chart, const LinePanel& below,
                          const std::filesystem::path& file);

/// Accuracy on the left and loss on the right, training and validation in each. What `curves` does
/// not have is left out; throws Error(InvalidArgument) when it has neither.
LAMINA_API void plot_history(const TrainingCurves& curves, const std::filesystem::path& file);

/// Throws what drawing into `file` would throw for its ending, or for want of gnuplot: to be asked
/// before hours of training, not after.
LAMINA_API void check_plot_file(const std::filesystem::path& file);

} // namespace lamina
