// Winograd's minimal filtering: 3x3 and 5x5 by tiles of 2 or 4; stride 1.

#include <string>

#include "compute/winograd.hpp"
#include "kernels/conv_kernel.hpp"

namespace lamina::cpu {
namespace {

const ConvShape& accepted(const ConvShape& shape, WinogradKind kind) {
    if (const char* reason = winograd_refusal(shape, kind))
        plugin::unsupported(reason);
    return shape;
}

template <int Tile, int Kernel, bool IsForward>
class Winograd {
  public:
    static constexpr const char* numerics = "transformed";
    bool runs_program() const { return false; }
    static constexpr WinogradKind kind{Tile, Kernel};
    explicit Winograd(const ConvShape& shape)
        : plan_{IsForward
                    ? WinogradPlan::forward(accepted(shape, kind), kind, planned_workers())
                    : WinogradPlan::backward_data(accepted(shape, kind), kind, planned_workers())} {
    }
    double seconds() const { return plan_.seconds(); }
    std::int64_t packed_bytes() const { return plan_.packed_bytes(); }
    double packing_seconds() const { return plan_.packing_seconds(); }
    std::int64_t scratch_bytes(std::int64_t workers) const {
        return workers * plan_.scratch_bytes();
    }
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             void* packed, bool pack, void* scratch, const Parallel& parallel) const {
        plan_.run(source, filter, target, epilogue, packed, pack, scratch, parallel);
    }

  private:
    WinogradPlan plan_;
};

template <int Tile, int Kernel>
class WinogradFilter {
  public:
    static constexpr const char* numerics = "transformed";
    static constexpr WinogradKind kind{Tile, Kernel};
    explicit WinogradFilter(const ConvShape& shape) : plan_{accepted(shape, kind), kind} {}
    double seconds() const { return plan_.seconds(); }
    std::int64_t workspace_bytes(std::int64_t workers) const {
        return plan_.workspace_bytes(workers);
    }
    void run(const float* x, const float* dy, float* gradient, void* workspace,
             const Parallel& parallel) const {
        plan_.run(x, dy, gradient, workspace, parallel);
    }

  private:
    WinogradFilterPlan plan_;
};

using Forward23 = ConvKernel<Winograd<2, 3, true>, true>;
using Forward43 = ConvKernel<Winograd<4, 3, true>, true>;
using Forward25 = ConvKernel<Winograd<2, 5, true>, true>;
using Forward45 = ConvKernel<Winograd<4, 5, true>, true>;
using BackwardData23 = ConvKernel<Winograd<2, 3, false>, false>;
using BackwardData43 = ConvKernel<Winograd<4, 3, false>, false>;
using BackwardData25 = ConvKernel<Winograd<2, 5, false>, false>;
using BackwardData45 = ConvKernel<Winograd<4, 5, false>, false>;
using BackwardFilter23 = ConvFilterKernel<WinogradFilter<2, 3>>;
using BackwardFilter43 = ConvFilterKernel<WinogradFilter<4, 3>>;
using BackwardFilter25 = ConvFilterKernel<WinogradFilter<2, 5>>;
using BackwardFilter45 = ConvFilterKernel<WinogradFilter<4, 5>>;

LAMINA_KERNEL(forward_23, "openblas", "conv", "winograd_f2x3", 5, Forward23)
LAMINA_KERNEL(forward_43, "openblas", "conv", "winograd_f4x3", 5, Forward43)
LAMINA_KERNEL(forward_25, "openblas", "conv", "winograd_f2x5", 5, Forward25)
LAMINA_KERNEL(forward_45, "openblas", "conv", "winograd_f4x5", 5, Forward45)
LAMINA_KERNEL(data_23, "openblas", "conv_backward_data", "winograd_f2x3", 5, BackwardData23)
LAMINA_KERNEL(data_43, "openblas", "conv_backward_data", "winograd_f4x3", 5, BackwardData43)
LAMINA_KERNEL(data_25, "openblas", "conv_backward_data", "winograd_f2x5", 5, BackwardData25)
LAMINA_KERNEL(data_45, "openblas", "conv_backward_data", "winograd_f4x5", 5, BackwardData45)
LAMINA_KERNEL(filter_23, "openblas", "conv_backward_filter", "winograd_f2x3", 5, BackwardFilter23)
LAMINA_KERNEL(filter_43, "openblas", "conv_backward_filter", "winograd_f4x3", 5, BackwardFilter43)
LAMINA_KERNEL(filter_25, "openblas", "conv_backward_filter", "winograd_f2x5", 5, BackwardFilter25)
LAMINA_KERNEL(filter_45, "openblas", "conv_backward_filter", "winograd_f4x5", 5, BackwardFilter45)

} // namespace
} // namespace lamina::cpu
