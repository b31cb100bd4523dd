#!/usr/bin/env python3
"""Runs a .param and .bin by ncnn, on a Vulkan device or the CPU, and prints one JSON object: milliseconds of a prediction
and CPU time of all threads, which is a software driver's whole work.

usage: infer_ncnn.py PARAM BIN --variant f32|defaults [--cpu [--threads N]] [--seconds S]

f32 has fp16 storage, packing and arithmetic off; defaults is ncnn as it comes, which takes what the device offers.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

# ncnn tells about the device on standard output's file.
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import ncnn  # noqa: E402
import numpy  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("param", type=Path)
parser.add_argument("bin", type=Path)
parser.add_argument("--variant", choices=["f32", "defaults"], default="f32")
parser.add_argument("--cpu", action="store_true")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=5)
arguments = parser.parse_args()


def parameters(words):
    return {int(key): int(value) for key, value in (w.split("=") for w in words)}


def top_of(layer):
    """kind name 1 1 bottom top settings..."""
    return layer[5]


def load(vulkan, keep_all=False):
    net = ncnn.Net()
    net.opt.use_vulkan_compute = vulkan
    net.opt.num_threads = arguments.threads
    if arguments.variant == "f32":
        for option in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_packed", "bf16_storage"):
            setattr(net.opt, "use_" + option, False)
    if keep_all:
        net.opt.lightmode = False  # keeps every layer's result
    if net.load_param(str(arguments.param)) or net.load_model(str(arguments.bin)):
        sys.exit("ncnn does not take the net")
    return net


layers = [line.split() for line in arguments.param.read_text().splitlines()[2:]]
width, height, channels = parameters(layers[0][5:]).values()
pixels = numpy.random.default_rng(1).random((channels, height, width), dtype=numpy.float32)
image = ncnn.Mat(pixels)  # looks at the pixels and does not own them


def flops():
    """Of convolutions and products, from the sizes of what they gave on the CPU."""
    net = load(vulkan=False, keep_all=True)
    run = net.create_extractor()
    run.input("data", image)
    total = 0
    for layer in layers:
        if layer[0] in ("Convolution", "InnerProduct"):
            is_convolution = layer[0] == "Convolution"
            weights = parameters(layer[6:])[6 if is_convolution else 2]
            result = run.extract(top_of(layer))[1]
            total += 2 * weights * (result.w * result.h if is_convolution else 1)
    return total


def predict():
    run = net.create_extractor()
    run.input("data", image)
    status, result = run.extract(top_of(layers[-1]))
    return status, numpy.array(result)


def device_name():
    return "" if arguments.cpu else ncnn.get_gpu_info(ncnn.get_default_gpu_index()).device_name()


if not arguments.cpu and ncnn.get_gpu_count() == 0:
    sys.exit("ncnn finds no Vulkan device")
# On the CPU this would be the peak of memory.
total = None if arguments.cpu else flops()
net = load(vulkan=not arguments.cpu)
for _ in range(3):
    status, result = predict()
if status or not numpy.isfinite(result).all() or abs(result.sum() - 1) > 1e-2:
    sys.exit(f"ncnn gave no probabilities: status {status}, sum {result.sum()}")
times, cpu_times = [], []
begin = time.perf_counter()
while time.perf_counter() - begin < arguments.seconds or len(times) < 5:
    start, cpu_start = time.perf_counter(), time.process_time()
    predict()
    times.append(time.perf_counter() - start)
    cpu_times.append(time.process_time() - cpu_start)
json.dump({"framework": "ncnn", "version": ncnn.__version__, "variant": arguments.variant, "flops": total,
           "device": device_name(), "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
           "step_ms": 1e3 * statistics.median(times), "best_ms": 1e3 * min(times),
           "cpu_ms": 1e3 * statistics.median(cpu_times)}, answer)
answer.write("\n")
answer.close()
net.clear()
