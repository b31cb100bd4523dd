// Convolution as a product over pixels whose left operand is read where it lies: any geometry.

#include <algorithm>

#include "compute/filter_gradient.hpp"
#include "compute/gather.hpp"
#include "kernels/conv_kernel.hpp"

namespace lamina::cpu {
namespace {

class GatherForward {
  public:
    static constexpr const char* numerics = "reassociated";
    explicit GatherForward(const ConvShape& shape)
        : plan_{GatherPlan::forward(shape, planned_workers())} {}
    bool runs_program() const { return plan_.runs_program(); }
    double seconds() const { return plan_.seconds(); }
    std::int64_t packed_bytes() const { return plan_.packed_bytes(); }
    double packing_seconds() const { return plan_.packing_seconds(); }
    std::int64_t scratch_bytes(std::int64_t workers) const {
        return workers * plan_.scratch_bytes();
    }
    void run(const float* x, const float* filter, float* y, const Epilogue& epilogue, void* packed,
             bool pack, void* scratch, const Parallel& parallel) const {
        plan_.run(x, filter, y, epilogue, packed, pack, scratch, parallel);
    }

  private:
    GatherPlan plan_;
};

class GatherBackwardData {
  public:
    static constexpr const char* numerics = "reassociated";
    explicit GatherBackwardData(const ConvShape& shape)
        : plans_{GatherPlan::backward_data(shape, planned_workers())} {}
    /// The pixels that one plan of a strided convolution writes are no dense rows.
    bool runs_program() const { return false; }
    double seconds() const {
        double sum = 0;
        for (const GatherPlan& plan : plans_)
            sum += plan.seconds();
        return sum;
    }
    std::int64_t workspace_bytes(std::int64_t workers) const {
        std::int64_t bytes = 0;
        for (const GatherPlan& plan : plans_)
            bytes = std::max(bytes, plan.workspace_bytes(workers));
        return bytes;
    }
    void run(const float* dy, const float* filter, float* dx, const Epilogue& epilogue,
             void* workspace, const Parallel& parallel) const {
        for (const GatherPlan& plan : plans_)
            plan.run(dy, filter, dx, epilogue, workspace, parallel);
    }

  private:
    std::vector<GatherPlan> plans_;
};

class FilterGradient {
  public:
    static constexpr const char* numerics = "reassociated";
    explicit FilterGradient(const ConvShape& shape) : plan_{shape, planned_workers()} {}
    double seconds() const { return plan_.seconds(); }
    std::int64_t workspace_bytes(std::int64_t workers) const {
        return plan_.workspace_bytes(workers);
    }
    void run(const float* x, const float* dy, float* gradient, void* workspace,
             const Parallel& parallel) const {
        plan_.run(x, dy, gradient, workspace, parallel);
    }

  private:
    FilterGradientPlan plan_;
};

using Forward = ConvKernel<GatherForward, true>;
using BackwardData = ConvKernel<GatherBackwardData, false>;
using BackwardFilter = ConvFilterKernel<FilterGradient>;

LAMINA_KERNEL(forward, "openblas", "conv", "implicit_gemm", 10, Forward)
LAMINA_KERNEL(backward_data, "openblas", "conv_backward_data", "implicit_gemm", 10, BackwardData)
LAMINA_KERNEL(backward_filter, "openblas", "conv_backward_filter", "implicit_gemm", 10,
              BackwardFilter)

} // namespace
} // namespace lamina::cpu
