#include "kernels/matmul.hpp"

#include <algorithm>

#include "kernels/parts.hpp"
#include "shaders/matmul.hpp"
#include "shaders/matmul_cooperative.hpp"
#include "shaders/matmul_unshared.hpp"

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
    auto constants = plan.constants(call.neighbours());
    const auto more = epilogue.constants();
    constants.insert(constants.end(), more.begin(), more.end());
    constants.insert(constants.end(), {call.accumulate, storage_of(call.operands)});
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
    Operand bias = epilogue.bias(step, b);
    if (call.first_channel > 0 && epilogue.add_bias != 0)
        bias =
            part_of(step.limits, bias, call.first_channel, call.first_channel + n - 1, 4).operand;
    const Binding bindings[] = {reads(a), reads(b), call.accumulate ? updates(y) : writes(y),
                                reads(bias)};
    const ProductShaders shaders{spirv::matmul, spirv::matmul_unshared, spirv::matmul_cooperative};
    step.dispatch(shaders[static_cast<size_t>(plan.shader)], constants, push, bindings,
                  plan.groups(step, call.product));
}

namespace {

/// A node's product.
struct NodeProduct {
    MatmulCall call;
    GemmPlan plan;
    Epilogue epilogue;

    NodeProduct(const Limits& limits, const Node& node, ProductShader shader) {
        require_product_dtypes(node);
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
        call.operands = a.dtype();
        plan = GemmPlan::choose(limits, shader, product, a.dtype());
        epilogue = Epilogue::of(limits, node, 2, product.n, y.rank() - 1);
    }
    bool is_direct() const { return plan.is_direct(call.neighbours(), epilogue.result); }
};

/// A product whose operands are beyond the device's storage range: block by block, each bound to
/// the rows of a, b and y that it needs. Blocks along k add to y in ascending order, in f32: to
/// rows in the workspace where y has 16 bits, or where a block's part of a bias begins where no
/// binding may.
class CutMatmul {
  public:
    CutMatmul(const Limits& limits, const NodeProduct& whole)
        : limits_(limits), whole_(whole), operands_(whole.call.operands),
          result_(whole.epilogue.result) {
        if (whole.plan.shader == ProductShader::cooperative)
            plugin::unsupported("operands beyond the device's storage range");
        const MatmulCall& c = whole.call;
        const auto& [m, n, k, batch] = c.product;
        const int64_t size = plugin::size_of(operands_);
        const int64_t rows_of_a = rows(c.transpose_a ? k : m, c.row_a * size);
        const int64_t rows_of_b = rows(c.transpose_b ? n : k, c.row_b * size);
        m_ = std::min(rows(m, c.row_y * 4), c.transpose_a ? m : rows_of_a);
        n_ = c.transpose_b ? rows_of_b : n;
        k_ = std::min(c.transpose_a ? rows_of_a : k, c.transpose_b ? k : rows_of_b);
        const auto block_of_bias = static_cast<uint64_t>(n_) * sizeof(float);
        sums_apart_ = is_half(result_) || (n_ < n && block_of_bias % limits.alignment != 0);
    }

    static bool needed(const Limits& limits, const Node& node, const NodeProduct& p) {
        const auto beyond = [&](const plugin::TensorView& t) {
            return static_cast<uint64_t>(t.bytes()) > limits.max_range;
        };
        const bool copies =
            !p.is_direct() && p.plan.copies_bytes(p.call.product) > limits.max_range;
        return beyond(node.input(0)) || beyond(node.input(1)) || beyond(node.output()) || copies;
    }

    uint64_t workspace_bytes() const {
        if (!sums_apart_)
            return 0;
        const auto bytes = static_cast<uint64_t>(m_ * whole_.call.product.n) * sizeof(float);
        return 2 * aligned(limits_, bytes);
    }

    void build(Step& step) const {
        const auto& [m, n, k, batch] = whole_.call.product;
        for (int64_t entry = 0; entry < batch; ++entry)
            for (int64_t m0 = 0; m0 < m; m0 += m_) {
                const int64_t rows = std::min(m_, m - m0);
                if (!sums_apart_) {
                    sum(step, entry, m0, slab(step.out(), result_, entry * m * n, m0, rows, n));
                    continue;
                }
                const auto bytes = static_cast<uint64_t>(rows * n) * sizeof(float);
                const Operand sums = step.workspace(0, bytes);
                sum(step, entry, m0, {sums, 0});
                Parts parts(step, aligned(limits_, bytes));
                const Operand y =
                    parts.write(step.out(), result_, {(entry * m + m0) * n, rows * n});
                dispatch_join(step, {rows * n, 1, n, 1}, whole_.epilogue, sums, y);
                parts.finish();
            }
    }

