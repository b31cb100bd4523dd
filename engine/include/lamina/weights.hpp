/// How a file's weights come into a model, and what came of it.
#pragma once

#include <string>
#include <vector>

#include "lamina/export.hpp"
#include "lamina/shape.hpp"

namespace lamina {

/// Who computed with the weights of a file. Theano's convolutions flip their kernels.
enum class SourceBackend { Stated, TensorFlow, Theano };

/// The order of axes that the model had which wrote a file: channels first has kernels of
/// [out, in, spatial...], which Keras 1 and before also kept so.
enum class SourceOrder { Stated, ChannelsLast, ChannelsFirst };

struct WeightOptions {
    /// For files of before Keras 1.0, which state neither. Stated: what the file says, else
    /// TensorFlow.
    SourceBackend backend = SourceBackend::Stated;
    /// Stated: kernels lie as since Keras 2. ChannelsFirst turns them, and in a channels_last model
    /// the rows of a Dense layer behind a Flatten.
    SourceOrder order = SourceOrder::Stated;
    /// What does not fit is left as it is, so long as anything fits.
    bool allow_partial = false;
};

/// Every tensor of the model and of the file that its weights came from.
struct WeightReport {
    struct Loaded {
        std::string variable, tensor; // "conv2d/kernel", "layers/conv2d/0" as the file has it
        Shape shape;
    };
    /// A variable that has no value from the file, and why.
    struct Skipped {
        std::string variable, reason;
    };
    /// A tensor of the file that nothing takes.
    struct Unused {
        std::string tensor;
        Shape shape;
    };

    std::string source; // the file; "" where none was read
    bool by_position = false;
    std::vector<Loaded> loaded;
    std::vector<Skipped> skipped;
    std::vector<Unused> unused;
};

} // namespace lamina
