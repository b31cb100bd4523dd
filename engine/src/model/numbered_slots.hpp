/// The optimizer's state inside a .keras, where tensors have no names.
#pragma once

#include <string>
#include <vector>

#include "model/model_state.hpp"

namespace lamina {

/// Gives the slots of the model's optimizer their values, and the model its number of steps.
///
/// numbered: the number of steps, in Keras 3 the learning rate, the slots in the order of
/// slot_rounds(), and in Keras 3 Nadam's product. variables: the model's, in the order of the
/// layers. Where a shape is another than expected, none is taken, and a warning says so: half a
/// state is worse than none. Nothing happens where there are no tensors.
void load_numbered_slots(Model::State& state, const std::vector<Variable>& variables,
                         std::vector<Tensor> numbered, const std::string& source);

} // namespace lamina
