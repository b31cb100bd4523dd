// batch_norm_training, batch_norm_inference and batch_norm_grad, in f32.

#include "compute/batch_norm.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;

class BatchNorm {
  public:
    static plugin::Plan describe(const Node& node) {
        expect_f32(node, node.n_inputs());
        const BatchNorm kernel(node);
        return {plugin::traffic(node) / 5e9,
                static_cast<std::uint64_t>(kernel.shape_.workspace_bytes())};
    }
    explicit BatchNorm(const Node& node)
        : shape_{shape_of(node)}, epsilon_{static_cast<float>(node.number("epsilon"))} {}

  protected:
    static Parallel parallel(const Args& args) {
        return parallel_of(args.host(), planned_workers());
    }
    ChannelShape shape_;
    float epsilon_;

  private:
    static ChannelShape shape_of(const Node& node) {
        const auto x = node.input(0);
        const auto s = plugin::split_at(x.dims(), plugin::axis_of(node, x.rank()));
        return {s.outer, s.dim, s.inner};
    }
};

struct Training : BatchNorm {
    using BatchNorm::BatchNorm;
    void run(const Node&, const Args& a) const {
        batch_norm_training(shape_, epsilon_, a.in<float>(0), a.in<float>(1), a.in<float>(2),
                            a.out<float>(0), a.out<float>(1), a.out<float>(2), a.workspace<void>(),
                            parallel(a));
    }
};
struct Inference : BatchNorm {
    using BatchNorm::BatchNorm;
    void run(const Node&, const Args& a) const {
        batch_norm_inference(shape_, epsilon_, a.in<float>(0), a.in<float>(1), a.in<float>(2),
                             a.in<float>(3), a.in<float>(4), a.out<float>(), a.workspace<void>(),
                             parallel(a));
    }
};
struct Grad : BatchNorm {
    using BatchNorm::BatchNorm;
    void run(const Node&, const Args& a) const {
        batch_norm_grad(shape_, epsilon_, a.in<float>(0), a.in<float>(1), a.in<float>(2),
                        a.in<float>(3), a.in<float>(4), a.out<float>(0), a.out<float>(1),
                        a.out<float>(2), a.workspace<void>(), parallel(a));
    }
};

LAMINA_KERNEL(training, "openblas", "batch_norm_training", "two_pass", 10, Training)
LAMINA_KERNEL(inference, "openblas", "batch_norm_inference", "vectorised", 10, Inference)
LAMINA_KERNEL(grad, "openblas", "batch_norm_grad", "vectorised", 10, Grad)

} // namespace
} // namespace lamina::cpu
