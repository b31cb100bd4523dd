#!/usr/bin/env python3
"""Real Keras loads what Lamina wrote and must predict the same.

usage: check_saved_by_lamina.py SAVED MNIST_SAMPLE

tests/system/keras.py makes SAVED and runs this by each Python that LAMINA_KERAS_PYTHON names:

SAVED/WRITER/MODEL   the fixtures of tests/data/keras, read and written again by Lamina: model.h5, model.keras,
                     model.weights.h5 with architecture.json. Keras must predict what the golden says and, where the model was trained, go
                     on from the optimizer's state as it says. WRITER/optimizers/NAME.h5 likewise.
SAVED/trained/MODEL  a model of the zoo trained by `lamina train`, the same files, and evaluated.json: what
                     `lamina evaluate` said of the test images of MNIST_SAMPLE. Keras must find the same.
"""
import gzip
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402

KERAS2 = keras.__version__.startswith("2.")
FIXTURES = Path(__file__).resolve().parent.parent / "data" / "keras"
BACKEND = "tensorflow" if KERAS2 else keras.backend.backend()


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def run(self, name, check):
        try:
            check()
            self.passed += 1
            print(f"ok      {name}")
        except Exception as error:  # every kind of failure is a result here
            self.failed += 1
            print(f"FAILED  {name}: {str(error).strip()[:400]}")


def from_parts(folder):
    model = keras.models.model_from_json((folder / "architecture.json").read_text())
    model.load_weights(folder / "model.weights.h5")
    return model


def whole(folder, compiled=False, file="model.h5"):
    return keras.models.load_model(folder / file, compile=compiled)


def compare(model, tensors, prefix="y", tolerance=1e-5):
    inputs = [tensors[k] for k in sorted(tensors) if k[0] == "x" and k[1:].isdigit()]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for i, y in enumerate(outputs):
        expected = tensors[f"{prefix}{i}"]
        error = numpy.abs(y - expected).max() / numpy.abs(expected).max()
        if not error <= tolerance:
            raise AssertionError(f"output {i} differs by {error:.3g} of the largest")


def check_goes_on(folder, tensors, file):
    """One more step on the same batch: only the right slots and step number lead there."""
    model = whole(folder, compiled=True, file=file)
    if int(model.optimizer.iterations) != 3:
        raise AssertionError(f"{int(model.optimizer.iterations)} iterations")
    model.train_on_batch(tensors["train_x"], tensors["train_y"])
    compare(model, tensors, "next_y", 5e-5)  # tf.keras 2 moves a variance by the unbiased one


def check_fixtures(checks, saved):
    for path in sorted((golden.FOLDER).glob("files_*.golden")):
        # TensorFlow cannot compute channels_first on a CPU, and PyTorch counts the padding of average pools.
        if path.stem.endswith("channels-first") != (BACKEND == "torch"):
            continue
        header, all_tensors = golden.read(path)
        for case in header["cases"]:
            folder, tensors = saved / case["folder"], all_tensors[case["name"]]
            if case["name"] == "dense_layers" and KERAS2 != case["folder"].startswith("keras-2"):
                continue  # hard_sigmoid has another slope in this Keras
            checks.run(f"{case['folder']}/model.h5", lambda: compare(whole(folder), tensors))
            checks.run(f"{case['folder']}/model.keras", lambda: compare(whole(folder, file="model.keras"), tensors))
            checks.run(f"{case['folder']}/model.weights.h5", lambda: compare(from_parts(folder), tensors))
            # Keras 3 cannot go on from an .h5, its own neither: it builds the optimizer for another model's variables.
            # tf.keras 2 cannot from a .keras of Keras 3, which counts the learning rate among the state.
            file = "model.h5" if KERAS2 else "model.keras"
            if case.get("trained"):
                checks.run(f"{case['folder']}/{file} trained on", lambda: check_goes_on(folder, tensors, file))


