#!/usr/bin/env python3
"""Makes tests/data/cifar10: batches of CIFAR-10's Python version, of two pictures each, as NumPy pickles them.

usage: cifar10_pickles.py FOLDER PROTOCOL...

Picture i of batch b holds (7 b + 3 i + p) % 256 at position p of its 3072 bytes; its label is (b + i) % 10. The names of
NumPy's modules changed in version 2, so a run with either makes other files.
"""
import pickle
import sys
from pathlib import Path

import numpy


def batch(b):
    pictures = [[(7 * b + 3 * i + p) % 256 for p in range(3072)] for i in range(2)]
    return {"batch_label": f"training batch {b} of 5", "labels": [(b + i) % 10 for i in range(2)],
            "data": numpy.array(pictures, numpy.uint8), "filenames": [f"picture_{i}.png" for i in range(2)]}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    major = numpy.__version__.split(".")[0]
    for protocol in map(int, sys.argv[2:]):
        path = folder / f"numpy{major}_protocol{protocol}.pickle"
        path.write_bytes(pickle.dumps(batch(protocol), protocol))


if __name__ == "__main__":
    main()
