/// What the versions of Keras write differently about one and the same optimizer.
///
/// tf.keras 2.11 rewrote the optimizers. Those of before have `decay`, RMSprop's epsilon outside
/// the root, and another momentum in Nadam; later versions keep them as "legacy".
#pragma once

#include <string>
#include <vector>

#include "io/json.hpp"

namespace lamina {

/// Drops settings that Keras writes and that change nothing at these values. Others are left for
/// the schema to refuse.
void drop_neutral_settings(Json& config);

/// The optimizer as tf.keras 2.15 and Keras 3 both read it, as far as can be: its learning rate,
/// and no setting that only one of them knows and that changes nothing. An old one where that has
/// the rule, since Keras 3 takes its settings too; else as tf.keras 2.11 to 2.15 write it.
/// for_keras_3: only that can read the model.
Json optimizer_for_keras(const Json& optimizer, bool for_keras_3);

/// An optimizer as a file of Keras has it, with the settings by which its rule is that of the
/// version that wrote it.
Json optimizer_from_keras(const Json& optimizer, bool before_keras_3);

/// The slots in the order in which tf.keras 2.11 and later and Keras 3 number them in a .keras: of
/// each round, all slots of one weight, then of the next. Empty for what is no optimizer of
/// Keras's.
std::vector<std::vector<std::string>> slot_rounds(const Json& optimizer);

} // namespace lamina
