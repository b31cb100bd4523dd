#!/usr/bin/env python3
"""Real Keras loads what Lamina wrote and must predict the same.

usage: check_saved_by_lamina.py --lamina PROGRAM [--mnist FOLDER] [--keep FOLDER]

1. Every fixture of tests/data/keras goes through `lamina convert` into each format that Lamina writes; Keras loads the
   result and must predict what the golden says (and, where the file has an optimizer, go on training as it says).
2. LeNet is trained by `lamina train` for an epoch; Keras loads the file, evaluates the test images and must find the
   same loss and accuracy as `lamina evaluate`, and the same probabilities for one image as `lamina predict`.

Run it in the environment of requirements.txt, and again in that of requirements-keras2.txt, which leaves out what
only Keras 3 can read.
"""
import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402

KERAS2 = keras.__version__.startswith("2.")
DATA = Path(__file__).resolve().parent.parent / "data"
FORMATS = ["model.h5", "model.keras", "model.weights.h5"]


class Checks:
    def __init__(self, lamina):
        self.lamina_program = lamina
        self.passed, self.failed = 0, []

    def lamina(self, *arguments):
        done = subprocess.run([str(self.lamina_program), *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"lamina {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def run(self, name, check, *arguments):
        try:
            check(*arguments)
            self.passed += 1
            print(f"ok      {name}")
        except Exception as error:  # every kind of failure is a result here
            self.failed.append(name)
            print(f"FAILED  {name}: {str(error).strip().splitlines()[0][:300]}")


def load(path, architecture):
    """A model from a file that Lamina wrote, weights files with the architecture that Lamina wrote."""
    if path.name.endswith(".weights.h5"):
        model = keras.models.model_from_json(architecture.read_text())
        model.load_weights(path)
        return model
    return keras.models.load_model(path, compile=False)


def compare(model, tensors, prefix="y", tolerance=1e-5):
    inputs = [tensors[k] for k in sorted(tensors) if k[0] == "x" and k[1:].isdigit()]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for i, y in enumerate(outputs):
        expected = tensors[f"{prefix}{i}"]
        error = numpy.abs(y - expected).max() / max(numpy.abs(expected).max(), 1e-30)
        if not error <= tolerance:
            raise AssertionError(f"output {i} differs by {error:.3g} of the largest")


def check_fixture(checks, folder, tensors, work):
    architecture = work / "architecture.json"
    checks.lamina("convert", folder / "model.h5", architecture)
    for name in FORMATS:
        if KERAS2 and name == "model.keras":
            continue
        path = work / name
        checks.run(f"{folder.parent.name}/{folder.name} as {name}",
                   lambda: (checks.lamina("convert", folder / "model.h5", path),
                            compare(load(path, architecture), tensors)))


def check_fixtures(checks, work):
    for path in sorted((DATA / "goldens").glob("files_*.golden")):
        if path.stem.endswith("channels-first") and keras.backend.backend() == "tensorflow":
            continue
        header, tensors = golden.read(path)
        for case in header["cases"]:
            folder = work / case["folder"].replace("/", "_")
            folder.mkdir()
            try:
                check_fixture(checks, DATA / "keras" / case["folder"], tensors[case["name"]], folder)
            except RuntimeError as error:
                checks.failed.append(case["folder"])
                print(f"FAILED  {case['folder']}: {error}")


def mnist_test(folder):
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as f:
        images = numpy.frombuffer(f.read()[16:], numpy.uint8).reshape(-1, 28, 28, 1)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as f:
        labels = numpy.frombuffer(f.read()[8:], numpy.uint8).astype("int64")
    return images.astype("float32") / 255, labels


def check_trained(checks, mnist, work):
    data = ["--data", "mnist", "--data-dir", mnist]
    images, labels = mnist_test(mnist)
    for model_name in ("lenet", "mnist_mlp"):
        path = work / f"{model_name}.h5"
        checks.lamina("train", model_name, *data, "--epochs", 1, "--train-limit", 2000, "--seed", 7, "--save", path,
                      "--quiet")
        ours = json.loads(checks.lamina("evaluate", path, *data, "--json"))

        def check():
            model = keras.models.load_model(path, compile=False)
            model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            loss, accuracy = model.evaluate(images, labels, batch_size=500, verbose=0)
            numpy.testing.assert_allclose([loss, accuracy], [ours["loss"], ours["accuracy"]], rtol=1e-4)
        checks.run(f"{model_name} trained here, evaluated by Keras", check)

        def check_goes_on():
            model = keras.models.load_model(path)
            if int(model.optimizer.iterations.numpy()) == 0:
                raise AssertionError("the optimizer's state is lost")
        checks.run(f"{model_name} trained here, with its optimizer", check_goes_on)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", type=Path, required=True)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--keep", type=Path, help="leave the files here")
    a = parser.parse_args()
    checks = Checks(a.lamina)
    with tempfile.TemporaryDirectory() as temporary:
        work = a.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        check_fixtures(checks, work)
        if a.mnist:
            check_trained(checks, a.mnist, work)
    print(f"Keras {keras.__version__}: {checks.passed} passed, {len(checks.failed)} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
