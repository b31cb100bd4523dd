#!/usr/bin/env python3
"""Writes the support matrix into README.md beside it, from `lamina-conformance --mode support` of every
shipped backend; with --check it only says whether the one there is right.

Vulkan is asked on whichever driver VK_DRIVER_FILES selects: to be lavapipe, so that it is the same
everywhere.
"""
import argparse
import json
import pathlib
import subprocess
import sys

BACKENDS = ["reference", "openblas", "vulkan"]
README = pathlib.Path(__file__).with_name("README.md")
BEGIN = "<!-- support matrix: written by support_matrix.py -->\n"
END = "<!-- end of the support matrix -->\n"


def support(program: str, backend: str) -> dict:
    run = subprocess.run([program, "--backend", backend, "--mode", "support", "--json"],
                         stdout=subprocess.PIPE, text=True, check=True)
    return {op: modes["support"] for op, modes in json.loads(run.stdout)["operators"].items()}


def cell(entry: dict) -> str:
    if not entry["kernels"]:
        return "-"
    return ", ".join(entry["kernels"]) + (" *" if entry["unsupported"] else "")


def matrix(program: str) -> str:
    by_backend = [support(program, backend) for backend in BACKENDS]
    lines = ["| operator | " + " | ".join(BACKENDS) + " |", "| --- |" + " --- |" * len(BACKENDS)]
    for op in sorted(by_backend[0]):
        lines.append(f"| {op} | " + " | ".join(cell(entries[op]) for entries in by_backend) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="lamina-conformance")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()

    text = README.read_text()
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    new = matrix(options.program)
    if old == new:
        return 0
    if options.check:
        for line in sorted(set(new.splitlines()) ^ set(old.splitlines())):
            print(("+ " if line in new.splitlines() else "- ") + line)
        print(f"the support matrix in {README.name} is stale: {pathlib.Path(__file__).name} writes it anew",
              file=sys.stderr)
        return 1
    README.write_text(before + BEGIN + new + END + after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
