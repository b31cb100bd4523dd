// matmul: y[m, n] = sum over k of op(a)[m, k] * op(b)[k, n], for every leading index; a b of rank
// 2 serves them all.
#include "evaluate.hpp"

namespace lamina::reference {
namespace {

struct Matmul {
    struct Sizes {
        bool ta, tb;
        int64_t batch, m, n, k;

        explicit Sizes(const Node& node)
            : ta(node.boolean("transpose_a")), tb(node.boolean("transpose_b")),
              m(node.output().dim(-2)), n(node.output().dim(-1)),
              k(node.input(0).dim(ta ? -2 : -1)) {
            const auto dims = node.output().dims();
            batch = elements(dims.first(dims.size() - 2));
        }
    };

    static Plan describe(const Node& node) {
        const Sizes s(node);
        return plain_loops(2.0 * static_cast<double>(s.batch * s.m * s.n) *
                           static_cast<double>(s.k));
    }

    void run(const Node& node, const Args& args) const {
        const Sizes s(node);
        const Reals a = load(node, args, 0), b = load(node, args, 1);
        const bool shared = node.input(1).rank() == 2;
        Reals y(static_cast<size_t>(s.batch * s.m * s.n));
        args.parallel_for(s.batch * s.m, 1, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const int64_t batch = row / s.m, m = row % s.m;
                const double* a_matrix = a.data() + batch * s.m * s.k;
                const double* b_matrix = b.data() + (shared ? 0 : batch * s.k * s.n);
                double* sum = y.data() + row * s.n;
                for (int64_t k = 0; k < s.k; ++k) {
                    const double value = s.ta ? a_matrix[k * s.m + m] : a_matrix[m * s.k + k];
                    for (int64_t n = 0; n < s.n; ++n)
                        sum[n] += value * (s.tb ? b_matrix[n * s.k + k] : b_matrix[k * s.n + n]);
                }
            }
        });
        store_through_epilogue(node, args, 2, y);
    }
};

LAMINA_KERNEL(matmul, "reference", "matmul", "plain", 0, Matmul)

} // namespace
} // namespace lamina::reference
