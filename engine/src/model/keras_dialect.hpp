/// What the versions of Keras write differently about one and the same layer.
///
/// Inside, configurations have Keras 3's keys and meanings. Files are written so that tf.keras 2
/// and Keras 3 both read them.
#pragma once

#include <string>

#include "io/json.hpp"

namespace lamina {

/// Whether this JSON is older than Keras 3's. stated_outside: the version that the file has beside
/// the JSON, or "". The JSON's own goes before it; Keras 3's own JSON has none, but a `module`.
bool is_before_keras_3(const Json& architecture, const std::string& stated_outside);

/// A layer's configuration as the file has it, with Keras 3's keys and meanings.
Json from_keras_dialect(const std::string& class_name, Json config, bool before_keras_3);

/// Whether only Keras 3 gives this configuration the meaning it has here.
bool needs_keras_3(const Json& config);

/// The way back: keys and values that tf.keras 2 knows and Keras 3 still reads.
Json to_keras_dialect(const std::string& class_name, Json config);

} // namespace lamina
