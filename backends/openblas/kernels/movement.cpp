// transpose, broadcast_to, slice, pad, concat and reshape: any dtype, elements are only moved.

#include <cstring>

#include "compute/element_type.hpp"
#include "compute/strided_copy.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Dims;
using plugin::Node;

Dims dense_strides(std::span<const std::int64_t> dims) {
    Dims strides(dims.size());
    std::int64_t step = 1;
    for (std::size_t d = dims.size(); d-- > 0;) {
        strides[d] = step;
        step *= dims[d];
    }
    return strides;
}

struct Movement {
    static plugin::Plan describe(const Node& node) {
        return {plugin::traffic(node) / 8e9, 0, 0, "exact"};
    }
    static Parallel parallel(const Args& args) {
        return parallel_of(args.host(), planned_workers());
    }
    static char* bytes(void* at, std::int64_t elements, lm_dtype dtype) {
        return static_cast<char*>(at) + elements * plugin::size_of(dtype);
    }
    static const char* bytes(const void* at, std::int64_t elements, lm_dtype dtype) {
        return static_cast<const char*>(at) + elements * plugin::size_of(dtype);
    }
};

struct Transpose : Movement {
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0);
        const Dims own = dense_strides(x.dims()), perm = node.dims("perm");
        Dims from;
        for (const std::int64_t axis : perm)
            from.push_back(own[static_cast<std::size_t>(axis)]);
        const Dims to = dense_strides(node.output().dims());
        strided_copy({node.output().dims(), from, to}, plugin::size_of(x.dtype()), args.in<void>(0),
                     args.out<void>(), parallel(args));
    }
};

struct BroadcastTo : Movement {
    void run(const Node& node, const Args& args) const {
        const auto y = node.output();
        const Dims from = plugin::broadcast_strides(node.input(0).dims(), y.dims());
        const Dims to = dense_strides(y.dims());
        strided_copy({y.dims(), from, to}, plugin::size_of(y.dtype()), args.in<void>(0),
                     args.out<void>(), parallel(args));
    }
};

struct Slice : Movement {
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0), y = node.output();
        const Dims begin = node.dims("begin"), steps = node.dims("strides");
        Dims from = dense_strides(x.dims());
        std::int64_t offset = 0;
        for (std::size_t d = 0; d < from.size(); ++d) {
            offset += begin[d] * from[d];
            from[d] *= steps.empty() ? 1 : steps[d];
        }
        const Dims to = dense_strides(y.dims());
        strided_copy({y.dims(), from, to}, plugin::size_of(x.dtype()),
                     bytes(args.in<void>(0), offset, x.dtype()), args.out<void>(), parallel(args));
    }
};

struct Pad : Movement {
    void run(const Node& node, const Args& args) const {
        const auto x = node.input(0), y = node.output();
        visit(y.dtype(), [&](auto type) {
            using Type = decltype(type);
            const auto value = Type::store(static_cast<typename Type::Value>(node.number("value")));
            auto* out = args.out<typename Type::Stored>();
            parallel(args).range(y.elements(), 65536, [&](std::int64_t begin, std::int64_t end) {
                std::fill(out + begin, out + end, value);
            });
        });
        const Dims low = node.dims("low"), to = dense_strides(y.dims());
        const Dims from = dense_strides(x.dims());
        std::int64_t offset = 0;
        for (std::size_t d = 0; d < to.size(); ++d)
            offset += low[d] * to[d];
        strided_copy({x.dims(), from, to}, plugin::size_of(x.dtype()), args.in<void>(0),
                     bytes(args.out<void>(), offset, x.dtype()), parallel(args));
    }
};

struct Concat : Movement {
    void run(const Node& node, const Args& args) const {
        const auto y = node.output();
        const auto axis = static_cast<std::size_t>(plugin::axis_of(node, y.rank()));
        const Dims to = dense_strides(y.dims());
        std::int64_t at = 0;
        for (std::int64_t i = 0; i < node.n_inputs(); ++i) {
            const auto x = node.input(i);
            const Dims from = dense_strides(x.dims());
            strided_copy({x.dims(), from, to}, plugin::size_of(y.dtype()), args.in<void>(i),
                         bytes(args.out<void>(), at * to[axis], y.dtype()), parallel(args));
            at += x.dims()[axis];
        }
    }
};

struct Reshape : Movement {
    static plugin::Plan describe(const Node& node) {
        return {plugin::traffic(node) / 16e9, 0, 1, "exact"};
    }
    void run(const Node& node, const Args& args) const {
        const void* from = args.in<void>(0);
        void* to = args.out<void>();
        if (from == to)
            return;
        parallel(args).range(
            node.output().bytes(), 1 << 18, [&](std::int64_t begin, std::int64_t end) {
                std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin,
                            static_cast<std::size_t>(end - begin));
            });
    }
};

LAMINA_KERNEL(transpose, "openblas", "transpose", "blocked", 10, Transpose)
LAMINA_KERNEL(broadcast_to, "openblas", "broadcast_to", "strided", 10, BroadcastTo)
LAMINA_KERNEL(slice, "openblas", "slice", "strided", 10, Slice)
LAMINA_KERNEL(pad, "openblas", "pad", "strided", 10, Pad)
LAMINA_KERNEL(concat, "openblas", "concat", "strided", 10, Concat)
LAMINA_KERNEL(reshape, "openblas", "reshape", "copy", 10, Reshape)

} // namespace
} // namespace lamina::cpu
