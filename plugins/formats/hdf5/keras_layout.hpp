/// The three ways in which Keras lays weights out in HDF5.
#pragma once

#include <string>
#include <vector>

#include "transfer.hpp"

namespace lamina::plugin {

/// The group of the optimizer's state.
inline constexpr const char* kOptimizer = "optimizer";
/// And of what a checkpoint holds beside the model: a group of its own in the file, where Keras
/// does not look.
inline constexpr const char* kCheckpoint = "lamina_checkpoint";

bool is_layer(const std::string& group);
bool has_tensors(const Content& content, const std::string& group);

void read_checkpoint(hid_t group, Reading& reading);
void write_checkpoint(hid_t group, Writing& writing);

/// A layer as the architecture names it.
struct NamedClass {
    std::string name, class_name;
};

/// The top layers of an architecture JSON, in its order. Throws Error for text that is none.
std::vector<NamedClass> layers_of(const std::string& architecture);

/// By layer names (Keras 1 and 2, and .h5 of Keras 3): attributes layer_names and weight_names.
/// The tensor `conv/kernel:0` of the layer conv is `kernel` of the group conv; a weight of a nested
/// model keeps its layer's name: `inner_conv/kernel` of the group inner.
bool is_named_layout(hid_t group);
void read_named_layout(hid_t group, Reading& reading);
void write_named_layout(hid_t group, Writing& writing, const std::vector<NamedClass>& layers);

/// By class and occurrence (.weights.h5): layers/conv2d_1/vars/0. The tensor is `0` of the group
/// `layers/conv2d_1`. The optimizer's state is left to read_numbered_optimizer_state().
bool is_numbered_layout(hid_t file);
void read_numbered_layout(hid_t file, Reading& reading);
void write_numbered_layout(hid_t file, Writing& writing, const std::vector<NamedClass>& layers);

/// Of before Keras 1.0: layers by their place, those without weights too, and neither names nor the
/// order of axes. The attribute nb_layers, groups layer_K with the attribute nb_params, datasets
/// param_P. The tensor is `param_0` of the group `layer_3`.
bool is_positional_layout(hid_t file);
void read_positional_layout(hid_t file, Reading& reading);

/// PATH/vars/0, /1, ... as `0`, `1`, ... of the group; nothing where there is no PATH/vars.
void read_numbers(hid_t parent, const std::string& path, const std::string& group,
                  Reading& reading);

/// "kernel:0" is kernel.
std::string without_suffix(const std::string& weight);

} // namespace lamina::plugin
