"""Real Keras 3 on the backend that KERAS_BACKEND names: its versions, configurations and gradients."""
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402  (after its backend is named)
import numpy  # noqa: E402

BACKEND = keras.backend.backend()
if BACKEND == "torch":
    import torch
    torch.set_num_threads(1)
else:
    import tensorflow as tf


def made_with():
    versions = {"keras": keras.__version__, "numpy": numpy.__version__, "backend": BACKEND}
    if BACKEND == "torch":
        versions["torch"] = torch.__version__
    else:
        versions["tensorflow"] = tf.__version__
    return versions


def plain_config(thing, name=None):
    """(class name, configuration) as Keras's JSON has them, with the default type f32."""
    envelope = keras.saving.serialize_keras_object(thing)
    config = envelope["config"]
    if "dtype" in config:
        config["dtype"] = "float32"
    if name is not None:
        config["name"] = name
    return envelope["class_name"], config


def tensor(array):
    return keras.ops.convert_to_tensor(array)


def numbers(tensor_):
    return numpy.asarray(keras.ops.convert_to_numpy(tensor_))


def gradients(function, inputs, variables):
    """function(list of tensors) gives (scalar, results). Returns results, gradients by input, gradients by variable."""
    if BACKEND == "torch":
        leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
        for variable in variables:
            variable.value.grad = None
        scalar, results = function(leaves)
        scalar.backward()
        return (results, [zero_if_none(x.grad, x) for x in leaves],
                [zero_if_none(v.value.grad, v.value) for v in variables])
    leaves = [tf.convert_to_tensor(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        scalar, results = function(leaves)
    found = tape.gradient(scalar, leaves + [v.value for v in variables],
                          unconnected_gradients=tf.UnconnectedGradients.ZERO)
    found = [g.numpy() if isinstance(g, tf.Tensor) else tf.convert_to_tensor(g).numpy() for g in found]
    return results, found[:len(leaves)], found[len(leaves):]


def zero_if_none(gradient, like):
    return numpy.zeros(tuple(like.shape)) if gradient is None else gradient.detach().numpy().copy()
