#!/usr/bin/env python3
"""Augmentation's speed beside ImageDataGenerator's: CIFAR-10 pictures a second on one core, all five transforms.

usage: augmentation.py DATA_DIR [--keras PYTHON] [--rounds N] [--seconds S]

DATA_DIR is the folder of CIFAR-10's binary version; PYTHON has tf.keras 2.15 (tests/parity/requirements-keras2.txt).
Each round runs everyone once, in turn and bound to the same core. Rates are by the processor time of the process, so that
what else the machine does changes them little.
"""
import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIVE = "rotation=40,width_shift=0.2,height_shift=0.2,zoom=0.2,horizontal_flip"
SETS = {"all five": FIVE, "the five, reflected at the edges": FIVE + ",fill_mode=reflect", "crop and flip":
        "crop=4,horizontal_flip", "none, as floats": "cval=0"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--keras", metavar="PYTHON")
    parser.add_argument("--program", type=Path, default=HERE.parent.parent / "build/release/tests/augmentation_rate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", default="4")
    a = parser.parse_args()
    commands = {f"Lamina, {name}": [a.program, a.data_dir, text, "1", a.seconds] for name, text in SETS.items()}
    if a.keras:
        commands["ImageDataGenerator, all five"] = \
            [a.keras, HERE / "peers/augmentation_keras.py", a.data_dir, a.seconds]
    core = min(os.sched_getaffinity(0))
    rates = {name: [] for name in commands}
    for _ in range(a.rounds):
        for name, command in commands.items():
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True,
                                  preexec_fn=lambda: os.sched_setaffinity(0, {core}))
            rates[name].append(json.loads(done.stdout.strip().splitlines()[-1])["images_per_processor_second"])
    print("| | images a second of one core, median | best |\n|---|---|---|")
    for name, runs in rates.items():
        print(f"| {name} | {statistics.median(runs):,.0f} | {max(runs):,.0f} |")
    if a.keras:
        ratios = [own / peer for own, peer in zip(rates["Lamina, all five"], rates["ImageDataGenerator, all five"])]
        print(f"\nall five: {statistics.median(ratios):.1f} times ImageDataGenerator's rate")


if __name__ == "__main__":
    main()
