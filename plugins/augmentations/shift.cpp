/// Keras's width_shift_range and height_shift_range.
#include "lamina/plugin/augmentation.hpp"

#include <algorithm>
#include <cmath>

namespace lamina::plugin {
namespace {

/// How far to shift. Below 1 a number is a fraction of the extent, else pixels; an integer n draws
/// whole pixels from -(n - 1) to n - 1; a list is what to choose from, either way.
class Shift {
  public:
    explicit Shift(const Config& config) : values_(config.numbers("range")) {
        const std::string text = config.json("range");
        if (values_.empty())
            invalid("range: expected a number or a list of numbers, got " + text);
        chosen_ = text.front() == '[';
        whole_ = !chosen_ && values_[0] >= 1 && text.find_first_of(".eE") == text.npos;
    }
    /// In pixels of this extent.
    double draw(int64_t extent, Draws& draws) const {
        const double largest = *std::max_element(values_.begin(), values_.end());
        return drawn(draws) * (largest < 1 ? static_cast<double>(extent) : 1);
    }

  private:
    double drawn(Draws& draws) const {
        if (chosen_) {
            const auto i = draws.integer(0, static_cast<int64_t>(values_.size()) - 1);
            return draws.coin() ? values_[static_cast<size_t>(i)]
                                : -values_[static_cast<size_t>(i)];
        }
        if (!whole_)
            return draws.uniform(-values_[0], values_[0]);
        const auto most = static_cast<int64_t>(values_[0]) - 1;
        return static_cast<double>(draws.integer(-most, most));
    }

    std::vector<double> values_;
    bool chosen_, whole_;
};

struct WidthShift {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::shift;

    explicit WidthShift(const Config& config) : shift(config) {}
    Affine affine(const SampleShape& shape, Draws& draws) const {
        return shifting(shift.draw(shape.width, draws), 0);
    }
    Shift shift;
};

struct HeightShift {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::shift;

    explicit HeightShift(const Config& config) : shift(config) {}
    Affine affine(const SampleShape& shape, Draws& draws) const {
        return shifting(0, shift.draw(shape.height, draws));
    }
    Shift shift;
};

constexpr char shift_schema[] =
    R"({"range": {"type": "floats", "required": true, "min": 0, "max": 65536}})";

LAMINA_AUGMENTATION(width_shift, WidthShift, shift_schema,
                    "moved sideways by up to this fraction of the width, or from 1 on pixels")
LAMINA_AUGMENTATION(height_shift, HeightShift, shift_schema,
                    "moved up or down by up to this fraction of the height, or from 1 on pixels")

} // namespace
} // namespace lamina::plugin
