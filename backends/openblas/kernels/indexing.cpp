// gather, scatter_add and one_hot, of any dtype. An index outside the range reads zeros, adds
// nothing, marks nothing.

#include <algorithm>
#include <cstring>
#include <vector>

#include "compute/element_type.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;

std::vector<std::int64_t> read_indices(const Node& node, const Args& args, std::int64_t input) {
    const auto type = node.input(input);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(type.elements()));
    if (type.dtype() == LM_I64)
        std::copy_n(args.in<std::int64_t>(input), indices.size(), indices.begin());
    else
        std::copy_n(args.in<std::int32_t>(input), indices.size(), indices.begin());
    return indices;
}

struct Indexing {
    static plugin::Plan describe(const Node& node) {
        return {plugin::traffic(node) / 4e9, 0, 0, "exact"};
    }
    static Parallel parallel(const Args& args) {
        return parallel_of(args.host(), planned_workers());
    }
};

struct Gather : Indexing {
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0);
        const auto s = plugin::split_at(x.dims(), plugin::axis_of(node, x.rank()));
        const auto indices = read_indices(node, args, 1);
        const auto count = static_cast<std::int64_t>(indices.size());
        const std::int64_t run = s.inner * plugin::size_of(x.dtype());
        const auto bytes = static_cast<std::size_t>(run);
        const char* from = args.in<char>(0);
        char* to = args.out<char>();
        const std::int64_t grain =
            std::max<std::int64_t>(1, 65536 / std::max<std::int64_t>(1, run));
        parallel(args).range(s.outer * count, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t index = indices[static_cast<std::size_t>(i % count)];
                if (index >= 0 && index < s.dim)
                    std::memcpy(to + i * run, from + (i / count * s.dim + index) * run, bytes);
                else
                    std::memset(to + i * run, 0, bytes);
            }
        });
    }
};

/// Slices are added in the order of the indices; the work is cut along what lies beside the axis.
struct ScatterAdd : Indexing {
    void run(const Node& node, const Args& args) const {
        visit(node.output().dtype(), [&](auto type) { add<decltype(type)>(node, args); });
    }

  private:
    template <class Type>
    static void add(const Node& node, const Args& args) {
        using Stored = typename Type::Stored;
        using Value = typename Type::Value;
        const auto y = node.output();
        const auto s = plugin::split_at(y.dims(), plugin::axis_of(node, y.rank()));
        const auto indices = read_indices(node, args, 0);
        const auto count = static_cast<std::int64_t>(indices.size());
        const auto* updates = args.in<Stored>(1);
        auto* out = args.out<Stored>();
        constexpr std::int64_t width = 64;
        const std::int64_t strips = (s.inner + width - 1) / width;
        parallel(args).run(s.outer * strips, [&](std::int64_t task, std::int64_t) {
            const std::int64_t outer = task / strips, first = task % strips * width;
            const std::int64_t n = std::min(width, s.inner - first);
            Stored* to = out + outer * s.dim * s.inner + first;
            for (std::int64_t d = 0; d < s.dim; ++d)
                std::fill_n(to + d * s.inner, n, Type::store(Value{}));
            const Stored* from = updates + outer * count * s.inner + first;
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t index = indices[static_cast<std::size_t>(i)];
                if (index < 0 || index >= s.dim)
                    continue;
                for (std::int64_t j = 0; j < n; ++j) {
                    Stored& sum = to[index * s.inner + j];
                    const Value a = Type::load(sum), b = Type::load(from[i * s.inner + j]);
                    sum = Type::store(plus(a, b));
                }
            }
        });
    }
    /// Whole numbers wrap around.
    template <class Value>
    static Value plus(Value a, Value b) {
        if constexpr (std::is_integral_v<Value>)
            return static_cast<Value>(static_cast<std::uint64_t>(a) +
                                      static_cast<std::uint64_t>(b));
        else
            return a + b;
    }
};

struct OneHot : Indexing {
    void run(const Node& node, const Args& args) const {
        visit(node.output().dtype(), [&](auto type) {
            using Type = decltype(type);
            using Value = typename Type::Value;
            const std::int64_t depth = node.integer("depth");
            const auto indices = read_indices(node, args, 0);
            auto* out = args.out<typename Type::Stored>();
            const auto count = static_cast<std::int64_t>(indices.size());
            const std::int64_t grain = std::max<std::int64_t>(1, 16384 / depth);
            parallel(args).range(count, grain, [&](std::int64_t begin, std::int64_t end) {
                std::fill(out + begin * depth, out + end * depth, Type::store(Value{}));
                for (std::int64_t i = begin; i < end; ++i) {
                    const std::int64_t index = indices[static_cast<std::size_t>(i)];
                    if (index >= 0 && index < depth)
                        out[i * depth + index] = Type::store(Value{1});
                }
            });
        });
    }
};

LAMINA_KERNEL(gather, "openblas", "gather", "rows", 10, Gather)
LAMINA_KERNEL(scatter_add, "openblas", "scatter_add", "ordered", 10, ScatterAdd)
LAMINA_KERNEL(one_hot, "openblas", "one_hot", "fill", 10, OneHot)

} // namespace
} // namespace lamina::cpu
