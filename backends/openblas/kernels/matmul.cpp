// matmul: our own packed product, and OpenBLAS's.

#include <algorithm>

#include "compute/gemm.hpp"
#include "kernels/epilogue.hpp"
#include "kernels/node_checks.hpp"
#include "library.hpp"

namespace lamina::cpu {
namespace {

/// The products that a node asks for; a B shared by a batch makes one product of many rows.
struct Products {
    explicit Products(const plugin::Node& node) {
        expect_f32(node, 2);
        const auto a = node.input(0), b = node.input(1);
        const bool ta = node.boolean("transpose_a"), tb = node.boolean("transpose_b");
        shape = {a.dim(ta ? -1 : -2), b.dim(tb ? -2 : -1), a.dim(ta ? -2 : -1), ta, tb};
        batch = plugin::elements(a.dims().first(a.dims().size() - 2));
        const bool shared = b.rank() == 2;
        b_step = shared ? 0 : shape.k * shape.n;
        if (shared && !ta) {
            shape.m *= batch;
            batch = 1;
        }
    }
    double flops() const { return shape.flops() * static_cast<double>(batch); }

    GemmShape shape{};
    std::int64_t batch = 1, b_step = 0;
};

/// Rates on one core, measured on a Zen 3; below a few rows packing B costs more than it brings.
constexpr double packed_rate = 82e9, blas_rate = 80e9, vector_rate = 6e9;

class PackedMatmul {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        const PackedMatmul kernel(node);
        const GemmShape& s = kernel.plan_.shape;
        // A B beyond the caches is read, written and read again from memory; of few rows, nothing
        // else keeps it in the second level.
        const std::int64_t cached = std::int64_t{1} << (s.m < 8 ? 18 : 21);
        const double in_order = s.k * s.n > cached ? 1.2e-9 : 0.3e-9;
        const double packing =
            std::max(s.transpose_b ? 1.0e-9 : 0.0, in_order) * static_cast<double>(s.k * s.n);
        const double padding =
            static_cast<double>(kernel.plan_.packed_columns) / static_cast<double>(s.n);
        return {s.flops() * padding / packed_rate + packing + kernel.epilogue_.seconds(),
                static_cast<std::uint64_t>(kernel.plan_.workspace_bytes(kernel.workers_))};
    }
    explicit PackedMatmul(const plugin::Node& node)
        : plan_{accepted(node).shape}, epilogue_{node, 2}, workers_{planned_workers()} {}

    void run(const plugin::Node&, const plugin::Args& args) const {
        const Parallel parallel = parallel_of(args.host(), workers_);
        plan_.run(args.in<float>(0), args.in<float>(1), args.out<float>(),
                  epilogue_.in_tiles(args, true), args.workspace<void>(), parallel);
        if (epilogue_.needs_pass(true))
            epilogue_.pass(args, parallel);
    }

  private:
    static Products accepted(const plugin::Node& node) {
        const Products products(node);
        if (products.batch != 1)
            plugin::unsupported("it takes one product, not a batch");
        if (node.output().elements() == 0 || products.shape.k == 0)
            plugin::unsupported("the product is empty");
        return products;
    }
    PackedGemmPlan plan_;
    NodeEpilogue epilogue_;
    std::int64_t workers_;
};

class BlasMatmul {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        const BlasMatmul kernel(node);
        const GemmShape& s = kernel.products_.shape;
        const double rate = s.m == 1 || s.n == 1 ? vector_rate : blas_rate;
        const double bytes = 4.0 * static_cast<double>(node.output().elements());
        return {kernel.products_.flops() / rate + bytes / 20e9 + kernel.epilogue_.seconds()};
    }
    explicit BlasMatmul(const plugin::Node& node) : products_{node}, epilogue_{node, 2} {}

    void run(const plugin::Node&, const plugin::Args& args) const {
        const std::int64_t workers = planned_workers();
        const Parallel parallel = parallel_of(args.host(), workers);
        const OpenBlas library = openblas(workers);
        run_blas_gemm(library.blas, products_.shape, products_.batch, products_.b_step,
                      args.in<float>(0), args.in<float>(1), args.out<float>(),
                      parallel_of(args.host(), library.threads));
        if (epilogue_.needs_pass(false))
            epilogue_.pass(args, parallel);
    }

  private:
    Products products_;
    NodeEpilogue epilogue_;
};

LAMINA_KERNEL(packed, "openblas", "matmul", "packed_gemm", 10, PackedMatmul)
LAMINA_KERNEL(blas, "openblas", "matmul", "blas", 5, BlasMatmul)

} // namespace
} // namespace lamina::cpu
