/// Architectures as Keras 1 and its releases before 1.0 wrote them, in Keras 2's words.
#pragma once

#include <string>

#include "io/json.hpp"
#include "model/architecture.hpp"

namespace lamina {

/// A model's JSON of before Keras 1.0, where a layer's class is called its `name`, in the form
/// since then; any other as it is. Throws Error(InvalidArgument) for its Graph models.
Json with_class_names(Json model, const std::string& source);

/// The first dim_ordering in a model's JSON, as data_format; "" where there is none. Keras 1 did
/// not write that of zero padding, cropping, upsampling and spatial dropout, which had the same
/// order as the rest.
std::string stated_order(const Json& model);

/// A layer {"class_name", "config", ...} with Keras 2's class, keys and values: Convolution2D with
/// nb_filter, border_mode and dim_ordering is Conv2D with filters, padding and data_format. What
/// has no word of Keras 1 stays as it is. A Merge becomes the layer that its mode names, without
/// the branches that a Sequential model may begin with. Throws Error(InvalidArgument) for what
/// Keras 2 has no more: modes of BatchNormalization and Merge.
/// order: as stated_order() gives it, of the whole model.
/// Throws Error(InvalidArgument) for what Keras 2 has no more: modes of BatchNormalization and
/// Merge.
Json from_keras_1(Json layer, const std::string& order, const std::string& source);

/// Throws Error(InvalidArgument) where a Deconvolution2D states another output_shape than Keras 2's
/// layer, which works its own out, has here.
void check_deconvolutions(const Json& model, const Architecture& architecture,
                          const std::string& source);

} // namespace lamina
