"""Real Keras loads what is written here, in each format, and predicts the same.

LAMINA_KERAS_PYTHON names the Python of an environment that has Keras (tests/parity/README.md), or several, with colons
between; without it this is skipped.
"""
# labels: full
# timeout: 900

import json
import os
import subprocess
import sys

from _lamina import check, done, lamina, run

PYTHONS = [p for p in os.environ.get("LAMINA_KERAS_PYTHON", "").split(":") if p]
BUILD = os.environ["LAMINA_BUILD_DIR"]
CHECK = os.path.join(os.environ["LAMINA_SOURCE_DIR"], "tests", "parity", "check_saved_by_lamina.py")


SAVING_TESTS = "a model that is written here*,every optimizer of Keras 3*,weights of before Keras 1\\, converted*"


def save_fixtures(folder):
    """Every model of tests/data/keras, read and written again."""
    writer = subprocess.run([os.path.join(BUILD, "tests", "unit_formats"), SAVING_TESTS],
                            env={**os.environ, "LAMINA_SAVE_FOR_KERAS": folder}, capture_output=True, text=True)
    check(writer.returncode == 0, writer.stdout)


TRAINED = {"lenet": ["--optimizer", "adam"],
           "mnist_mlp": ["--optimizer", "rmsprop:momentum=0.5", "--schedule", "cosine_decay:decay_steps=40"],
           "mnist_softmax": ["--optimizer", "sgd:momentum=0.9,nesterov=true"]}


def save_trained(folder):
    for model, optimizer in TRAINED.items():
        to = os.path.join(folder, "trained", model)
        os.makedirs(to)
        train = ["train", model, "--data", "mnist:sample", "--train-limit", 1000, "--batch-size", 50, "--epochs", 1,
                 "--quiet", *optimizer, "--save"]
        for file in ("model.h5", "architecture.json", "model.weights.h5", "model.keras"):
            done(lamina(*train, os.path.join(to, file)))
        values = json.loads(done(lamina("evaluate", os.path.join(to, "model.h5"), "--data", "mnist:sample", "--json")).out)
        with open(os.path.join(to, "evaluated.json"), "w") as f:
            json.dump({**values, "iterations": 20}, f)


def keras_predicts_the_same():
    """what is written here, real Keras loads and predicts the same with"""
    folder = os.path.join(os.getcwd(), "saved")
    save_fixtures(folder)
    save_trained(folder)
    for python in PYTHONS:
        for backend in ("tensorflow", "torch"):  # Keras 2 heeds no backend; torch has channels_first
            here = subprocess.run([python, CHECK, folder, os.path.join(BUILD, "share", "lamina", "mnist_sample")],
                                  env={**os.environ, "KERAS_BACKEND": backend, "PYTHONDONTWRITEBYTECODE": "1"},
                                  capture_output=True, text=True)
            print("\n".join(line for line in here.stdout.splitlines() if not line.startswith("ok ")))
            check(here.returncode == 0, python, backend, here.stderr[-2000:])
            if "Keras 2" in here.stdout:
                break


if not PYTHONS:
    print("skipped: LAMINA_KERAS_PYTHON names no Python that has Keras")
    sys.exit(77)
run([keras_predicts_the_same])
