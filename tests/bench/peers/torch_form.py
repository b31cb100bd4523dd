"""A net as a torch.nn.Module. It gives logits: the softmax is the loss's, as PyTorch wants it.

folded: without batch normalisations, each in its convolution, as is usual for predictions.
"""
import torch
from torch.nn import functional

from nets import MAX


def ends(size, strides, extent):
    """Keras's "same" padding of one dimension: before and after."""
    count = -(-extent // strides)
    total = max(0, (count - 1) * strides + size - extent)
    return total // 2, total - total // 2


class Form(torch.nn.Module):
    def __init__(self, net, folded):
        super().__init__()
        self.net, self.parts = net, torch.nn.ModuleDict()
        for layer in net.layers:
            for name, part in self.parts_of(layer, folded).items():
                self.parts[f"{layer.output.name}_{name}"] = part

    def parts_of(self, layer, folded):
        s = layer.settings
        if layer.kind == "dense":
            return {"product": torch.nn.Linear(layer.inputs[0].shape[0], s["units"])}
        if layer.kind == "dropout":
            return {"dropout": torch.nn.Dropout(s["rate"])}
        if layer.kind != "conv":
            return {}
        normalised = s["normalised"] and not folded
        down, across = self.padding(layer)
        even = down[0] == down[1] and across[0] == across[1]
        parts = {"conv": torch.nn.Conv2d(layer.inputs[0].shape[2], s["filters"], s["size"], s["strides"],
                                         (down[0], across[0]) if even else 0, bias=not normalised)}
        if normalised:
            parts["norm"] = torch.nn.BatchNorm2d(s["filters"], eps=1e-3, momentum=0.01)
        return parts

    @staticmethod
    def padding(layer):
        s = layer.settings
        if s["padding"] == "valid":
            return (0, 0), (0, 0)
        size = s["size"] if isinstance(s["size"], tuple) else (s["size"],) * 2
        return tuple(ends(window, s["strides"], extent) for window, extent in zip(size, layer.inputs[0].shape))

    def conv(self, layer, x):
        down, across = self.padding(layer)
        if down[0] != down[1] or across[0] != across[1]:
            x = functional.pad(x, (*across, *down))
        x = self.parts[f"{layer.output.name}_conv"](x)
        if f"{layer.output.name}_norm" in self.parts:
            x = self.parts[f"{layer.output.name}_norm"](x)
        return functional.relu(x, inplace=True) if layer.settings["relu"] else x

    def pool(self, layer, x):
        s = layer.settings
        (top, bottom), (left, right) = self.padding(layer)
        if s["how"] == MAX:
            if (top, left) != (bottom, right):
                x = functional.pad(x, (left, right, top, bottom), value=float("-inf"))
                top = left = 0
            return functional.max_pool2d(x, s["size"], s["strides"], (top, left))
        return functional.avg_pool2d(x, s["size"], s["strides"], (top, left), count_include_pad=False)

    def apply_layer(self, layer, inputs):
        x, name = inputs[0], layer.output.name
        if layer.kind == "conv":
            return self.conv(layer, x)
        if layer.kind == "pool":
            return self.pool(layer, x)
        if layer.kind == "global_mean":
            return x.mean((2, 3))
        if layer.kind == "add":
            return x + inputs[1]
        if layer.kind == "relu":
            return functional.relu(x)
        if layer.kind == "join":
            return torch.cat(inputs, 1)
        if layer.kind == "flatten":
            return x.flatten(1)
        if layer.kind == "dropout":
            return self.parts[f"{name}_dropout"](x)
        y = self.parts[f"{name}_product"](x)
        return functional.relu(y) if layer.settings["activation"] == "relu" else y

    def forward(self, x):
        values = {self.net.input.name: x}
        left = {v.name: v.uses for layer in self.net.layers for v in layer.inputs}
        for layer in self.net.layers:
            result = self.apply_layer(layer, [values[v.name] for v in layer.inputs])
            for v in layer.inputs:  # memory is held no longer than a chain of modules would
                left[v.name] -= 1
                if left[v.name] == 0:
                    del values[v.name]
            values[layer.output.name] = result
        return result
