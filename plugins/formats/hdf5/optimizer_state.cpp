#include "optimizer_state.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>

#include <nlohmann/json.hpp>

#include "keras_layout.hpp"

namespace lamina::plugin {

namespace {

struct Slot {
    std::array<std::string_view, 4> optimizers;
    std::string_view name;    // of Keras 3
    std::string_view written; // of tf.keras 2.11 to 2.15
    std::string_view old;     // of tf.keras 2.0 to 2.10
    int round;                // tf.keras 2.11 to 2.15 list all slots of a round weight by weight
};

/// In the order of tf.keras 2.0 to 2.10, which list a slot of every weight, then the next slot.
constexpr Slot kSlots[] = {
    {{"sgd"}, "momentum", "m", "momentum", 0},
    {{"adam", "adamw", "nadam", "adamax"}, "momentum", "m", "m", 0},
    {{"adam", "adamw", "nadam"}, "velocity", "v", "v", 0},
    {{"adam", "adamw"}, "velocity_hat", "vhat", "vhat", 1},
    {{"adamax"}, "norm", "u", "v", 0},
    {{"rmsprop"}, "velocity", "velocity", "rms", 0},
    {{"rmsprop"}, "momentum", "momentum", "momentum", 1},
    {{"rmsprop"}, "average_gradient", "average_gradient", "mg", 2},
    {{"adagrad"}, "accumulator", "accumulator", "accumulator", 0},
    {{"adadelta"}, "accumulated_grad", "accumulated_grad", "accum_grad", 0},
    {{"adadelta"}, "accumulated_delta_var", "accumulated_delta_var", "accum_var", 0},
};
constexpr int kRounds = 3;

/// The product of Nadam's momenta over the steps so far. Here each weight has its own, Keras has
/// one: `variable` in Keras 3, `momentum_cache` in tf.keras 2.0 to 2.10, none in 2.11 to 2.15.
constexpr const char* kProduct = "u_product";
constexpr const char* kIterations = "iterations";
constexpr const char* kProductsOfKeras[] = {"variable", "momentum_cache"};

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

/// The optimizer as the training configuration has it.
struct Optimizer {
    std::string name; // "Custom>AdamW" is AdamW
    std::string key;  // and adamw
    nlohmann::json config;

