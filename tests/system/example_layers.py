"""A LeNet of the example's layers (tests/examples/layers), built against the installed package, learns real MNIST."""
# labels: shared
# timeout: 3600
# fixtures: installed

import json
import os
import subprocess
import sys

from _lamina import check, run

PREFIX, SHARED = os.environ["LAMINA_PREFIX"], os.environ["LAMINA_SHARED_DIR"]
EXAMPLE = os.path.join(os.environ["LAMINA_SOURCE_DIR"], "tests", "examples", "layers")
LAMINA = os.path.join(PREFIX, "bin", "lamina")
MNIST = os.path.join(SHARED, "data", "mnist")
if not os.path.isdir(MNIST):
    print("skipped: there is no", MNIST)
    sys.exit(77)


def execute(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-4000:], result.stderr[-3000:])
    return result.stdout


def lenet_se():
    """five epochs bring it to 98.5 % and more on the test digits"""
    execute("cmake", "-G", "Ninja", "-S", EXAMPLE, "-B", "build", "-DCMAKE_PREFIX_PATH=" + PREFIX,
            "-DCMAKE_BUILD_TYPE=Release")
    execute("cmake", "--build", "build")
    common = ["--data", "mnist", "--data-dir", MNIST, "--plugin-path", "build/lib/lamina", "--backend", "openblas", "--json"]
    trained = json.loads(execute(LAMINA, "train", "lenet_se", *common, "--epochs", "5", "--batch-size", "128",
                                 "--optimizer", "adam", "--seed", "1", "--save", "lenet_se.h5"))
    result = json.loads(execute(LAMINA, "evaluate", "lenet_se.h5", *common))
    print("      ", result, trained["weights_sha256"])
    check(result["accuracy"] >= 0.985, result)


run([lenet_se])
