// Reductions: every element of x is combined into the element of y that has its index without the
// reduced axes. Nothing to reduce gives the operation's neutral element (the mean: NaN).
#include "arithmetic.hpp"
#include "indices.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::reference {
namespace {

/// Element strides into y for an index of x: 0 along the reduced axes.
Dims kept_strides(const Node& node) {
    const TensorView x = node.input(0);
    const Dims axes = axes_of(node, x.rank());
    Dims strides(static_cast<size_t>(x.rank()));
    int64_t step = 1;
    for (size_t i = strides.size(); i-- > 0;) {
        const bool reduced = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
        strides[i] = reduced ? 0 : step;
        step *= reduced ? 1 : x.dims()[i];
    }
    return strides;
}

template <class W>
W neutral(Element op) {
    using Limits = std::numeric_limits<W>;
    switch (op) {
    case Element::mul:
        return 1;
    case Element::maximum:
        return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    case Element::minimum:
        return Limits::has_infinity ? Limits::infinity() : Limits::max();
    default:
        return 0;
    }
}

template <class W>
std::vector<W> reduce(Element op, const Node& node, const Args& args) {
    const Dims strides = kept_strides(node);
    const std::vector<W> x = load<W>(node, args, 0);
    std::vector<W> y(static_cast<size_t>(node.output().elements()), neutral<W>(op));
    for_each_index(node.input(0).type().dims, [&](const Dims& index, int64_t flat) {
        W& result = y[static_cast<size_t>(offset(index, strides))];
        result = calculate(op, result, x[static_cast<size_t>(flat)]);
    });
    return y;
}

struct ReduceKernel {
    static Plan describe(const Node& node) {
        return plain_loops(10.0 * static_cast<double>(node.input(0).elements()));
    }
};

template <Element op>
struct Reduce : ReduceKernel {
    void run(const Node& node, const Args& args) const {
        with_wide(node.output().dtype(),
                  [&](auto tag) { store(node, args, 0, reduce<decltype(tag)>(op, node, args)); });
    }
};

struct ReduceMean : ReduceKernel {
    void run(const Node& node, const Args& args) const {
        Reals y = reduce<double>(Element::add, node, args);
        for (double& value : y)
            value /= static_cast<double>(node.input(0).elements()) / static_cast<double>(y.size());
        store(node, args, 0, y);
    }
};

LAMINA_KERNEL(sum, "reference", "reduce_sum", "plain", 0, Reduce<Element::add>)
LAMINA_KERNEL(prod, "reference", "reduce_prod", "plain", 0, Reduce<Element::mul>)
LAMINA_KERNEL(max, "reference", "reduce_max", "plain", 0, Reduce<Element::maximum>)
LAMINA_KERNEL(min, "reference", "reduce_min", "plain", 0, Reduce<Element::minimum>)
LAMINA_KERNEL(mean, "reference", "reduce_mean", "plain", 0, ReduceMean)

} // namespace
} // namespace lamina::reference
