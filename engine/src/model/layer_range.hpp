/// Some of a model's layers, by name or index.
#pragma once

#include <string>
#include <vector>

#include "model/architecture.hpp"

namespace lamina {

/// Of a layer by its name or index; a negative one counts from the end. Throws UsageError, with the
/// nearest name, for a layer that is not there.
size_t layer_index(const Architecture&, const std::string& layer);

/// "all", "none", or names, indices and ranges with commas between: "fc1,fc2", "block5_conv1:",
/// ":conv2d_4", "172:", "3:7". A range has its beginning and not its end, as Python's.
class LayerRange {
  public:
    /// Throws UsageError, with the nearest name, for a layer that is not there.
    LayerRange(const Architecture&, const std::string& text);

    bool has(size_t layer) const { return chosen_[layer]; }

  private:
    void add(const Architecture&, const std::string& piece);

    std::vector<bool> chosen_;
};

} // namespace lamina
