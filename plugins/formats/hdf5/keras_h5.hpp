/// HDF5 files of Keras: whole models (.h5), weights of Keras 1 and 2 (.h5), and .weights.h5.
#pragma once

#include <string>

#include "transfer.hpp"

namespace lamina::plugin {

void read_h5(const std::string& path, Reading& reading);
/// A whole model, with its optimizer's state if there is one.
void write_h5(const std::string& path, Writing& writing);
/// Weights alone, in the layout of .weights.h5.
void write_weights_h5(const std::string& path, Writing& writing);

/// The weights inside a .keras: as .weights.h5, with the optimizer's state, which is numbered, too.
/// A file without layers is one without tensors: whoever reads the architecture says more of it.
void read_archived_h5(const std::string& path, Reading& reading);
void write_archived_h5(const std::string& path, Writing& writing);

} // namespace lamina::plugin
