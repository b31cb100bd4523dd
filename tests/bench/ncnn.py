#!/usr/bin/env python3
"""Predictions by Lamina's Vulkan backend beside ncnn's on the same driver, batch 1, in one alternating run.

usage: ncnn.py --peer PYTHON [--lamina PROGRAM] [--nets vgg16,resnet50,googlenet] [--rounds N] [--seconds S] [--json FILE]

PYTHON has ncnn and numpy (pip install ncnn). The nets are those of peers/nets.py, with random weights; both
sides must count the same multiplications and additions. VK_DRIVER_FILES chooses the driver, and both sides must name the
same device. ncnn runs in f32 (its fp16 storage, packing and arithmetic off) and as it comes.

Each round runs every competitor once, in turn. A software driver's work is CPU time, which tells more than the clock
where the machine has other work; the table has both, as medians, and the ratios are medians of the rounds' ratios.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SIDES = ["lamina", "f32", "defaults"]  # f32 and defaults are ncnn's


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, metavar="PYTHON")
    parser.add_argument("--lamina", type=Path, default=ROOT / "build/release/bin/lamina")
    parser.add_argument("--backend", default="vulkan")
    parser.add_argument("--nets", default="vgg16,resnet50,googlenet")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of measuring, each competitor and round")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def output_of(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        sys.exit(f"ncnn.py: {Path(str(command[0])).name} failed: {last}")
    return done.stdout


class Competitors:
    """Both sides of one net, as files in a folder."""

    def __init__(self, a, name, folder):
        self.a, self.model = a, folder / f"{name}.json"
        self.param, self.bin = folder / f"{name}.param", folder / f"{name}.bin"
        output_of([a.peer, HERE / "peers/ncnn_form.py", name, folder])

    def lamina(self, seconds, *more):
        text = output_of([self.a.lamina, "bench", self.model, "--mode", "infer", "--batch-size", 1, "--backend",
                          self.a.backend, "--seconds", seconds, "--json", *more])
        return json.loads(text)["results"][0]

    def ncnn(self, variant, seconds):
        return json.loads(output_of([self.a.peer, HERE / "peers/infer_ncnn.py", self.param, self.bin, "--variant", variant,
                                     "--seconds", seconds]))

    def run(self, name, seconds):
        return self.lamina(seconds) if name == "lamina" else self.ncnn(name, seconds)


def layers(profile):
    """[(operator and kernel, milliseconds, how many, GFLOP/s)], the most expensive first."""
    found = {}
    for step in profile:
        kind = " ".join(step["step"].split()[:2])
        ms, count, work = found.get(kind, (0, 0, 0))
        found[kind] = ms + step["ms"], count + 1, work + step["ms"] * step["gflops"]
    return sorted(((kind, ms, count, work / max(ms, 1e-9)) for kind, (ms, count, work) in found.items()),
                  key=lambda row: -row[1])


def products_flops(profile):
    return sum(1e6 * s["ms"] * s["gflops"] for s in profile if s["step"].split()[0] in ("conv", "matmul"))


def measure(a, name, folder):
    sides = Competitors(a, name, folder)
    results = {side: [] for side in SIDES}
    for number in range(a.rounds):
        for side in SIDES:
            results[side].append(sides.run(side, a.seconds))
            r = results[side][-1]
            print(f"round {number + 1}/{a.rounds}  {name:<10} {side:<9} {r['step_ms']:8.0f} ms, CPU {r['cpu_ms']:8.0f} ms",
                  flush=True)
    profile = sides.lamina(0, "--profile")["profile"]
    ours, theirs = products_flops(profile), results["f32"][0]["flops"]
    # A fused epilogue counts its own operations with the product.
    if abs(ours / theirs - 1) > 0.01:
        sys.exit(f"ncnn.py: {name}: the sides do different work: {ours:.4g} and {theirs:.4g} operations")
    devices = {r["device"] for side in results.values() for r in side}
    if len(devices) != 1:
        sys.exit(f"ncnn.py: the sides run on different devices: {', '.join(sorted(devices))}")
    return {"net": name, "device": devices.pop(), "gflop": theirs / 1e9, "results": results, "layers": layers(profile)}


def median(results, key):
    return statistics.median(r[key] for r in results)


def ratio(results, side, key):
    """How many times longer the side takes, of each round, so that a busy minute falls on both."""
    return statistics.median(b[key] / a[key] for a, b in zip(results["lamina"], results[side]))


def table(rows):
    print("\n| net | GFLOP | | ms | CPU ms | times Lamina's ms | times Lamina's CPU ms |\n|---|---|---|---|---|---|---|")
    for row in rows:
        for side, results in row["results"].items():
            name = "Lamina" if side == "lamina" else f"ncnn {results[0]['version']}, {side}"
            first = f"{row['net']} | {row['gflop']:.1f}" if side == "lamina" else " | "
            times = "| |" if side == "lamina" else (f"| {ratio(row['results'], side, 'step_ms'):.2f} "
                                                    f"| {ratio(row['results'], side, 'cpu_ms'):.2f} |")
            print(f"| {first} | {name} | {median(results, 'step_ms'):.0f} | {median(results, 'cpu_ms'):.0f} {times}")
    for row in rows:
        total = sum(ms for _, ms, _, _ in row["layers"])
        print(f"\n{row['net']}, by operator and kernel:\n\n| | steps | share | GFLOP/s |\n|---|---|---|---|")
        for kind, ms, count, gflops in row["layers"]:
            if ms > 0.01 * total:
                print(f"| {kind} | {count} | {100 * ms / total:.0f} % | {gflops:.1f} |")


def main():
    a = arguments()
    loads = [os.getloadavg()[0]]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in a.nets.split(","):
            rows.append(measure(a, name, Path(folder)))
            loads.append(os.getloadavg()[0])
    print(f"\n{rows[0]['device']}, batch 1, {a.rounds} rounds; load average {min(loads):.1f} to {max(loads):.1f}")
    table(rows)
    if a.json:
        a.json.write_text(json.dumps({"load": loads, "nets": rows}, indent=2) + "\n")


main()
