#include <cmath>

#include "shape.hpp"

namespace lamina::plugin {

/// The orthogonal factor of a: x, with x' x = 1 and a = x p, p positive (a: [rows, columns],
/// columns no more than rows).
///
/// Newton and Schulz: x <- 1.5 x - 0.5 x x' x moves each singular value s to 1.5 s - 0.5 s^3, whose
/// fixed point 1 draws all of (0, sqrt(3)). Dividing by the Frobenius norm first brings them to
/// (0, 1]. A small one grows by 1.5 a step, so that 40 steps lift even one of 1e-7, which is f32's
/// rounding; near 1 the error is squared, and 8 steps more end it.
static Value polar_factor(Value a) {
    constexpr int steps = 48;
    Value x = a / sqrt(reduce_sum(square(a), all_axes(a)));
    for (int i = 0; i < steps; ++i)
        x = 1.5 * x - 0.5 * matmul(x, matmul(x, x, true, false));
    return x;
}

/// Saxe et al. (2014): orthonormal columns, or rows where those are fewer, of the weight as a
/// matrix [product of the other dimensions, last]. The polar factor of a Gaussian matrix is uniform
/// over the orthogonal matrices, as is Keras's QR factor with its signs mended (Mezzadri, 2007),
/// and is made of products alone, which every backend has.
static Value orthogonal(Graph& graph, const Config& config) {
    const Dims shape = config.integers("_shape");
    if (shape.size() < 2)
        invalid("orthogonal fills weights of two or more dimensions, not " + to_string(shape));
    const int64_t columns = shape.back();
    const int64_t rows = columns == 0 ? 0 : elements(shape) / columns;
    const bool wide = rows < columns;
    Value q = polar_factor(random_normal(graph, {std::max(rows, columns), std::min(rows, columns)},
                                         0, 1, false, false));
    if (wide)
        q = transpose(q, {1, 0});
    return reshape(q, shape) * config.number("gain");
}

static constexpr auto orthogonal_schema =
    schema(draw_keys, key("gain", R"("type": "float", "default": 1)"));

LAMINA_INITIALIZER(orthogonal, orthogonal_schema.text, "gain times an orthogonal matrix",
                   orthogonal)

} // namespace lamina::plugin
