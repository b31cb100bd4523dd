/// Layers that are joined by name, as Keras's JSON has them, until they are in order.
#pragma once

#include <string>
#include <vector>

#include "model/architecture.hpp"

namespace lamina {

/// One output of one call of a layer, or of a model that is a layer.
struct NamedRef {
    std::string layer;
    int node = 0, tensor = 0;
    bool operator==(const NamedRef&) const = default;
};

using NamedCalls = std::vector<std::vector<NamedRef>>;

struct NamedLayer {
    LayerSpec spec; // without its calls
    NamedCalls calls;
};

struct NamedNet {
    std::string name = "model";
    std::string class_name;
    std::vector<NamedLayer> layers;
    std::vector<NamedRef> inputs; // outputs of InputLayers
    std::vector<NamedRef> outputs;
};

/// Puts a model's own layers in the place of the model, which is a layer of the outer one. The
/// model's calls become calls of each of them; a layer whose name is taken gets the model's in
/// front.
///
/// Keras counts the call by which a model was made, or not: of n calls the first is node 1 in
/// tf.keras 2 and node 0 in Keras 3. models: the others that are still to be put in.
void put_in(NamedNet& outer, std::vector<std::pair<NamedNet, NamedCalls>>& models,
            const std::string& source);

/// Puts layers behind those they read. Throws Error(InvalidArgument) that names the layers: two of
/// one name, an inbound node that is not there, a cycle.
Architecture in_order(NamedNet net, const std::string& source);

} // namespace lamina
