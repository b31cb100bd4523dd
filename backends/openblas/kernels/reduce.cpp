// reduce_sum, reduce_mean, reduce_max, reduce_min and reduce_prod, of any dtype.

#include "compute/reduce.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

template <Reduction kind>
class Reduce {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        if (node.input(0).dtype() != node.output().dtype())
            plugin::unsupported("it gives the dtype that it takes");
        const ReducePlan plan = plan_of(node);
        return {plugin::traffic(node) / 8e9, static_cast<std::uint64_t>(plan.workspace_bytes())};
    }
    explicit Reduce(const plugin::Node& node) : plan_{plan_of(node)} {}

    void run(const plugin::Node& node, const plugin::Args& args) const {
        plan_.run(kind, node.output().dtype(), args.in<void>(0), args.out<void>(),
                  args.workspace<void>(), parallel_of(args.host(), planned_workers()));
    }

  private:
    static ReducePlan plan_of(const plugin::Node& node) {
        const auto x = node.input(0);
        return {x.dims(), plugin::axes_of(node, x.rank())};
    }
    ReducePlan plan_;
};

using Sum = Reduce<Reduction::sum>;
using Mean = Reduce<Reduction::mean>;
using Max = Reduce<Reduction::max>;
using Min = Reduce<Reduction::min>;
using Prod = Reduce<Reduction::prod>;

LAMINA_KERNEL(sum, "openblas", "reduce_sum", "blocked", 10, Sum)
LAMINA_KERNEL(mean, "openblas", "reduce_mean", "blocked", 10, Mean)
LAMINA_KERNEL(max, "openblas", "reduce_max", "blocked", 10, Max)
LAMINA_KERNEL(min, "openblas", "reduce_min", "blocked", 10, Min)
LAMINA_KERNEL(prod, "openblas", "reduce_prod", "blocked", 10, Prod)

} // namespace
} // namespace lamina::cpu
