// softmax, log_softmax and softmax_cross_entropy, in f32.

#include "compute/softmax.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

template <bool Logarithm>
struct Softmax {
    static plugin::Plan describe(const plugin::Node& node) {
        expect_f32(node, 1);
        return {static_cast<double>(node.input(0).elements()) * 1.5e-9, 0, 1};
    }
    void run(const plugin::Node& node, const plugin::Args& args) const {
        const auto x = node.input(0);
        const auto s = plugin::split_at(x.dims(), plugin::axis_of(node, x.rank()));
        softmax(args.in<float>(0), args.out<float>(), s.outer, s.dim, s.inner, Logarithm,
                parallel_of(args.host(), planned_workers()));
    }
};

struct CrossEntropy {
    static plugin::Plan describe(const plugin::Node& node) {
        expect_f32(node, 2);
        return {static_cast<double>(node.input(0).elements()) * 1.5e-9};
    }
    void run(const plugin::Node& node, const plugin::Args& args) const {
        const auto x = node.input(0);
        softmax_cross_entropy(args.in<float>(0), args.in<float>(1), args.out<float>(),
                              node.output().elements(), x.dim(-1),
                              parallel_of(args.host(), planned_workers()));
    }
};

using Plain = Softmax<false>;
using Logarithm = Softmax<true>;

LAMINA_KERNEL(softmax, "openblas", "softmax", "rows", 10, Plain)
LAMINA_KERNEL(log_softmax, "openblas", "log_softmax", "rows", 10, Logarithm)
LAMINA_KERNEL(cross_entropy, "openblas", "softmax_cross_entropy", "rows", 10, CrossEntropy)

} // namespace
} // namespace lamina::cpu
