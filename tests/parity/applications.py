"""The nets of keras.applications: their layers, and what each gives for weights that a C++ test can draw again.

Every number is a uniform draw of engine/include/lamina/plugin/philox.hpp: seed 2026, node name LAYER/WEIGHT ("picture" for
the input), sample and step 0, element by row-major index; scaled in f32 to what ranges() says. Of each layer's output the
golden has the mean, the L2 norm, the largest magnitude, and 64 values, the i-th at i * (elements - 1) / 63.
"""
import math

import numpy

import golden
from real_keras import keras, made_with, numbers

SEED = 2026
VALUES = 64
MASK = (1 << 64) - 1


def mix64(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def philox4x32(blocks, key):
    """Salmon et al. 2011, of counters (i, 0, 0, 0), i < blocks: [blocks, 4]."""
    counter = [numpy.arange(blocks, dtype=numpy.uint64)] + [numpy.zeros(blocks, numpy.uint64) for _ in range(3)]
    k0, k1 = key
    low = numpy.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = counter[0] * numpy.uint64(0xD2511F53), counter[2] * numpy.uint64(0xCD9E8D57)
        counter = [(p1 >> numpy.uint64(32)) ^ counter[1] ^ numpy.uint64(k0), p1 & low,
                   (p0 >> numpy.uint64(32)) ^ counter[3] ^ numpy.uint64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return numpy.stack(counter, axis=1)


def uniform(name, shape, low, high):
    key = mix64(mix64(SEED) ^ fnv1a64(name))
    elements = math.prod(shape)
    bits = philox4x32((elements + 3) // 4, (key & 0xFFFFFFFF, key >> 32)).ravel()[:elements]
    u = (bits >> numpy.uint64(8)).astype(numpy.float32) * numpy.float32(2.0 ** -24)
    low, high = numpy.float32(low), numpy.float32(high)
    return (low + (high - low) * u).reshape(shape)


def ranges(weight, shape, depthwise):
    """Such that activations neither vanish nor grow through some hundred layers."""
    if weight == "kernel":
        field = math.prod(shape[:2]) if depthwise else math.prod(shape[:-1])
        limit = numpy.sqrt(numpy.float32(6) / numpy.float32(field))
        return -limit, limit
    return {"gamma": (0.5, 1.5), "moving_variance": (0.5, 1.5)}.get(weight, (-0.1, 0.1))


def draw_weights(model):
    for layer in model.layers:
        drawn = []
        for variable in layer.weights:
            low, high = ranges(variable.name, variable.shape, isinstance(layer, keras.layers.DepthwiseConv2D))
            drawn.append(uniform(f"{layer.name}/{variable.name}", tuple(variable.shape), low, high))
        layer.set_weights(drawn)


def digest(output):
    flat = output.astype(numpy.float64).ravel()
    places = [i * (flat.size - 1) // (VALUES - 1) for i in range(VALUES)]
    return numpy.concatenate([[flat.mean(), numpy.sqrt((flat ** 2).sum()), numpy.abs(flat).max()], flat[places]])


def row(layer):
    read = [t._keras_history.operation.name for t in (layer.input if isinstance(layer.input, list) else [layer.input])]
    is_input = isinstance(layer, keras.layers.InputLayer)
    return [layer.name, type(layer).__name__, layer.count_params(), [] if is_input else read]


def main():
    out = golden.Golden(made_with())
    applications = keras.applications
    for name, build in (("vgg16", applications.VGG16), ("inception_v3", applications.InceptionV3),
                        ("resnet50", applications.ResNet50), ("mobilenet", applications.MobileNet)):
        keras.backend.clear_session()
        model = build(weights=None)
        draw_weights(model)
        whole = keras.Model(model.input, [layer.output for layer in model.layers])
        picture = uniform("picture", (1, *model.input_shape[1:]), -1, 1)
        outputs = [numbers(y) for y in whole(picture)]
        out.add(name, "application",
                {layer.name: digest(y) for layer, y in zip(model.layers, outputs)},
                layers=[row(layer) for layer in model.layers], parameters=model.count_params(),
                shapes={layer.name: list(y.shape) for layer, y in zip(model.layers, outputs)})
    out.write("applications")


if __name__ == "__main__":
    main()
