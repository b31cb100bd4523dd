"""Every shader compiles for AMD's cards, and none spills: those of the known nets' training steps, and every kernel's.

By Mesa's driver with no card there (RADV_FORCE_FAMILY), whose compiler is the real one; it makes pipelines and runs
nothing, so that each start ends in an error after them. Run with a file's name after it, it also writes the table that
is committed as tests/conformance/reports/radv.md."""
# labels: full
# timeout: 3600

import glob
import json
import os
import re
import subprocess
import sys

import _architectures as nets
from _lamina import check, lamina, run

ICD = glob.glob("/usr/share/vulkan/icd.d/radeon_icd.*.json")
FAMILIES = ["polaris10", "vega10", "navi21", "gfx1100"]
NETS = {"lenet": (None, 128), "cifar10_simple": (nets.cifar10_simple, 128), "cifar10_deep": (nets.cifar10_deep, 128),
        "vgg16": (nets.vgg16, 8), "inception_v3": (nets.inception_v3, 8)}
SAMPLE = 1500  # conformance tests, of each operator in turn: every kernel is among them
CONFORMANCE = os.path.join(os.environ["LAMINA_BIN_DIR"], "lamina-conformance")
TABLE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
rows = []


def environment(family):
    return {"VK_DRIVER_FILES": ICD[0], "VK_ICD_FILENAMES": ICD[0], "RADV_FORCE_FAMILY": family,
            "RADV_DEBUG": "shaderstats,nocache", "MESA_SHADER_CACHE_DISABLE": "true", "XDG_CACHE_HOME": os.getcwd(),
            "LAMINA_LOG": "debug"}


def shaders(text):
    """[(kernel, {"VGPRs": 24, ...})]: what RADV says of each shader, and for which kernel it was made."""
    found, waiting = [], []
    for stats, kernel in re.findall(r"\*\*\* SHADER STATS \*\*\*(.*?)\*{10,}|vulkan: \d+ made for ([^\n]+)", text, re.S):
        if stats:
            waiting.append({name.strip(): int(value) for name, value in re.findall(r"^([^:\n]+):\s*(\d+)", stats, re.M)})
        else:
            found += [(kernel, one) for one in waiting]
            waiting = []
    return found + [("-", one) for one in waiting]


def of_net(family, name):
    build, batch = NETS[name]
    model = name
    if build is not None:
        model = f"{name}.json"
        with open(model, "w") as file:
            json.dump(build(), file)
    result = lamina("bench", model, "--backend", "vulkan", "--mode", "train", "--batch-size", batch, timeout=1200,
                    env=environment(family))
    made = re.search(r"vulkan: (\d+) pipelines made", result.err)
    check(made, "the program was not made:", result.err[-2000:])
    found = shaders(result.err)
    check(len(found) >= int(made[1]), f"{made[1]} pipelines and statistics of {len(found)}")
    return found


def of_every_kernel(family):
    done = subprocess.run([CONFORMANCE, "--backend", "vulkan", "--mode", "test", "--sample", str(SAMPLE)],
                          capture_output=True, text=True, timeout=1800, env={**os.environ, **environment(family)})
    wrong = [line for line in done.stdout.splitlines() if line.startswith("failed") and "out of device memory" not in line]
    check(not wrong, *wrong[:5])
    found = shaders(done.stderr)
    check(len(found) > SAMPLE / 2, len(found), "shaders only")
    return found


def most(stats, key):
    return max(s[key] for s in stats)


def on(family):
    def test():
        for name in [*NETS, "conformance"]:
            found = of_every_kernel(family) if name == "conformance" else of_net(family, name)
            stats = [s for _, s in found]
            spilling = sorted({kernel for kernel, s in found
                               if s["Spilled SGPRs"] + s["Spilled VGPRs"] + s["Scratch size"] > 0})
            widest = max(found, key=lambda f: f[1]["VGPRs"])[0]
            rows.append((family, name, len(stats), most(stats, "SGPRs"), most(stats, "VGPRs"), widest,
                         most(stats, "LDS size"), min(s["Subgroups per SIMD"] for s in stats), len(spilling)))
            print("       " + " | ".join(map(str, rows[-1])))
            check(not spilling, "registers spill on", family, "in", name + ":", *spilling)
    test.__doc__ = f"{family}: every shader compiles, none spills"
    return test


def table():
    """the table is written"""
    with open(TABLE, "w") as file:
        file.write("# AMD's cards, by RADV with no card there\n\n"
                   "Registers, shared memory (bytes) and waves a SIMD: the worst of all shaders of a net's training step "
                   "(LeNet and\nthe CIFAR nets in batches of 128, VGG16 and InceptionV3 of 8), and of the kernels that "
                   f"{SAMPLE} conformance tests choose.\nWritten by `tests/system/radv_shaders.py FILE`, which "
                   "`./run test full` runs.\n\n")
        head = ["family", "net", "shaders", "SGPRs", "VGPRs", "most VGPRs in", "LDS", "least waves", "spilling"]
        for row in [head, ["---"] * len(head), *rows]:
            file.write("| " + " | ".join(map(str, row)) + " |\n")


if not ICD:
    print("skipped: Mesa's RADV is not installed")
    sys.exit(77)
run([on(family) for family in FAMILIES] + ([table] if TABLE else []))
