#include "optimizer_state.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <nlohmann/json.hpp>

#include "keras_layout.hpp"

namespace lamina::plugin {

namespace {

struct Slot {
    const char* optimizer;
    const char* name;    // of Keras 3
    const char* written; // of tf.keras 2
    int round;           // tf.keras 2 lists a slot of every weight, then the next slot
};
constexpr int kOnlyRead = -1; // a name of 2.11 to 2.15

constexpr Slot kSlots[] = {
    {"adam", "momentum", "m", 0},
    {"adam", "velocity", "v", 1},
    {"adam", "velocity_hat", "vhat", 2},
    {"adamw", "momentum", "m", 0},
    {"adamw", "velocity", "v", 1},
    {"adamw", "velocity_hat", "vhat", 2},
    {"nadam", "momentum", "m", 0},
    {"nadam", "velocity", "v", 1},
    {"adamax", "momentum", "m", 0},
    {"adamax", "norm", "v", 1},
    {"adamax", "norm", "u", kOnlyRead},
    {"sgd", "momentum", "momentum", 0},
    {"sgd", "momentum", "m", kOnlyRead},
    {"rmsprop", "velocity", "rms", 0},
    {"rmsprop", "momentum", "momentum", 1},
    {"rmsprop", "average_gradient", "mg", 2},
    {"adagrad", "accumulator", "accumulator", 0},
    {"adadelta", "accumulated_grad", "accum_grad", 0},
    {"adadelta", "accumulated_delta_var", "accum_var", 1},
};
constexpr int kRounds = 3;

/// The file's JSON, or null where it is none.
nlohmann::json parsed(const std::string& text) {
    return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
}

/// object[key] if that is an object with `name` as a string, else "".
std::string inner_text(const nlohmann::json& object, const char* key, const char* name) {
    if (!object.is_object() || !object.contains(key) || !object[key].is_object() ||
        !object[key].contains(name) || !object[key][name].is_string())
        return "";
    return object[key][name];
}

/// "Custom>AdamW" is adamw.
std::string optimizer_of(const Content& content) {
    std::string name =
        inner_text(parsed(content.text("training_config")), "optimizer_config", "class_name");
    name.erase(0, name.find('>') + 1);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name;
}

/// Keras 3's name of a slot.
std::string slot_name(const std::string& optimizer, const std::string& written) {
    const auto* slot = std::find_if(std::begin(kSlots), std::end(kSlots), [&](const Slot& s) {
        return s.optimizer == optimizer && s.written == written;
    });
    return slot == std::end(kSlots) ? written : slot->name;
}

/// "LAYER/WEIGHT" of every weight.
std::vector<std::string> weights_of(const Content& content) {
    std::vector<std::string> weights;
    for (const StoredTensor& t : content.tensors)
        if (is_layer(t.group))
            weights.push_back(t.group + "/" + t.name);
    return weights;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

/// What follows the prefix in a name of Keras 3 and is one, or the empty string.
std::string after_prefix(const std::string& name, const std::string& prefix) {
    return name.starts_with(prefix) ? name.substr(prefix.size()) : "";
}

/// Reads the names in a file's list.
class Names {
  public:
    explicit Names(const Content& content)
        : optimizer_(optimizer_of(content)),
          model_(inner_text(parsed(content.text("architecture")), "config", "name")),
          weights_(weights_of(content)) {}

    /// The name here; empty where the file's is not understood.
    std::string read(const std::string& name) const {
        const std::string last = last_part(name);
        if (last == "iteration" || last == "iterations" || last == "iter")
            return "iterations";
        std::string best, weight; // of the longest weight that fits
        for (const std::string& w : weights_)
            if (const std::string slot = slot_of(name, w);
                !slot.empty() && w.size() > weight.size())
                best = slot, weight = w;
        return best.empty() ? "" : slot_name(optimizer_, best) + "/" + weight;
    }

  private:
    /// The slot, as it is written, if the name is one of this weight.
    std::string slot_of(const std::string& name, const std::string& weight) const {
        if (name.ends_with("/" + weight))
            return last_part(name.substr(0, name.size() - weight.size() - 1));
        if (const size_t at = name.find("/" + weight + "/"); at != std::string::npos) {
            const std::string slot = name.substr(at + weight.size() + 2);
            return slot.find('/') == std::string::npos ? slot : "";
        }
        std::string flat = weight;
        std::replace(flat.begin(), flat.end(), '/', '_');
        const std::string last = last_part(name);
        const std::string slot = after_prefix(last, flat + "_");
        return slot.empty() ? after_prefix(last, model_ + "_" + flat + "_") : slot;
    }

    std::string optimizer_, model_;
    std::vector<std::string> weights_;
};

bool is_setting(const std::string& name) {
    static constexpr const char* settings[] = {"learning_rate", "decay",  "momentum",
                                               "rho",           "beta_1", "beta_2"};
    const auto is = [&](const char* setting) { return last_part(name) == setting; };
    return std::any_of(std::begin(settings), std::end(settings), is);
}

} // namespace

void read_optimizer_state(hid_t group, Reading& reading) {
    const auto written = hdf5::texts(group, "weight_names");
    if (!written)
        invalid("the attribute `weight_names` of `optimizer_weights` is missing");
    const Names names(reading.content);
    std::vector<std::pair<std::string, std::string>> found; // in the file, here
    for (const std::string& name : *written) {
        const std::string own = names.read(without_suffix(name));
        if (own.empty() && is_setting(without_suffix(name)))
            continue; // training_config states it
        if (own.empty()) {
            return reading.warn("the optimizer's state is left out and starts anew: `" + name +
                                "` is no name of a weight and a slot");
        }
        found.emplace_back(name, own);
    }
    for (const auto& [name, own] : found)
        reading.add(group, name, kOptimizer, own);
}

void write_optimizer_state(hid_t group, Writing& writing) {
    const Content& content = writing.content();
    std::map<std::string, size_t> left; // tensors by name
    for (size_t i = 0; i < writing.size(); ++i)
        if (const StoredTensor& t = writing.tensor(i); t.group == kOptimizer)
            left.emplace(t.name, i);

    std::vector<std::string> names;
    const auto write = [&](const std::string& own, const std::string& written) {
        const auto found = left.find(own);
        if (found == left.end())
            return;
        names.push_back(written + ":0");
        writing.write(found->second, group, names.back());
        left.erase(found);
    };

    const std::string optimizer = optimizer_of(content);
    write("iterations", optimizer + "/iter");
    for (int round = 0; round < kRounds; ++round)
        for (const std::string& weight : weights_of(content))
            for (const Slot& slot : kSlots)
                if (slot.optimizer == optimizer && slot.round == round)
                    write(std::string(slot.name) + "/" + weight,
                          optimizer + "/" + weight + "/" + slot.written);
    while (!left.empty()) { // what tf.keras 2 does not keep
        const std::string own = left.begin()->first;
        write(own, optimizer + "/" + own);
    }
    hdf5::write_texts(group, "weight_names", names);
}

} // namespace lamina::plugin
