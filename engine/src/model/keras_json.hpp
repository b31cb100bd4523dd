/// Keras's architecture JSON.
#pragma once

#include <string>

#include "model/architecture.hpp"

namespace lamina {

/// Reads the JSON of Keras 1, 2, tf.keras and 3: Sequential and functional models, nested ones
/// flattened. Throws Error(InvalidArgument) that names the layer and the key: an unknown layer, a
/// cycle, an inbound node that is not there.
Architecture architecture_from_json(const std::string& text, const std::string& source);

/// As Keras 2 and tf.keras write it, which Keras 3 reads too.
std::string architecture_to_json(const Architecture& architecture);

} // namespace lamina
