"""LeNet learns the whole of MNIST."""
# labels: shared
# timeout: 1800

import os
import sys

from _lamina import check, lamina, one_json, run

MNIST = os.path.join(os.environ["LAMINA_SHARED_DIR"], "data", "mnist")
if not os.path.isdir(MNIST):
    print("skipped: there is no", MNIST)
    sys.exit(77)


def lenet():
    """five epochs bring LeNet past 98.8 % on the test digits, and the file says the same when read again"""
    data = ["--data", "mnist", "--data-dir", MNIST, "--json"]
    one_json(lamina("train", "lenet", *data, "--epochs", "5", "--batch-size", "128", "--optimizer", "adam",
                    "--validation-split", "0.2", "--seed", "1", "--save", "lenet.h5", timeout=1500))
    first, second = (one_json(lamina("evaluate", "lenet.h5", *data)) for _ in range(2))
    check(first["accuracy"] >= 0.988, "accuracy", first["accuracy"])
    check(first["loss"] == second["loss"], first, second)


run([lenet])
