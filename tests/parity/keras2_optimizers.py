"""Rules that only Keras 2 has: decay, and RMSprop and Adagrad with epsilon outside the root. Made by tf.keras 2.15 (legacy)."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402

import golden  # noqa: E402

O = tf.keras.optimizers.legacy
STEPS = 20
CASES = [
    ("keras2_sgd_decay", O.SGD, {"learning_rate": 0.1, "decay": 0.05}),
    ("keras2_sgd_momentum_decay", O.SGD, {"learning_rate": 0.05, "momentum": 0.9, "decay": 0.02}),
    ("keras2_sgd_nesterov_decay", O.SGD, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "decay": 0.02}),
    ("keras2_adam_decay", O.Adam, {"learning_rate": 0.02, "decay": 0.1}),
    ("keras2_rmsprop_decay", O.RMSprop, {"learning_rate": 0.02, "decay": 0.1}),
    ("keras2_rmsprop_tiny_gradients", O.RMSprop, {}),
    ("keras2_adagrad_large_epsilon", O.Adagrad, {"learning_rate": 0.1, "epsilon": 0.5}),
]


def make():
    out = golden.Golden({"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": numpy.__version__})
    shape = (3, 5)
    for name, optimizer_class, kwargs in CASES:
        draw = golden.draws("optimizer " + name)
        start = golden.uniform(draw, shape)
        scale = 1e-6 if "tiny" in name else 1.0
        gradients = draw.normal(0.0, 0.5 * scale, (STEPS, *shape)).astype(numpy.float32).astype(numpy.float64)
        variable = tf.Variable(start, dtype=tf.float64)
        optimizer = optimizer_class(**kwargs)
        steps = []
        for gradient in gradients:
            optimizer.apply_gradients([(tf.constant(gradient), variable)])
            steps.append(variable.numpy().copy())
        config = {k: float(v) if isinstance(v, numpy.floating) else v for k, v in optimizer.get_config().items()}
        out.add(name, "optimizer_keras2", {"kernel": start, "kernel_gradients": gradients,
                                           "kernel_steps": numpy.stack(steps)},
                class_name=optimizer_class.__name__, config=config, variables=["kernel"], slots=[])
    out.write("optimizers_keras2")


if __name__ == "__main__":
    make()