  private:
    /// How many of the rows fit a binding: whole tiles, where they do.
    int64_t rows(int64_t count, int64_t row_bytes) const {
        const auto room = static_cast<int64_t>(limits_.max_range - limits_.alignment);
        const int64_t fit = room / row_bytes;
        if (fit >= count)
            return count;
        if (fit == 0)
            plugin::unsupported("a row of " + std::to_string(row_bytes) +
                                " bytes is beyond the device's storage range of " +
                                std::to_string(limits_.max_range) + " bytes");
        return fit >= 256 ? fit / 256 * 256 : fit >= 4 ? fit / 4 * 4 : fit;
    }
    /// Rows [first, first + count) of an operand in one entry of the batch.
    Part slab(Operand whole, lm_dtype dtype, int64_t entry_elements, int64_t first, int64_t count,
              int64_t row) const {
        const int64_t begin = entry_elements + first * row;
        return part_of(limits_, whole, begin, begin + count * row - 1, plugin::size_of(dtype));
    }

    /// y: rows of the result from m0 on.
    void sum(Step& step, int64_t entry, int64_t m0, const Part& y) const {
        const auto& [m, n, k, batch] = whole_.call.product;
        for (int64_t n0 = 0; n0 < n; n0 += n_)
            for (int64_t k0 = 0; k0 < k; k0 += k_)
                block(step, entry, m0, n0, k0, y);
    }
    void block(Step& step, int64_t entry, int64_t m0, int64_t n0, int64_t k0, const Part& y) const {
        const auto& [m, n, k, batch] = whole_.call.product;
        MatmulCall c = whole_.call;
        c.product = {std::min(m_, m - m0), std::min(n_, n - n0), std::min(k_, k - k0), 1};
        const auto rows_of = [&](Operand whole, bool along_k, int64_t entry_elements, int64_t first,
                                 int64_t count, int64_t row) {
            return along_k ? slab(whole, operands_, entry_elements, k0, c.product.k, row)
                           : slab(whole, operands_, entry_elements, first, count, row);
        };
        const Part a = rows_of(step.in(0), c.transpose_a, entry * m * k, m0, c.product.m, c.row_a);
        const Part b = rows_of(step.in(1), !c.transpose_b, c.shared_b ? 0 : entry * k * n, n0,
                               c.product.n, c.row_b);
        c.a_first = a.ahead + (c.transpose_a ? m0 : k0);
        c.b_first = b.ahead + (c.transpose_b ? k0 : n0);
        c.y_first = y.ahead + n0;
        c.first_channel = n0;
        c.accumulate = k0 > 0;
        const bool rides = k0 + k_ >= k && !sums_apart_; // else on who joins the sums
        dispatch_matmul(step, GemmPlan::choose(limits_, c.product, false), c, a.operand, b.operand,
                        y.operand, rides ? whole_.epilogue : Epilogue());
    }

    const Limits& limits_;
    const NodeProduct& whole_;
    lm_dtype operands_, result_;
    int64_t m_, n_, k_; // of a block
    bool sums_apart_;
};

template <ProductShader shader>
struct Matmul {
    static Plan describe(const Limits& limits, const Node& node) {
        const NodeProduct p(limits, node, shader);
        uint64_t workspace = p.is_direct() ? 0 : p.plan.copies_bytes(p.call.product);
        if (CutMatmul::needed(limits, node, p))
            workspace = CutMatmul(limits, p).workspace_bytes();
        const double bytes = static_cast<double>(node.input(0).bytes() + node.input(1).bytes() +
                                                 node.output().bytes());
        return {std::max(p.plan.seconds, limits.seconds(0, bytes, 0)) + limits.dispatch_seconds +
                    p.epilogue.seconds(limits, node),
                std::max(workspace, p.epilogue.temporaries), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const NodeProduct p(step.limits, node, shader);
        if (CutMatmul::needed(step.limits, node, p)) {
            CutMatmul(step.limits, p).build(step);
            p.epilogue.finish(step, node);
            return;
        }
        const bool direct = p.is_direct();
        const Operand result =
            direct ? step.out() : step.workspace(0, p.plan.copies_bytes(p.call.product));
        dispatch_matmul(step, p.plan, p.call, step.in(0), step.in(1), result,
                        direct ? p.epilogue : Epilogue());
        if (!direct)
            dispatch_join(step, {node.output().elements(), p.plan.splits, p.call.product.n, 1},
                          p.epilogue, result, step.out());
        p.epilogue.finish(step, node);
    }
};
LAMINA_VULKAN_KERNEL(matmul, "matmul", "tiled", 10, Matmul<ProductShader::shared>)
LAMINA_VULKAN_KERNEL(unshared, "matmul", "unshared", 10, Matmul<ProductShader::unshared>)
LAMINA_VULKAN_KERNEL(cooperative, "matmul", "cooperative_matrix", 10,
                     Matmul<ProductShader::cooperative>)

} // namespace

} // namespace lamina::vulkan
