"""Models of every layer, saved by the real Keras that runs this, in each format it has, with what they predict.

Keras 3 writes .h5, .keras, .weights.h5 and JSON; tf.keras 2.15 writes the same and the old weights-only .h5. On PyTorch
Keras 3 writes the channels_first models, which TensorFlow cannot compute on a CPU.
"""
import os
import shutil
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402

KERAS2 = keras.__version__.startswith("2.")
BACKEND = "tensorflow" if KERAS2 else keras.backend.backend()
FOLDER = Path(__file__).resolve().parent.parent / "data" / "keras"
DIALECT = f"keras-{keras.__version__}" + ("-channels-first" if BACKEND == "torch" else "")
L = keras.layers


def lenet_small():
    return keras.Sequential([
        keras.Input((12, 12, 1), name="image"),
        L.Conv2D(3, 5, padding="same", activation="relu", name="conv2d_1"),
        L.MaxPooling2D(2, name="max_pooling2d_1"),
        L.Conv2D(4, 5, padding="same", activation="relu", name="conv2d_2"),
        L.MaxPooling2D(2, name="max_pooling2d_2"),
        L.Flatten(name="flatten_1"),
        L.Dense(6, activation="relu", name="dense_1"),
        L.Dense(3, activation="softmax", name="dense_2"),
    ], name="lenet_small")


def dense_layers():
    slope = {"alpha": 0.15} if KERAS2 else {"negative_slope": 0.15}
    regularizers = keras.regularizers
    model = [keras.Input((7,), name="features"), L.Dense(9, name="first", kernel_initializer="he_normal",
                                                        kernel_regularizer=regularizers.L2(0.01)), L.ReLU(name="relu")]
    for activation in ["elu", "selu", "gelu", "swish", "sigmoid", "tanh", "softplus", "softsign", "linear",
                       "hard_sigmoid", "relu"]:
        model.append(L.Dense(4, activation=activation, name=f"dense_{activation}", bias_initializer="ones"))
    model += [
        L.PReLU(name="prelu"), L.LeakyReLU(name="leaky_relu", **slope), L.ELU(alpha=0.8, name="elu_layer"),
        L.Dropout(0.3, name="dropout"), L.GaussianNoise(0.1, name="gaussian_noise"),
        L.BatchNormalization(name="batch_normalization"),
        L.Dense(6, use_bias=False, name="last", kernel_initializer="orthogonal",
                activity_regularizer=regularizers.L1(0.001)),
        L.Reshape((2, 3), name="reshape"), L.Permute((2, 1), name="permute"), L.Flatten(name="flatten"),
        L.Activation("tanh", name="activation"), L.Dense(5, name="logits"), L.Softmax(name="softmax"),
    ]
    return keras.Sequential(model, name="dense_layers")


def image_layers(data_format="channels_last"):
    f = {"data_format": data_format}
    channels = -1 if data_format == "channels_last" else 1
    shape = (11, 10, 3) if data_format == "channels_last" else (3, 11, 10)
    return keras.Sequential([
        keras.Input(shape, name="image"),
        L.ZeroPadding2D(((1, 0), (2, 1)), name="zero_padding2d", **f),
        L.Conv2D(4, 3, strides=2, padding="same", use_bias=False, name="conv2d", **f),
        L.BatchNormalization(axis=channels, name="batch_normalization"),
        L.Activation("relu", name="activation"),
        L.Conv2D(6, (3, 2), dilation_rate=2, padding="same", groups=2, name="conv2d_groups", **f),
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="tanh", name="depthwise_conv2d", **f),
        L.SpatialDropout2D(0.2, name="spatial_dropout2d", **f),
        L.SeparableConv2D(4, 3, padding="same", name="separable_conv2d", **f),
        L.MaxPooling2D(3, strides=2, padding="same", name="max_pooling2d", **f),
        L.UpSampling2D(2, name="up_sampling2d", **f),
        L.Conv2DTranspose(3, 3, strides=2, padding="same", name="conv2d_transpose", **f),
        L.BatchNormalization(axis=channels, scale=False, name="batch_normalization_1"),
        L.Cropping2D(((1, 0), (0, 2)), name="cropping2d", **f),
        # Keras on PyTorch counts uneven padding into the average.
        L.AveragePooling2D(2, padding="same" if data_format == "channels_last" else "valid", name="average_pooling2d",
                           **f),
        L.GlobalAveragePooling2D(name="global_average_pooling2d", **f),
        L.Dense(4, activation="softmax", name="dense"),
    ], name="image_layers")


