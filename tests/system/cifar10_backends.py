"""CIFAR-10's nets learn on Vulkan what they learn on openblas, fifty steps of 128 long, as far as rounding lets.

Where a gradient is nothing but rounding, RMSprop's first steps move its weight as far as any other: the deep net's runs
part after some ten steps, those of openblas with AVX-512 and with SSE2 as well (its losses differ by up to 6 % then).
Under SGD with momentum nothing is made larger, and all fifty steps agree.
"""
# labels: shared
# timeout: 2400

import json
import os
import sys

from _lamina import check, done, lamina, one_json, run

CIFAR10 = os.path.join(os.environ["LAMINA_SHARED_DIR"], "data", "cifar-10-batches-bin")
if not os.path.isdir(CIFAR10):
    print("skipped: there is no", CIFAR10)
    sys.exit(77)
MOMENTUM = "sgd:learning_rate=0.01,momentum=0.9"


def fifty_steps(net, optimizer, backend):
    """The mean loss of every ten steps."""
    done(lamina("train", net, "--data", "cifar10", "--data-dir", CIFAR10, "--backend", backend, "--train-limit", 1280,
                "--epochs", 5, "--batch-size", 128, "--optimizer", optimizer, "--seed", 1, "--history", "history.json",
                "--quiet", timeout=1200))
    with open("history.json") as file:
        return json.load(file)["loss"]


def follows(net, optimizer, first, later):
    """first, later: bounds of the loss's relative difference in the first ten steps and in the forty others."""
    ours, theirs = fifty_steps(net, optimizer, "openblas"), fifty_steps(net, optimizer, "vulkan:device=0")
    differences = [abs(a - b) / a for a, b in zip(ours, theirs)]
    print("      ", net, optimizer, " ".join(f"{d:.1e}" for d in differences))
    check(len(ours) == 5 and ours[-1] < ours[0], "it learns nothing:", ours)
    check(differences[0] <= first and max(differences[1:]) <= later, "openblas", ours, "vulkan", theirs)


def simple():
    """cifar10_simple, RMSprop: within 1e-6 for ten steps, 1e-3 for fifty"""
    follows("cifar10_simple", "rmsprop", 1e-6, 1e-3)


def deep_by_momentum():
    """cifar10_deep, SGD with momentum: within 1e-5 for ten steps, 1e-3 for fifty"""
    follows("cifar10_deep", MOMENTUM, 1e-5, 1e-3)


def deep():
    """cifar10_deep, RMSprop: within 1e-3 for ten steps, then within a tenth"""
    follows("cifar10_deep", "rmsprop", 1e-3, 0.1)


run([simple, deep_by_momentum, deep])
