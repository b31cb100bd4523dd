"""VGG16, a ResNet-50 and a GoogLeNet (no local response normalization, no auxiliary heads), stated once and written in the
two forms that are compared: Keras's architecture JSON, and ncnn's .param with random weights in a .bin.

ncnn's has every batch normalisation folded into its convolution and every ReLU behind a convolution or a product in that
layer, as ncnn's own optimiser leaves them. "same" is Keras's uneven padding in both.

usage: inference_nets.py NET FOLDER
"""
import json
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy

MAX, MEAN = 0, 1  # ncnn's pooling types
NCNN_SAME = -233  # ncnn's padding that puts the odd pixel after


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

    def windows(self, x, strides):
        return tuple(math.ceil(extent / strides) for extent in x.shape[:2])

    def conv(self, x, filters, size, strides=1, relu=True, normalised=False):
        spatial, channels = self.windows(x, strides), x.shape[2]
        self.flops += 2 * size * size * channels * filters * spatial[0] * spatial[1]
        return self.add_layer("conv", [x], (*spatial, filters), filters=filters, size=size, strides=strides, relu=relu,
                              normalised=normalised)

    def pool(self, x, how, size, strides):
        return self.add_layer("pool", [x], (*self.windows(x, strides), x.shape[2]), how=how, size=size, strides=strides)

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


NETS = {"vgg16": vgg16, "resnet50": resnet50, "googlenet": googlenet}


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
            last = write("Conv2D", name, inputs, filters=s["filters"], kernel_size=[s["size"]] * 2, padding="same",
                         strides=[s["strides"]] * 2, use_bias=not s["normalised"], activation="relu" if rides else "linear")
            if s["normalised"]:
                last = write("BatchNormalization", name + "_bn", [last])
                if s["relu"]:
                    last = write("Activation", name + "_relu", [last], activation="relu")
        elif layer.kind == "pool":
            last = write("MaxPooling2D" if s["how"] == MAX else "AveragePooling2D", name, inputs,
                         pool_size=[s["size"]] * 2, strides=[s["strides"]] * 2, padding="same")
        elif layer.kind == "dense":
            last = write("Dense", name, inputs, units=s["units"], activation=s["activation"])
        elif layer.kind == "relu":
            last = write("Activation", name, inputs, activation="relu")
        else:
            class_name = {"global_mean": "GlobalAveragePooling2D", "add": "Add", "join": "Concatenate",
                          "flatten": "Flatten"}[layer.kind]
            last = write(class_name, name, inputs)
        names[layer.output.name] = last
    return {"class_name": "Functional", "config": {"name": net.name, "layers": layers, "input_layers": [["data", 0, 0]],
                                                   "output_layers": [[last, 0, 0]]}}


class NcnnText:
    def __init__(self, net):
        self.net, self.lines, self.blobs = net, [], 0
        self.spare = {}  # value -> the names under which it may still be read

    def write(self, kind, name, bottoms, tops, **parameters):
        numbers = " ".join(f"{key[1:]}={value}" for key, value in parameters.items())
        self.lines.append(f"{kind} {name} {len(bottoms)} {len(tops)} {' '.join([*bottoms, *tops])} {numbers}".strip())
        self.blobs += len(tops)

    def made(self, value):
        """Who is read several times is split, as ncnn wants it."""
        if value.uses < 2:
            self.spare[value.name] = [value.name]
            return
        copies = [f"{value.name}_{i}" for i in range(value.uses)]
        self.write("Split", f"split_{value.name}", [value.name], copies)
        self.spare[value.name] = copies

    def text(self):
        height, width, channels = self.net.input.shape
        self.write("Input", "data", [], ["data"], _0=width, _1=height, _2=channels)
        self.made(self.net.input)
        for layer in self.net.layers:
            bottoms = [self.spare[v.name].pop() for v in layer.inputs]
            self.layer(layer, bottoms, layer.output.name)
            self.made(layer.output)
        return f"7767517\n{len(self.lines)} {self.blobs}\n" + "\n".join(self.lines) + "\n"

    def layer(self, layer, bottoms, top):
        s = layer.settings
        if layer.kind == "conv":
            padding = s["size"] // 2 if s["strides"] == 1 else NCNN_SAME
            self.write("Convolution", top, bottoms, [top], _0=s["filters"], _1=s["size"], _3=s["strides"], _4=padding,
                       _5=1, _6=weights_of(layer), _9=int(s["relu"]))
        elif layer.kind == "dense":
            softmax = s["activation"] == "softmax"
            product = top + "_product" if softmax else top
            self.write("InnerProduct", product, bottoms, [product], _0=s["units"], _1=1, _2=weights_of(layer),
                       _9=0 if softmax else 1)
            if softmax:
                self.write("Softmax", top, [product], [top], _0=0, _1=1)
        elif layer.kind == "pool":
            self.write("Pooling", top, bottoms, [top], _0=s["how"], _1=s["size"], _2=s["strides"], _5=2)
        elif layer.kind == "global_mean":
            self.write("Pooling", top, bottoms, [top], _0=MEAN, _4=1)
        elif layer.kind == "add":
            self.write("BinaryOp", top, bottoms, [top], _0=0)
        elif layer.kind == "join":
            self.write("Concat", top, bottoms, [top], _0=0)
        else:
            self.write({"relu": "ReLU", "flatten": "Flatten"}[layer.kind], top, bottoms, [top])


def weights_of(layer):
    s = layer.settings
    if layer.kind == "conv":
        return s["size"] ** 2 * layer.inputs[0].shape[2] * s["filters"]
    return layer.inputs[0].shape[0] * s["units"]


def ncnn_text(net):
    """The .param."""
    return NcnnText(net).text()


def write_ncnn_weights(net, file):
    """The .bin: of each convolution and product a word that says f32, its weights (He's normal draws), its biases."""
    draw = numpy.random.default_rng(7)
    for layer in net.layers:
        if layer.kind not in ("conv", "dense"):
            continue
        units, count = layer.output.shape[-1], weights_of(layer)
        file.write(numpy.zeros(1, numpy.uint32).tobytes())
        weights = draw.standard_normal(count, numpy.float32) * numpy.float32(math.sqrt(2 * units / count))
        file.write(weights.tobytes())
        file.write(numpy.zeros(units, numpy.float32).tobytes())


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    net = NETS[name]()
    (folder / f"{name}.json").write_text(json.dumps(keras(net)))
    (folder / f"{name}.param").write_text(ncnn_text(net))
    with open(folder / f"{name}.bin", "wb") as file:
        write_ncnn_weights(net, file)


if __name__ == "__main__":
    main()