def check_optimizers(checks, saved):
    """Training goes on as it does from Keras's own file."""
    for path in sorted(golden.FOLDER.glob("optimizer_files_*.golden")):
        header, all_tensors = golden.read(path)
        for case in header["cases"]:
            tensors = all_tensors[case["name"]]
            if KERAS2 and case["name"] == "old_nadam":
                continue  # each weight has its product in what Lamina writes: Keras starts anew

            def steps(file):
                model = keras.models.load_model(file)
                after = []
                for x, y in zip(tensors["x"], tensors["y"]):
                    model.train_on_batch(x, y)
                    after.append(model.get_weights())
                return model, [numpy.stack(weights) for weights in zip(*after)]

            def check():
                model, (kernels, biases) = steps(saved / case["file"])
                expected = tensors["kernel_steps"], tensors["bias_steps"]
                if type(model.optimizer).__name__ == "Nadam":
                    # tf.keras 2.15 does not keep the product of its momenta, and so not its own training.
                    _, expected = steps(FIXTURES / f"keras-2.15.0/optimizers/{case['name']}.h5")
                numpy.testing.assert_allclose(kernels, expected[0], rtol=2e-6, atol=1e-6)
                numpy.testing.assert_allclose(biases, expected[1], rtol=2e-6, atol=1e-6)

            def check_compiled():
                """Keras 3 has the optimizer, and can go on from no .h5, its own neither."""
                model = keras.models.load_model(saved / case["file"])
                name = case["name"].removeprefix("old_").split("_")[0]
                if type(model.optimizer).__name__.lower() != name:
                    raise AssertionError(f"it has {type(model.optimizer).__name__}")

            def check_archive():
                """From a .keras Keras 3 goes on."""
                _, (kernels, biases) = steps((saved / case["file"]).with_suffix(".keras"))
                numpy.testing.assert_allclose(kernels, tensors["kernel_steps"], rtol=2e-6, atol=1e-6)
                numpy.testing.assert_allclose(biases, tensors["bias_steps"], rtol=2e-6, atol=1e-6)

            checks.run(f"{case['file']} trained on", check if KERAS2 else check_compiled)
            if not KERAS2 and case["file"].startswith("keras-3"):
                checks.run(f"{case['file']} as .keras trained on", check_archive)


def test_digits(folder):
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as f:
        images = numpy.frombuffer(f.read()[16:], numpy.uint8).reshape(-1, 28, 28, 1)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as f:
        labels = numpy.frombuffer(f.read()[8:], numpy.uint8).astype("int64")
    return images.astype("float32") / 255, labels


def check_trained(checks, saved, images, labels):
    for folder in sorted((saved / "trained").iterdir()):
        expected = json.loads((folder / "evaluated.json").read_text())

        def evaluate(model):
            model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            values = model.evaluate(images, labels, batch_size=500, verbose=0)
            numpy.testing.assert_allclose(values, [expected["loss"], expected["accuracy"]], rtol=2e-5)

        def check_compiled(file, goes_on):
            """As it is compiled: its loss and metrics; and its optimizer, where this Keras goes on from the format."""
            model = whole(folder, compiled=True, file=file)
            values = model.evaluate(images, numpy.eye(10)[labels], batch_size=500, verbose=0)
            numpy.testing.assert_allclose(values, [expected["loss"], expected["accuracy"]], rtol=2e-5)
            if goes_on:
                if int(model.optimizer.iterations) != expected["iterations"]:
                    raise AssertionError(f"{int(model.optimizer.iterations)} iterations")
                model.train_on_batch(images[:32], numpy.eye(10)[labels[:32]])

        checks.run(f"trained/{folder.name}/model.h5", lambda: evaluate(whole(folder)))
        checks.run(f"trained/{folder.name}/model.weights.h5", lambda: evaluate(from_parts(folder)))
        for file, goes_on in (("model.h5", KERAS2), ("model.keras", not KERAS2)):
            checks.run(f"trained/{folder.name}/{file} as it is compiled", lambda: check_compiled(file, goes_on))


def main():
    saved, sample = map(Path, sys.argv[1:3])
    checks = Checks()
    check_fixtures(checks, saved)
    check_optimizers(checks, saved)
    if BACKEND == "tensorflow":  # the zoo's are channels_last
        check_trained(checks, saved, *test_digits(sample))
    print(f"Keras {keras.__version__} on {BACKEND}: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
