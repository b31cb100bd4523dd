/// What MNIST and its look-alikes have in common: four idx files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/dataset.hpp"

namespace lamina::datasets {

struct IdxSource {
    const char* name; // of the dataset, and of its folder in the cache
    const char* mirror;
    const char* mirror_variable; // the environment variable that names another mirror
    /// SHA-256 of the four files, of the .gz or of what is in it: training images, training labels,
    /// test images, test labels.
    const char* digests[4];
    std::vector<std::string> class_names;
    std::string hint; // ends the error when there is no data and no network
};

/// Finds the four files in `folder`, plain or .gz; when `folder` is empty, in the cache folder, to
/// which what is missing is downloaded from `mirror` (empty: the variable's, else the source's).
std::unique_ptr<plugin::Dataset> open_idx_dataset(const lm_host* host, const IdxSource& source,
                                                  const std::filesystem::path& folder,
                                                  const std::string& mirror);

} // namespace lamina::datasets
