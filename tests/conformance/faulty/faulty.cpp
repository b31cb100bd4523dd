// A backend whose every kernel does one thing wrong: lamina-conformance must find each.
#include <cmath>

#include "lamina/plugin/host_backend.hpp"

namespace {

using namespace lamina::plugin;

struct Faulty {
    static constexpr auto schema = "{}";
    static constexpr auto doc = "wrong on purpose";
    static constexpr auto type = "cpu";
    static std::string name() { return "host memory"; }
    static std::string details() { return "{}"; }
};
LAMINA_HOST_BACKEND(faulty, Faulty)

struct Kernel {
    static Plan describe(const Node& node) {
        if (node.output().dtype() != LM_F32)
            unsupported("f32 only");
        return {.seconds = 1, .in_place = 1, .numerics = "exact"};
    }
    template <class F>
    static void map(const Node& node, const Args& args, F&& f) {
        for (int64_t i = 0; i < node.output().elements(); ++i)
            args.out()[i] = f(args.in(0)[i]);
    }
};

/// Loses the last bits.
struct Inexact : Kernel {
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return std::tanh(x) * 1.0001f; });
    }
};

/// Does not reach the last element.
struct Short : Kernel {
    void run(const Node& node, const Args& args) const {
        for (int64_t i = 0; i + 1 < node.output().elements(); ++i)
            args.out()[i] = -args.in(0)[i];
    }
};

/// Rounds its length up to a multiple of 8.
struct Long : Kernel {
    void run(const Node& node, const Args& args) const {
        for (int64_t i = 0; i < (node.output().elements() + 7) / 8 * 8; ++i)
            args.out()[i] = std::fabs(args.in(0)[i]);
    }
};

/// Clears what it has read.
struct Clearing : Kernel {
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return std::floor(x); });
        std::memset(const_cast<float*>(args.in(0)), 0, 4);
    }
};

/// Gives other bits when there are more threads.
struct Threaded : Kernel {
    void run(const Node& node, const Args& args) const {
        const float off = args.host()->threads() > 1 ? 0x1p-23f : 0;
        map(node, args, [&](float x) { return std::exp(x) * (1 + off); });
    }
};

/// Says that it may overwrite its input, which it reads backwards.
struct Overwriting : Kernel {
    void run(const Node& node, const Args& args) const {
        const int64_t last = node.output().elements() - 1;
        for (int64_t i = 0; i <= last; ++i)
            args.out()[i] = 0;
        for (int64_t i = 0; i <= last; ++i)
            args.out()[i] += std::ceil(args.in(0)[i]);
    }
};

/// Forgets that NaN is not a number.
struct Swallowing : Kernel {
    void run(const Node& node, const Args& args) const {
        map(node, args, [](float x) { return x > 0 ? x : 0; });
    }
};

LAMINA_KERNEL(tanh, "faulty", "tanh", "inexact", 0, Inexact)
LAMINA_KERNEL(neg, "faulty", "neg", "short", 0, Short)
LAMINA_KERNEL(abs, "faulty", "abs", "long", 0, Long)
LAMINA_KERNEL(floor, "faulty", "floor", "clearing", 0, Clearing)
LAMINA_KERNEL(exp, "faulty", "exp", "threaded", 0, Threaded)
LAMINA_KERNEL(ceil, "faulty", "ceil", "overwriting", 0, Overwriting)
LAMINA_KERNEL(relu, "faulty", "relu", "swallowing", 0, Swallowing)

} // namespace

LAMINA_PLUGIN("faulty", "0.1.0")
