"""Every loss: the value of each sample, the reduced value, and the gradient to the predictions."""
import numpy

import golden
from real_keras import gradients, keras, made_with, numbers, plain_config, tensor

K = keras.losses


def probabilities(draw, shape):
    raw = draw.uniform(0.05, 1.0, shape)
    return (raw / raw.sum(-1, keepdims=True)).astype(numpy.float32).astype(numpy.float64)


def one_hot(draw, shape):
    return numpy.eye(shape[-1])[draw.integers(0, shape[-1], shape[:-1])]


def bits(draw, shape):
    return draw.integers(0, 2, shape).astype(numpy.float64)


def unit(draw, shape):
    return golden.uniform(draw, shape, 0.02, 0.98)


def plain(draw, shape):
    return golden.uniform(draw, shape, -2.0, 2.0)


def logits(draw, shape):
    return golden.uniform(draw, shape, -6.0, 6.0)


def extreme_logits(draw, shape):
    """Where exp overflows f32 unless the largest is taken off first."""
    return golden.uniform(draw, shape, -200.0, 200.0)


def extreme_probabilities(draw, shape):
    """Exact zeros and ones, where clipping decides."""
    return one_hot(draw, shape)


SHAPE = (6, 5)
CASES = [
    ("categorical_crossentropy", K.CategoricalCrossentropy, {}, one_hot, probabilities, SHAPE),
    ("categorical_crossentropy_unnormalised", K.CategoricalCrossentropy, {}, one_hot, unit, SHAPE),
    ("categorical_crossentropy_soft", K.CategoricalCrossentropy, {}, probabilities, probabilities, SHAPE),
    ("categorical_crossentropy_smoothed", K.CategoricalCrossentropy, {"label_smoothing": 0.1}, one_hot, probabilities,
     SHAPE),
    ("categorical_crossentropy_logits", K.CategoricalCrossentropy, {"from_logits": True}, one_hot, logits, SHAPE),
    ("categorical_crossentropy_logits_extreme", K.CategoricalCrossentropy, {"from_logits": True}, one_hot,
     extreme_logits, SHAPE),
    ("categorical_crossentropy_logits_smoothed", K.CategoricalCrossentropy,
     {"from_logits": True, "label_smoothing": 0.1}, one_hot, logits, SHAPE),
    ("categorical_crossentropy_image", K.CategoricalCrossentropy, {}, one_hot, probabilities, (2, 3, 2, 4)),
    ("sparse_categorical_crossentropy", K.SparseCategoricalCrossentropy, {}, "sparse", probabilities, SHAPE),
    ("sparse_categorical_crossentropy_logits", K.SparseCategoricalCrossentropy, {"from_logits": True}, "sparse",
     logits, SHAPE),
    ("sparse_categorical_crossentropy_logits_extreme", K.SparseCategoricalCrossentropy, {"from_logits": True},
     "sparse", extreme_logits, SHAPE),
    ("binary_crossentropy", K.BinaryCrossentropy, {}, bits, unit, SHAPE),
    ("binary_crossentropy_extreme", K.BinaryCrossentropy, {}, bits, extreme_probabilities, SHAPE),
    ("binary_crossentropy_one_output", K.BinaryCrossentropy, {}, bits, unit, (7, 1)),
    ("binary_crossentropy_smoothed", K.BinaryCrossentropy, {"label_smoothing": 0.2}, bits, unit, SHAPE),
    ("binary_crossentropy_logits", K.BinaryCrossentropy, {"from_logits": True}, bits, logits, SHAPE),
    ("binary_crossentropy_logits_extreme", K.BinaryCrossentropy, {"from_logits": True}, bits, extreme_logits, SHAPE),
    ("mean_squared_error", K.MeanSquaredError, {}, plain, plain, SHAPE),
    ("mean_squared_error_image", K.MeanSquaredError, {}, plain, plain, (2, 3, 4, 2)),
    ("mean_absolute_error", K.MeanAbsoluteError, {}, plain, plain, SHAPE),
    ("mean_absolute_percentage_error", K.MeanAbsolutePercentageError, {}, plain, plain, SHAPE),
    ("mean_squared_logarithmic_error", K.MeanSquaredLogarithmicError, {}, unit, plain, SHAPE),
    ("huber", K.Huber, {}, plain, plain, SHAPE),
    ("huber_delta", K.Huber, {"delta": 0.3}, plain, plain, SHAPE),
    ("log_cosh", K.LogCosh, {}, plain, logits, SHAPE),
    ("poisson", K.Poisson, {}, unit, unit, SHAPE),
    ("squared_hinge", K.SquaredHinge, {}, bits, plain, SHAPE),
    ("categorical_hinge", K.CategoricalHinge, {}, one_hot, plain, SHAPE),
    ("hinge_bits", K.Hinge, {}, bits, plain, SHAPE),
    ("hinge_signs", K.Hinge, {}, lambda draw, shape: 2 * bits(draw, shape) - 1, plain, SHAPE),
    ("kl_divergence", K.KLDivergence, {}, probabilities, probabilities, SHAPE),
    ("kl_divergence_one_hot", K.KLDivergence, {}, one_hot, probabilities, SHAPE),
]


def make():
    out = golden.Golden(made_with())
    for name, loss_class, kwargs, make_true, make_pred, shape in CASES:
        draw = golden.draws(name)
        sparse = make_true == "sparse"
        y_true = draw.integers(0, shape[-1], shape[:-1]).astype(numpy.int64) if sparse else make_true(draw, shape)
        y_pred = make_pred(draw, shape)
        # Where clipping at 1 - 1e-7 decides, f32 is what a user of Keras gets: that bound is no f32 number.
        dtype = "float32" if make_pred is extreme_probabilities else "float64"
        y_pred = y_pred.astype(dtype)
        loss = loss_class(**kwargs, dtype=dtype)
        each = loss_class(**kwargs, reduction="none", dtype=dtype)
        tensors = {"y_true": y_true, "y_pred": y_pred, "values": numbers(each(tensor(y_true), tensor(y_pred)))}
        value, (dy_pred,), _ = gradients(lambda x: (loss(tensor(y_true), x[0]),) * 2, [y_pred], [])
        tensors |= {"loss": numbers(value), "dy_pred": dy_pred}
        class_name, config = plain_config(loss, name)
        # Huber leaves its delta out.
        out.add(name, "loss", tensors, class_name=class_name, config={**config, **kwargs})
    out.write("losses")


if __name__ == "__main__":
    make()
