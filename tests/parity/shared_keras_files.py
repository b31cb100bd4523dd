"""What real Keras predicts with the files of strangers in ../shared/data/keras. The files stay there; the goldens are kept.

    ENV2/bin/python tests/parity/shared_keras_files.py ../shared/data/keras     # tf.keras 2.15 reads the most of them
    ENV/bin/python tests/parity/shared_keras_files.py ../shared/data/keras      # Keras 3 the others
"""
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras  # noqa: E402
import numpy  # noqa: E402

import golden  # noqa: E402

KERAS2 = keras.__version__.startswith("2.")
# file, weights where they are apart
OF_KERAS_2 = [
    ("C3NZ__mnist-nn/mnist.h5", ""),
    ("EN10__KerasMNIST/TFKeras.h5", ""),
    ("shmulik-willinger__machine_learning/my_model.h5", ""),
    ("JoshKovi__CS-370/cifar10_architecture.json", "JoshKovi__CS-370/cifar10_weights.h5"),
    ("nemesysolano__tensorflow/cifar10_architecture.json", "nemesysolano__tensorflow/cifar10_weights.h5"),
    ("simonnchong__Computer_Vision/cifar10.h5", ""),
    ("simonnchong__Computer_Vision/deep learning/my_model.h5", ""),
    ("mlcommons__tiny/benchmark/training/image_classification/trained_models/pretrainedResnet.h5", ""),
    ("mlcommons__tiny/benchmark/training/visual_wake_words/trained_models/vww_96.h5", ""),
    ("luyimin714__DeepLearningWithPython/encoder.h5", ""),
    ("luyimin714__DeepLearningWithPython/decoder.h5", ""),
]
OF_KERAS_3 = [
    ("Moonflower2022__MNIST-models/mnist_model.h5", ""),
    ("Moonflower2022__MNIST-models/mnist_model.keras", ""),
    ("ShreyanshGupta28__mnist_classification_app/model.h5", ""),
    ("ShreyanshGupta28__mnist_classification_app/model.keras", ""),
]


def load(folder, file, weights):
    if not weights:
        return keras.models.load_model(folder / file, compile=False)
    model = keras.models.model_from_json((folder / file).read_text())
    model.load_weights(folder / weights)
    return model


def batch(folder, name):
    rows = numpy.fromfile(folder / f"{name}.bin", numpy.uint8).reshape(-1, 3073)
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype("float32"), rows[:, 0]


def standardised(folder):
    """How many of 2,000 test images the net named rightly that takes them by the training images' mean and deviation."""
    model = load(folder, *OF_KERAS_2[4])
    images = folder.parent / "cifar-10-batches-bin"
    batches = [batch(images, f"data_batch_{i}")[0] for i in range(1, 6)]
    x, labels = (part[:2000] for part in batch(images, "test_batch"))
    for name, train in (("the first batch", batches[0]), ("all", numpy.concatenate(batches))):
        y = model.predict((x - train.mean()) / (train.std() + 1e-7), verbose=0)
        print(f"{OF_KERAS_2[4][0]}, standardised by {name}: {(y.argmax(1) == labels).sum()} of 2000")


def main():
    folder = Path(sys.argv[1])
    if KERAS2:
        standardised(folder)
    out = golden.Golden({"keras": keras.__version__, "numpy": numpy.__version__})
    for file, weights in OF_KERAS_2 if KERAS2 else OF_KERAS_3:
        model = load(folder, file, weights)
        draw = golden.draws("shared " + file)
        inputs = [golden.uniform(draw, (2, *x.shape[1:]), 0, 1).astype("float32") for x in model.inputs]
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        tensors = {f"x{i}": x for i, x in enumerate(inputs)}
        tensors |= {f"y{i}": y for i, y in enumerate(outputs if isinstance(outputs, list) else [outputs])}
        out.add(file, "keras_file", tensors, weights=weights, parameters=int(model.count_params()))
        print(file, [y.shape for y in tensors.values()])
    out.write(f"shared_keras_{'2' if KERAS2 else '3'}")


if __name__ == "__main__":
    main()
