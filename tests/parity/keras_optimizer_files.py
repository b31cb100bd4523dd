"""A small model in training by every optimizer, saved by the real Keras that runs this as .h5, and its weights after
further steps of the same training."""
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402

KERAS2 = keras.__version__.startswith("2.")
DIALECT = f"keras-{keras.__version__}"
FOLDER = Path(__file__).resolve().parent.parent / "data" / "keras" / DIALECT / "optimizers"
O = keras.optimizers
STEPS_BEFORE, STEPS_AFTER = 4, 3

CASES = {
    "sgd": lambda: O.SGD(0.05),
    "sgd_momentum": lambda: O.SGD(0.05, momentum=0.9),
    "sgd_nesterov": lambda: O.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: O.RMSprop(0.01),
    "rmsprop_momentum": lambda: O.RMSprop(0.01, momentum=0.8),
    "rmsprop_centered": lambda: O.RMSprop(0.01, centered=True),
    "rmsprop_centered_momentum": lambda: O.RMSprop(0.01, momentum=0.8, centered=True),
    "adam": lambda: O.Adam(0.02),
    "adam_amsgrad": lambda: O.Adam(0.02, beta_2=0.9, amsgrad=True),
    "adamw": lambda: O.AdamW(0.02, weight_decay=0.05),
    "adamw_amsgrad": lambda: O.AdamW(0.02, beta_2=0.9, amsgrad=True),
    "adagrad": lambda: O.Adagrad(0.05),
    "adadelta": lambda: O.Adadelta(0.5),
    "adamax": lambda: O.Adamax(0.02),
    "nadam": lambda: O.Nadam(0.02),
}
if KERAS2:
    # Those of tf.keras 2.0 to 2.10.
    CASES |= {
        "old_sgd": lambda: O.legacy.SGD(0.05, momentum=0.9, nesterov=True, decay=0.05),
        "old_rmsprop": lambda: O.legacy.RMSprop(0.01),
        "old_rmsprop_centered_momentum": lambda: O.legacy.RMSprop(0.01, momentum=0.8, centered=True),
        "old_adam": lambda: O.legacy.Adam(0.02, beta_2=0.9, amsgrad=True, decay=0.05),
        "old_adagrad": lambda: O.legacy.Adagrad(0.05),
        "old_adadelta": lambda: O.legacy.Adadelta(0.5),
        "old_adamax": lambda: O.legacy.Adamax(0.02),
        "old_nadam": lambda: O.legacy.Nadam(0.02),
    }


def make_one(out, name, optimizer):
    keras.backend.clear_session()
    draw = golden.draws("optimizer file " + name)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax", name="dense")],
                             name="classifier")
    model.set_weights([golden.uniform(draw, w.shape).astype("float32") for w in model.get_weights()])
    # Compiled to a graph, tf.keras 2.15 advances the product in Nadam once a variable instead of once a step.
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", run_eagerly=KERAS2 and name == "nadam")
    steps = STEPS_BEFORE + STEPS_AFTER
    x = golden.uniform(draw, (steps, 4, 3)).astype("float32")
    y = draw.integers(0, 2, (steps, 4))
    for step in range(STEPS_BEFORE):
        model.train_on_batch(x[step], y[step])
    model.save(FOLDER / f"{name}.h5")
    after = []
    for step in range(STEPS_BEFORE, steps):
        model.train_on_batch(x[step], y[step])
        after.append(model.get_weights())
    out.add(name, "optimizer_file", {
        "x": x[STEPS_BEFORE:], "y": y[STEPS_BEFORE:],
        "kernel_steps": numpy.stack([kernel for kernel, _ in after]),
        "bias_steps": numpy.stack([bias for _, bias in after]),
    }, file=f"{DIALECT}/optimizers/{name}.h5", iterations=STEPS_BEFORE)


def make():
    FOLDER.mkdir(parents=True, exist_ok=True)
    out = golden.Golden({"keras": keras.__version__, "numpy": numpy.__version__})
    for name, optimizer in CASES.items():
        make_one(out, name, optimizer())
    out.write(f"optimizer_files_{DIALECT}")


if __name__ == "__main__":
    make()
