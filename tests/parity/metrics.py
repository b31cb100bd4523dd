"""Every metric over two batches: what it says after the first, and after both."""
import numpy

import golden
from losses import bits, one_hot, plain, probabilities, unit
from real_keras import keras, made_with, numbers, plain_config, tensor

M = keras.metrics


def classes(draw, shape):
    return draw.integers(0, shape[-1], shape[:-1]).astype(numpy.int64)


CASES = [
    ("accuracy", M.Accuracy, {}, lambda d, s: d.integers(0, 3, s).astype(numpy.float64),
     lambda d, s: d.integers(0, 3, s).astype(numpy.float64)),
    ("binary_accuracy", M.BinaryAccuracy, {}, bits, unit),
    ("binary_accuracy_threshold", M.BinaryAccuracy, {"threshold": 0.7}, bits, unit),
    ("categorical_accuracy", M.CategoricalAccuracy, {}, one_hot, probabilities),
    ("sparse_categorical_accuracy", M.SparseCategoricalAccuracy, {}, classes, probabilities),
    ("top_k_categorical_accuracy", M.TopKCategoricalAccuracy, {"k": 2}, one_hot, probabilities),
    ("top_k_categorical_accuracy_more_than_classes", M.TopKCategoricalAccuracy, {"k": 7}, one_hot, probabilities),
    ("sparse_top_k_categorical_accuracy", M.SparseTopKCategoricalAccuracy, {"k": 3}, classes, probabilities),
    ("mean_squared_error", M.MeanSquaredError, {}, plain, plain),
    ("mean_absolute_error", M.MeanAbsoluteError, {}, plain, plain),
    ("categorical_crossentropy", M.CategoricalCrossentropy, {}, one_hot, probabilities),
    ("sparse_categorical_crossentropy", M.SparseCategoricalCrossentropy, {}, classes, probabilities),
    ("binary_crossentropy", M.BinaryCrossentropy, {}, bits, unit),
    ("hinge", M.Hinge, {}, bits, plain),
    ("kl_divergence", M.KLDivergence, {}, probabilities, probabilities),
]
BATCHES = [(7, 5), (4, 5)]  # unequal, so that a mean of batch means is caught


def confusion_matrix(out):
    """keras has the matrix only within other metrics; TensorFlow's own function gives it."""
    import tensorflow as tf
    draw = golden.draws("confusion_matrix")
    true, pred = draw.integers(0, 5, 40), draw.integers(0, 5, 40)
    out.add("confusion_matrix", "confusion_matrix",
            {"y_true": true, "y_pred": pred, "matrix": tf.math.confusion_matrix(true, pred, 5).numpy().astype("int64")},
            class_name="ConfusionMatrix", config={"num_classes": 5})


def make():
    out = golden.Golden(made_with())
    for name, metric_class, kwargs, make_true, make_pred in CASES:
        draw = golden.draws("metric " + name)
        metric = metric_class(**kwargs)
        tensors = {}
        for i, shape in enumerate(BATCHES):
            y_true, y_pred = make_true(draw, shape), make_pred(draw, shape)
            metric.update_state(tensor(y_true), tensor(y_pred.astype(numpy.float32)))
            tensors |= {f"y_true{i}": y_true, f"y_pred{i}": y_pred, f"result{i}": numbers(metric.result())}
        class_name, config = plain_config(metric, name)
        out.add(name, "metric", tensors, class_name=class_name, config=config)
    confusion_matrix(out)
    out.write("metrics")


if __name__ == "__main__":
    make()
