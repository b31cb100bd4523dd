"""A net as ncnn's .param, with random weights in a .bin, beside the same as Keras's architecture JSON.

Every batch normalisation is folded into its convolution and every ReLU behind a convolution or a product is in that layer,
as ncnn's own optimiser leaves them.

usage: ncnn_form.py NET FOLDER
"""
import json
import math
import sys
from pathlib import Path

import numpy

import nets
from nets import MEAN, weights_of

SAME = -233  # a convolution's padding that puts the odd pixel after
VALID, SAME_UPPER = 1, 2  # a pool's


class Text:
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
            rows, columns = s["size"]
            if s["padding"] == "valid":
                across = down = 0
            elif s["strides"] == 1:
                across, down = columns // 2, rows // 2
            else:
                across = down = SAME
            self.write("Convolution", top, bottoms, [top], _0=s["filters"], _1=columns, _11=rows, _3=s["strides"],
                       _4=across, _14=down, _5=1, _6=weights_of(layer), _9=int(s["relu"]))
        elif layer.kind == "dense":
            softmax = s["activation"] == "softmax"
            product = top + "_product" if softmax else top
            self.write("InnerProduct", product, bottoms, [product], _0=s["units"], _1=1, _2=weights_of(layer),
                       _9=0 if softmax else 1)
            if softmax:
                self.write("Softmax", top, [product], [top], _0=0, _1=1)
        elif layer.kind == "pool":
            self.write("Pooling", top, bottoms, [top], _0=s["how"], _1=s["size"], _2=s["strides"],
                       _5=VALID if s["padding"] == "valid" else SAME_UPPER)
        elif layer.kind == "global_mean":
            self.write("Pooling", top, bottoms, [top], _0=MEAN, _4=1)
        elif layer.kind == "add":
            self.write("BinaryOp", top, bottoms, [top], _0=0)
        elif layer.kind == "join":
            self.write("Concat", top, bottoms, [top], _0=0)
        else:
            self.write({"relu": "ReLU", "flatten": "Flatten", "dropout": "Dropout"}[layer.kind], top, bottoms, [top])


def param(net):
    """The .param, as text."""
    return Text(net).text()


def write_bin(net, file):
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
    net = nets.NETS[name]()
    (folder / f"{name}.json").write_text(json.dumps(nets.keras(net)))
    (folder / f"{name}.param").write_text(param(net))
    with open(folder / f"{name}.bin", "wb") as file:
        write_bin(net, file)


if __name__ == "__main__":
    main()
