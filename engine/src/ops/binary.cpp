// y = f(a, b), element by element, with numpy's broadcasting. The gradient of an input that
// stretched is summed back to its shape.
//
//     add a + b    sub a - b    mul a b    div a / b    pow a^b    maximum    minimum
#include "ops/elementwise.hpp"

namespace lamina::plugin {
namespace {

using G = GradientContext;

struct Add : Elementwise<Element::add> {
    static void gradient(const G& g) {
        g.set_broadcast_dx(0, g.dy());
        g.set_broadcast_dx(1, g.dy());
    }
};

struct Sub : Elementwise<Element::sub> {
    static void gradient(const G& g) {
        g.set_broadcast_dx(0, g.dy());
        g.set_broadcast_dx(1, -g.dy());
    }
};

struct Mul : Elementwise<Element::mul> {
    static void gradient(const G& g) {
        g.set_broadcast_dx(0, g.dy() * g.x(1));
        g.set_broadcast_dx(1, g.dy() * g.x(0));
    }
};

struct Div : Elementwise<Element::div> { // d(a/b)/db = -(a/b)/b
    static void gradient(const G& g) {
        const Value da = g.dy() / g.x(1);
        g.set_broadcast_dx(0, da);
        g.set_broadcast_dx(1, -(da * g.y()));
    }
};

// da = b a^(b-1), which is 0 for b = 0 even at a = 0; db = a^b ln a, taken as 0 for a <= 0, where
// a^b is no smooth function of b.
struct Pow : Elementwise<Element::pow> {
    static void gradient(const G& g) {
        const Value a = g.x(0), b = g.x(1), zero = scalar_like(b, 0.0);
        const Value slope = select(equal(b, 0.0), zero, b * pow(a, b - 1.0));
        g.set_broadcast_dx(0, g.dy() * slope);
        const Value log_a = log(select(greater(a, 0.0), a, scalar_like(a, 1.0)));
        g.set_broadcast_dx(1, g.dy() * g.y() * log_a);
    }
};

/// The gradient goes to a where `first` holds (ties too, as in TensorFlow), else to b.
void choose(const G& g, Value first) {
    const Value zero = scalar_like(g.dy(), 0.0);
    g.set_broadcast_dx(0, select(first, g.dy(), zero));
    g.set_broadcast_dx(1, select(first, zero, g.dy()));
}

struct Maximum : Elementwise<Element::maximum> {
    static void gradient(const G& g) { choose(g, greater_equal(g.x(0), g.x(1))); }
};

struct Minimum : Elementwise<Element::minimum> {
    static void gradient(const G& g) { choose(g, less_equal(g.x(0), g.x(1))); }
};

LAMINA_OPERATOR(add, Add)
LAMINA_OPERATOR(sub, Sub)
LAMINA_OPERATOR(mul, Mul)
LAMINA_OPERATOR(div, Div)
LAMINA_OPERATOR(pow, Pow)
LAMINA_OPERATOR(maximum, Maximum)
LAMINA_OPERATOR(minimum, Minimum)

} // namespace
} // namespace lamina::plugin
