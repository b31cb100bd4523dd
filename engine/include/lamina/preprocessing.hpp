/// What a net was trained to see: how pixels become its input.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lamina/export.hpp"

namespace lamina {

/// By the names of keras.applications, and two more:
/// Raw: 0 to 255 as they are. Unit: 0 to 1. Tf: -1 to 1. Caffe: blue, green, red, each less its
/// mean over ImageNet (103.939, 116.779, 123.68). Torch: 0 to 1, less ImageNet's mean (0.485,
/// 0.456, 0.406), by its deviation (0.229, 0.224, 0.225).
enum class Preprocessing { Raw, Unit, Tf, Caffe, Torch };

/// "raw", "unit", "tf", "caffe" or "torch". Throws UsageError with the nearest for another name.
LAMINA_API Preprocessing parse_preprocessing(const std::string& name);

/// What a channel's pixel v becomes: v * scale + shift, the channels in the other order first where
/// they are reversed.
struct ChannelMap {
    bool reversed = false;
    std::vector<float> scale, shift; // one a channel
};

/// Throws UsageError where Caffe or Torch meet other than 3 channels.
LAMINA_API ChannelMap channel_map(Preprocessing how, int channels);

/// pixels: rows of `channels` values of 0 to 255, red first. Throws UsageError where Caffe or Torch
/// meet other than 3 channels.
LAMINA_API void preprocess(std::span<float> pixels, int channels, Preprocessing how);

} // namespace lamina
