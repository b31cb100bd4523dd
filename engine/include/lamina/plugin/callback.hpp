/// Callbacks: objects that hear of a training as it goes, and may stop it.
///
///     struct Target {
///         explicit Target(const Config& config) : accuracy(config.number("accuracy")) {}
///         void notify(std::string_view event, std::string_view data) {
///             if (event == "epoch_end" && number(data, "val_accuracy").value_or(0) >= accuracy)
///                 stop_training("val_accuracy has reached " + std::to_string(accuracy));
///         }
///         double accuracy;
///     };
///     LAMINA_CALLBACK(target, Target, R"({"accuracy": {"type": "float", "required": true}})",
///                     "stops at an accuracy")
///
/// Events, in their order: train_begin; for each epoch epoch_begin, batch_end for each batch,
/// epoch_end; train_end. What data holds: plugins/abi.md. All come from one thread. Later versions
/// may have more events: those that a callback does not know it must let pass.
#pragma once

#include <cctype>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lamina/plugin/config.hpp"

namespace lamina::plugin {

/// Ends the training after the batch, without an error; `why` is told to the user.
[[noreturn]] inline void stop_training(const std::string& why) { throw Error(LM_CANCELLED, why); }

/// The number of a key in an event's data, wherever it stands in it ("epoch", "val_loss"); none
/// where the key is absent or its value is no number.
inline std::optional<double> number(std::string_view data, std::string_view key) {
    const std::string quoted = "\"" + std::string(key) + "\"";
    for (size_t at = data.find(quoted); at != std::string_view::npos;
         at = data.find(quoted, at + 1)) {
        size_t value = at + quoted.size();
        const auto skip_space = [&] {
            while (value < data.size() && std::isspace(static_cast<unsigned char>(data[value])))
                ++value;
        };
        skip_space();
        if (value == data.size() || data[value] != ':')
            continue; // a text that reads like the key
        ++value;
        skip_space();
        const std::string text(data.substr(value, 40));
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        const bool is_number =
            end != text.c_str() && (text[0] == '-' || std::isdigit(text[0] & 0x7f));
        return is_number ? std::optional(number) : std::nullopt;
    }
    return std::nullopt;
}

namespace detail {

template <class T>
lm_status callback_open(const lm_host* host, const lm_config* config, void** self,
                        lm_error* error) noexcept {
    return guard(error, [&] { *self = std::make_unique<T>(Config(host, config)).release(); });
}

template <class T>
void callback_close(void* self) noexcept {
    delete static_cast<T*>(self);
}

template <class T>
lm_status callback_notify(void* self, const char* event, const char* data,
                          lm_error* error) noexcept {
    return guard(error, [&] { static_cast<T*>(self)->notify(event, data); });
}

} // namespace detail

template <class T>
constexpr lm_observer callback(const char* schema, const char* doc) {
    return {sizeof(lm_observer),
            schema,
            doc,
            &detail::callback_open<T>,
            &detail::callback_close<T>,
            &detail::callback_notify<T>};
}

} // namespace lamina::plugin

/// name: an identifier. schema: JSON, see plugins/README.md.
#define LAMINA_CALLBACK(name, Class, schema, doc)                                                  \
    static constexpr lm_observer LAMINA_CONCAT(lamina_callback_, name) =                           \
        ::lamina::plugin::callback<Class>(schema, doc);                                            \
    LAMINA_REGISTER(name, "callback", #name, &LAMINA_CONCAT(lamina_callback_, name))
