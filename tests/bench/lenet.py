#!/usr/bin/env python3
"""LeNet's training speed beside PyTorch's and TensorFlow's, in one alternating run.

usage: lenet.py [--lamina PROGRAM] [--peer NAME=PYTHON ...] [--rounds N] [--json FILE]

A peer's PYTHON is the interpreter that has the framework: torch=/usr/bin/python3 (Debian's python3-torch),
torch2=ENV/bin/python, tensorflow=ENV/bin/python (tests/parity/requirements.txt). A peer that is not given or does not
start is left out, and a line says so. Each round runs every competitor once, in turn, so that what else the machine
does falls on all alike; the table has the median and the best over the rounds.
"""
import argparse
import json
import platform
import statistics
import sys
from pathlib import Path

import alternate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TORCH_VARIANTS = ["nchw", "channels_last"]
TENSORFLOW_VARIANTS = ["function", "raw", "keras"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", type=Path, default=ROOT / "build/release/bin/lamina")
    parser.add_argument("--backend", default="openblas")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of measuring, each competitor and round")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--all-variants", action="store_true", help="also torch.compile and XLA, which are slower here")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def competitors(a):
    """name -> (command, how to read its JSON)"""
    found = {}
    if a.lamina.exists():
        found["lamina"] = [str(a.lamina), "bench", "lenet", "--mode", "train", "--batch-size", str(a.batch_size),
                           "--threads", str(a.threads), "--backend", a.backend, "--seconds", str(a.seconds), "--json"]
    else:
        print(f"lamina: left out, there is no {a.lamina}")
    peers = dict(p.split("=", 1) for p in a.peer)
    for name in ("torch", "torch2", "tensorflow"):
        if name not in peers:
            print(f"{name}: left out, no --peer {name}=PYTHON")
    for name, python in peers.items():
        is_torch = name.startswith("torch")
        script = "lenet_torch.py" if is_torch else "lenet_tensorflow.py"
        variants = list(TORCH_VARIANTS if is_torch else TENSORFLOW_VARIANTS)
        if a.all_variants:
            variants += ["channels_last_compiled"] if is_torch else [v + "_xla" for v in TENSORFLOW_VARIANTS]
        # A window of 20 steps is about a second for every one of them.
        for variant in variants:
            found[f"{name} {variant}"] = [python, str(HERE / "peers" / script), "--variant", variant, "--batch-size",
                                          str(a.batch_size), "--threads", str(a.threads), "--windows",
                                          str(max(3, int(a.seconds)))]
    return found


def read(name, output):
    """(median images/s, best images/s, peak bytes, version)"""
    result = json.loads(output if name == "lamina" else output.strip().splitlines()[-1])
    if "results" in result:
        r = result["results"][0]
        return r["images_per_second"], r["best_images_per_second"], r["peak_rss_mib"] * 2 ** 20, ""
    return (result["images_per_second"], result["images_per_second_best"], result["peak_rss_bytes"],
            f"{result['framework']} {result['version']}")


def summarize(rows):
    table = []
    for name, results in rows.items():
        table.append({"name": name, "version": results[0][3],
                      "images_per_second": statistics.median(r[0] for r in results),
                      "best_images_per_second": max(r[1] for r in results),
                      "peak_rss_mib": max(r[2] for r in results) / 2 ** 20,
                      "rounds": [r[0] for r in results]})
    ours = next((t for t in table if t["name"] == "lamina"), None)
    for t in table:
        if ours:
            # Of each round, so that a busy minute falls on both sides.
            t["lamina_times"] = alternate.times(ours["rounds"], t["rounds"])
    return sorted(table, key=lambda t: -t["images_per_second"])


def main():
    a = arguments()
    rows, loads = alternate.rounds(a.rounds, competitors(a), read, lambda row: f"{row[0]:8.0f} images/s")
    table = summarize(rows)
    print(f"\nLeNet, training, batch {a.batch_size}, {a.threads} threads, {a.rounds} rounds; "
          f"load average {min(loads):.1f} to {max(loads):.1f}\n" if loads else "nothing to measure")
    print("| | images/s, median | best | Lamina is faster by | peak memory, MiB |\n|---|---|---|---|---|")
    for t in table:
        ratio = f"{t['lamina_times']:.2f} x" if "lamina_times" in t else ""
        print(f"| {t['name']} {'(' + t['version'] + ')' if t['version'] else ''} | {t['images_per_second']:.0f} "
              f"| {t['best_images_per_second']:.0f} | {ratio} | {t['peak_rss_mib']:.0f} |")
    if a.json:
        a.json.write_text(json.dumps({"batch_size": a.batch_size, "threads": a.threads, "machine": platform.processor(),
                                      "load": loads, "results": table}, indent=2) + "\n")
    return 0 if table else 1


if __name__ == "__main__":
    sys.exit(main())
