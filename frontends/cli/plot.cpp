/// lamina plot: curves and bars from a description.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* kAbout =
    R"(Draws a description into a picture (.png, .svg or .pdf). It is JSON, either

  {"panels": [{"title": "", "legend": "top_right",
               "x": {"label": "", "logarithmic": false, "from": 0, "to": 1, "ticks": [0, 1]},
               "y": {...}, "series": [{"name": "", "x": [...], "y": [...]}]}]}
or
  {"bars": {"title": "", "axis": {...}, "decimals": 1, "suffix": " %",
            "bars": [{"label": "", "value": 1}]}}

Only series, x and y, and bars, label and value, have to be there.)";

/// An object of the description; its place in it is told when something is wrong.
class Node {
  public:
    Node(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
        if (!json.is_object())
            refuse("an object is expected");
    }

    void expect_keys(const std::vector<std::string>& known) const {
        for (const auto& [key, value] : json_.items())
            if (std::find(known.begin(), known.end(), key) == known.end())
                refuse(fmt::format("unknown key `{}`{}", key, did_you_mean(key, known)));
    }
    bool has(const char* key) const { return json_.contains(key); }
    Node child(const char* key) const { return {at(key), where_ + "." + key}; }
    std::vector<Node> children(const char* key) const {
        std::vector<Node> out;
        if (!at(key).is_array())
            refuse(fmt::format("`{}` must be a list", key));
        for (const Json& element : at(key))
            out.emplace_back(element, fmt::format("{}.{}[{}]", where_, key, out.size()));
        return out;
    }
    /// The value of a key, or the default where it is absent.
    template <class T>
    T get(const char* key, T otherwise) const {
        return has(key) ? get<T>(key) : otherwise;
    }
    template <class T>
    T get(const char* key) const {
        try {
            return at(key).get<T>();
        } catch (const Json::exception&) {
            refuse(fmt::format("`{}` is of the wrong type: {}", key, at(key).dump()));
        }
    }
    [[noreturn]] void refuse(const std::string& why) const {
        throw UsageError(where_ + ": " + why);
    }

  private:
    const Json& at(const char* key) const {
        if (!has(key))
            refuse(fmt::format("the key `{}` is missing", key));
        return json_.at(key);
    }

    const Json& json_;
    std::string where_;
};

PlotAxis axis_from(const Node& parent, const char* key) {
    if (!parent.has(key))
        return {};
    const Node node = parent.child(key);
    node.expect_keys({"label", "logarithmic", "from", "to", "ticks"});
    PlotAxis axis{.label = node.get<std::string>("label", ""),
                  .logarithmic = node.get("logarithmic", false),
                  .ticks = node.get<std::vector<double>>("ticks", {})};
    if (node.has("from"))
        axis.from = node.get<double>("from");
    if (node.has("to"))
        axis.to = node.get<double>("to");
    return axis;
}

LineSeries series_from(const Node& node) {
    node.expect_keys({"name", "x", "y"});
    LineSeries series{node.get<std::string>("name", ""), node.get<std::vector<double>>("x"),
                      node.get<std::vector<double>>("y")};
    if (series.x.size() != series.y.size())
        node.refuse(fmt::format("{} values of x for {} of y", series.x.size(), series.y.size()));
    return series;
}

Corner corner_from(const Node& panel) {
    static const std::map<std::string, Corner> corners = {{"top_left", Corner::TopLeft},
                                                          {"top_right", Corner::TopRight},
                                                          {"bottom_left", Corner::BottomLeft},
                                                          {"bottom_right", Corner::BottomRight}};
    const auto name = panel.get<std::string>("legend", "top_right");
    const auto it = corners.find(name);
    if (it == corners.end())
        panel.refuse(fmt::format("legend `{}`: there are top_left, top_right, bottom_left and "
                                 "bottom_right",
                                 name));
    return it->second;
}

LinePanel panel_from(const Node& node) {
    node.expect_keys({"title", "legend", "x", "y", "series"});
    LinePanel panel{.title = node.get<std::string>("title", ""),
                    .x = axis_from(node, "x"),
                    .y = axis_from(node, "y"),
                    .legend = corner_from(node)};
    for (const Node& series : node.children("series"))
        panel.series.push_back(series_from(series));
    return panel;
}

BarChart bars_from(const Node& node) {
    node.expect_keys({"title", "axis", "decimals", "suffix", "bars"});
    BarChart chart{.title = node.get<std::string>("title", ""),
                   .axis = axis_from(node, "axis"),
                   .decimals = node.get("decimals", 1),
                   .suffix = node.get<std::string>("suffix", "")};
    for (const Node& bar : node.children("bars")) {
        bar.expect_keys({"label", "value"});
        chart.bars.push_back({bar.get<std::string>("label"), bar.get<double>("value")});
    }
    return chart;
}

Json parsed(const std::string& file) {
    try {
        return Json::parse(read_text(file));
    } catch (const Json::parse_error& e) {
        throw Error(StatusCode::InvalidArgument,
                    fmt::format("{}: not valid JSON, at byte {}", file, e.byte));
    }
}

} // namespace

int plot(const Arguments& arguments) {
    Options o("lamina plot DESCRIPTION PICTURE", kAbout);
    o.add()("description", po::value<std::string>()->required(),
            "a JSON file")("picture", po::value<std::string>()->required(), "where to draw");
    o.positional("description", 1);
    o.positional("picture", 1);
    if (!o.parse(arguments))
        return 0;
    const std::string file = o.text("description"), picture = o.text("picture");
    const Json json = parsed(file);
    const Node root(json, file);
    root.expect_keys({"panels", "bars"});
    if (root.has("panels") == root.has("bars"))
        root.refuse("either `panels` or `bars` must be there");
    if (root.has("bars")) {
        const BarChart chart = bars_from(root.child("bars"));
        if (chart.bars.empty())
            root.child("bars").refuse("`bars` is empty");
        plot_bars(chart, picture);
        return 0;
    }
    std::vector<LinePanel> panels;
    for (const Node& panel : root.children("panels"))
        panels.push_back(panel_from(panel));
    if (panels.empty())
        root.refuse("`panels` is empty");
    plot_lines(panels, picture);
    return 0;
}

} // namespace lamina::cli