def sequence_layers():
    return keras.Sequential([
        keras.Input((13, 2), name="signal"),
        L.ZeroPadding1D((1, 2), name="zero_padding1d"),
        L.Conv1D(4, 3, padding="causal", dilation_rate=2, name="conv1d"),
        L.SpatialDropout1D(0.2, name="spatial_dropout1d"),
        L.MaxPooling1D(2, padding="same", name="max_pooling1d"),
        L.UpSampling1D(2, name="up_sampling1d"),
        L.Cropping1D((1, 0), name="cropping1d"),
        L.AveragePooling1D(2, name="average_pooling1d"),
        L.Conv1D(3, 2, strides=2, name="conv1d_1"),
        L.GlobalMaxPooling1D(name="global_max_pooling1d"),
        L.Dense(2, name="dense"),
    ], name="sequence_layers")


def volume_layers():
    return keras.Sequential([
        keras.Input((5, 6, 7, 1), name="volume"),
        L.Conv3D(2, (2, 3, 3), padding="same", activation="relu", name="conv3d"),
        L.SpatialDropout3D(0.1, name="spatial_dropout3d"),
        L.MaxPooling3D(2, padding="same", name="max_pooling3d"),
        L.ZeroPadding3D(1, name="zero_padding3d"),
        L.UpSampling3D((1, 2, 1), name="up_sampling3d"),
        L.Cropping3D(((1, 0), (1, 1), (0, 1)), name="cropping3d"),
        L.AveragePooling3D(2, name="average_pooling3d"),
        L.GlobalAveragePooling3D(name="global_average_pooling3d"),
        L.Dense(2, activation="sigmoid", name="dense"),
    ], name="volume_layers")


def merges():
    """Two inputs, two outputs, a layer used twice, every merge."""
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    shared = L.Dense(5, activation="relu", name="shared")
    a, b = shared(left), shared(right)
    joined = L.Concatenate(name="concatenate")([
        L.Add(name="add")([a, b]), L.Multiply(name="multiply")([a, b]), L.Average(name="average")([a, b]),
        L.Maximum(name="maximum")([a, b]), L.Subtract(name="subtract")([a, b]), left])
    first = L.Dense(3, activation="softmax", name="classes")(joined)
    second = L.Dense(1, name="value")(b)
    return keras.Model([left, right], [first, second], name="merges")


def residual():
    """A functional image model with a skip, and BatchNormalization trained by RMSprop."""
    x = keras.Input((8, 7, 2), name="image")
    y = L.Conv2D(3, 3, padding="same", name="conv")(x)
    z = L.BatchNormalization(name="bn_1")(y)
    z = L.Activation("relu", name="relu_1")(z)
    z = L.Conv2D(3, 3, padding="same", name="conv_1")(z)
    z = L.Add(name="add")([y, z])
    z = L.GlobalMaxPooling2D(name="pool")(z)
    return keras.Model(x, L.Dense(3, activation="softmax", name="classes")(z), name="residual")


def nested():
    """A model as a layer of another."""
    inner = keras.Sequential([keras.Input((6, 6, 2)), L.Conv2D(3, 3, name="inner_conv"),
                              L.BatchNormalization(name="inner_bn"), L.Flatten(name="inner_flatten")], name="inner")
    x = keras.Input((6, 6, 2), name="image")
    return keras.Model(x, L.Dense(2, name="head")(inner(x)), name="nested")


def nested_deep():
    """A model in a model in a model, called twice."""
    block = keras.Sequential([keras.Input((4,)), L.Dense(4, activation="tanh", name="block_dense")], name="block")
    x = keras.Input((4,), name="inner_input")
    inner = keras.Model(x, L.Add(name="inner_add")([x, block(x)]), name="inner")
    x = keras.Input((5,), name="features")
    y = inner(inner(L.Dense(4, name="stem")(x)))
    return keras.Model(x, L.Dense(3, activation="softmax", name="head")(y), name="nested_deep")


def nested_first():
    """A Sequential that begins with a model, one of whose layers has the name of one outside."""
    x = keras.Input((6, 6, 2), name="image")
    base = keras.Model(x, L.Flatten(name="flatten")(L.Conv2D(2, 3, name="same_name")(x)), name="base")
    return keras.Sequential([base, L.Dense(2, name="same_name")], name="nested_first")


def recurrent():
    """A layer that reads its own output."""
    x = keras.Input((4,), name="features")
    step = L.Dense(4, activation="tanh", name="step")
    once = step(x)
    return keras.Model(x, L.Add(name="add")([once, step(step(once))]), name="recurrent")


def dense_adam_amsgrad():
    return keras.Sequential([keras.Input((4,)), L.Dense(3, activation="tanh", name="a"),
                             L.Dense(2, activation="softmax", name="b")], name="dense_adam_amsgrad")


