/// Augmentations: changes to samples before the model sees them, drawn anew for each epoch.
///
///     struct Solarize {
///         static constexpr const char* value_key = "threshold"; // --augment solarize=128
///         static constexpr int32_t order = order::colour;
///         explicit Solarize(const Config& config) : threshold(config.number("threshold")) {}
///         void apply(const Sample& sample, Draws& draws) const {
///             if (draws.coin())
///                 for (float& v : sample.values)
///                     v = v < threshold ? v : 255 - v;
///         }
///         double threshold;
///     };
///     LAMINA_AUGMENTATION(solarize, Solarize, R"({"threshold": {"type": "float", "default":
///     128}})",
///                         "half of the pictures with their bright parts inverted")
///
/// A class has apply(), or affine() for a geometric change, and may have fit(). Objects are used
/// from several threads at once, hence const.
#pragma once

#include <array>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

#include "lamina/plugin/config.hpp"
#include "lamina/plugin/philox.hpp"

namespace lamina::plugin {

/// Where the shipped ones stand: Keras's order for what ImageDataGenerator has.
namespace order {
inline constexpr int32_t rotation = 100, shift = 200, shear = 300, zoom = 400, channel_shift = 500,
                         horizontal_flip = 600, vertical_flip = 700, brightness = 800, colour = 900,
                         crop = 1000, cutout = 1100, rescale = 2000, samplewise_center = 2100,
                         samplewise_std_normalization = 2200, featurewise_center = 2300,
                         featurewise_std_normalization = 2400, zca_whitening = 2500;
} // namespace order

struct SampleShape {
    int64_t height, width, channels;
    int64_t elements() const { return height * width * channels; }
};

/// A picture: rows from the top, each pixel's channels together.
struct Sample {
    SampleShape shape;
    std::span<float> values;

    float* pixel(int64_t y, int64_t x) const {
        return values.data() + (y * shape.width + x) * shape.channels;
    }
};

/// The random numbers of one augmentation for one sample: the same for the same seed, epoch and
/// index, on whatever thread.
class Draws {
  public:
    Draws(const char* name, const lm_sample_key& key)
        : key_(philox_key(key.seed, std::string_view(name))), index_(key.index), epoch_(key.epoch) {
    }

    /// In [low, high); low where they are equal.
    double uniform(double low, double high) {
        return low +
               (high - low) * static_cast<double>(random_uniform(key_, next_++, index_, epoch_));
    }
    bool coin() { return uniform(0, 1) < 0.5; }
    /// One of low to high, both included.
    int64_t integer(int64_t low, int64_t high) {
        const auto count = static_cast<uint64_t>(high - low) + 1;
        return low + static_cast<int64_t>(random_bits(key_, next_++, index_, epoch_) % count);
    }

  private:
    PhiloxKey key_;
    uint64_t index_, epoch_, next_ = 0;
};

/// Row-major 3x3; see lm_augmentation::affine.
using Affine = std::array<double, 9>;

/// Takes (x, y) of the result to (x + right, y + down) of the picture.
inline Affine shifting(double right, double down) { return {1, 0, right, 0, 1, down, 0, 0, 1}; }
inline Affine scaling(double x, double y) { return {x, 0, 0, 0, y, 0, 0, 0, 1}; }
inline double radians(double degrees) { return degrees * (std::numbers::pi / 180); }

/// The training samples that fit() learns from.
class Samples {
  public:
    explicit Samples(const lm_samples* samples) : samples_(samples) {}
    int64_t count() const { return static_cast<int64_t>(samples_->count); }
    SampleShape shape() const {
        const int64_t* dims = samples_->type->dims;
        return {dims[0], dims[1], dims[2]};
    }
    /// From any thread.
    void read(int64_t index, std::span<float> sample) const {
        call(samples_->read, samples_->context, static_cast<uint64_t>(index), sample.data());
    }

  private:
    const lm_samples* samples_;
};

namespace detail {

inline SampleShape sample_shape(const lm_tensor_desc* type) {
    if (type->rank != 3)
        invalid("expected samples [height, width, channels], got " + std::to_string(type->rank) +
                " dimensions");
    return {type->dims[0], type->dims[1], type->dims[2]};
}

template <class T>
lm_status augmentation_open(const lm_host* host, const lm_config* config, void** self,
                            lm_error* error) noexcept {
    return guard(error, [&] { *self = std::make_unique<T>(Config(host, config)).release(); });
}

template <class T>
void augmentation_close(void* self) noexcept {
    delete static_cast<T*>(self);
}

template <class T, const char* Name>
lm_status augmentation_apply(void* self, const lm_tensor_desc* type, float* sample,
                             const lm_sample_key* key, lm_error* error) noexcept {
    return guard(error, [&] {
        const SampleShape shape = sample_shape(type);
        Draws draws(Name, *key);
        static_cast<const T*>(self)->apply(
            Sample{shape, {sample, static_cast<size_t>(shape.elements())}}, draws);
    });
}

template <class T, const char* Name>
lm_status augmentation_affine(void* self, const lm_tensor_desc* type, const lm_sample_key* key,
                              double* matrix, lm_error* error) noexcept {
    return guard(error, [&] {
        Draws draws(Name, *key);
        const Affine affine = static_cast<const T*>(self)->affine(sample_shape(type), draws);
        std::copy(affine.begin(), affine.end(), matrix);
    });
}

template <class T>
lm_status augmentation_fit(void* self, const lm_samples* samples, lm_error* error) noexcept {
    return guard(error, [&] {
        sample_shape(samples->type);
        static_cast<T*>(self)->fit(Samples(samples));
    });
}

} // namespace detail

template <class T, const char* Name>
constexpr lm_augmentation augmentation(const char* schema, const char* doc) {
    lm_augmentation table{};
    table.struct_size = sizeof table;
    table.schema = schema;
    table.doc = doc;
    table.open = &detail::augmentation_open<T>;
    table.close = &detail::augmentation_close<T>;
    table.order = T::order;
    if constexpr (requires { T::value_key; })
        table.value_key = T::value_key;
    if constexpr (requires { T::normalizes; })
        table.flags = T::normalizes ? LM_AUGMENT_NORMALIZES : 0;
    if constexpr (requires { &T::apply; })
        table.apply = &detail::augmentation_apply<T, Name>;
    if constexpr (requires { &T::affine; })
        table.affine = &detail::augmentation_affine<T, Name>;
    if constexpr (requires { &T::fit; })
        table.fit = &detail::augmentation_fit<T>;
    static_assert(
        requires { &T::apply; } || requires { &T::affine; },
        "an augmentation has apply() or affine()");
    return table;
}

} // namespace lamina::plugin

/// name: an identifier, which also keys the draws. schema: JSON, see plugins/README.md.
#define LAMINA_AUGMENTATION(name, Class, schema, doc)                                              \
    static constexpr char LAMINA_CONCAT(lamina_augmentation_name_, name)[] = #name;                \
    static constexpr lm_augmentation LAMINA_CONCAT(lamina_augmentation_, name) =                   \
        ::lamina::plugin::augmentation<Class, LAMINA_CONCAT(lamina_augmentation_name_, name)>(     \
            schema, doc);                                                                          \
    LAMINA_REGISTER(name, "augmentation", #name, &LAMINA_CONCAT(lamina_augmentation_, name))
