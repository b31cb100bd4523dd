"""The nets of the benchmarks, stated once, and as Keras's architecture JSON. ncnn_form.py, torch_form.py, keras_form.py
and onnx_form.py write them as the peers take them.

"same" is Keras's uneven padding everywhere. GoogLeNet is without local response normalization and auxiliary heads.
"""
import math
from dataclasses import dataclass, field

MAX, MEAN = 0, 1


@dataclass
class Value:
    """A tensor of one sample: height, width, channels; or features alone."""
    name: str
    shape: tuple
    uses: int = 0


@dataclass
class Layer:
    kind: str
    inputs: list
    output: Value
    settings: dict = field(default_factory=dict)


class Net:
    def __init__(self, name, shape):
        self.name, self.layers, self.flops = name, [], 0
        self.input = Value("data", shape)

    def add_layer(self, kind, inputs, shape, **settings):
        for value in inputs:
            value.uses += 1
        output = Value(f"{kind}_{len(self.layers):03}", shape)
        self.layers.append(Layer(kind, inputs, output, settings))
        return output

    def windows(self, x, size, strides, padding):
        """How many there are, down and across."""
        return tuple(math.ceil((extent if padding == "same" else extent - window + 1) / strides)
                     for extent, window in zip(x.shape[:2], size))

    def conv(self, x, filters, size, strides=1, relu=True, normalised=False, padding="same"):
        """size: of a square window, or (rows, columns)."""
        size = size if isinstance(size, tuple) else (size, size)
        spatial, channels = self.windows(x, size, strides, padding), x.shape[2]
        self.flops += 2 * math.prod(size) * channels * filters * math.prod(spatial)
        return self.add_layer("conv", [x], (*spatial, filters), filters=filters, size=size, strides=strides, relu=relu,
                              normalised=normalised, padding=padding)

    def pool(self, x, how, size, strides, padding="same"):
        spatial = self.windows(x, (size, size), strides, padding)
        return self.add_layer("pool", [x], (*spatial, x.shape[2]), how=how, size=size, strides=strides, padding=padding)

    def dropout(self, x, rate):
        return self.add_layer("dropout", [x], x.shape, rate=rate)

    def global_mean(self, x):
        return self.add_layer("global_mean", [x], x.shape[2:])

    def add(self, a, b):
        return self.add_layer("add", [a, b], a.shape)

    def relu(self, x):
        return self.add_layer("relu", [x], x.shape)

    def join(self, *parts):
        return self.add_layer("join", list(parts), (*parts[0].shape[:2], sum(p.shape[2] for p in parts)))

    def flatten(self, x):
        return self.add_layer("flatten", [x], (math.prod(x.shape),))

    def dense(self, x, units, activation):
        self.flops += 2 * x.shape[0] * units
        return self.add_layer("dense", [x], (units,), units=units, activation=activation)


def vgg16():
    net = Net("vgg16", (224, 224, 3))
    x = net.input
    for filters, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(count):
            x = net.conv(x, filters, 3)
        x = net.pool(x, MAX, 2, 2)
    x = net.flatten(x)
    for _ in range(2):
        x = net.dense(x, 4096, "relu")
    net.dense(x, 1000, "softmax")
    return net


def resnet50():
    net = Net("resnet50", (224, 224, 3))

    def bottleneck(x, width, strides, projected):
        y = net.conv(x, width, 1, normalised=True)
        y = net.conv(y, width, 3, strides, normalised=True)
        y = net.conv(y, 4 * width, 1, relu=False, normalised=True)
        shortcut = net.conv(x, 4 * width, 1, strides, relu=False, normalised=True) if projected else x
        return net.relu(net.add(y, shortcut))

    x = net.pool(net.conv(net.input, 64, 7, 2, normalised=True), MAX, 3, 2)
    for stage, count in enumerate([3, 4, 6, 3]):
        for block in range(count):
            x = bottleneck(x, 64 << stage, 2 if block == 0 and stage > 0 else 1, block == 0)
    net.dense(net.global_mean(x), 1000, "softmax")
    return net


def googlenet():
    net = Net("googlenet", (224, 224, 3))

    def inception(x, one, reduce3, three, reduce5, five, projection):
        return net.join(net.conv(x, one, 1), net.conv(net.conv(x, reduce3, 1), three, 3),
                        net.conv(net.conv(x, reduce5, 1), five, 5), net.conv(net.pool(x, MAX, 3, 1), projection, 1))

    x = net.pool(net.conv(net.input, 64, 7, 2), MAX, 3, 2)
    x = net.pool(net.conv(net.conv(x, 64, 1), 192, 3), MAX, 3, 2)
    for arguments in [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)]:
        x = inception(x, *arguments)
    x = net.pool(x, MAX, 3, 2)
    for arguments in [(192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
                      (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)]:
        x = inception(x, *arguments)
    x = net.pool(x, MAX, 3, 2)
    for arguments in [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)]:
        x = inception(x, *arguments)
    net.dense(net.global_mean(x), 1000, "softmax")
    return net