# model -> optimizer it is trained with for three steps, or None
MODELS = {
    lenet_small: lambda: keras.optimizers.Adam(0.01),
    residual: lambda: keras.optimizers.RMSprop(0.01, momentum=0.5),
    dense_adam_amsgrad: lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    dense_layers: lambda: None,
    image_layers: lambda: None,
    sequence_layers: lambda: None,
    volume_layers: lambda: None,
    merges: lambda: None,
    nested: lambda: None,
    nested_deep: lambda: keras.optimizers.Adam(0.01),
    nested_first: lambda: None,
    recurrent: lambda: None,
}
CHANNELS_FIRST = {lambda: image_layers("channels_first"): lambda: None}


def randomize(model, draw):
    values = []
    for weight, variable in zip(model.get_weights(), model.weights):
        # Keras 2 and Keras on Keras 3's models both keep "moving_variance" at the end of the path.
        name = getattr(variable, "path", variable.name)
        if "seed" in name:
            values.append(weight)
        elif "variance" in name:
            values.append(golden.uniform(draw, weight.shape, 0.5, 2.0).astype("float32"))
        elif "gamma" in name:
            values.append(golden.uniform(draw, weight.shape, 0.5, 1.5).astype("float32"))
        else:
            fan = max(int(numpy.prod(weight.shape[:-1])), 1)
            limit = (3.0 / fan) ** 0.5 if weight.ndim > 1 else 0.3
            values.append(golden.uniform(draw, weight.shape, -limit, limit).astype("float32"))
    model.set_weights(values)


def inputs_of(model, draw, count):
    return [golden.uniform(draw, (count, *x.shape[1:])).astype("float32") for x in model.inputs]


def predict(model, inputs):
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return outputs if isinstance(outputs, list) else [outputs]


def save(model, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "architecture.json").write_text(model.to_json())
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    model.save(folder / "model.h5")  # last: Keras 3's writer takes the optimizer out of the model's own configuration
    if KERAS2:
        model.save_weights(folder / "weights.h5")


def make_one(out, build, optimizer):
    keras.utils.set_random_seed(7)
    keras.backend.clear_session()
    model = build()
    draw = golden.draws("file " + model.name)
    randomize(model, draw)
    facts = {"trained": optimizer is not None, "parameters": int(model.count_params())}
    tensors = {}
    if optimizer is not None:
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
        (x,) = inputs_of(model, draw, 5)
        y = numpy.eye(model.outputs[0].shape[-1], dtype="float32")[draw.integers(0, model.outputs[0].shape[-1], 5)]
        for _ in range(3):
            model.train_on_batch(x, y)
        tensors |= {"train_x": x, "train_y": y}
        facts["optimizer"] = type(optimizer).__name__
    folder = FOLDER / DIALECT / model.name
    save(model, folder)
    inputs = inputs_of(model, draw, 3)
    tensors |= {f"x{i}": x for i, x in enumerate(inputs)}
    tensors |= {f"y{i}": y for i, y in enumerate(predict(model, inputs))}
    if optimizer is not None:
        loss = model.train_on_batch(tensors["train_x"], tensors["train_y"])
        tensors["next_loss"] = numpy.float32(loss[0])
        tensors |= {f"next_y{i}": y for i, y in enumerate(predict(model, inputs))}
    check_reload(folder, inputs, tensors)
    files = sorted(p.name for p in folder.iterdir())
    out.add(model.name, "keras_file", tensors, folder=f"{DIALECT}/{model.name}", files=files, **facts)
    print(f"{DIALECT}/{model.name}: {sum(p.stat().st_size for p in folder.iterdir())} bytes")


def check_reload(folder, inputs, tensors):
    """Real Keras must get the same from its own files, and the same next step."""
    def check(model, prefix):
        for i, y in enumerate(predict(model, inputs)):
            numpy.testing.assert_allclose(y, tensors[f"{prefix}{i}"], rtol=1e-5, atol=1e-6)

    for name in ("model.h5", "model.keras"):
        model = keras.models.load_model(folder / name)
        check(model, "y")
        # Keras 3 itself cannot go on from an .h5: its reader builds the optimizer for variables of another model.
        if "next_loss" in tensors and (KERAS2 or name.endswith(".keras")):
            model.train_on_batch(tensors["train_x"], tensors["train_y"])
            check(model, "next_y")


def make():
    versions = {"keras": keras.__version__, "backend": BACKEND, "numpy": numpy.__version__}
    out = golden.Golden(versions)
    for build, optimizer in (CHANNELS_FIRST if BACKEND == "torch" else MODELS).items():
        make_one(out, build, optimizer())
    out.write(f"files_{DIALECT}")


if __name__ == "__main__":
    make()
