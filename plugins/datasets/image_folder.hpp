/// Labelled pictures in a folder for each class.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/dataset.hpp"

namespace lamina::datasets {

struct ImageFolderOptions {
    const char* name = "image_folder"; // begins errors
    int channels = 3;
    int64_t height = 0,
            width = 0; // that every picture is scaled to; 0: they all have the first one's
    std::string resampling = "bilinear";
    std::vector<std::string> class_names; // in their order; empty: the folders' names, sorted
};

/// FOLDER/CLASS/*.png, or FOLDER/train with FOLDER/test, FOLDER/validation or FOLDER/val, of PNG
/// and JPEG. Throws plugin::Error.
std::unique_ptr<plugin::Dataset> open_image_folder(const lm_host* host,
                                                   const ImageFolderOptions& options,
                                                   const std::filesystem::path& folder);

} // namespace lamina::datasets
