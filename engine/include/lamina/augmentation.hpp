/// Changes to samples before the model sees them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/export.hpp"
#include "lamina/shape.hpp"

namespace lamina {

class Dataset;

/// What a draw depends on, and on nothing else.
struct SampleKey {
    uint64_t seed = 0;
    uint64_t epoch = 0;
    uint64_t index = 0; // of the sample in the set
};

/// A set of augmentations, in the order of Keras's ImageDataGenerator whatever the order in which
/// they are named: the geometric ones as one affine matrix and one sampling of the picture, then
/// colours and flips, crop and cutout, and last the normalizations. The same key gives the same
/// picture on any thread.
///
/// A normalization (rescale, samplewise_*, featurewise_*, zca_whitening) draws nothing, is for
/// validation and test as well, and stands for the data set's own scale.
class LAMINA_API Augmenter {
  public:
    /// "rotation=40,width_shift=0.2,horizontal_flip,fill_mode=reflect": NAME, NAME=VALUE or
    /// NAME={"key": value, ...} with commas between. A value is JSON, or LOW:HIGH for a list of
    /// two, or A/B for a fraction. Beside augmentations there are fill_mode (constant, nearest,
    /// reflect, wrap; default nearest), cval (default 0) and interpolation (nearest, bilinear;
    /// default bilinear).
    /// Throws UsageError that begins with "--augment": unknown (with the nearest name), given
    /// twice, of the wrong type, out of range.
    static std::shared_ptr<Augmenter> parse(const std::string& text);
    ~Augmenter();
    Augmenter(const Augmenter&) = delete;
    Augmenter& operator=(const Augmenter&) = delete;

    /// As given.
    const std::string& text() const;
    /// Whether there is a normalization.
    bool normalizes() const;
    /// Whether there is one that fit() must show the training samples to.
    bool learns() const;
    /// The normalizations alone, as validation and test need them; what fit() has learnt is shared.
    /// Null where there are none.
    std::shared_ptr<const Augmenter> normalizations() const;

    /// Lets those that need it learn from the data set's training samples. Does so once: what was
    /// learnt from the first data set stays.
    void fit(const Dataset& data);

    /// sample: f32 [H, W, C], changed in place. From any thread. Throws Error.
    void apply(const Shape& shape, float* sample, const SampleKey& key) const;

  private:
    struct State;
    explicit Augmenter(std::shared_ptr<State> state, bool only_normalizations);
    std::shared_ptr<State> state_;
    bool only_normalizations_;
};

} // namespace lamina
