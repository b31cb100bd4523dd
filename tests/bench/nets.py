#!/usr/bin/env python3
"""CIFAR-10's deep net, VGG16 and InceptionV3 on the CPU beside PyTorch, TensorFlow, ONNX Runtime and ncnn, alternating.

usage: nets.py [--lamina PROGRAM] [--peer NAME=PYTHON ...] [--work WORK,...] [--rounds N] [--json FILE]

NAME is torch, tensorflow, onnxruntime or ncnn; its PYTHON is the interpreter that has it (tests/parity/requirements.txt,
pip install onnxruntime onnx ncnn). A peer that is not given or does not start is left out, and a line says so. All in f32
on 2 threads. For predictions the peers have batch normalisations folded, as Lamina folds them itself. ncnn runs with its
half precision off, and as it comes. The table has medians over the rounds and the median of the rounds' ratios; memory is
the process's peak, with pictures and framework.
"""
import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import alternate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
THREADS = 2


@dataclass
class Work:
    net: str
    mode: str
    batch: int
    optimizer: str = "sgd"
    steps: int = 1  # in a peer's window
    windows: int = 5


WORKS = {
    "cifar10_deep": Work("cifar10_deep", "train", 128, "rmsprop", steps=4, windows=7),
    "vgg16": Work("vgg16", "infer", 1, steps=5),
    "inception_v3": Work("inception_v3", "infer", 1, steps=10),
    "vgg16_train": Work("vgg16", "train", 8),
    "inception_v3_train": Work("inception_v3", "train", 8),
}
VARIANTS = {"torch": ["nchw", "channels_last"], "tensorflow": ["function"], "onnxruntime": ["all_optimisations"],
            "ncnn": ["f32", "defaults"]}
SCRIPTS = {"torch": "run_torch.py", "tensorflow": "run_tensorflow.py", "onnxruntime": "run_onnx.py"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", type=Path, default=ROOT / "build/release/bin/lamina")
    parser.add_argument("--backend", default="openblas")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON")
    parser.add_argument("--work", default=",".join(WORKS), help="of " + ", ".join(WORKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="of measuring Lamina, each round")
    parser.add_argument("--compiled", action="store_true", help="also torch.compile and XLA")
    parser.add_argument("--json", type=Path)
    a = parser.parse_args()
    unknown = [w for w in a.work.split(",") if w not in WORKS]
    if unknown:
        parser.error(f"no work {unknown[0]}; there are {', '.join(WORKS)}")
    return a


def peer_command(name, variant, python, work, folder):
    if name == "ncnn":
        alternate.run([python, HERE / "peers/ncnn_form.py", work.net, folder])
        return [python, HERE / "peers/infer_ncnn.py", folder / f"{work.net}.param", folder / f"{work.net}.bin", "--cpu",
                "--threads", THREADS, "--variant", variant]
    return [python, HERE / "peers" / SCRIPTS[name], "--net", work.net, "--mode", work.mode, "--variant", variant,
            "--batch-size", work.batch, "--threads", THREADS, "--optimizer", work.optimizer, "--warmup", 2,
            "--windows", work.windows, "--steps", work.steps]


def competitors(a, work, folder):
    found = {"lamina": [a.lamina, "bench", work.net, "--mode", work.mode, "--batch-size", work.batch, "--optimizer",
                        work.optimizer, "--threads", THREADS, "--backend", a.backend, "--seconds", a.seconds, "--json"]}
    for text in a.peer:
        name, python = text.split("=", 1)
        if work.mode == "train" and name in ("onnxruntime", "ncnn"):
            continue
        variants = list(VARIANTS[name])
        if a.compiled:
            variants += {"torch": ["channels_last_compiled"], "tensorflow": ["xla"]}.get(name, [])
        for variant in variants:
            found[f"{name} {variant}"] = peer_command(name, variant, python, work, folder)
    return found


@dataclass
class Result:
    ms: float  # of a step
    peak_mib: float
    version: str


def read(work, name, output):
    if name == "lamina":
        r = json.loads(output)["results"][0]
        return Result(r["step_ms"], r["peak_rss_mib"], "")
    r = json.loads(output.strip().splitlines()[-1])
    ms = r["step_ms"] if "step_ms" in r else 1e3 * work.batch / r["images_per_second"]
    return Result(ms, r["peak_rss_bytes"] / 2 ** 20, r["version"])


def measure(a, name):
    work = WORKS[name]
    with tempfile.TemporaryDirectory() as folder:
        results, loads = alternate.rounds(a.rounds, competitors(a, work, Path(folder)),
                                          lambda who, output: read(work, who, output), lambda r: f"{r.ms:8.1f} ms")
    ours = [r.ms for r in results.get("lamina", [])]
    rows = [{"name": who, "version": rs[0].version, "ms": statistics.median(r.ms for r in rs),
             "peak_mib": max(r.peak_mib for r in rs), "rounds_ms": [r.ms for r in rs],
             "lamina_times": alternate.times([r.ms for r in rs], ours) if ours and who != "lamina" else None}
            for who, rs in results.items()]
    return {"work": name, "load": [min(loads), max(loads)], "results": sorted(rows, key=lambda r: r["ms"])}


def table(measured):
    work = WORKS[measured["work"]]
    what = f"training, batch {work.batch}, {work.optimizer}" if work.mode == "train" else f"prediction, batch {work.batch}"
    print(f"\n{work.net}, {what}; load average {measured['load'][0]:.1f} to {measured['load'][1]:.1f}\n")
    print("| | ms | images/s | Lamina is faster by | peak memory, MiB |\n|---|---|---|---|---|")
    for r in measured["results"]:
        times = f"{r['lamina_times']:.2f} x" if r["lamina_times"] else ""
        print(f"| {r['name']} {r['version']} | {r['ms']:.1f} | {1e3 * work.batch / r['ms']:.1f} | {times} | {r['peak_mib']:.0f} |",
              flush=True)


def main():
    a = arguments()
    measured = []
    for name in a.work.split(","):
        measured.append(measure(a, name))
        table(measured[-1])
    if a.json:
        a.json.write_text(json.dumps(measured, indent=2) + "\n")
    return 0 if all(m["results"] for m in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
