"""A net as an ONNX model with random weights, batch normalisations folded, NCHW."""
import math

import numpy
from onnx import TensorProto, helper, numpy_helper

from nets import MAX


class Form:
    def __init__(self, net, batch):
        self.net, self.batch = net, batch
        self.nodes, self.weights = [], []
        self.draw = numpy.random.default_rng(7)

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))

    def weight(self, name, shape, fan_in):
        values = self.draw.standard_normal(shape, numpy.float32) * numpy.float32(math.sqrt(2 / fan_in))
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def bias(self, name, count):
        self.weights.append(numpy_helper.from_array(numpy.zeros(count, numpy.float32), name))
        return name

    def windowed(self, op, layer, inputs, output, size, **more):
        s = layer.settings
        self.add(op, inputs, output, kernel_shape=list(size), strides=[s["strides"]] * 2,
                 auto_pad="VALID" if s["padding"] == "valid" else "SAME_UPPER", **more)

    def layer(self, layer):
        s, name, inputs = layer.settings, layer.output.name, [v.name for v in layer.inputs]
        if layer.kind == "conv":
            channels = layer.inputs[0].shape[2]
            kernel = self.weight(name + "_w", (s["filters"], channels, *s["size"]), channels * math.prod(s["size"]))
            made = name + "_sum" if s["relu"] else name
            self.windowed("Conv", layer, [*inputs, kernel, self.bias(name + "_b", s["filters"])], made, s["size"])
            if s["relu"]:
                self.add("Relu", [made], name)
        elif layer.kind == "pool":
            op = "MaxPool" if s["how"] == MAX else "AveragePool"
            self.windowed(op, layer, inputs, name, (s["size"],) * 2)
        elif layer.kind == "dense":
            fan_in = layer.inputs[0].shape[0]
            weights = self.weight(name + "_w", (fan_in, s["units"]), fan_in)
            self.add("Gemm", [*inputs, weights, self.bias(name + "_b", s["units"])], name + "_sum")
            self.add("Relu" if s["activation"] == "relu" else "Softmax", [name + "_sum"], name)
        elif layer.kind == "global_mean":
            self.add("GlobalAveragePool", inputs, name + "_mean")
            self.add("Flatten", [name + "_mean"], name)
        elif layer.kind == "join":
            self.add("Concat", inputs, name, axis=1)
        else:
            self.add({"add": "Add", "relu": "Relu", "flatten": "Flatten", "dropout": "Identity"}[layer.kind], inputs, name)

    def model(self):
        for layer in self.net.layers:
            self.layer(layer)
        height, width, channels = self.net.input.shape
        x = helper.make_tensor_value_info("data", TensorProto.FLOAT, [self.batch, channels, height, width])
        last = self.net.layers[-1].output
        y = helper.make_tensor_value_info(last.name, TensorProto.FLOAT, [self.batch, *last.shape])
        graph = helper.make_graph(self.nodes, self.net.name, [x], [y], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
