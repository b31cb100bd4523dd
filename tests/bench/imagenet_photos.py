#!/usr/bin/env python3
"""SqueezeNet's real weights on the photos of ../shared/data/dogs-or-not, whose names carry ImageNet's class.

usage: tests/bench/imagenet_photos.py [--lamina PROGRAM] [--shared FOLDER], from the project's folder

Prints how often the true class is the first of the net's, and among its first five.
"""
import argparse
import json
import subprocess
from pathlib import Path


def top_five(lamina, shared, files, options):
    done = subprocess.run([lamina, "predict", "squeezenet", "--weights",
                           shared / "squeezenet" / "squeezenet_v1.1_with_top.h5", *files, "--top", "5", "--json", *options],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [[guess["class"] for guess in file["predictions"]] for file in json.loads(done.stdout)["files"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", default="build/release/bin/lamina")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    index = json.loads((arguments.shared / "imagenet_class_index.json").read_text())
    class_of = {synset: int(number) for number, (synset, _) in index.items()}
    print("| photos | resized | top-1 | top-5 |\n|---|---|---|---|")
    for kind, pattern in (("dogs", "*/dog/*"), ("others", "*/other/*")):
        files = sorted((arguments.shared / "dogs-or-not").glob(pattern))
        truth = [class_of[file.name.split("_")[0]] for file in files]
        for how, options in (("both sides to 227", []), ("short side to 256, middle of 227", ["--crop", "256"])):
            guesses = top_five(arguments.lamina, arguments.shared, files, options)
            first = sum(t == g[0] for t, g in zip(truth, guesses)) / len(files)
            five = sum(t in g for t, g in zip(truth, guesses)) / len(files)
            print(f"| {len(files)} {kind} | {how} | {100 * first:.1f} % | {100 * five:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
