/// Keras's architecture JSON.
#pragma once

#include <string>

#include "model/architecture.hpp"

namespace lamina {

/// Reads the JSON of Keras 2, tf.keras 2 and Keras 3: Sequential and functional models.
/// keras_version: what the file says outside the JSON; the JSON's own goes before it.
/// Throws Error(InvalidArgument) that names the layer and the key: an unknown layer, a cycle, an
/// inbound node that is not there.
Architecture architecture_from_json(const std::string& text, const std::string& source,
                                    const std::string& keras_version = "");

/// Whether only Keras 3 gives one of its layers its meaning.
bool needs_keras_3(const Architecture& architecture);

/// As tf.keras 2 writes it, which Keras 3 reads too; it says that it is of Keras 3 where only that
/// gives a layer its meaning.
std::string architecture_to_json(const Architecture& architecture);

} // namespace lamina
