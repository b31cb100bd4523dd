#!/usr/bin/env python3
"""The kernels of a convolution and of its two backward passes against each other, by the size of the window.

usage: conv_kernels.py [--lamina PROGRAM] [--backend NAME] [--sizes 3,5,7,...] [--image N] [--channels N] [--rounds N]

Each round measures every kernel that the backend offers, window after window, as `lamina bench --tune` does (the least of
up to ten runs); the table has the median of the rounds in milliseconds, and how many times faster the transform is than
the best of the others. The plans go to a folder that is removed.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PASSES = ["conv", "conv_backward_data", "conv_backward_filter"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", type=Path, default=ROOT / "build/release/bin/lamina")
    parser.add_argument("--backend", default="vulkan")
    parser.add_argument("--sizes", default="3,5,7,9,11,15,21,31")
    parser.add_argument("--image", type=int, default=64, help="height and width")
    parser.add_argument("--channels", type=int, default=16, help="in and out")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def net(a, size):
    """One convolution between others of 1 x 1, so that its input has a gradient."""
    layers = [("InputLayer", {"batch_input_shape": [None, a.image, a.image, 3]}),
              ("Conv2D", {"name": "before", "filters": a.channels, "kernel_size": [1, 1]}),
              ("Conv2D", {"name": "measured", "filters": a.channels, "kernel_size": [size, size], "padding": "same"}),
              ("GlobalAveragePooling2D", {}), ("Dense", {"units": 10, "activation": "softmax"})]
    return {"class_name": "Sequential", "config": {"name": "window", "layers": [
        {"class_name": name, "config": config} for name, config in layers]}}


def measure(a, size, folder):
    """Milliseconds by pass and kernel."""
    file = Path(folder) / "net.json"
    file.write_text(json.dumps(net(a, size)))
    done = subprocess.run([a.lamina, "bench", file, "--backend", a.backend, "--batch-size", "1", "--seconds", "0",
                           "--tune", "--tune-seconds", "600", "--json"], stdout=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, "XDG_CACHE_HOME": folder})
    result = json.loads(done.stdout)["results"][0]
    times = {o["op"]: o["kernels_ms"] for o in result["tuning"]["operators"] if "measured" in o["name"]}
    return result["device"], times


def main():
    a = arguments()
    times = collections.defaultdict(list)
    sizes = [int(s) for s in a.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(a.rounds):
            for size in sizes:
                device, by_pass = measure(a, size, folder)
                for name, kernels in by_pass.items():
                    for kernel, ms in kernels.items():
                        times[size, name, kernel].append(ms)
    kernels = sorted({kernel for _, _, kernel in times} - {"fft", "implicit_gemm"})
    print(f"{device}, batch 1, {a.image} x {a.image}, {a.channels} channels to {a.channels}, f32, ms, "
          f"median of {a.rounds}\n")
    columns = ["implicit_gemm", *kernels, "fft"]
    print("| pass | window |", " | ".join(columns), "| fft is faster by |")
    print("| --- " * (len(columns) + 3) + "|")
    for name in PASSES:
        for size in sizes:
            found = {c: statistics.median(times[size, name, c]) for c in columns if times[size, name, c]}
            others = [ms for kernel, ms in found.items() if kernel != "fft"]
            ratio = f"{min(others) / found['fft']:.2f} x" if "fft" in found else ""
            cells = [f"{found[c]:.1f}" if c in found else "" for c in columns]
            print(f"| {name} | {size} x {size} |", " | ".join(cells), f"| {ratio} |")


main()
