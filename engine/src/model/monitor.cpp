#include "model/monitor.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

constexpr const char* kEarlyStopping = R"({
    "patience": {"type": "int", "min": 0, "default": 0},
    "min_delta": {"type": "float", "min": 0, "default": 0},
    "monitor": {"type": "string", "default": ""},
    "mode": {"type": "string", "enum": ["auto", "min", "max"], "default": "auto"},
    "baseline": {"type": "float", "nullable": true, "default": null},
    "start_from_epoch": {"type": "int", "min": 0, "default": 0},
    "restore_best_weights": {"type": "bool", "default": false}})";

constexpr const char* kReduceOnPlateau = R"({
    "patience": {"type": "int", "min": 0, "default": 10},
    "factor": {"type": "float", "min": 0, "below": 1, "default": 0.1},
    "min_delta": {"type": "float", "min": 0, "default": 1e-4},
    "cooldown": {"type": "int", "min": 0, "default": 0},
    "min_lr": {"type": "float", "min": 0, "default": 0},
    "monitor": {"type": "string", "default": ""},
    "mode": {"type": "string", "enum": ["auto", "min", "max"], "default": "auto"}})";

/// "5" stands for "patience=5".
Json settings(const std::string& text, const char* schema, const std::string& option) {
    const bool patience_alone = text.find('=') == std::string::npos;
    return apply_schema(
        parse_part_options(option + (patience_alone ? ":patience=" : ":") + text, option).options,
        schema, option);
}

void read_monitored(const Json& json, Monitored& out) {
    out.monitor = json.at("monitor").get<std::string>();
    out.mode = json.at("mode").get<std::string>();
    out.min_delta = json.at("min_delta").get<double>();
}

float as_f32(double value) { return static_cast<float>(value); }

} // namespace

EarlyStopping EarlyStopping::parse(const std::string& text) {
    const Json json = settings(text, kEarlyStopping, "--early-stopping");
    EarlyStopping out;
    read_monitored(json, out);
    out.patience = json.at("patience").get<int>();
    if (const Json& baseline = json.at("baseline"); !baseline.is_null())
        out.baseline = baseline.get<double>();
    out.start_from_epoch = json.at("start_from_epoch").get<int>();
    out.restore_best_weights = json.at("restore_best_weights").get<bool>();
    return out;
}

ReduceOnPlateau ReduceOnPlateau::parse(const std::string& text) {
    const Json json = settings(text, kReduceOnPlateau, "--reduce-on-plateau");
    ReduceOnPlateau out;
    read_monitored(json, out);
    out.patience = json.at("patience").get<int>();
    out.factor = json.at("factor").get<double>();
    out.cooldown = json.at("cooldown").get<int>();
    out.min_lr = json.at("min_lr").get<double>();
    return out;
}

std::string to_text(const ReduceOnPlateau& o) {
    return fmt::format(
        "patience={},factor={},min_delta={},cooldown={},min_lr={},monitor={},mode={}", o.patience,
        o.factor, o.min_delta, o.cooldown, o.min_lr, o.monitor, o.mode);
}

bool Monitor::more_is_better() const {
    return options_.mode == "max" ||
           (options_.mode == "auto" && options_.monitor.find("acc") != std::string::npos);
}

bool Monitor::is_better(double value, double than) const {
    return more_is_better() ? as_f32(value - options_.min_delta) > as_f32(than)
                            : as_f32(value + options_.min_delta) < as_f32(than);
}

bool Monitor::improves(double value) {
    const bool better = !std::isnan(value) && (!best || is_better(value, *best));
    if (better)
        best = value;
    return better;
}

bool EarlyStopper::improves(int epoch, double value) {
    if (epoch < options_.start_from_epoch)
        return false;
    const bool better = monitor_.improves(value);
    const bool meets_baseline = !options_.baseline || monitor_.is_better(value, *options_.baseline);
    wait_ = better && meets_baseline ? 0 : wait_ + 1;
    if (better)
        best_epoch_ = epoch;
    return better;
}

bool EarlyStopper::exhausted(int epoch) const {
    return wait_ >= std::max(options_.patience, 1) && epoch != best_epoch_;
}

void EarlyStopper::resume(const Standing& standing) {
    monitor_.best = standing.best;
    wait_ = standing.wait;
    best_epoch_ = standing.best_epoch;
}

double PlateauReducer::rate_after(double value, double learning_rate) {
    if (cooldown_ > 0) {
        --cooldown_;
        wait_ = 0;
    }
    if (monitor_.improves(value)) {
        wait_ = 0;
        return learning_rate;
    }
    const double rate = static_cast<double>(as_f32(learning_rate));
    if (cooldown_ > 0 || ++wait_ < options_.patience ||
        rate <= static_cast<double>(as_f32(options_.min_lr)))
        return learning_rate;
    cooldown_ = options_.cooldown;
    wait_ = 0;
    return static_cast<double>(as_f32(std::max(rate * options_.factor, options_.min_lr)));
}

void PlateauReducer::resume(const Standing& standing) {
    monitor_.best = standing.best;
    wait_ = standing.wait;
    cooldown_ = standing.cooldown;
}

} // namespace lamina
