/// What a model file holds, between the model and the format plugins.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lamina/plugin/abi.h"
#include "lamina/tensor.hpp"

namespace lamina {

/// What a checkpoint holds beside the model.
inline constexpr const char* kCheckpointGroup = "lamina_checkpoint";

struct StoredTensor {
    std::string group; // the layer's name, "optimizer" or kCheckpointGroup
    std::string name;  // "kernel"
    Tensor data;
};

} // namespace lamina

struct lm_store {
    std::map<std::string, std::string> texts; // "architecture", "training_config", ...
    std::vector<lamina::StoredTensor> tensors;
};

namespace lamina {

/// Reads a model file of any registered format, chosen by content. Throws Error(Io, NotFound or
/// InvalidArgument) that names the file.
lm_store read_store(const std::string& path);

/// Writes with the format that the path's extension names; beside, synced and renamed.
void write_store(const std::string& path, const lm_store& store);

} // namespace lamina
