#!/usr/bin/env python3
"""What a frozen base saves: seconds a step and peak memory of training all of a net, and its top alone.

usage: tests/bench/frozen_cost.py PHOTOS [--lamina PROGRAM] [--rounds 3], from the project's folder

PHOTOS: ../shared/data/dogs-or-not. Runs recipes of one and of three epochs, by turns; the difference is the steps' own time.
Peak memory is the process's (ru_maxrss). Prints the table of README.md.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

EPOCHS = (1, 3)
TOP = [{"class_name": "GlobalAveragePooling2D"},
       {"class_name": "Dense", "config": {"units": 1024, "activation": "relu"}},
       {"class_name": "Dense", "config": {"units": 2, "activation": "softmax"}}]
# net, its last layer below the top, side of the pictures, batch
NETS = [("squeezenet", "fire9/concat", 227, 16), ("mobilenet", "conv_pw_13_relu", 224, 16)]
WAYS = {"all": "all", "the top, its base frozen": "added"}


def recipe(net, last, side, batch, photos, trainable, epochs):
    return {"model": net, "up_to": last, "layers": TOP, "data": f"image_folder:height={side},width={side}",
            "data_dir": str(photos), "batch_size": batch,
            "stages": [{"trainable": trainable, "optimizer": "rmsprop:momentum=0.9", "epochs": epochs}]}


def run(lamina, description, folder):
    """Seconds and the most MiB."""
    path = Path(folder) / "recipe.json"
    path.write_text(json.dumps(description))
    begun = time.monotonic()
    process = subprocess.Popen([lamina, "run", path, "--json"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"lamina failed on {description}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--lamina", default="build/release/bin/lamina")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count = sum(1 for _ in (arguments.photos / "train").rglob("*.*"))
    print("| net | what learns | seconds a step | peak memory, MiB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for net, last, side, batch in NETS:
            steps = (EPOCHS[1] - EPOCHS[0]) * -(-count // batch)
            seconds, memory = {way: [] for way in WAYS}, {way: [] for way in WAYS}
            for _ in range(arguments.rounds):
                for way, trainable in WAYS.items():
                    few, many = (run(arguments.lamina, recipe(net, last, side, batch, arguments.photos, trainable, epochs),
                                     folder) for epochs in EPOCHS)
                    seconds[way].append((many[0] - few[0]) / steps)
                    memory[way].append(many[1])
            for way in WAYS:
                print(f"| {net}, batch {batch} | {way} | {statistics.median(seconds[way]):.3f} | "
                      f"{statistics.median(memory[way]):.0f} |", flush=True)


if __name__ == "__main__":
    main()
