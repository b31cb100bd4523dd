#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/registry.hpp"
#include "plugins/host.hpp"
#include "plugins/loaded_plugin.hpp"
#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

Json json_of(const Values& values) {
    Json out = Json::object();
    for (const auto& [name, value] : values)
        out[name] = value; // null in its text where it is no finite number
    return out;
}

/// A callback of a plugin, as the trainer sees it.
class PluginCallback : public Callback {
  public:
    PluginCallback(const std::string& name, const Json& options)
        : part_(Registry::global().find("callback", name)),
          config_(apply_schema(options, table().schema, "--callback " + name)) {
        lm_error error{};
        const lm_status status = attempt(error, table().open, host_table(), &config_, &self_);
        if (status == LM_INVALID_ARGUMENT)
            throw UsageError(fmt::format("--callback {}: {}", part_.name, error.message));
        check(status, error, who().c_str());
    }
    ~PluginCallback() override {
        if (self_ != nullptr)
            table().close(self_);
    }
    PluginCallback(const PluginCallback&) = delete;
    PluginCallback& operator=(const PluginCallback&) = delete;

    bool train_begin(int first_epoch, int epochs) override {
        return notify("train_begin", {{"epoch", first_epoch}, {"epochs", epochs}});
    }
    bool epoch_begin(const EpochBegin& e) override {
        return notify("epoch_begin", {{"epoch", e.epoch},
                                      {"batches", e.batches},
                                      {"samples", e.samples},
                                      {"total_samples", e.total_samples}});
    }
    bool batch_end(const BatchEvent& e) override {
        step_ = e.step;
        return notify("batch_end", {{"epoch", e.epoch},
                                    {"step", e.step},
                                    {"batch", e.batch},
                                    {"batches", e.batches},
                                    {"samples", e.samples},
                                    {"seconds", e.seconds},
                                    {"values", json_of(e.means)}});
    }
    bool epoch_end(const EpochRecord& record) override {
        return notify("epoch_end", {{"epoch", record.epoch},
                                    {"step", step_},
                                    {"seconds", record.seconds},
                                    {"values", json_of(record.values)}});
    }
    void train_end() override { notify("train_end", {{"step", step_}}); }
    /// It is given what the progress bar is given, when that is.
    bool may_lag() const override { return true; }
    std::string stop_reason() const override { return reason_; }

  private:
    const lm_observer& table() const { return part_.as<lm_observer>(); }
    std::string who() const {
        return part_.plugin
                   ? fmt::format("callback {} (plugin {})", part_.name, part_.plugin->name())
                   : "callback " + part_.name;
    }

    bool notify(const char* event, const Json& data) {
        lm_error error{};
        const lm_status status = attempt(error, table().notify, self_, event, data.dump().c_str());
        if (status == LM_CANCELLED) {
            const std::string why = error.message;
            reason_ = "callback " + part_.name + (why.empty() ? "" : ": " + why);
            return false;
        }
        check(status, error, fmt::format("{}: {}", who(), event).c_str());
        return true;
    }

    Part part_;
    const lm_config config_; // lives until the callback is closed
    void* self_ = nullptr;
    uint64_t step_ = 0;
    std::string reason_;
};

} // namespace

std::shared_ptr<Callback> open_callback(const std::string& spec) {
    const PartOptions part = parse_part_options(spec, "--callback");
    return std::make_shared<PluginCallback>(part.name, part.options);
}

} // namespace lamina
