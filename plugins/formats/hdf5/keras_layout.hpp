/// The two ways in which Keras lays weights out in HDF5.
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
/// `layers/conv2d_1`. The optimizer's state is neither read nor written: these are weights.
bool is_numbered_layout(hid_t file);
void read_numbered_layout(hid_t file, Reading& reading);
void write_numbered_layout(hid_t file, Writing& writing, const std::vector<NamedClass>& layers);

/// "kernel:0" is kernel.
std::string without_suffix(const std::string& weight);

} // namespace lamina::plugin
