#include "kernels/matmul.hpp"

#include "shaders/matmul.hpp"

namespace lamina::vulkan {

MatmulCall MatmulCall::dense(const Product& p, bool transpose_a, bool transpose_b) {
    MatmulCall call;
    call.product = p;
    call.transpose_a = transpose_a;
    call.transpose_b = transpose_b;
    call.row_a = transpose_a ? p.m : p.k;
    call.row_b = transpose_b ? p.k : p.n;
    call.row_y = p.n;
    return call;
}

Neighbours MatmulCall::neighbours() const {
    const auto fours = [](int64_t extent, int64_t first, int64_t row) {
        return extent % 4 == 0 && first % 4 == 0 && row % 4 == 0;
    };
    return {!transpose_a, transpose_b, fours(transpose_a ? product.m : product.k, a_first, row_a),
            fours(transpose_b ? product.k : product.n, b_first, row_b),
            fours(product.n, y_first, row_y)};
}

void dispatch_matmul(Step& step, const GemmPlan& plan, const MatmulCall& call, Operand a, Operand b,
                     Operand y, const Epilogue& epilogue) {
    const auto& [m, n, k, batch] = call.product;
    const bool rides = plan.splits == 1;
    auto constants = plan.constants(call.neighbours());
    constants.insert(constants.end(), {rides ? epilogue.add_bias : 0,
                                       rides ? epilogue.activation : 0, call.accumulate});
    const uint32_t push[] = {word(m),
                             word(n),
                             word(k),
                             word(call.a_first),
                             word(m * k),
                             word(call.transpose_a ? 1 : call.row_a),
                             word(call.transpose_a ? call.row_a : 1),
                             word(call.b_first),
                             word(call.shared_b ? 0 : k * n),
                             word(call.transpose_b ? 1 : call.row_b),
                             word(call.transpose_b ? call.row_b : 1),
                             word(call.y_first),
                             word(m * n),
                             word(call.row_y),
                             word(batch * m * n),
                             word(plan.splits),
                             word(plan.part)};
    const Binding bindings[] = {reads(a), reads(b), call.accumulate ? updates(y) : writes(y),
                                reads(epilogue.bias(step, b))};
    step.dispatch(spirv::matmul, constants, push, bindings, plan.groups(step, call.product));
}

namespace {

/// A node's product.
struct NodeProduct {
    MatmulCall call;
    GemmPlan plan;
    Epilogue epilogue;

    NodeProduct(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const bool ta = node.boolean("transpose_a"), tb = node.boolean("transpose_b");
        const auto a = node.input(0), b = node.input(1), y = node.output();
        Product product{y.dim(-2), y.dim(-1), a.dim(ta ? -2 : -1), 1};
        for (int64_t d = 0; d < y.rank() - 2; ++d)
            product.batch *= y.dim(d);
        const bool shared_b = b.rank() == 2;
        if (shared_b && !ta) { // the batch is more rows
            product.m *= product.batch;
            product.batch = 1;
        }
        call = MatmulCall::dense(product, ta, tb);
        call.shared_b = shared_b;
        plan = GemmPlan::choose(limits, product);
        epilogue = Epilogue::of(limits, node, 2, product.n, y.rank() - 1);
    }
};

struct TiledMatmul {
    static Plan describe(const Limits& limits, const Node& node) {
        const NodeProduct p(limits, node);
        const double bytes = static_cast<double>(node.input(0).bytes() + node.input(1).bytes() +
                                                 node.output().bytes());
        return {std::max(p.plan.seconds, limits.seconds(0, bytes, 0)) + limits.dispatch_seconds +
                    p.epilogue.seconds(limits, node),
                p.plan.workspace_bytes(p.call.product), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const NodeProduct p(step.limits, node);
        const bool whole = p.plan.splits == 1;
        const Operand result =
            whole ? step.out() : step.workspace(0, p.plan.workspace_bytes(p.call.product));
        dispatch_matmul(step, p.plan, p.call, step.in(0), step.in(1), result, p.epilogue);
        if (!whole)
            dispatch_join(step, {node.output().elements(), p.plan.splits, p.call.product.n, 1},
                          p.epilogue, result, step.out());
        p.epilogue.finish(step, node);
    }
};
LAMINA_VULKAN_KERNEL(matmul, "matmul", "tiled", 10, TiledMatmul)

} // namespace

} // namespace lamina::vulkan
