"""A net as a Keras model."""
import keras

from nets import MAX


def layer_of(layer):
    s, layers = layer.settings, keras.layers
    if layer.kind == "pool":
        kind = layers.MaxPooling2D if s["how"] == MAX else layers.AveragePooling2D
        return kind(s["size"], s["strides"], s["padding"])
    if layer.kind == "dense":
        return layers.Dense(s["units"], activation="relu" if s["activation"] == "relu" else None)
    if layer.kind == "dropout":
        return layers.Dropout(s["rate"])
    return {"global_mean": layers.GlobalAveragePooling2D, "add": layers.Add, "relu": layers.ReLU,
            "join": layers.Concatenate, "flatten": layers.Flatten}[layer.kind]()


def conv(layer, x):
    s, layers = layer.settings, keras.layers
    x = layers.Conv2D(s["filters"], s["size"], s["strides"], s["padding"], use_bias=not s["normalised"])(x)
    if s["normalised"]:
        x = layers.BatchNormalization(scale=False)(x)
    return layers.ReLU()(x) if s["relu"] else x


def model(net):
    """Gives logits: the softmax is the loss's."""
    values = {net.input.name: keras.Input(net.input.shape)}
    for layer in net.layers:
        inputs = [values[v.name] for v in layer.inputs]
        result = conv(layer, inputs[0]) if layer.kind == "conv" else layer_of(layer)(
            inputs if len(inputs) > 1 else inputs[0])
        values[layer.output.name] = result
    return keras.Model(values[net.input.name], result)
