/// A data set of which only some classes are left.
#pragma once

#include <memory>
#include <string>

#include "lamina/plugin/dataset.hpp"

namespace lamina::datasets {

/// The samples of some classes, in their order, the classes counted anew in the order given.
///
/// classes: numbers, ranges with both ends and names, with + between: "5-9", "0-2+7", "cat+dog"; at
/// least two. Throws plugin::Error(LM_INVALID_ARGUMENT) that begins with `name` and lists what
/// there is.
std::unique_ptr<plugin::Dataset> only_classes(std::unique_ptr<plugin::Dataset> data,
                                              const std::string& classes, const std::string& name);

} // namespace lamina::datasets
