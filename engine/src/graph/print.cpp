#include "lamina/graph.hpp"

#include <fmt/format.h>

namespace lamina {

namespace {

std::string values_text(const std::vector<ValueId>& values) {
    std::string text;
    for (const ValueId v : values)
        text += fmt::format("{}%{}", text.empty() ? "" : ", ", v);
    return text;
}

std::string attributes_text(const Node& node) {
    std::string text;
    for (const auto& [name, value] : node.attrs) {
        if (const auto* s = std::get_if<std::string>(&value); s != nullptr && s->empty())
            continue;
        text += fmt::format("{}{}={}", text.empty() ? " {" : ", ", name, to_string(value));
    }
    return text.empty() ? text : text + "}";
}

std::string types_text(const Graph& graph, const Node& node) {
    std::string text;
    for (const ValueId v : node.outputs)
        text += (text.empty() ? "" : ", ") + graph.type(v).to_string();
    return text;
}

std::string dot_escape(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out;
}

} // namespace

std::string to_text(const Graph& graph) {
    std::string text;
    for (const Node& node : graph.nodes()) {
        text += fmt::format("{} = {}({}){}: {}", values_text(node.outputs), node.op,
                            node.is_leaf() ? node.name : values_text(node.inputs),
                            attributes_text(node), types_text(graph, node));
        if (!node.is_leaf())
            text += "   # " + node.name;
        text += '\n';
    }
    for (const Variable& v : graph.variables())
        if (v.update != kNone)
            text += fmt::format("{} := %{}\n", v.name, v.update);
    for (const auto& [name, value] : graph.outputs())
        text += fmt::format("output {} = %{}\n", name, value);
    return text;
}

std::string to_dot(const Graph& graph) {
    std::string text =
        "digraph lamina {\n  node [shape=box, fontname=\"Helvetica\", fontsize=10];\n";
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        const char* style = node.op == "input"      ? ", style=filled, fillcolor=\"#cfe8fc\""
                            : node.op == "variable" ? ", style=filled, fillcolor=\"#fde9c9\""
                            : node.op == "constant" ? ", style=filled, fillcolor=\"#eeeeee\""
                                                    : "";
        text += fmt::format("  n{} [label=\"{}\\n{}\\n{}\"{}];\n", id, node.op,
                            dot_escape(node.name), types_text(graph, node), style);
        for (const ValueId v : node.inputs)
            text += fmt::format("  n{} -> n{};\n", graph.value(v).producer, id);
    }
    for (const auto& [name, value] : graph.outputs())
        text +=
            fmt::format("  \"out {0}\" [label=\"{0}\", shape=ellipse];\n  n{1} -> \"out {0}\";\n",
                        dot_escape(name), graph.value(value).producer);
    return text + "}\n";
}

} // namespace lamina
