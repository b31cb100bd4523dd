/// Matrix products.

#include "shaders/matmul.hpp"
#include "kernels/gemm.hpp"

namespace lamina::vulkan {

namespace {

struct Sizes {
    int64_t batch = 1, m, n, k;
    bool ta, tb, shared_b; // shared_b: one b for all of the batch

    explicit Sizes(const Node& node)
        : ta(node.boolean("transpose_a")), tb(node.boolean("transpose_b")) {
        const auto a = node.input(0), b = node.input(1), y = node.output();
        m = y.dim(-2);
        n = y.dim(-1);
        k = a.dim(ta ? -2 : -1);
        for (int64_t d = 0; d < y.rank() - 2; ++d)
            batch *= y.dim(d);
        shared_b = b.rank() == 2;
        if (shared_b && !ta) { // the batch is more rows
            m *= batch;
            batch = 1;
        }
    }
};

struct TiledMatmul {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const Sizes s(node);
        Epilogue::of(node, 2, s.n, node.output().rank() - 1);
        if (s.batch > limits.max_groups)
            plugin::unsupported("a batch of " + std::to_string(s.batch) + " products");
        const Tile tile = choose_tile(limits, s.m, s.n);
        const double bytes = static_cast<double>(node.input(0).bytes() + node.input(1).bytes() +
                                                 node.output().bytes());
        return {
            limits.seconds(static_cast<double>(s.batch) * tiled_flops(tile, s.m, s.n, s.k), bytes),
            0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const Sizes s(node);
        const Epilogue epilogue = Epilogue::of(node, 2, s.n, node.output().rank() - 1);
        const Tile tile = choose_tile(step.limits, s.m, s.n);
        auto constants = tile.constants(!s.ta, s.tb);
        constants.insert(constants.end(), {epilogue.add_bias, epilogue.activation});
        const uint32_t push[] = {word(s.m),
                                 word(s.n),
                                 word(s.k),
                                 word(s.m * s.k),
                                 word(s.ta ? 1 : s.k),
                                 word(s.ta ? s.m : 1),
                                 word(s.shared_b ? 0 : s.k * s.n),
                                 word(s.tb ? 1 : s.n),
                                 word(s.tb ? s.k : 1)};
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), writes(step.out()),
                                    reads(step.in(epilogue.add_bias ? 2 : 1))};
        step.dispatch(spirv::matmul, constants, push, bindings, tile.groups(s.m, s.n, s.batch));
    }
};
LAMINA_VULKAN_KERNEL(matmul, "matmul", "tiled", 10, TiledMatmul)

} // namespace

} // namespace lamina::vulkan