    explicit Optimizer(const Content& content) {
        const nlohmann::json training = parsed(content.text("training_config"));
        name = inner_text(training, "optimizer_config", "class_name");
        name.erase(0, name.find('>') + 1);
        key = name;
        std::transform(key.begin(), key.end(), key.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (!name.empty() && training["optimizer_config"].contains("config"))
            config = training["optimizer_config"]["config"];
    }

    /// Whether it is one of tf.keras 2.0 to 2.10, whose configurations do not speak of it.
    bool is_old() const {
        return !config.is_object() ||
               config.value("is_legacy_optimizer", nlohmann::json()) != false;
    }
    double number(const char* setting, double otherwise) const {
        return config.is_object() && config.contains(setting) && config[setting].is_number()
                   ? config[setting].get<double>()
                   : otherwise;
    }
};

bool is_of(const Slot& slot, const std::string& optimizer) {
    return std::find(slot.optimizers.begin(), slot.optimizers.end(), optimizer) !=
           slot.optimizers.end();
}

/// Keras 3's name of a slot.
std::string slot_name(const std::string& optimizer, const std::string& written) {
    const auto* slot = std::find_if(std::begin(kSlots), std::end(kSlots), [&](const Slot& s) {
        return is_of(s, optimizer) && (s.written == written || s.old == written);
    });
    return slot == std::end(kSlots) ? written : std::string(slot->name);
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
        : optimizer_(Optimizer(content).key),
          model_(inner_text(parsed(content.text("architecture")), "config", "name")),
          weights_(weights_of(content)) {}

    /// The name here; empty where the file's is not understood.
    std::string read(const std::string& name) const {
        const std::string last = last_part(name);
        if (last == "iteration" || last == "iterations" || last == "iter")
            return kIterations;
        std::string best, weight; // of the longest weight that fits
        size_t length = 0;
        for (const std::string& w : weights_)
            for (const std::string& written : ways_to_write(w))
                if (const std::string slot = slot_of(name, written);
                    !slot.empty() && written.size() > length)
                    best = slot, weight = w, length = written.size();
        return best.empty() ? "" : slot_name(optimizer_, best) + "/" + weight;
    }

  private:
    /// A weight inside models: "inner/block/dense/kernel" is also written without the models or
    /// some of them.
    static std::vector<std::string> ways_to_write(std::string weight) {
        std::vector<std::string> ways = {weight};
        for (size_t slash = weight.find('/'); weight.find('/', slash + 1) != std::string::npos;
             slash = weight.find('/')) {
            weight.erase(0, slash + 1);
            ways.push_back(weight);
        }
        return ways;
    }

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

/// One product for every weight.
bool is_product(const std::string& name) {
    return std::find(std::begin(kProductsOfKeras), std::end(kProductsOfKeras), last_part(name)) !=
           std::end(kProductsOfKeras);
}

/// As Nadam of Keras has it after so many steps, in f32 as there.
float product_after(int64_t iterations, double beta_1) {
    float product = 1.0f;
    for (int64_t t = 1; t <= iterations && product != 0.0f; ++t)
        product *= static_cast<float>(beta_1 * (1.0 - 0.5 * std::pow(0.96, t)));
    return product;
}

int64_t read_iterations(hid_t group, const std::string& name) {
    const hdf5::Id dataset = hdf5::open_dataset(group, name);
    const TensorType type = hdf5::type(dataset, name);
    if (type.dtype != LM_I64 || type.bytes() != sizeof(int64_t))
        invalid("`" + name + "` is no number of steps");
    int64_t iterations = 0;
    hdf5::read(dataset, type, name, [&](std::span<const std::byte> bytes) {
        std::memcpy(&iterations, bytes.data(), bytes.size());
    });
    return iterations;
}

} // namespace

void read_optimizer_state(hid_t group, Reading& reading) {
    const auto written = hdf5::texts(group, "weight_names");
    if (!written)
        invalid("the attribute `weight_names` of `optimizer_weights` is missing");
    const Optimizer optimizer(reading.content);
    const Names names(reading.content);
    std::string iterations, product;                        // where they are in the file
    std::vector<std::pair<std::string, std::string>> found; // in the file, here
    for (const std::string& name : *written) {
        const std::string own = names.read(without_suffix(name));
        if (!own.empty()) {
            found.emplace_back(name, own);
            iterations = own == kIterations ? name : iterations;
        } else if (optimizer.key == "nadam" && is_product(without_suffix(name))) {
            product = name;
        } else if (!is_setting(without_suffix(name))) { // which training_config states
            return reading.warn("the optimizer's state is left out and starts anew: `" + name +
                                "` is no name of a weight and a slot");
        }
    }
    for (const auto& [name, own] : found)
        reading.add(group, name, kOptimizer, own);
    if (optimizer.key != "nadam" || iterations.empty())
        return;
    const auto has = [&](const std::string& own) {
        return std::any_of(found.begin(), found.end(),
                           [&](const auto& slot) { return slot.second == own; });
    };
    const float computed =
        product_after(read_iterations(group, iterations), optimizer.number("beta_1", 0.9));
    for (const std::string& weight : weights_of(reading.content)) {
        const std::string own = std::string(kProduct) + "/" + weight;
        if (!has("momentum/" + weight) || has(own))
            continue;
        if (product.empty())
            reading.add(computed, kOptimizer, own);
        else
            reading.add(group, product, kOptimizer, own);
    }
}

namespace {

/// The optimizer's tensors by name.
std::map<std::string, size_t> state_of(const Writing& writing) {
    std::map<std::string, size_t> state;
    for (size_t i = 0; i < writing.size(); ++i)
        if (const StoredTensor& t = writing.tensor(i); t.group == kOptimizer)
            state.emplace(t.name, i);
    return state;
}

/// In the order of tf.keras 2.11 and later, and of Keras 3.
template <class Visit>
void in_rounds(const std::vector<std::string>& weights, const Visit& visit) {
    for (int round = 0; round < kRounds; ++round)
        for (const std::string& weight : weights)
            for (const Slot& slot : kSlots)
                if (slot.round == round)
                    visit(slot, weight);
}

} // namespace

void write_optimizer_state(hid_t group, Writing& writing) {
    const Content& content = writing.content();
    std::map<std::string, size_t> left = state_of(writing);
    std::vector<std::string> names;
    const auto write = [&](const std::string& own, const std::string& written) {
        const auto found = left.find(own);
        if (found == left.end())
            return;
        names.push_back(written + ":0");
        writing.write(found->second, group, names.back());
        left.erase(found);
    };

    const Optimizer optimizer(content);
    const std::vector<std::string> weights = weights_of(content);
    const auto write_slot = [&](const Slot& slot, const std::string& weight) {
        if (is_of(slot, optimizer.key))
            write(std::string(slot.name) + "/" + weight,
                  optimizer.is_old()
                      ? optimizer.name + "/" + weight + "/" + std::string(slot.old)
                      : optimizer.name + "/" + std::string(slot.written) + "/" + weight);
    };
    write(kIterations, optimizer.is_old() ? optimizer.name + "/iter" : "iteration");
    if (optimizer.is_old())
        for (const Slot& slot : kSlots)
            for (const std::string& weight : weights)
                write_slot(slot, weight);
    else
        in_rounds(weights, write_slot);
    while (!left.empty()) { // what tf.keras 2 does not keep
        const std::string own = left.begin()->first;
        write(own, optimizer.name + "/" + own);
    }
    hdf5::write_texts(group, "weight_names", names);
}

void read_numbered_optimizer_state(hid_t file, Reading& reading) {
    read_numbers(file, "optimizer", kOptimizer, reading);
}

void write_numbered_optimizer_state(hid_t vars, Writing& writing) {
    const Optimizer optimizer(writing.content());
    const std::map<std::string, size_t> state = state_of(writing);
    int count = 0;
    const auto write = [&](const std::string& own) {
        if (const auto found = state.find(own); found != state.end())
            writing.write(found->second, vars, std::to_string(count++));
        return state.contains(own);
    };
    write(kIterations);
    if (const auto rate = static_cast<float>(optimizer.number("learning_rate", NAN));
        !std::isnan(rate)) // a schedule keeps none
        hdf5::write(vars, std::to_string(count++), {LM_F32, {}}, [&](std::span<std::byte> bytes) {
            std::memcpy(bytes.data(), &rate, sizeof rate);
        });
    const std::vector<std::string> weights = weights_of(writing.content());
    in_rounds(weights, [&](const Slot& slot, const std::string& weight) {
        if (is_of(slot, optimizer.key))
            write(std::string(slot.name) + "/" + weight);
    });
    for (const std::string& weight : weights)
        if (write(std::string(kProduct) + "/" + weight)) // of all weights the same
            break;
}

} // namespace lamina::plugin
