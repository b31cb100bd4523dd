/// Transfer learning without computing the frozen part of a model again in every epoch.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "lamina/dataset.hpp"
#include "lamina/export.hpp"
#include "lamina/model.hpp"

namespace lamina {

/// What a model gives for every sample of a data set, as a data set of its own: f32 samples of the
/// shape of its output. Kept in `folder` under a name that depends on the model's weights and on
/// the samples, and read from there when both are the same; "": not kept.
///
/// progress(samples done, of all): false ends it with Error(Cancelled); not called for what is
/// read.
LAMINA_API std::shared_ptr<Dataset>
features_of(Model& base, const std::shared_ptr<Dataset>& data, int64_t batch_size,
            const std::filesystem::path& folder,
            const std::function<bool(int64_t done, int64_t of)>& progress = {});

} // namespace lamina
