#!/usr/bin/env python3
"""Models that real Keras 1.2.2 wrote on Theano, and what it predicts with them.

usage: ENV1/bin/python tests/parity/keras_1_files.py, from the project's folder (README.md says what ENV1 is)

Makes tests/data/keras/keras-1.2.2/MODEL/: architecture.json, weights.h5 and, by model.save, model.h5; and the golden
keras_1_files.
"""
import collections
import collections.abc
import inspect
import os
import sys
import tempfile

# Neither package has known a new Python or SciPy for years.
for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    setattr(collections, name, getattr(collections.abc, name))
ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
inspect.getargspec = lambda function: ArgSpec(*inspect.getfullargspec(function)[:4])
import scipy.signal._signaltools  # noqa: E402
import scipy.signal._sigtools  # noqa: E402
sys.modules["scipy.signal.signaltools"] = scipy.signal._signaltools
sys.modules["scipy.signal.sigtools"] = scipy.signal._sigtools
os.environ["KERAS_BACKEND"] = "theano"
os.environ["THEANO_FLAGS"] = ("cxx=,optimizer=None,device=cpu,floatX=float32,blas.ldflags=,base_compiledir="
                              + tempfile.mkdtemp())

import keras  # noqa: E402
import keras.layers as L  # noqa: E402
import numpy  # noqa: E402
import theano.ifelse  # noqa: E402
from keras.models import Model, Sequential  # noqa: E402

import golden  # noqa: E402

FOLDER = golden.FOLDER.parent / "keras" / f"keras-{keras.__version__}"


def image(order):
    shape, axis = ((3, 10, 9), 1) if order == "th" else ((10, 9, 3), -1)
    f = {"dim_ordering": order}
    layers = [
        L.ZeroPadding2D((1, 2), input_shape=shape, **f),
        # "same" with strides or an even kernel pads otherwise on Theano than on TensorFlow, and since.
        L.Convolution2D(4, 3, 3, border_mode="same", init="he_normal", W_regularizer="l2", bias=False, **f),
        L.BatchNormalization(axis=axis, momentum=0.9),
        L.Activation("relu"),
        L.AtrousConvolution2D(5, 2, 3, atrous_rate=(1, 2), activation="tanh", init="uniform", **f),
        L.Convolution2D(3, 2, 2, subsample=(2, 1), **f),
        L.SpatialDropout2D(0.2, **f),
        L.MaxPooling2D((2, 3), strides=(1, 2), **f),
        L.UpSampling2D((2, 2), **f),
        L.Cropping2D(((1, 0), (0, 1)), **f),
        L.AveragePooling2D((2, 2), **f),
        L.GaussianNoise(0.1),
        L.Dropout(0.5),
        L.Flatten(),
        L.Dense(6, activation="hard_sigmoid", b_regularizer="l1", init="normal"),
        L.Dense(4, activation="softmax"),
    ]
    return Sequential(layers)


def transposed(order):
    shape, f = ((2, 5, 4) if order == "th" else (5, 4, 2)), {"dim_ordering": order}
    out = (None, 3, 7, 6) if order == "th" else (None, 7, 6, 3)
    return Sequential([L.Deconvolution2D(3, 3, 3, output_shape=out, input_shape=shape, border_mode="valid", **f),
                       L.GlobalAveragePooling2D(**f)])


def sequence():
    return Sequential([
        L.ZeroPadding1D(1, input_shape=(12, 2)),
        L.Convolution1D(4, 3, border_mode="same", activation="relu"),
        L.Convolution1D(3, 4, subsample_length=2),
        L.MaxPooling1D(2),
        L.UpSampling1D(length=2),
        L.Cropping1D((1, 0)),
        L.AveragePooling1D(2, stride=1),
        L.Convolution1D(3, 2, bias=False),
        L.GlobalMaxPooling1D(),
        L.Dense(2, activation="sigmoid"),
    ])


def volume(order):
    shape = (1, 4, 5, 6) if order == "th" else (4, 5, 6, 1)
    return Sequential([L.Convolution3D(2, 2, 3, 2, dim_ordering=order, activation="relu", input_shape=shape), L.Flatten(),
                       L.Dense(3)])


def merges():
    x = L.Input((6,))
    a = L.LeakyReLU(0.2)(L.Dense(4)(x))
    b = L.PReLU()(L.Dense(4)(x))
    c = L.ELU(0.5)(L.Dense(4, activation="tanh")(x))
    total = [L.merge([a, b, c], mode=mode) for mode in ("sum", "mul", "ave", "max")]
    joined = L.merge([*total, a], mode="concat", concat_axis=-1)
    return Model(x, [L.Dense(3, activation="softmax")(joined), L.RepeatVector(2)(a)])


def branches():
    """A Sequential that begins with two others."""
    left = Sequential([L.Dense(3, input_dim=4, activation="relu")])
    right = Sequential([L.Dense(5, input_dim=2), L.Activation("tanh")])
    return Sequential([L.Merge([left, right], mode="concat", concat_axis=1), L.Dense(2, activation="softmax")])


def draw_weights(draw, model):
    for layer in model.flattened_layers if hasattr(model, "flattened_layers") else model.layers:
        names = [w.name for w in layer.weights]
        layer.set_weights([golden.uniform(draw, w.shape, *((0.5, 2) if name.endswith("_std") else (-1, 1))).astype("float32")
                           for name, w in zip(names, layer.get_weights())])


def main():
    out = golden.Golden({"keras": keras.__version__, "theano": theano.__version__, "numpy": numpy.__version__})
    for name, model in (("image_th", image("th")), ("image_tf", image("tf")), ("transposed_th", transposed("th")),
                        ("transposed_tf", transposed("tf")), ("sequence", sequence()), ("volume_th", volume("th")),
                        ("volume_tf", volume("tf")), ("merges", merges()), ("branches", branches())):
        draw = golden.draws(f"keras 1 {name}")
        draw_weights(draw, model)
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "architecture.json").write_text(model.to_json())
        model.save_weights(str(folder / "weights.h5"), overwrite=True)
        model.compile(optimizer="rmsprop", loss="mse", metrics=["accuracy"])
        model.save(str(folder / "model.h5"))
        x = [golden.uniform(draw, (2, *shape[1:])).astype("float32")
             for shape in (model.input_shape if isinstance(model.input_shape, list) else [model.input_shape])]
        y = model.predict(x if len(x) > 1 else x[0])
        y = y if isinstance(y, list) else [y]
        out.add(name, "keras_file", {**{f"x{i}": v for i, v in enumerate(x)}, **{f"y{i}": v for i, v in enumerate(y)}},
                folder=f"{FOLDER.name}/{name}", parameters=int(model.count_params()))
    out.write("keras_1_files")


if __name__ == "__main__":
    main()
