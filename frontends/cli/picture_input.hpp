/// Pictures as a model's input, for the commands that take files of pictures.
#pragma once

#include <functional>
#include <optional>

#include "command.hpp"
#include "lamina/image.hpp"
#include "lamina/preprocessing.hpp"

namespace lamina::cli {

/// --preprocess, --interpolation and --crop.
void add_picture_options(Options& options);

class PictureInput {
  public:
    /// Throws Error where the model takes no pictures, UsageError for settings that do not fit it.
    PictureInput(const Options& options, const Model& model);

    /// The files as [n, H, W, C].
    Tensor batch(std::span<const std::string> files) const;

  private:
    Image sized(const std::string& file) const;

    int height_, width_, channels_;
    Preprocessing preprocessing_;
    Resampling resampling_;
    std::optional<int> short_side_; // to resize to, before the middle is cut out
};

/// Every file's output, [n, ...], filled batch by batch.
class CollectedRows {
  public:
    /// first: the file of the batch's first row, 0 in the first call; files: how many there are.
    void add(const Tensor& batch, size_t first, size_t files);
    const Tensor& all() const { return all_; }

  private:
    Tensor all_;
};

/// All files in batches, with a progress bar where they are more than one; `use` gets each batch
/// and the index of its first file. Throws Error(Cancelled) when a signal ends it.
void each_batch(const PictureInput& input, const std::vector<std::string>& files,
                const char* progress_name, ProgressMode mode,
                const std::function<void(const Tensor& batch, size_t first)>& use);

} // namespace lamina::cli
