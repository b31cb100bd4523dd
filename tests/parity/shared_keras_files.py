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


def main():
    folder = Path(sys.argv[1])
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
