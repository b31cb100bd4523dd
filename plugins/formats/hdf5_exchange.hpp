/// A store to and from an HDF5 file, by the program lamina-hdf5.
#pragma once

#include <string>

#include "lamina/plugin/format.hpp"

namespace lamina::plugin {

/// what: "read" takes any file of Keras's; "read-archived" the weights inside a .keras, with the
/// optimizer's state as `0`, `1`, ... of the group "optimizer".
/// Throws Error(LM_IO) with a hint where the file is damaged.
void read_hdf5(const char* what, const std::string& path, Store& store);

/// layout: "whole" (.h5), "weights" (.weights.h5) or "archived" (the same inside a .keras, with the
/// optimizer's state).
void write_hdf5(const char* layout, const std::string& path, const Store& store);

} // namespace lamina::plugin
