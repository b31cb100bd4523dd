#!/usr/bin/env python3
"""Transfer learning on CIFAR-10: a base that was trained on five classes, frozen, for the five others.

usage: tests/bench/transfer_cifar10.py DATA_DIR [--lamina PROGRAM] [--seeds 1,2,3], from the project's folder

Runs recipes/cifar10_base.json and recipes/cifar10_transfer.json; and, as many epochs as the latter has, the same net from
scratch, and the same frozen base as it was before its training. Prints the table of README.md.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def recipe(name, **changes):
    return {**json.loads((HERE / "recipes" / f"{name}.json").read_text()), **changes}


def run(lamina, description, folder):
    path = Path(folder) / "recipe.json"
    path.write_text(json.dumps(description))
    done = subprocess.run([lamina, "run", path, "--json"], stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
    return 100 * json.loads(done.stdout)["val_accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--lamina", default="build/release/bin/lamina", type=Path)
    parser.add_argument("--seeds", default="1,2,3")
    arguments = parser.parse_args()
    lamina = arguments.lamina.resolve()
    common = {"data_dir": str(arguments.data_dir.resolve())}
    transfer = recipe("cifar10_transfer", **common)
    epochs = sum(stage["epochs"] for stage in transfer["stages"])
    top = transfer["stages"][:1]
    nets = {"the base on its own five classes": recipe("cifar10_base", **common),
            "frozen base, a new top": {**transfer, "stages": top},
            "the same, then fine-tuned": transfer,
            "the same net from scratch": {**transfer, "model": "cifar10_deep:classes=5",
                                          "stages": [{"trainable": "all", "optimizer": top[0]["optimizer"], "epochs": epochs}]},
            "frozen base of drawn weights, a new top": {**transfer, "model": "cifar10_deep:classes=5", "stages": top}}
    seeds = [int(seed) for seed in arguments.seeds.split(",")]
    accuracies = {name: [] for name in nets}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for name, net in nets.items():
                accuracies[name].append(run(lamina, {**net, "seed": seed}, folder))
    print(f"| net | test accuracy, median | seeds {arguments.seeds.replace(',', ', ')} |\n|---|---|---|")
    for name, each in accuracies.items():
        print(f"| {name} | {statistics.median(each):.2f} % | {', '.join(f'{a:.2f}' for a in each)} |")


if __name__ == "__main__":
    main()
