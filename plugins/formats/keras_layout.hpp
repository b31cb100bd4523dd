/// The two ways in which Keras lays weights out in HDF5.
#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "lamina/plugin/format.hpp"

namespace lamina::plugin {

/// The store's group of the optimizer's state.
inline constexpr const char* kOptimizer = "optimizer";
/// And of what a checkpoint holds beside the model: a group of its own in the file, where Keras
/// does not look.
inline constexpr const char* kCheckpoint = "lamina_checkpoint";

bool is_layer(const std::string& group);
bool has_tensors(const Store& store, const std::string& group);

void read_checkpoint(hid_t group, Store& store);
void write_checkpoint(hid_t group, const Store& store);

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
void read_named_layout(hid_t group, Store& store);
void write_named_layout(hid_t group, const Store& store, const std::vector<NamedClass>& layers);

/// By class and occurrence (.weights.h5): layers/conv2d_1/vars/0. The tensor is `0` of the group
/// `layers/conv2d_1`. The optimizer's state is neither read nor written: these are weights.
bool is_numbered_layout(hid_t file);
void read_numbered_layout(hid_t file, Store& store);
void write_numbered_layout(hid_t file, const Store& store, const std::vector<NamedClass>& layers);

/// "kernel:0" is kernel.
std::string without_suffix(const std::string& weight);

/// Adds the dataset at `path` to the store.
void read_tensor(hid_t parent, const std::string& path, const std::string& group,
                 const std::string& name, Store& store);

/// HDF5's signature at the start.
bool is_hdf5(const void* head, uint64_t bytes);

} // namespace lamina::plugin
