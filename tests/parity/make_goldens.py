#!/usr/bin/env python3
"""Makes tests/data/goldens and tests/data/keras anew. README.md says how to install what it needs.

usage: make_goldens.py MNIST_FOLDER [--keras2 PYTHON] [PART...]

PYTHON is the interpreter of the environment of requirements-keras2.txt; without it what tf.keras 2 made is left as it
is. PART is one of the names below; without one, all are made.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# name -> (script, Keras's backend)
PARTS = {
    "defaults": ("defaults.py", "tensorflow"),
    "layers": ("layers.py", "tensorflow"),
    "layers_channels_first": ("layers.py", "torch"),
    "torch_layers": ("torch_layers.py", "torch"),
    "losses": ("losses.py", "tensorflow"),
    "metrics": ("metrics.py", "tensorflow"),
    "optimizers": ("optimizers.py", "tensorflow"),
    "initializers": ("initializers.py", "tensorflow"),
    "applications": ("applications.py", "tensorflow"),
    "lenet": ("lenet.py", "tensorflow"),
    "keras_files": ("keras_files.py", "tensorflow"),
    "keras_optimizer_files": ("keras_optimizer_files.py", "tensorflow"),
    "keras_files_channels_first": ("keras_files.py", "torch"),
}
KERAS2_PARTS = {
    "keras2_optimizers": "keras2_optimizers.py",
    "keras2_files": "keras_files.py",
    "keras2_optimizer_files": "keras_optimizer_files.py",
    "augmentation": "augmentation.py",
}


def run(python, script, backend, arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "",
                   "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONHASHSEED": "0"}
    subprocess.run([python, HERE / script, *arguments], env=environment, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=Path, help="the folder of MNIST's four .gz files")
    parser.add_argument("--keras2", metavar="PYTHON")
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, *KERAS2_PARTS, []])
    arguments = parser.parse_args()
    wanted = arguments.parts or [*PARTS, *KERAS2_PARTS]
    for name in wanted:
        if name in PARTS:
            script, backend = PARTS[name]
            run(sys.executable, script, backend, [arguments.mnist] if name == "lenet" else [])
        elif arguments.keras2:
            run(arguments.keras2, KERAS2_PARTS[name], "tensorflow", [])
        else:
            print(f"{name}: left as it is, for want of --keras2")
    if {"layers", "layers_channels_first"} <= set(wanted):
        from layers import check_agreement
        disagreements = check_agreement()
        if disagreements:
            sys.exit("TensorFlow and PyTorch disagree:\n" + "\n".join(disagreements))
        print("TensorFlow and PyTorch agree on every layer that both can compute")


if __name__ == "__main__":
    main()
