// Kernels that are each wrong in one way. One is offered, before the right one, where its fault is
// the one asked for.
#include "as_faulty.hpp"

#include "fault.hpp"
#include "indices.hpp"
#include "lamina/plugin/window.hpp"
#include "tensors.hpp"

namespace lamina::faulty {
namespace {

using namespace reference;

template <class Derived>
struct Faulty {
    static Plan describe(const Node& node) {
        if (fault() != Derived::name || node.output().dtype() != LM_F32)
            unsupported("not this fault");
        return {.seconds = 0, .in_place = 1, .numerics = "exact"};
    }
    template <class F>
    static void map(const Node& node, const Args& args, F&& f) {
        for (int64_t i = 0; i < node.output().elements(); ++i)
            args.out()[i] = f(args.in(0)[i]);
    }
};

/// Loses the last bits.
struct Inexact : Faulty<Inexact> {
    static constexpr auto name = "inexact";
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return std::tanh(x) * 1.0001f; });
    }
};

/// Does not write the last element.
struct Unwritten : Faulty<Unwritten> {
    static constexpr auto name = "unwritten";
    void run(const Node& node, const Args& args) const {
        for (int64_t i = 0; i + 1 < node.output().elements(); ++i)
            args.out()[i] = -args.in(0)[i];
    }
};

/// Goes by fours, and takes the element before where one is left over.
struct OddEdge : Faulty<OddEdge> {
    static constexpr auto name = "odd_edge";
    void run(const Node& node, const Args& args) const {
        const int64_t n = node.output().elements();
        for (int64_t i = 0; i < n; ++i)
            args.out()[i] = std::cos(args.in(0)[i >= n / 4 * 4 && i > 0 ? i - 1 : i]);
    }
};

/// Rounds its length up to a multiple of 8.
struct Beyond : Faulty<Beyond> {
    static constexpr auto name = "beyond";
    void run(const Node& node, const Args& args) const {
        for (int64_t i = 0; i < (node.output().elements() + 7) / 8 * 8; ++i)
            args.out()[i] = std::fabs(args.in(0)[i]);
    }
};

/// Clears what it has read.
struct Clearing : Faulty<Clearing> {
    static constexpr auto name = "clearing";
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return std::floor(x); });
        std::memset(const_cast<float*>(args.in(0)), 0, 4);
    }
};

/// Gives other bits when there are more threads.
struct Threaded : Faulty<Threaded> {
    static constexpr auto name = "threaded";
    void run(const Node& node, const Args& args) const {
        const float off = args.host()->threads() > 1 ? 0x1p-23f : 0;
        map(node, args, [&](float x) { return std::exp(x) * (1 + off); });
    }
};

/// A race: its last bit depends on who came first, here on whether the call is an even one.
struct Race : Faulty<Race> {
    static constexpr auto name = "race";
    void run(const Node& node, const Args& args) const {
        static int calls = 0;
        const float off = ++calls % 2 == 0 ? 0x1p-23f : 0;
        map(node, args, [&](float x) { return std::sin(x) * (1 + off); });
    }
};

/// Says that it may overwrite its input, which it reads again.
struct Overwriting : Faulty<Overwriting> {
    static constexpr auto name = "overwriting";
    void run(const Node& node, const Args& args) const {
        const int64_t n = node.output().elements();
        for (int64_t i = 0; i < n; ++i)
            args.out()[i] = 0;
        for (int64_t i = 0; i < n; ++i)
            args.out()[i] += std::ceil(args.in(0)[i]);
    }
};

/// Forgets that NaN is not a number.
struct Swallowing : Faulty<Swallowing> {
    static constexpr auto name = "swallowing";
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return x > 0 ? x : 0; });
    }
};

/// Right, but warns, as a validation layer does.
struct Warning : Faulty<Warning> {
    static constexpr auto name = "warning";
    void run(const Node& node, const Args& args) const {
        args.host()->log(LM_LOG_WARNING, "something is amiss");
        map(node, args, [](float x) { return x * x; });
    }
};

/// body(n, c, o) for every window.
template <class Body>
void for_each_window(const PoolParams& p, Body&& body) {
    for (int64_t n = 0; n < p.n; ++n)
        for (int64_t c = 0; c < p.c; ++c)
            for_each_position(p.out, [&](const Spatial& o) { body(n, c, o); });
}

/// Gives the gradient to the last of the elements that tie for the maximum.
struct WrongTie : Faulty<WrongTie> {
    static constexpr auto name = "wrong_tie";
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        std::fill_n(args.out(), node.output().elements(), 0.0f);
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            const auto y = static_cast<size_t>(at(ys, n, c, o));
            int64_t last = -1;
            for_each_in_window(p, o, [&](const Spatial&, const Spatial& i) {
                if (const auto x = static_cast<int64_t>(at(xs, n, c, i));
                    args.in(0)[x] == args.in(1)[y])
                    last = x;
            });
            if (last >= 0)
                args.out()[last] += args.in(2)[y];
        });
    }
};

/// Divides by the whole window, padding and all.
struct CountedPadding : Faulty<CountedPadding> {
    static constexpr auto name = "counted_padding";
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            float sum = 0;
            for_each_in_window(p, o, [&](const Spatial&, const Spatial& i) {
                sum += args.in(0)[at(xs, n, c, i)];
            });
            args.out()[at(ys, n, c, o)] = sum / static_cast<float>(p.window_size());
        });
    }
};

LAMINA_KERNEL(inexact, "", "tanh", "inexact", 1, Inexact)
LAMINA_KERNEL(unwritten, "", "neg", "unwritten", 1, Unwritten)
LAMINA_KERNEL(odd_edge, "", "cos", "odd_edge", 1, OddEdge)
LAMINA_KERNEL(beyond, "", "abs", "beyond", 1, Beyond)
LAMINA_KERNEL(clearing, "", "floor", "clearing", 1, Clearing)
LAMINA_KERNEL(threaded, "", "exp", "threaded", 1, Threaded)
LAMINA_KERNEL(race, "", "sin", "race", 1, Race)
LAMINA_KERNEL(overwriting, "", "ceil", "overwriting", 1, Overwriting)
LAMINA_KERNEL(swallowing, "", "relu", "swallowing", 1, Swallowing)
LAMINA_KERNEL(warning, "", "square", "warning", 1, Warning)
LAMINA_KERNEL(wrong_tie, "", "max_pool_grad", "wrong_tie", 1, WrongTie)
LAMINA_KERNEL(counted_padding, "", "avg_pool", "counted_padding", 1, CountedPadding)

} // namespace
} // namespace lamina::faulty
