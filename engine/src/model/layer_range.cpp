#include "model/layer_range.hpp"

#include <charconv>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

LayerRange::LayerRange(const Architecture& architecture, const std::string& text)
    : chosen_(architecture.layers.size(), text == "all") {
    if (text == "all" || text == "none")
        return;
    for (const std::string& piece : split(text, ','))
        add(architecture, std::string(trim(piece)));
}

void LayerRange::add(const Architecture& architecture, const std::string& piece) {
    const size_t colon = piece.find(':');
    if (colon == std::string::npos) {
        chosen_[layer_index(architecture, piece)] = true;
        return;
    }
    const std::string first = piece.substr(0, colon), last = piece.substr(colon + 1);
    const size_t begin = first.empty() ? 0 : layer_index(architecture, first);
    const size_t end = last.empty() ? chosen_.size() : layer_index(architecture, last);
    if (begin >= end)
        throw UsageError(
            fmt::format("layers `{}`: there is none from {} to {}", piece, begin, end));
    for (size_t i = begin; i < end; ++i)
        chosen_[i] = true;
}

size_t layer_index(const Architecture& architecture, const std::string& layer) {
    std::vector<std::string> names;
    for (const LayerSpec& l : architecture.layers) {
        if (l.name == layer)
            return names.size();
        names.push_back(l.name);
    }
    int64_t index = 0;
    const char* end = layer.data() + layer.size();
    if (const auto parsed = std::from_chars(layer.data(), end, index);
        !layer.empty() && parsed.ec == std::errc() && parsed.ptr == end) {
        const auto count = static_cast<int64_t>(names.size());
        if (index < -count || index >= count)
            throw UsageError(fmt::format("model {} has {} layers, and none of index {}",
                                         architecture.name, count, index));
        return static_cast<size_t>(index < 0 ? index + count : index);
    }
    const std::string guess = nearest(layer, names);
    throw UsageError(fmt::format("model {} has no layer `{}`; {}", architecture.name, layer,
                                 guess.empty() ? "`lamina summary` lists them"
                                               : "the nearest name is `" + guess + "`"));
}

} // namespace lamina
