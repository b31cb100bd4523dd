// argmax and top_k, of any dtype. NaN ranks highest, the lower index first among equals.

#include <algorithm>
#include <numeric>
#include <vector>

#include "compute/element_type.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;

template <class Value>
bool ranks_above(Value a, Value b) {
    return a > b || (a != a && b == b);
}

struct Argmax {
    static plugin::Plan describe(const Node& node) {
        return {plugin::traffic(node) / 2e9, 0, 0, "exact"};
    }
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0);
        const auto s = plugin::split_at(x.dims(), plugin::axis_of(node, x.rank()));
        visit(x.dtype(), [&](auto type) {
            using Type = decltype(type);
            const auto* from = args.in<typename Type::Stored>(0);
            auto* out = args.out<std::int64_t>();
            const std::int64_t grain = std::max<std::int64_t>(1, 8192 / s.dim);
            parallel_of(args.host(), planned_workers())
                .range(s.outer * s.inner, grain, [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i) {
                        const auto* row = from + i / s.inner * s.dim * s.inner + i % s.inner;
                        std::int64_t best = 0;
                        for (std::int64_t j = 1; j < s.dim; ++j)
                            if (ranks_above(Type::load(row[j * s.inner]),
                                            Type::load(row[best * s.inner])))
                                best = j;
                        out[i] = best;
                    }
                });
        });
    }
};

struct TopK {
    static plugin::Plan describe(const Node& node) {
        return {static_cast<double>(node.input(0).elements()) * 10e-9, 0, 0, "exact"};
    }
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0);
        const std::int64_t classes = x.dim(-1), k = node.integer("k");
        visit(x.dtype(), [&](auto type) {
            using Type = decltype(type);
            using Stored = typename Type::Stored;
            const auto* from = args.in<Stored>(0);
            auto* values = args.out<Stored>(0);
            auto* indices = args.out<std::int64_t>(1);
            const std::int64_t grain = std::max<std::int64_t>(1, 2048 / classes);
            parallel_of(args.host(), planned_workers())
                .range(x.elements() / classes, grain, [&](std::int64_t begin, std::int64_t end) {
                    std::vector<std::int64_t> order(static_cast<std::size_t>(classes));
                    for (std::int64_t i = begin; i < end; ++i) {
                        const Stored* row = from + i * classes;
                        std::iota(order.begin(), order.end(), std::int64_t{0});
                        std::partial_sort(order.begin(), order.begin() + k, order.end(),
                                          [&](std::int64_t a, std::int64_t b) {
                                              const auto va = Type::load(row[a]);
                                              const auto vb = Type::load(row[b]);
                                              return ranks_above(va, vb) ||
                                                     (!ranks_above(vb, va) && a < b);
                                          });
                        for (std::int64_t j = 0; j < k; ++j) {
                            indices[i * k + j] = order[static_cast<std::size_t>(j)];
                            values[i * k + j] = row[order[static_cast<std::size_t>(j)]];
                        }
                    }
                });
        });
    }
};

LAMINA_KERNEL(argmax, "openblas", "argmax", "scan", 10, Argmax)
LAMINA_KERNEL(top_k, "openblas", "top_k", "partial_sort", 10, TopK)

} // namespace
} // namespace lamina::cpu
