#!/usr/bin/env python3
"""How many CIFAR-10 pictures a second tf.keras 2's ImageDataGenerator augments on one thread: prints one JSON object.

usage: augmentation_keras.py FOLDER SECONDS
"""
import json
import os
import sys
import time
from pathlib import Path

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"})

import keras
import numpy
import scipy
from keras.preprocessing.image import ImageDataGenerator


def main():
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    records = numpy.fromfile(folder / "data_batch_1.bin", numpy.uint8).reshape(-1, 3073)
    x = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype(numpy.float32)
    generator = ImageDataGenerator(rotation_range=40, width_shift_range=0.2, height_shift_range=0.2, zoom_range=0.2,
                                   horizontal_flip=True)
    batches = generator.flow(x, records[:, 0], batch_size=128)
    next(batches)
    begin, computed, images = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begin < seconds:
        images += len(next(batches)[0])
    print(json.dumps({"images_per_second": images / (time.perf_counter() - begin),
                      "images_per_processor_second": images / (time.process_time() - computed),
                      "keras": keras.__version__, "scipy": scipy.__version__}))


if __name__ == "__main__":
    main()
