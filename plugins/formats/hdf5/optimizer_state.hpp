/// The optimizer's state in an .h5 of Keras: the group `optimizer_weights`.
///
/// It is kept as `iterations` and `SLOT/LAYER/WEIGHT` of the group "optimizer", slots under
/// Keras 3's names. A file has a list, whose names differ between the versions:
///
///     tf.keras 2.0 to 2.10    Adam/iter         Adam/LAYER/WEIGHT/m
///     tf.keras 2.11 to 2.15   iteration         Adam/m/LAYER/WEIGHT
///     Keras 3                 adam/iteration    adam/MODEL_LAYER_WEIGHT_momentum
///
/// It is written in the order of tf.keras's optimizer that the training configuration names, by
/// which that takes it.
#pragma once

#include "transfer.hpp"

namespace lamina::plugin {

/// To be called after the weights were read: names are told apart by them. When one is not
/// understood none is kept, and a warning says so: half a state is worse than none.
void read_optimizer_state(hid_t group, Reading& reading);
void write_optimizer_state(hid_t group, Writing& writing);

/// The same inside a .keras, optimizer/vars/0, 1, ... without names: the steps, the learning rate
/// (not in tf.keras 2), the slots in the order of tf.keras 2.11 and later, Nadam's product. Read as
/// they are, `0`, `1`, ... of the group "optimizer": what is which, the model's shapes tell.
void read_numbered_optimizer_state(hid_t file, Reading& reading);
/// vars: the group. As Keras 3 has it, which takes no other number of tensors.
void write_numbered_optimizer_state(hid_t vars, Writing& writing);

} // namespace lamina::plugin
