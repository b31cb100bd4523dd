// argmax and top_k. Where several tie, the lower index comes first; NaN ranks above every number,
// as in NumPy's argmax.
#include <algorithm>
#include <numeric>

#include "lamina/plugin/shape_rules.hpp"
#include "tensors.hpp"

namespace lamina::reference {
namespace {

bool ranks_above(double a, double b) { return a > b || (std::isnan(a) && !std::isnan(b)); }
bool ranks_above(int64_t a, int64_t b) { return a > b; }

struct Argmax : PerElement {
    void run(const Node& node, const Args& args) const {
        with_wide(node.input(0).dtype(), [&](auto tag) {
            const TensorView type = node.input(0);
            const AxisSplit s = split_at(type.dims(), axis_of(node, type.rank()));
            const auto x = load<decltype(tag)>(node, args, 0);
            Wholes y;
            for (int64_t outer = 0; outer < s.outer; ++outer)
                for (int64_t inner = 0; inner < s.inner; ++inner) {
                    const auto value = [&](int64_t i) {
                        return x[static_cast<size_t>((outer * s.dim + i) * s.inner + inner)];
                    };
                    int64_t best = 0;
                    for (int64_t i = 1; i < s.dim; ++i)
                        if (ranks_above(value(i), value(best)))
                            best = i;
                    y.push_back(best);
                }
            store(node, args, 0, y);
        });
    }
};

struct TopK : PerElement {
    void run(const Node& node, const Args& args) const {
        with_wide(node.input(0).dtype(), [&](auto tag) {
            const int64_t classes = node.input(0).dim(-1), k = node.integer("k");
            const auto x = load<decltype(tag)>(node, args, 0);
            std::vector<decltype(tag)> values;
            Wholes indices, order(static_cast<size_t>(classes));
            for (auto row = x.begin(); row != x.end(); row += classes) {
                std::iota(order.begin(), order.end(), int64_t{0});
                std::stable_sort(order.begin(), order.end(),
                                 [&](int64_t a, int64_t b) { return ranks_above(row[a], row[b]); });
                for (int64_t i = 0; i < k; ++i) {
                    indices.push_back(order[static_cast<size_t>(i)]);
                    values.push_back(row[indices.back()]);
                }
            }
            store(node, args, 0, values);
            store(node, args, 1, indices);
        });
    }
};

LAMINA_KERNEL(argmax, "reference", "argmax", "plain", 0, Argmax)
LAMINA_KERNEL(top_k, "reference", "top_k", "plain", 0, TopK)

} // namespace
} // namespace lamina::reference
