/// A model before it becomes a graph: layers and how they are joined.
#pragma once

#include <string>
#include <vector>

#include "io/json.hpp"

namespace lamina {

/// One output of one call of a layer.
struct TensorRef {
    int layer = -1; // index into Architecture::layers
    int node = 0;   // which call of the layer (shared layers have several)
    int tensor = 0;
    bool operator==(const TensorRef&) const = default;
};

/// A model that was a layer of another one.
struct ModelName {
    std::string name, class_name;
};

struct LayerSpec {
    std::string class_name;
    std::string name;
    Json config;                               // Keras's, without what Lamina does not know
    std::vector<std::vector<TensorRef>> calls; // the inputs of each call
    bool trainable = true;
    // Where a file has this layer inside models: these, the outermost first, and its name there.
    std::vector<ModelName> inside;
    std::string name_inside;
};

struct Architecture {
    std::string name = "model";
    bool sequential = false;
    std::string preprocessing; // how pixels become its input (preprocessing.hpp); "": not stated
    std::vector<std::string> class_names; // none, or those of a zoo net or of the training data
    std::vector<LayerSpec> layers;        // each after those it reads
    std::vector<TensorRef> inputs;        // outputs of InputLayers
    std::vector<TensorRef> outputs;

    const LayerSpec* find(const std::string& layer) const;
};

/// Keras's way of naming: Conv2D is conv2d, MaxPooling2D is max_pooling2d; the second of a kind is
/// conv2d_1.
std::string snake_case(const std::string& class_name);

/// Adds a layer called once on `inputs`. Chooses a name when config has none. Returns its first
/// output. Throws UsageError when the name is taken.
TensorRef add_layer(Architecture& architecture, const std::string& class_name, Json config,
                    const std::vector<TensorRef>& inputs, const std::string& name = "");

/// The shape of a sample that the model takes: [H, W, C], from its first InputLayer. -1: not
/// stated.
std::vector<int64_t> input_shape(const Architecture& architecture, size_t index = 0);

/// A zoo model: the graph function of kind "model" with this name. config: a JSON object.
Architecture build_zoo_model(const std::string& name, const Json& config);

} // namespace lamina
