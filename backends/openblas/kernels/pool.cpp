// Maximum and average pooling, and their gradients, in f32.

#include "compute/pool.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;

class Pool {
  public:
    static plugin::Plan describe(const Node& node) {
        expect_f32(node, node.n_inputs());
        const auto p = plugin::PoolParams::of(node);
        const double taps = static_cast<double>(p.n * p.c * p.out_size() * p.window_size());
        return {plugin::traffic(node) / 10e9 + taps * 0.2e-9, 0, 0, "exact"};
    }
    explicit Pool(const Node& node) : Pool(plugin::PoolParams::of(node)) {}

  protected:
    static Parallel parallel(const Args& args) {
        return parallel_of(args.host(), planned_workers());
    }
    PoolShape shape_;

  private:
    explicit Pool(const plugin::PoolParams& p)
        : shape_{p.channels_last ? p.n : p.n * p.c,
                 p.channels_last ? p.c : 1,
                 p.in,
                 p.out,
                 p.window,
                 p.strides,
                 p.low} {}
};

struct MaxPool : Pool {
    using Pool::Pool;
    void run(const Node&, const Args& args) const {
        max_pool(shape_, args.in<float>(0), args.out<float>(), parallel(args));
    }
};
struct MaxPoolGrad : Pool {
    using Pool::Pool;
    void run(const Node&, const Args& args) const {
        max_pool_grad(shape_, args.in<float>(0), args.in<float>(1), args.in<float>(2),
                      args.out<float>(), parallel(args));
    }
};
struct AvgPool : Pool {
    using Pool::Pool;
    void run(const Node&, const Args& args) const {
        avg_pool(shape_, args.in<float>(0), args.out<float>(), parallel(args));
    }
};
struct AvgPoolGrad : Pool {
    using Pool::Pool;
    void run(const Node&, const Args& args) const {
        avg_pool_grad(shape_, args.in<float>(0), args.out<float>(), parallel(args));
    }
};

LAMINA_KERNEL(max_pool, "openblas", "max_pool", "vectorised", 10, MaxPool)
LAMINA_KERNEL(max_pool_grad, "openblas", "max_pool_grad", "vectorised", 10, MaxPoolGrad)
LAMINA_KERNEL(avg_pool, "openblas", "avg_pool", "vectorised", 10, AvgPool)
LAMINA_KERNEL(avg_pool_grad, "openblas", "avg_pool_grad", "vectorised", 10, AvgPoolGrad)

} // namespace
} // namespace lamina::cpu
