/// The order in which Keras lists a functional model's layers.
#pragma once

#include "model/architecture.hpp"

namespace lamina {

/// Puts the layers where Keras's functional models have them: the farthest from the outputs first,
/// and at one distance as a search from the outputs comes upon them. Weights that are matched by
/// position (keras.applications loads its own so) depend on it. Layers that no output reads are
/// left out, but for inputs.
Architecture in_keras_order(const Architecture&);

} // namespace lamina
