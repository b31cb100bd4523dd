#include "model/keras_net.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

namespace {

[[noreturn]] void malformed(const std::string& source, const std::string& reason) {
    fail(StatusCode::InvalidArgument, fmt::format("{}: {}", source, reason));
}

using Models = std::vector<std::pair<NamedNet, NamedCalls>>;

/// Calls `visit` with every reference of a net and of the models that are still to be put in.
void for_each_ref(NamedNet& net, Models& models, const std::function<void(NamedRef&)>& visit) {
    const auto each = [&](NamedCalls& calls) {
        for (auto& call : calls)
            std::for_each(call.begin(), call.end(), visit);
    };
    for (NamedLayer& layer : net.layers)
        each(layer.calls);
    for (auto& [model, calls] : models)
        each(calls);
    std::for_each(net.outputs.begin(), net.outputs.end(), visit);
}

constexpr size_t kMostCalls = 10'000; // of one layer

/// A model on its way into another.
class Inner {
  public:
    Inner(NamedNet model, NamedCalls calls, const std::string& source)
        : model_(std::move(model)), calls_(std::move(calls)), source_(source) {
        for (size_t i = 0; i < calls_.size(); ++i)
            if (calls_[i].size() != model_.inputs.size())
                malformed(
                    source_,
                    fmt::format("model `{}` has {}, its call {} gives {}", model_.name,
                                count_of(static_cast<long long>(model_.inputs.size()), "input"), i,
                                calls_[i].size()));
    }

    const std::string& name() const { return model_.name; }

    /// The layers under names that are not in `taken`.
    std::vector<NamedLayer> layers(std::set<std::string>& taken) {
        std::vector<NamedLayer> out;
        for (NamedLayer& layer : model_.layers) {
            if (input(layer.spec.name) != model_.inputs.end())
                continue;
            if (layer.spec.inside.empty())
                layer.spec.name_inside = layer.spec.name;
            layer.spec.inside.insert(layer.spec.inside.begin(), {model_.name, model_.class_name});
            std::string name = layer.spec.name;
            while (!taken.insert(name).second)
                name.insert(0, model_.name + "_");
            names_[layer.spec.name] = name;
            counts_[layer.spec.name] = std::max<size_t>(layer.calls.size(), 1);
        }
        for (const NamedLayer& layer : model_.layers) {
            if (!names_.contains(layer.spec.name))
                continue;
            // Models within models multiply: a small file could ask for more than memory holds.
            if (layer.calls.size() > kMostCalls / std::max<size_t>(calls_.size(), 1))
                malformed(source_,
                          fmt::format("layer `{}` of model `{}` is called more than {} times",
                                      layer.spec.name, model_.name, kMostCalls));
            NamedLayer moved = layer;
            moved.spec.name = names_.at(layer.spec.name);
            moved.calls.clear();
            for (size_t outer_call = 0; outer_call < calls_.size(); ++outer_call)
                for (const auto& call : layer.calls) {
                    auto& refs = moved.calls.emplace_back();
                    for (const NamedRef& ref : call)
                        refs.push_back(in_call(outer_call, ref));
                }
            out.push_back(std::move(moved));
        }
        return out;
    }

    /// What an output of a call is in the outer model.
    NamedRef output(size_t call, int tensor) const {
        if (call >= calls_.size() || static_cast<size_t>(tensor) >= model_.outputs.size())
            malformed(source_, fmt::format("model `{}` has no output {} of call {}", model_.name,
                                           tensor, call));
        return in_call(call, model_.outputs[static_cast<size_t>(tensor)]);
    }

  private:
    std::vector<NamedRef>::const_iterator input(const std::string& layer) const {
        return std::find_if(model_.inputs.begin(), model_.inputs.end(),
                            [&](const NamedRef& ref) { return ref.layer == layer; });
    }
    NamedRef in_call(size_t call, const NamedRef& ref) const {
        if (const auto at = input(ref.layer); at != model_.inputs.end())
            return calls_[call][static_cast<size_t>(at - model_.inputs.begin())];
        const auto name = names_.find(ref.layer);
        if (name == names_.end())
            malformed(source_, fmt::format("model `{}` has no layer `{}`, which it reads",
                                           model_.name, ref.layer));
        return {name->second, static_cast<int>(call * counts_.at(ref.layer)) + ref.node,
                ref.tensor};
    }

    NamedNet model_;
    NamedCalls calls_;
    const std::string& source_;
    std::map<std::string, std::string> names_; // in the outer model
    std::map<std::string, size_t> counts_;     // of calls in a call of the model
};

} // namespace

