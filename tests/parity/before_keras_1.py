"""VGG-16 as it was shared before Keras 1.0: every convolution behind a ZeroPadding2D, and the layout of the widely shared
vgg16_weights.h5, which was converted from Caffe for Theano: layers by their place, kernels [out, in, rows, columns] and
turned round in space, the first Dense behind a Flatten of channels first.

That file has 528 MB; this one has few channels. Keras computes what its weights give, h5py writes them in the old layout.

    ENV/bin/python tests/parity/before_keras_1.py
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402
from keras_files import FOLDER  # noqa: E402

L = keras.layers
SIZE, CLASSES = 64, 5
BLOCKS = [(2, 2), (2, 3), (3, 3), (3, 4), (3, 4)]  # convolutions, channels


def vgg16(data_format):
    shape = (SIZE, SIZE, 3) if data_format == "channels_last" else (3, SIZE, SIZE)
    layers = [keras.Input(shape)]
    for block, (count, channels) in enumerate(BLOCKS, 1):
        for i in range(1, count + 1):
            layers += [L.ZeroPadding2D((1, 1), data_format=data_format),
                       L.Conv2D(channels, 3, activation="relu", data_format=data_format, name=f"conv{block}_{i}")]
        layers.append(L.MaxPooling2D(2, strides=2, data_format=data_format))
    layers += [L.Flatten(data_format=data_format), L.Dense(7, activation="relu"), L.Dropout(0.5),
               L.Dense(6, activation="relu"), L.Dropout(0.5), L.Dense(CLASSES, activation="softmax")]
    return keras.Sequential(layers, name="vgg16_before_keras_1")


def as_theano_had_it(kernel):
    """[rows, columns, in, out] to [out, in, rows, columns], turned round."""
    return numpy.ascontiguousarray(kernel[::-1, ::-1].transpose(3, 2, 0, 1))


def rows_of_channels_first(kernel, shape):
    """Of a flattened [rows, columns, channels] to those of [channels, rows, columns]."""
    return kernel.reshape(*shape, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)


def write_by_place(path, model):
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(model.layers)
        flattened = None
        for k, layer in enumerate(model.layers):
            group = file.create_group(f"layer_{k}")
            weights = layer.get_weights()
            if isinstance(layer, L.Conv2D):
                weights[0] = as_theano_had_it(weights[0])
            if isinstance(layer, L.Flatten):
                flattened = layer.input.shape[1:]
            if isinstance(layer, L.Dense) and flattened is not None:
                weights[0] = rows_of_channels_first(weights[0], flattened)
                flattened = None
            group.attrs["nb_params"] = len(weights)
            for p, weight in enumerate(weights):
                group.create_dataset(f"param_{p}", data=weight)


def make():
    folder = FOLDER / "before-keras-1"
    folder.mkdir(parents=True, exist_ok=True)
    model = vgg16("channels_last")
    draw = golden.draws("file " + model.name)
    for layer in model.layers:
        weights = layer.get_weights()
        layer.set_weights([golden.uniform(draw, w.shape, *((-1, 1) if w.ndim == 1 else (-0.5, 0.5))).astype("float32")
                           for w in weights])
    write_by_place(folder / "vgg16_weights.h5", model)
    for data_format in ("channels_last", "channels_first"):
        keras.backend.clear_session()
        (folder / f"{data_format}.json").write_text(vgg16(data_format).to_json())
    x = golden.uniform(draw, (1, SIZE, SIZE, 3), -1, 1).astype("float32")
    out = golden.Golden({"keras": keras.__version__, "backend": keras.backend.backend(), "numpy": numpy.__version__})
    out.add(model.name, "keras_file", {"x0": x, "y0": model.predict(x, verbose=0)}, folder="before-keras-1",
            parameters=int(model.count_params()))
    out.write("files_before-keras-1")
    print(model.predict(x, verbose=0))


if __name__ == "__main__":
    make()
