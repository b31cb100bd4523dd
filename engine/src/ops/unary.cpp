// y = f(x), element by element; y has x's shape. Gradients use y where they can, so that x need
// not be kept for the backward pass and fusion can drop it.
//
//     neg -x            abs |x|           sign -1, 0 or 1      square x^2      reciprocal 1/x
//     exp e^x           expm1 e^x - 1     log ln x             log1p ln(1+x)   sqrt  rsqrt x^(-1/2)
//     sin  cos  tanh    sigmoid 1/(1+e^-x)   softplus ln(1+e^x)   relu max(x, 0)   erf
//     floor  ceil  round (half to even)   logical_not   is_finite (x is neither infinite nor NaN)
//     copy x            cast{dtype}: towards zero from float to integer; x != 0 to bool
#include <numbers>

#include "ops/elementwise.hpp"

namespace lamina::plugin {
namespace {

using G = GradientContext;

struct Neg : Elementwise<Element::neg> {
    static void gradient(const G& g) { g.set_dx(0, -g.dy()); }
};
struct Abs : Elementwise<Element::abs> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * sign(g.x())); }
};
struct Exp : Elementwise<Element::exp> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * g.y()); }
};
struct Expm1 : Elementwise<Element::expm1> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * (g.y() + 1.0)); }
};
struct Log : Elementwise<Element::log> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() / g.x()); }
};
struct Log1p : Elementwise<Element::log1p> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() / (g.x() + 1.0)); }
};
struct Sqrt : Elementwise<Element::sqrt> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * 0.5 / g.y()); }
};
struct Rsqrt : Elementwise<Element::rsqrt> { // -1/2 x^(-3/2)
    static void gradient(const G& g) { g.set_dx(0, g.dy() * -0.5 * g.y() * square(g.y())); }
};
struct Reciprocal : Elementwise<Element::reciprocal> {
    static void gradient(const G& g) { g.set_dx(0, -(g.dy() * square(g.y()))); }
};
struct Square : Elementwise<Element::square> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * 2.0 * g.x()); }
};
struct Sin : Elementwise<Element::sin> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * cos(g.x())); }
};
struct Cos : Elementwise<Element::cos> {
    static void gradient(const G& g) { g.set_dx(0, -(g.dy() * sin(g.x()))); }
};
struct Tanh : Elementwise<Element::tanh> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * (1.0 - square(g.y()))); }
};
struct Sigmoid : Elementwise<Element::sigmoid> {
    static void gradient(const G& g) { g.set_dx(0, g.dy() * g.y() * (1.0 - g.y())); }
};
struct Softplus : Elementwise<Element::softplus> { // sigmoid(x) = 1 - e^-y
    static void gradient(const G& g) { g.set_dx(0, -(g.dy() * expm1(-g.y()))); }
};
struct Relu : Elementwise<Element::relu> { // 0 at 0, as TensorFlow and PyTorch
    static void gradient(const G& g) {
        g.set_dx(0, select(greater(g.y(), 0.0), g.dy(), scalar_like(g.dy(), 0.0)));
    }
};
struct Erf : Elementwise<Element::erf> { // 2/sqrt(pi) e^(-x^2)
    static void gradient(const G& g) {
        g.set_dx(0, g.dy() * (2.0 * std::numbers::inv_sqrtpi) * exp(-square(g.x())));
    }
};
struct Copy : Elementwise<Element::copy> {
    static void gradient(const G& g) { g.set_dx(0, g.dy()); }
};

struct Cast {
    static constexpr auto schema = R"({"dtype": {"type": "string", "required": true}})";
    static constexpr uint32_t flags = LM_OP_ELEMENTWISE;
    static std::vector<TensorType> infer(const Node& node) {
        return infer_elementwise(node, element_info(Element::cast),
                                 parse_dtype(node.string("dtype")));
    }
    // Into and out of integers the function is a staircase: no gradient.
    static void gradient(const G& g) {
        if (is_floating(g.x().dtype()) && is_floating(g.y().dtype()))
            g.set_dx(0, cast(g.dy(), g.x().dtype()));
    }
};

LAMINA_OPERATOR(neg, Neg)
LAMINA_OPERATOR(abs, Abs)
LAMINA_OPERATOR(sign, Flat<Element::sign>)
LAMINA_OPERATOR(exp, Exp)
LAMINA_OPERATOR(expm1, Expm1)
LAMINA_OPERATOR(log, Log)
LAMINA_OPERATOR(log1p, Log1p)
LAMINA_OPERATOR(sqrt, Sqrt)
LAMINA_OPERATOR(rsqrt, Rsqrt)
LAMINA_OPERATOR(reciprocal, Reciprocal)
LAMINA_OPERATOR(square, Square)
LAMINA_OPERATOR(sin, Sin)
LAMINA_OPERATOR(cos, Cos)
LAMINA_OPERATOR(tanh, Tanh)
LAMINA_OPERATOR(sigmoid, Sigmoid)
LAMINA_OPERATOR(softplus, Softplus)
LAMINA_OPERATOR(relu, Relu)
LAMINA_OPERATOR(erf, Erf)
LAMINA_OPERATOR(floor, Flat<Element::floor>)
LAMINA_OPERATOR(ceil, Flat<Element::ceil>)
LAMINA_OPERATOR(round, Flat<Element::round>)
LAMINA_OPERATOR(logical_not, Flat<Element::logical_not>)
LAMINA_OPERATOR(is_finite, Flat<Element::is_finite>)
LAMINA_OPERATOR(copy, Copy)
LAMINA_OPERATOR(cast, Cast)

} // namespace
} // namespace lamina::plugin
