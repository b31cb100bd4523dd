"""The arguments of every part that Keras has and Lamina names the same, with their defaults, from Keras's signatures."""
import inspect
import json

import golden
from real_keras import keras, made_with

KINDS = {
    "layer": (keras.layers, [
        "Activation", "Add", "Average", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
        "BatchNormalization", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D",
        "Conv3DTranspose", "Cropping1D", "Cropping2D", "Cropping3D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D",
        "Dropout", "ELU", "Flatten", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
        "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "LeakyReLU",
        "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum", "Minimum", "Multiply", "PReLU", "Permute", "ReLU",
        "RepeatVector", "Reshape", "SeparableConv1D", "SeparableConv2D", "Softmax", "SpatialDropout1D",
        "SpatialDropout2D", "SpatialDropout3D", "Subtract", "UpSampling1D", "UpSampling2D", "UpSampling3D",
        "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"]),
    "initializer": (keras.initializers, [
        "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones",
        "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros"]),
    "regularizer": (keras.regularizers, ["L1", "L2", "L1L2"]),
    "loss": (keras.losses, [
        "BinaryCrossentropy", "CategoricalCrossentropy", "CategoricalHinge", "Hinge", "Huber", "KLDivergence",
        "LogCosh", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredError",
        "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy", "SquaredHinge"]),
    "metric": (keras.metrics, [
        "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy", "CategoricalCrossentropy", "Hinge",
        "KLDivergence", "MeanAbsoluteError", "MeanSquaredError", "SparseCategoricalAccuracy",
        "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy"]),
    "optimizer": (keras.optimizers, [
        "SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam"]),
    "schedule": (keras.optimizers.schedules, [
        "CosineDecay", "ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay"]),
}


def arguments(keras_class):
    """Name -> {"default": value}, or {} for one that must be given."""
    found = {}
    for parameter in inspect.signature(keras_class.__init__).parameters.values():
        if parameter.name == "self" or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        given = parameter.default is not parameter.empty
        found[parameter.name] = {"default": parameter.default} if given else {}
    return found


def make():
    parts = {kind: {name: arguments(getattr(module, name)) for name in names}
             for kind, (module, names) in KINDS.items()}
    path = golden.FOLDER / "defaults.json"
    path.write_text(json.dumps({"made_with": made_with(), "parts": parts}, separators=(",", ":")) + "\n")
    print(f"{path.name}: {sum(map(len, parts.values()))} parts")


if __name__ == "__main__":
    make()
