"""The loss of 50 LeNet training steps on real MNIST, from weights that a C++ test can draw again.

The initial weights are not stored but defined: layer by layer, kernel by kernel in row-major order, each number is
limit * (2 * u - 1) with limit = sqrt(6 / (fan_in + fan_out)) and u the next number of splitmix64 (state 2026 at the
first kernel, never reset), as (next() >> 11) * 2^-53, all in f64 and rounded to f32 at the end; biases are zero.
Step i trains on the images 32 * i up to 32 * i + 31 of the official training file, divided by 255.
"""
import gzip
import hashlib
import math
import sys
from pathlib import Path

import numpy

import golden
from real_keras import keras, made_with, numbers, plain_config, tensor

SEED = 2026
BATCH = 32
STEPS = 50
MASK = (1 << 64) - 1


class SplitMix64:
    """Steele, Lea and Flood, OOPSLA 2014."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def unit(self):
        return (self.next() >> 11) * 2.0 ** -53


def initial_weights(model):
    draw = SplitMix64(SEED)
    weights = []
    for variable in model.trainable_variables:
        shape = tuple(variable.shape)
        if len(shape) == 1:
            weights.append(numpy.zeros(shape))
            continue
        field = math.prod(shape[:-2])
        limit = math.sqrt(6 / (field * shape[-2] + field * shape[-1]))
        numbers_ = [limit * (2 * draw.unit() - 1) for _ in range(math.prod(shape))]
        weights.append(numpy.array(numbers_).astype(numpy.float32).reshape(shape))
    return weights


def batches(folder):
    with gzip.open(Path(folder) / "train-images-idx3-ubyte.gz") as f:
        images = numpy.frombuffer(f.read(16 + BATCH * STEPS * 784)[16:], numpy.uint8).reshape(-1, 28, 28, 1)
    with gzip.open(Path(folder) / "train-labels-idx1-ubyte.gz") as f:
        labels = numpy.frombuffer(f.read(8 + BATCH * STEPS)[8:], numpy.uint8)
    return images, labels


def build(dtype):
    keras.config.set_dtype_policy(dtype)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(20, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(50, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(500, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ], name="lenet")
    keras.config.set_dtype_policy("float32")
    return model


def curve(optimizer, dtype, images, labels):
    import tensorflow as tf
    model = build(dtype)
    model.set_weights(initial_weights(model))
    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    optimizer.build(model.trainable_variables)
    logits_model = without_softmax(model)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits_model(x)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    losses = []
    for i in range(STEPS):
        x = images[i * BATCH:(i + 1) * BATCH].astype(dtype) / numpy.asarray(255, dtype)
        losses.append(float(step(tensor(x), tensor(labels[i * BATCH:(i + 1) * BATCH].astype(numpy.int64)))))
    x = images[:BATCH].astype(dtype) / numpy.asarray(255, dtype)
    return numpy.array(losses), numbers(model(tensor(x))), [numbers(w.value) for w in model.trainable_variables]


def without_softmax(model):
    """The same model up to its logits: the loss fuses softmax in, as Lamina's does."""
    def call(x):
        for layer in model.layers[:-1]:
            x = layer(x)
        last = model.layers[-1]
        return keras.ops.matmul(x, last.kernel) + last.bias
    return call


# At 0.05 the path is chaotic: a rounding that moves one maximum of a pool is a tenth of the loss 30 steps later, in
# Keras's own f32 against its f64. losses_f32 tells a test how much to allow at which step; at 0.01 that is rounding.
OPTIMIZERS = [
    ("sgd_momentum", keras.optimizers.SGD(0.01, momentum=0.9)),
    ("sgd_momentum_fast", keras.optimizers.SGD(0.05, momentum=0.9)),
    ("adam", keras.optimizers.Adam(0.001)),
]


def make(folder):
    images, labels = batches(folder)
    out = golden.Golden(made_with())
    for name, optimizer in OPTIMIZERS:
        exact, predictions, weights = curve(optimizer, "float64", images, labels)
        rounded, rounded_predictions, _ = curve(optimizer, "float32", images, labels)
        spread = numpy.abs(rounded - exact) / exact
        print(f"lenet_{name}: loss {exact[0]:.4f} to {exact[-1]:.4f}; f32 within {spread.max():.2g} of f64, "
              f"predictions within {numpy.abs(predictions - rounded_predictions).max():.2g}")
        class_name, config = plain_config(optimizer, name)
        tensors = {"losses": exact, "losses_f32": rounded, "predictions": predictions}
        for i, weight in enumerate(weights):
            tensors[f"weight{i}_norm"] = numpy.sqrt((weight.astype(numpy.float64) ** 2).sum())
        first = [w for w in initial_weights(build("float32"))]
        for i, weight in enumerate(first):
            tensors[f"initial{i}_start"] = weight.ravel()[:8]
            tensors[f"initial{i}_norm"] = numpy.sqrt((weight.astype(numpy.float64) ** 2).sum())
        out.add(f"lenet_{name}", "training", tensors, class_name="lenet",
                config={"optimizer": {"class_name": class_name, "config": config},
                        "loss": "sparse_categorical_crossentropy", "batch_size": BATCH, "steps": STEPS},
                seed=SEED, images_sha256=hashlib.sha256(images.tobytes()).hexdigest(),
                labels_sha256=hashlib.sha256(labels.tobytes()).hexdigest(),
                f32_relative_spread=float(spread.max()))
    out.write("lenet")


if __name__ == "__main__":
    make(sys.argv[1])