def inception_v3():
    net = Net("inception_v3", (299, 299, 3))

    def through(x, *units):
        """units: (filters, size, strides, padding), the last two 1 and same where left out"""
        for filters, size, *rest in units:
            strides, padding = (*rest, *(1, "same")[len(rest):])
            x = net.conv(x, filters, size, strides, normalised=True, padding=padding)
        return x

    def half(x):
        return net.pool(x, MAX, 3, 2, "valid")

    def mean(x):
        return net.pool(x, MEAN, 3, 1)

    def fork(x, filters):
        return net.join(through(x, (filters, (1, 3))), through(x, (filters, (3, 1))))

    x = half(through(net.input, (32, 3, 2, "valid"), (32, 3, 1, "valid"), (64, 3)))
    x = half(through(x, (80, 1, 1, "valid"), (192, 3, 1, "valid")))
    for last in (32, 64, 64):
        x = net.join(through(x, (64, 1)), through(x, (48, 1), (64, 5)), through(x, (64, 1), (96, 3), (96, 3)),
                     through(mean(x), (last, 1)))
    x = net.join(through(x, (384, 3, 2, "valid")), through(x, (64, 1), (96, 3), (96, 3, 2, "valid")), half(x))
    for c in (128, 160, 160, 192):
        x = net.join(through(x, (192, 1)), through(x, (c, 1), (c, (1, 7)), (192, (7, 1))),
                     through(x, (c, 1), (c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))), through(mean(x), (192, 1)))
    x = net.join(through(x, (192, 1), (320, 3, 2, "valid")),
                 through(x, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2, "valid")), half(x))
    for _ in range(2):
        x = net.join(through(x, (320, 1)), fork(through(x, (384, 1)), 384), fork(through(x, (448, 1), (384, 3)), 384),
                     through(mean(x), (192, 1)))
    net.dense(net.global_mean(x), 1000, "softmax")
    return net


def cifar10_deep():
    net = Net("cifar10_deep", (32, 32, 3))
    x = net.conv(net.conv(net.input, 32, 3), 32, 3)
    x = net.dropout(net.pool(x, MAX, 2, 2, "valid"), 0.25)
    x = net.conv(net.conv(x, 64, 3), 64, 3, padding="valid")
    x = net.dropout(net.pool(x, MAX, 2, 2, "valid"), 0.25)
    net.dense(net.dropout(net.dense(net.flatten(x), 512, "relu"), 0.5), 10, "softmax")
    return net


NETS = {net.__name__: net for net in (vgg16, resnet50, googlenet, inception_v3, cifar10_deep)}


def weights_of(layer):
    """How many, without biases."""
    s = layer.settings
    if layer.kind == "conv":
        return math.prod(s["size"]) * layer.inputs[0].shape[2] * s["filters"]
    return layer.inputs[0].shape[0] * s["units"]


def keras(net):
    """Architecture JSON, as an object."""
    layers = [{"class_name": "InputLayer", "name": "data", "inbound_nodes": [],
               "config": {"name": "data", "batch_input_shape": [None, *net.input.shape]}}]
    names = {"data": "data"}

    def write(class_name, name, inputs, **config):
        layers.append({"class_name": class_name, "name": name, "config": {"name": name, **config},
                       "inbound_nodes": [[[i, 0, 0, {}] for i in inputs]]})
        return name

    for layer in net.layers:
        s, name, inputs = layer.settings, layer.output.name, [names[v.name] for v in layer.inputs]
        if layer.kind == "conv":
            rides = s["relu"] and not s["normalised"]
            last = write("Conv2D", name, inputs, filters=s["filters"], kernel_size=s["size"], padding=s["padding"],
                         strides=[s["strides"]] * 2, use_bias=not s["normalised"], activation="relu" if rides else "linear")
            if s["normalised"]:
                last = write("BatchNormalization", name + "_bn", [last])
                if s["relu"]:
                    last = write("Activation", name + "_relu", [last], activation="relu")
        elif layer.kind == "pool":
            last = write("MaxPooling2D" if s["how"] == MAX else "AveragePooling2D", name, inputs,
                         pool_size=[s["size"]] * 2, strides=[s["strides"]] * 2, padding=s["padding"])
        elif layer.kind == "dense":
            last = write("Dense", name, inputs, units=s["units"], activation=s["activation"])
        elif layer.kind == "dropout":
            last = write("Dropout", name, inputs, rate=s["rate"])
        elif layer.kind == "relu":
            last = write("Activation", name, inputs, activation="relu")
        else:
            class_name = {"global_mean": "GlobalAveragePooling2D", "add": "Add", "join": "Concatenate",
                          "flatten": "Flatten"}[layer.kind]
            last = write(class_name, name, inputs)
        names[layer.output.name] = last
    return {"class_name": "Functional", "config": {"name": net.name, "layers": layers, "input_layers": [["data", 0, 0]],
                                                   "output_layers": [[last, 0, 0]]}}
