#include "model/weight_match.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

#include "lamina/text.hpp"

namespace lamina {

namespace {

/// Names by class and occurrence: the second Dense in a folder is FOLDER/dense_1.
class Occurrences {
  public:
    std::string next(const std::string& folder, const std::string& class_name) {
        const std::string base = folder + "/" + snake_case(class_name);
        const int n = seen_[base]++;
        return n == 0 ? base : fmt::format("{}_{}", base, n);
    }
    std::string of_model(const std::string& folder, const ModelName& model) {
        std::string& name = models_[folder + "/" + model.name];
        if (name.empty())
            name = next(folder, model.class_name);
        return name;
    }

  private:
    std::map<std::string, int> seen_;
    std::map<std::string, std::string> models_;
};

} // namespace

VariableNames::VariableNames(const Architecture& architecture,
                             const std::vector<Variable>& variables) {
    Occurrences occurrences;
    for (const LayerSpec& layer : architecture.layers) {
        std::string folder = "layers";
        for (const ModelName& model : layer.inside)
            folder = occurrences.of_model(folder, model) + "/layers";
        auto& numbered = numbered_[occurrences.next(folder, layer.class_name)];
        for (const Variable& v : variables) {
            if (v.layer != layer.name)
                continue;
            numbered.push_back(v.name);
            const std::string weight = v.name.substr(layer.name.size() + 1);
            add(layer, weight, v.name);
            if (layer.class_name.starts_with("DepthwiseConv") && weight == "kernel")
                add(layer, "depthwise_kernel", v.name);
        }
    }
}

namespace {

/// Keras 1's "dense_1_W" of the layer dense_1 is kernel.
std::string since_keras_2(const std::string& layer, const std::string& name) {
    static const std::map<std::string, std::string> words = {{"W", "kernel"},
                                                             {"b", "bias"},
                                                             {"gamma", "gamma"},
                                                             {"beta", "beta"},
                                                             {"running_mean", "moving_mean"},
                                                             {"running_std", "moving_variance"},
                                                             {"alphas", "alpha"}};
    if (!name.starts_with(layer + "_"))
        return name;
    const auto word = words.find(name.substr(layer.size() + 1));
    return word == words.end() ? name : word->second;
}

} // namespace

std::string VariableNames::operator()(const StoredTensor& t) const {
    const std::string plain = t.group + "/" + since_keras_2(t.group, t.name);
    if (const auto own = named_.find(plain); own != named_.end())
        return own->second;
    const auto names = numbered_.find(t.group);
    const size_t number = std::strtoul(t.name.c_str(), nullptr, 10);
    return names == numbered_.end() || number >= names->second.size() ? plain
                                                                      : names->second[number];
}

/// A layer inside models is in the group of the outermost. Of the models Keras 3 names some after
/// that, and tf.keras 2 none.
void VariableNames::add(const LayerSpec& layer, const std::string& weight,
                        const std::string& variable) {
    if (layer.inside.empty()) {
        named_[layer.name + "/" + weight] = variable;
        return;
    }
    const std::string group = layer.inside.front().name + "/";
    std::string path = layer.name_inside + "/" + weight;
    named_.emplace(group + path, variable); // the first of a name
    for (auto model = layer.inside.rbegin(); model != layer.inside.rend(); ++model) {
        path.insert(0, model->name + "/");
        named_[group + path] = variable;
    }
    named_[path] = variable;
}

std::string WeightMatch::what_does_not_fit(const VariableNames& name_of) const {
    std::string text;
    constexpr size_t most = 12;
    const auto list = [&](const char* what, std::vector<std::string> names) {
        if (names.empty())
            return;
        const size_t more = names.size() > most ? names.size() - most : 0;
        names.resize(names.size() - more);
        text += fmt::format("\n  {}: {}", what, join(names, ", "));
        if (more > 0)
            text += fmt::format(" and {} more", more);
    };
    std::vector<std::string> extra_names, wrong_names;
    for (const StoredTensor* t : extra)
        extra_names.push_back(name_of(*t));
    for (const Misfit& w : wrong)
        wrong_names.push_back(w.variable + ": " + w.reason);
    list("missing", missing);
    list("not in the model", extra_names);
    list("of another shape", wrong_names);
    return text;
}

namespace {

void pair_up(WeightMatch& match, const Variable& variable, const StoredTensor& t,
             const ForeignKernels& as_here) {
    const Tensor data = as_here(variable, t.data);
    if (variable.type.shape == data.shape())
        match.values.push_back({&variable, t.group + "/" + t.name, data});
    else
        match.wrong.push_back({variable.name, fmt::format("expected {}, the file has {}",
                                                          variable.type.shape.to_string(),
                                                          t.data.shape().to_string())});
}

} // namespace

WeightMatch by_name(const VariableNames& name_of, const std::vector<Variable>& variables,
                    const std::vector<StoredTensor>& tensors, const ForeignKernels& as_here) {
    std::map<std::string, const Variable*> wanted;
    for (const Variable& v : variables)
        wanted.emplace(v.name, &v);
    WeightMatch match;
    for (const StoredTensor& t : tensors) {
        const auto it = wanted.find(name_of(t));
        if (it == wanted.end()) {
            match.extra.push_back(&t);
            continue;
        }
        pair_up(match, *it->second, t, as_here);
        wanted.erase(it);
    }
    for (const auto& [name, variable] : wanted)
        match.missing.push_back(name);
    return match;
}

namespace {

/// Indices of a layer's weights, layer after layer. layer_of: of an index.
template <class LayerOf>
std::vector<std::vector<size_t>> by_layer(size_t count, const LayerOf& layer_of) {
    std::vector<std::vector<size_t>> layers;
    std::map<std::string, size_t> place;
    for (size_t i = 0; i < count; ++i) {
        const auto [at, is_new] = place.emplace(layer_of(i), layers.size());
        if (is_new)
            layers.emplace_back();
        layers[at->second].push_back(i);
    }
    return layers;
}

} // namespace

WeightMatch by_position(const std::vector<Variable>& variables,
                        const std::vector<StoredTensor>& tensors, const ForeignKernels& as_here) {
    const auto wanted = by_layer(variables.size(), [&](size_t i) { return variables[i].layer; });
    const auto found = by_layer(tensors.size(), [&](size_t i) { return tensors[i].group; });
    WeightMatch match;
    for (size_t layer = 0; layer < std::max(wanted.size(), found.size()); ++layer) {
        const std::vector<size_t> none;
        const auto& mine = layer < wanted.size() ? wanted[layer] : none;
        const auto& theirs = layer < found.size() ? found[layer] : none;
        for (size_t i = 0; i < std::min(mine.size(), theirs.size()); ++i)
            pair_up(match, variables[mine[i]], tensors[theirs[i]], as_here);
        for (size_t i = theirs.size(); i < mine.size(); ++i)
            match.missing.push_back(variables[mine[i]].name);
        for (size_t i = mine.size(); i < theirs.size(); ++i)
            match.extra.push_back(&tensors[theirs[i]]);
    }
    return match;
}

} // namespace lamina
