#!/usr/bin/env python3
"""MNIST: shrinking training sets, and the way from the softmax net's 92 % to LeNet's 99 %.

usage: mnist_experiments.py [--lamina PROGRAM] [--data-dir FOLDER] [--output FOLDER] [sizes] [path] [early]

sizes  lenet, mnist_mlp and mnist_softmax on the first 5900, 3000, 1800, 600 and 300 training images, 4 epochs each
path   each net on all 60,000 images, 20 epochs with a fifth held out
early  LeNet as in path, after 5 epochs

Every figure is the median test accuracy of the seeds. The tables go to standard output, all numbers to
FOLDER/sizes.json, path.json and early.json, and the pictures to FOLDER/sizes.png and path.png, drawn by `lamina plot`.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = [5900, 3000, 1800, 600, 300]
MODELS = {"lenet": "LeNet", "mnist_mlp": "MLP", "mnist_softmax": "softmax"}
# Published for LeNet and the plain net: 96.68 against 85.56 % at 5,900; 72.44 against 48.26 % at 300.


class Experiments:
    def __init__(self, a):
        self.a = a
        self.data = ["--data", "mnist"] + (["--data-dir", str(a.data_dir)] if a.data_dir else [])

    def lamina(self, *arguments):
        command = [str(self.a.lamina), *map(str, arguments), "--threads", str(self.a.threads)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stderr}")
        return done.stdout

    def test_accuracy(self, model, seed, *settings):
        """Trains, and returns the accuracy on the 10,000 test images in percent."""
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder) / "model.h5"
            self.lamina("train", model, *self.data, "--backend", self.a.backend, "--batch-size", self.a.batch_size,
                        "--optimizer", "adam", "--seed", seed, "--save", weights, "--quiet", *settings)
            result = json.loads(self.lamina("evaluate", weights, *self.data, "--backend", self.a.backend, "--json"))
        return 100 * result["accuracy"]

    def median(self, model, *settings):
        runs = [self.test_accuracy(model, seed, *settings) for seed in self.a.seeds]
        print(f"{model} {' '.join(map(str, settings))}: {', '.join(f'{r:.2f}' for r in runs)}", file=sys.stderr)
        return {"median": statistics.median(runs), "runs": runs}

    def save(self, name, results):
        self.a.output.mkdir(parents=True, exist_ok=True)
        (self.a.output / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n")

    def write(self, name, results, picture):
        self.save(name, results)
        description = self.a.output / f"{name}.plot.json"
        description.write_text(json.dumps(picture, indent=2) + "\n")
        self.lamina("plot", description, self.a.output / f"{name}.png")

    def sizes(self):
        results = {m: {n: self.median(m, "--train-limit", n, "--epochs", 4) for n in SIZES} for m in MODELS}
        print("| training images | " + " | ".join(MODELS.values()) + " |\n|---" * 1 + "|---" * len(MODELS) + "|")
        for n in SIZES:
            print(f"| {n} | " + " | ".join(f"{results[m][n]['median']:.2f} %" for m in MODELS) + " |")
        series = [{"name": title, "x": SIZES, "y": [results[m][n]["median"] for n in SIZES]}
                  for m, title in MODELS.items()]
        self.write("sizes", results, {"panels": [{
            "x": {"label": "training images", "logarithmic": True, "ticks": SIZES},
            "y": {"label": "test accuracy, %"}, "legend": "bottom_right", "series": series}]})
        behind = [n for n in SIZES if results["lenet"][n]["median"] <= max(
            results[m][n]["median"] for m in MODELS if m != "lenet")]
        if behind:
            sys.exit(f"LeNet is not ahead at {behind}")

    def path(self):
        settings = ["--epochs", self.a.epochs, "--validation-split", 0.2]
        steps = [("mnist_softmax", "softmax, one layer"), ("mnist_mlp", "MLP, two hidden layers of 128"),
                 ("lenet", "LeNet")]
        results = {m: self.median(m, *settings) for m, _ in steps}
        print(f"\n| net | test accuracy, {self.a.epochs} epochs |\n|---|---|")
        for model, title in steps:
            print(f"| {title} | {results[model]['median']:.2f} % |")
        self.write("path", results, {"bars": {
            "axis": {"label": "test accuracy, %", "from": 90, "to": 100}, "decimals": 2, "suffix": " %",
            "bars": [{"label": title, "value": results[model]["median"]} for model, title in steps]}})

    def early(self):
        result = self.median("lenet", "--epochs", 5, "--validation-split", 0.2)
        print(f"\nLeNet after 5 epochs: {result['median']:.2f} %")
        self.save("early", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", type=Path, default=ROOT / "build/release/bin/lamina")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--output", type=Path, default=Path("mnist-experiments"))
    parser.add_argument("--backend", default="openblas")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=20, help="of `path`")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("parts", nargs="*", choices=["sizes", "path", "early", []])
    a = parser.parse_args()
    experiments = Experiments(a)
    for part in a.parts or ["sizes", "path", "early"]:
        getattr(experiments, part)()


if __name__ == "__main__":
    main()
