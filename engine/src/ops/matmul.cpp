// matmul{transpose_a, transpose_b, result_dtype, epilogue}: Y = op(A) op(B), where op transposes
// the last two dimensions or not.
//
//     op(a): [..., M, K]    op(b): [..., K, N] with the same leading dimensions, or [K, N]
//     y: [..., M, N]
//
// dA = dY B^T and dB = A^T dY; a B shared by a batch gets the sum over the batch.
#include "ops/epilogue.hpp"

namespace lamina::plugin {
namespace {

struct Sizes {
    int64_t m, n, k;
};

Sizes sizes(const Node& node) {
    const TensorView a = node.input(0), b = node.input(1);
    if (a.rank() < 2 || b.rank() < 2)
        invalid("matmul: expected two tensors of rank 2 or more, got " + input_shapes(node));
    const bool ta = node.boolean("transpose_a"), tb = node.boolean("transpose_b");
    const Sizes s{a.dim(ta ? -1 : -2), b.dim(tb ? -2 : -1), a.dim(ta ? -2 : -1)};
    if (const int64_t kb = b.dim(tb ? -1 : -2); kb != s.k)
        invalid("matmul: " + to_string(a.dims()) + (ta ? " transposed" : "") + " has " +
                std::to_string(s.k) + " columns, " + to_string(b.dims()) +
                (tb ? " transposed" : "") + " has " + std::to_string(kb) +
                " rows; they must be equal");
    return s;
}

Value swap_last_two(Value x) {
    Dims perm = all_axes(x);
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    return transpose(x, perm);
}

struct Matmul {
    static constexpr auto schema = R"({
        "transpose_a": {"type": "bool", "default": false},
        "transpose_b": {"type": "bool", "default": false},
        )" LAMINA_RESULT_DTYPE_SCHEMA "," LAMINA_EPILOGUE_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        const Sizes s = sizes(node);
        const auto a = node.input(0).dims(), b = node.input(1).dims();
        if (b.size() > 2 && !std::equal(a.begin(), a.end() - 2, b.begin(), b.end() - 2))
            invalid("matmul: the leading dimensions of " + to_string(a) + " and " + to_string(b) +
                    " must be equal, or the second of rank 2");
        Dims shape(a.begin(), a.end() - 2);
        shape.insert(shape.end(), {s.m, s.n});
        return {infer_epilogue(node, 2, shape)};
    }

    static void gradient(const GradientContext& g) {
        const bool tb = g.node.boolean("transpose_b");
        bool ta = g.node.boolean("transpose_a");
        Value a = g.x(0), b = g.x(1), dy = dy_as_operand(g);
        const bool shared = a.rank() > 2 && b.rank() == 2;
        if (shared) { // fold the batch into the rows
            if (ta)
                g.set_dx(0, swap_last_two(matmul(dy, b, false, !tb)));
            else
                g.set_dx(0, matmul(dy, b, false, !tb));
            const Value rows = ta ? swap_last_two(a) : a;
            a = reshape(rows, {-1, rows.dim(-1)});
            dy = reshape(dy, {-1, dy.dim(-1)});
            ta = false;
        } else {
            g.set_dx(0, ta ? matmul(b, dy, tb, true) : matmul(dy, b, false, !tb));
        }
        g.set_dx(1, tb ? matmul(dy, a, true, ta) : matmul(a, dy, !ta, false));
    }

    static Values decompose(Graph& graph, const Node& node, const Values& inputs) {
        return decompose_epilogue(graph, node, 2, inputs,
                                  {{"transpose_a", node.boolean("transpose_a")},
                                   {"transpose_b", node.boolean("transpose_b")}});
    }

    static Cost cost(const Node& node) {
        const double products =
            static_cast<double>(node.output().elements()) * static_cast<double>(sizes(node).k);
        return {2 * products + epilogue_flops(node), traffic(node)};
    }
};

LAMINA_OPERATOR(matmul, Matmul)

} // namespace
} // namespace lamina::plugin
