// resize and its transpose resize_grad in f32: rows of taps are worked out once for each dimension.

#include <array>
#include <cmath>
#include <vector>

#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;
using plugin::Spatial;

/// What one sample reads along one dimension: two elements, or one with weight 1.
struct Taps {
    std::int64_t low, high;
    float low_weight, high_weight;
};

std::vector<Taps> taps_of(bool linear, std::int64_t in, std::int64_t out) {
    std::vector<Taps> all;
    for (std::int64_t i = 0; i < out; ++i) {
        // The centre (i + 1/2) in / out as a fraction, so that nothing is rounded.
        const std::int64_t numerator = (2 * i + 1) * in, denominator = 2 * out;
        if (!linear) {
            const std::int64_t at = std::min(numerator / denominator, in - 1);
            all.push_back({at, at, 1.0f, 0.0f});
            continue;
        }
        const double centre =
            static_cast<double>(numerator - out) / static_cast<double>(denominator);
        const double below = std::floor(centre), weight = centre - below;
        const auto low = static_cast<std::int64_t>(below);
        all.push_back({std::max<std::int64_t>(low, 0), std::min(low + 1, in - 1),
                       static_cast<float>(1 - weight), static_cast<float>(weight)});
    }
    return all;
}

class ResizeBase {
  public:
    static plugin::Plan describe(const Node& node) {
        expect_f32(node, 1);
        return {plugin::traffic(node) / 2e9};
    }

  protected:
    ResizeBase(const Node& node, std::span<const std::int64_t> x, std::span<const std::int64_t> y) {
        const bool channels_last = node.string("data_format") != "channels_first";
        const bool linear = node.string("method") == "bilinear";
        const auto rank = static_cast<std::int64_t>(x.size()) - 2;
        const std::size_t first = channels_last ? 1 : 2;
        in_ = plugin::detail::spatial_dims(x, first, rank);
        out_ = plugin::detail::spatial_dims(y, first, rank);
        const std::int64_t channels = channels_last ? x.back() : x[1];
        // channels_first is N * C images of one channel.
        images_ = channels_last ? x[0] : x[0] * channels;
        channels_ = channels_last ? channels : 1;
        for (std::size_t d = 0; d < 3; ++d)
            taps_[d] = taps_of(linear, in_[d], out_[d]);
    }

    /// Calls f(x offset, y offset, weight) for all that the samples of one image read.
    template <class F>
    void for_each_tap(F&& f) const {
        std::int64_t y = 0;
        for (const Taps& d : taps_[0])
            for (const Taps& h : taps_[1])
                for (const Taps& w : taps_[2]) {
                    for (int corner = 0; corner < 8; ++corner) {
                        const bool a = corner & 4, b = corner & 2, c = corner & 1;
                        const float weight = (a ? d.high_weight : d.low_weight) *
                                             (b ? h.high_weight : h.low_weight) *
                                             (c ? w.high_weight : w.low_weight);
                        if ((a && d.high_weight == 0) || (b && h.high_weight == 0) ||
                            (c && w.high_weight == 0))
                            continue;
                        const std::int64_t x =
                            ((a ? d.high : d.low) * in_[1] + (b ? h.high : h.low)) * in_[2] +
                            (c ? w.high : w.low);
                        f(x * channels_, y * channels_, weight);
                    }
                    ++y;
                }
    }
    std::int64_t x_size() const { return in_[0] * in_[1] * in_[2] * channels_; }
    std::int64_t y_size() const { return out_[0] * out_[1] * out_[2] * channels_; }

    Spatial in_{}, out_{};
    std::int64_t images_ = 0, channels_ = 0;
    std::array<std::vector<Taps>, 3> taps_;
};

struct Resize : ResizeBase {
    explicit Resize(const Node& node)
        : ResizeBase(node, node.input(0).dims(), node.output().dims()) {}
    void run(const Node&, const Args& args) const {
        const auto* x = args.in<float>(0);
        auto* y = args.out<float>();
        parallel_of(args.host(), planned_workers()).run(images_, [&](std::int64_t n, std::int64_t) {
            const float* from = x + n * x_size();
            float* to = y + n * y_size();
            std::fill_n(to, y_size(), 0.0f);
            for_each_tap([&](std::int64_t i, std::int64_t o, float weight) {
                for (std::int64_t c = 0; c < channels_; ++c)
                    to[o + c] += weight * from[i + c];
            });
        });
    }
};

struct ResizeGrad : ResizeBase {
    explicit ResizeGrad(const Node& node)
        : ResizeBase(node, node.output().dims(), node.input(0).dims()) {}
    void run(const Node&, const Args& args) const {
        const auto* dy = args.in<float>(0);
        auto* dx = args.out<float>();
        parallel_of(args.host(), planned_workers()).run(images_, [&](std::int64_t n, std::int64_t) {
            const float* from = dy + n * y_size();
            float* to = dx + n * x_size();
            std::fill_n(to, x_size(), 0.0f);
            for_each_tap([&](std::int64_t i, std::int64_t o, float weight) {
                for (std::int64_t c = 0; c < channels_; ++c)
                    to[i + c] += weight * from[o + c];
            });
        });
    }
};

LAMINA_KERNEL(resize, "openblas", "resize", "taps", 10, Resize)
LAMINA_KERNEL(resize_grad, "openblas", "resize_grad", "taps", 10, ResizeGrad)

} // namespace
} // namespace lamina::cpu
