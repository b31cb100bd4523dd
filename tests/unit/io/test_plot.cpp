#include "io/gnuplot.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/plot.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>

#include <unistd.h>

namespace lamina {
namespace {

/// A folder that goes with the test.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "lamina-plot-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

const TrainingCurves kCurves = {{"accuracy", {0.91, 0.95, 0.97}},
                                {"val_accuracy", {0.93, std::nan(""), 0.96}},
                                {"loss", {0.4, 0.2, 0.1}},
                                {"val_loss", {0.3, 0.2, 0.2}}};

TEST_CASE("plot: the file's ending chooses PNG, SVG or PDF") {
    const TemporaryFolder folder;
    plot_history(kCurves, folder / "curves.png");
    plot_history(kCurves, folder / "curves.svg");
    plot_history(kCurves, folder / "curves.PDF");
    CHECK(read_text(folder / "curves.png").substr(1, 3) == "PNG");
    CHECK(read_text(folder / "curves.svg").find("<svg") != std::string::npos);
    CHECK(read_text(folder / "curves.PDF").substr(0, 4) == "%PDF");
}

TEST_CASE("plot: an SVG of the history names its axes and curves") {
    const TemporaryFolder folder;
    plot_history(kCurves, folder / "curves.svg");
    const std::string picture = read_text(folder / "curves.svg");
    for (const char* word : {"epoch", "accuracy", "loss", "training", "validation"}) {
        CHECK(picture.find(word) != std::string::npos);
    }
}

TEST_CASE("plot: a history of one epoch without validation is drawn") {
    const TemporaryFolder folder;
    plot_history({{"loss", {0.0}}}, folder / "curves.svg");
    CHECK(read_text(folder / "curves.svg").find("validation") == std::string::npos);
}

TEST_CASE("plot: the legend makes room for curves that fall where others rise") {
    const TemporaryFolder folder;
    const auto legend_height = [&](const std::vector<double>& accuracy) {
        plot_history({{"accuracy", accuracy}}, folder / "curves.svg");
        const std::string picture = read_text(folder / "curves.svg");
        // "<text ...><tspan ...>training": the place stands in the transform before.
        const std::size_t text = picture.find("training");
        const std::size_t place = picture.rfind("translate(", text);
        return std::stod(picture.substr(picture.find(',', place) + 1));
    };
    CHECK(legend_height({0.5, 0.8, 0.9, 0.95, 0.96}) > 310); // below: pixels count downwards
    CHECK(legend_height({0.9, 0.7, 0.5, 0.3, 0.1}) < 310);   // above
}

TEST_CASE("plot: a history without accuracy and loss is refused") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH(plot_history({{"top_5", {0.9}}}, folder / "curves.svg"),
                      Catch::EndsWith("the history has neither accuracy nor loss to draw"));
}

TEST_CASE("plot: an ending that is no picture's is refused before anything is drawn") {
    CHECK_THROWS_WITH(check_plot_file("curves.gif"),
                      "curves.gif: a picture's name ends in .png, .svg or .pdf");
}

TEST_CASE("plot: without gnuplot the error says what to install") {
    const std::string path = std::getenv("PATH");
    setenv("PATH", "/nonexistent", 1);
    CHECK_THROWS_WITH(check_plot_file("curves.png"), Catch::Contains("apt-get install gnuplot"));
    setenv("PATH", path.c_str(), 1);
}

TEST_CASE("plot: a folder that is not there is an error that names the file") {
    CHECK_THROWS_WITH(plot_history(kCurves, "/nonexistent/curves.png"),
                      Catch::StartsWith("/nonexistent/curves.png: "));
}

TEST_CASE("plot: a script that gnuplot refuses leaves the old picture as it was") {
    const TemporaryFolder folder;
    plot_history(kCurves, folder / "curves.png");
    const std::string before = read_text(folder / "curves.png");
    CHECK_THROWS_WITH(run_gnuplot("plot nonsense(", {100, 100}, folder / "curves.png"),
                      Catch::Contains("gnuplot failed"));
    CHECK(read_text(folder / "curves.png") == before);
}

TEST_CASE("plot: labels may hold quotes, line breaks and gnuplot's own signs") {
    const TemporaryFolder folder;
    plot_bars({.title = "it's {/Bold a} `test`\nof 'labels'",
               .axis = {.label = "100 % $x^2_i$"},
               .bars = {{"first 'class'", 97.25}, {"a_b^c{d}", 0.1}},
               .decimals = 1,
               .suffix = " %"},
              folder / "bars.svg");
    const std::string picture = read_text(folder / "bars.svg");
    CHECK(picture.find("a_b^c{d}") != std::string::npos);
    CHECK(picture.find("0.1 %") != std::string::npos);
}

TEST_CASE("plot: a line of a thousand points below the bars has no markers") {
    const TemporaryFolder folder;
    LinePanel line{.x = {.label = "class"}, .y = {.label = "probability"}};
    LineSeries& series = line.series.emplace_back();
    for (int i = 0; i < 1000; ++i) {
        series.x.push_back(i);
        series.y.push_back(i == 820 ? 0.98 : 0.0);
    }
    const BarChart bars{.axis = {}, .bars = {{"steam locomotive", 98.5}}};
    const auto drawn = [&] {
        plot_bars(bars, line, folder / "both.svg");
        return read_text(folder / "both.svg");
    };
    const std::string marked = drawn();
    series.markers = false;
    const std::string plain = drawn();
    for (const char* word : {"steam locomotive", "probability", "class"}) {
        CHECK(plain.find(word) != std::string::npos);
    }
    const auto markers = [](const std::string& picture) {
        std::size_t count = 0;
        for (std::size_t at = 0;
             (at = picture.find("<use xlink:href='#gpPt", at)) != std::string::npos; ++at) {
            ++count;
        }
        return count;
    };
    CHECK(markers(marked) - markers(plain) == 1000);
}

TEST_CASE("plot: a logarithmic axis writes the ticks that it is given") {
    const TemporaryFolder folder;
    const LinePanel panel{.x = {.label = "images", .logarithmic = true, .ticks = {300, 600, 5900}},
                          .y = {.label = "accuracy"},
                          .series = {{"LeNet", {300, 600, 5900}, {0.72, 0.9, 0.97}},
                                     {"softmax", {300, 600, 5900}, {0.48, 0.7, 0.86}}},
                          .legend = Corner::BottomRight};
    plot_lines(std::span(&panel, 1), folder / "sizes.svg");
    const std::string picture = read_text(folder / "sizes.svg");
    CHECK(picture.find(">300<") != std::string::npos);
    CHECK(picture.find(">5900<") != std::string::npos);
}

} // namespace
} // namespace lamina
