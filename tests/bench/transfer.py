#!/usr/bin/env python3
"""Transfer learning on ../shared/data/dogs-or-not, with SqueezeNet's real weights and without them.

usage: tests/bench/transfer.py [--lamina PROGRAM] [--pictures FOLDER], from the project's folder

Runs recipes/dogs.json for seeds 1, 2 and 3, and the same net from scratch for as many epochs; prints the table of
README.md, and draws the curves of seed 1.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEEDS = (1, 2, 3)


def train(lamina, recipe, folder):
    path = Path(folder) / "recipe.json"
    path.write_text(json.dumps(recipe))
    done = subprocess.run([lamina, "run", path, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["val_accuracy"]


def from_scratch(recipe):
    epochs = sum(stage["epochs"] for stage in recipe["stages"])
    scratch = {key: value for key, value in recipe.items() if key != "weights"}
    scratch["stages"] = [{"trainable": "all", "optimizer": "adam:learning_rate=0.0003", "epochs": epochs}]
    return scratch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", default="build/release/bin/lamina")
    parser.add_argument("--pictures", type=Path, default=HERE / "pictures")
    arguments = parser.parse_args()
    recipe = json.loads((HERE / "recipes" / "dogs.json").read_text())
    print("| net | validation accuracy, median | seeds 1, 2, 3 |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, one, picture in (("frozen base, then fine-tuned", recipe, "dogs.png"),
                                   ("the same net from scratch", from_scratch(recipe), "dogs_scratch.png")):
            accuracies = []
            for seed in SEEDS:
                more = {"plot": str(arguments.pictures / picture)} if seed == 1 else {}
                accuracies.append(100 * train(arguments.lamina, {**one, "seed": seed, **more}, folder))
            each = ", ".join(f"{a:.2f}" for a in accuracies)
            print(f"| {name} | {statistics.median(accuracies):.2f} % | {each} |", flush=True)


if __name__ == "__main__":
    main()