void put_in(NamedNet& outer, Models& models, const std::string& source) {
    std::set<std::string> taken;
    for (const NamedLayer& layer : outer.layers)
        taken.insert(layer.spec.name);
    for (const auto& [model, calls] : models)
        taken.insert(model.name);
    while (!models.empty()) {
        const int count = static_cast<int>(models.front().second.size());
        Inner inner(models.front().first, models.front().second, source);
        int last = -1;
        for_each_ref(outer, models, [&](const NamedRef& ref) {
            if (ref.layer == inner.name())
                last = std::max(last, ref.node);
        });
        models.erase(models.begin());
        const int first = last + 1 - count;
        if (count == 0 || first < 0 || first > 1)
            malformed(source, fmt::format("model `{}` is called {} and read up to node {}",
                                          inner.name(), count_of(count, "time"), last));
        for (NamedLayer& layer : inner.layers(taken))
            outer.layers.push_back(std::move(layer));
        for_each_ref(outer, models, [&](NamedRef& ref) {
            // A model may hand on its input, which may be its own output of a call before.
            for (int calls = 0; ref.layer == inner.name() && calls <= count; ++calls)
                ref = inner.output(static_cast<size_t>(ref.node - first), ref.tensor);
        });
    }
}

namespace {

class Sorter {
  public:
    Sorter(std::vector<NamedLayer> layers, const std::string& source)
        : layers_(std::move(layers)), source_(source) {
        for (NamedLayer& l : layers_) {
            if (l.calls.empty())
                l.calls.emplace_back();
            if (!by_name_.emplace(l.spec.name, by_name_.size()).second)
                malformed(source_, fmt::format("two layers are named `{}`", l.spec.name));
        }
        index_.assign(layers_.size(), kNotPlaced);
    }

    /// Places calls of layers, each behind those it reads, until all are.
    Architecture run() {
        Architecture a;
        for (bool going = true; going;) {
            going = false;
            for (size_t i = 0; i < layers_.size(); ++i)
                while (placed(a, i) < layers_[i].calls.size() &&
                       ready(a, layers_[i].spec.name, layers_[i].calls[placed(a, i)])) {
                    place_next_call(a, i);
                    going = true;
                }
        }
        std::vector<std::string> waiting;
        for (size_t i = 0; i < layers_.size(); ++i)
            if (placed(a, i) < layers_[i].calls.size())
                waiting.push_back(layers_[i].spec.name);
        if (!waiting.empty())
            malformed(source_, fmt::format("the layers form a cycle: {}", join(waiting, ", ")));
        return a;
    }

    TensorRef resolve(const NamedRef& ref) const {
        const auto it = by_name_.find(ref.layer);
        if (it == by_name_.end())
            malformed(source_, fmt::format("no layer is named `{}`", ref.layer));
        check_node(ref, it->second);
        return {index_[it->second], ref.node, ref.tensor};
    }

  private:
    static constexpr int kNotPlaced = -1;

    size_t placed(const Architecture& a, size_t layer) const {
        return index_[layer] == kNotPlaced
                   ? 0
                   : a.layers[static_cast<size_t>(index_[layer])].calls.size();
    }
    void check_node(const NamedRef& ref, size_t layer) const {
        const size_t calls = layers_[layer].calls.size();
        if (static_cast<size_t>(ref.node) >= calls)
            malformed(source_, fmt::format("layer `{}` has {}, there is no node {}", ref.layer,
                                           count_of(static_cast<long long>(calls), "inbound node"),
                                           ref.node));
    }
    bool ready(const Architecture& a, const std::string& reader,
               const std::vector<NamedRef>& call) const {
        return std::all_of(call.begin(), call.end(), [&](const NamedRef& ref) {
            const auto it = by_name_.find(ref.layer);
            if (it == by_name_.end())
                malformed(source_, fmt::format("layer `{}` reads layer `{}`, which is not there",
                                               reader, ref.layer));
            check_node(ref, it->second);
            return static_cast<size_t>(ref.node) < placed(a, it->second);
        });
    }
    void place_next_call(Architecture& a, size_t layer) {
        std::vector<TensorRef> refs;
        for (const NamedRef& ref : layers_[layer].calls[placed(a, layer)])
            refs.push_back(resolve(ref));
        if (index_[layer] == kNotPlaced) {
            index_[layer] = static_cast<int>(a.layers.size());
            a.layers.push_back(layers_[layer].spec);
        }
        a.layers[static_cast<size_t>(index_[layer])].calls.push_back(std::move(refs));
    }

    std::vector<NamedLayer> layers_;
    const std::string& source_;
    std::map<std::string, size_t> by_name_; // index into layers_
    std::vector<int> index_;                // of each of layers_ in the architecture
};

} // namespace

Architecture in_order(NamedNet net, const std::string& source) {
    Sorter sorter(std::move(net.layers), source);
    Architecture a = sorter.run();
    a.name = net.name;
    for (const NamedRef& ref : net.inputs)
        a.inputs.push_back(sorter.resolve(ref));
    for (const NamedRef& ref : net.outputs)
        a.outputs.push_back(sorter.resolve(ref));
    return a;
}

} // namespace lamina
