"""What the peers' benchmarks share: the workload, the timing and the report.

LeNet's workload is the one `lamina bench lenet --mode train` runs: LeNet (Conv2D 20 5x5 same relu, max pool, Conv2D 50 5x5
same relu, max pool, Dense 500 relu, Dense 10), 28x28x1 images in host memory, softmax cross-entropy, Adam at 0.001.
A step is: take the next batch, forward, loss, backward, update.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

BATCHES = 8


def parser_of(description, variants):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--variant", choices=variants, default=variants[0])
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=10, help="steps before the first window")
    parser.add_argument("--windows", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20, help="steps in a window")
    return parser


def arguments(description, variants):
    return parser_of(description, variants).parse_args()


def net_arguments(description, variants):
    """For the nets of nets.py."""
    parser = parser_of(description, variants)
    parser.add_argument("--net", required=True)
    parser.add_argument("--mode", choices=["train", "infer"], required=True)
    parser.add_argument("--optimizer", choices=["sgd", "rmsprop"], default="sgd")
    return parser.parse_args()


def limit_threads(threads):
    """Sets the environment's thread counts; call it before the framework is imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def batches(batch_size):
    """Images in [0, 1) as [BATCHES, N, 28, 28, 1] f32 and labels as [BATCHES, N] i64, the same in every run."""
    import numpy
    draw = numpy.random.default_rng(7)
    images = draw.random((BATCHES, batch_size, 28, 28, 1), dtype=numpy.float32)
    labels = draw.integers(0, 10, (BATCHES, batch_size), dtype=numpy.int64)
    return images, labels


def pictures(net, batch_size):
    """The same for a net of nets.py: [N, H, W, C] and [N], BATCHES of each."""
    import numpy
    draw = numpy.random.default_rng(7)
    classes = net.layers[-1].output.shape[0]
    return ([draw.random((batch_size, *net.input.shape), dtype=numpy.float32) for _ in range(BATCHES)],
            [draw.integers(0, classes, batch_size, dtype=numpy.int64) for _ in range(BATCHES)])


def peak_rss_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(step, finish, arguments_):
    """Runs step(i) in windows; finish() waits for what is still under way. Returns images a second of each window."""
    for i in range(arguments_.warmup):
        step(i)
    finish()
    rates = []
    for _ in range(arguments_.windows):
        start = time.perf_counter()
        for i in range(arguments_.steps):
            step(i)
        finish()
        seconds = time.perf_counter() - start
        rates.append(arguments_.steps * arguments_.batch_size / seconds)
    return rates


def report(framework, version, arguments_, rates, baseline_rss, model="lenet", mode="train"):
    json.dump({
        "framework": framework,
        "version": version,
        "variant": arguments_.variant,
        "model": model,
        "mode": mode,
        "batch_size": arguments_.batch_size,
        "threads": arguments_.threads,
        "images_per_second": statistics.median(rates),
        "images_per_second_best": max(rates),
        "images_per_second_windows": rates,
        "peak_rss_bytes": peak_rss_bytes(),
        "import_rss_bytes": baseline_rss,
    }, sys.stdout)
    sys.stdout.write("\n")
