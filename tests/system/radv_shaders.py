"""Every shader of the known nets' training steps compiles for AMD's cards, and none spills.

By Mesa's driver with no card there (RADV_FORCE_FAMILY), whose compiler is the real one; it makes pipelines and runs
nothing, so that each start ends in an error after them. Prints registers, spills and occupancy by net and family."""
# labels: full
# timeout: 3600

import glob
import json
import os
import re
import sys

import _architectures as nets
from _lamina import check, lamina, run

ICD = glob.glob("/usr/share/vulkan/icd.d/radeon_icd.*.json")
FAMILIES = ["polaris10", "vega10", "navi21", "gfx1100"]
NETS = {"lenet": (None, 128), "cifar10_simple": (nets.cifar10_simple, 128), "cifar10_deep": (nets.cifar10_deep, 128),
        "vgg16": (nets.vgg16, 8), "inception_v3": (nets.inception_v3, 8)}


def shaders(text):
    """What RADV_DEBUG=shaderstats says of each compute shader: {"VGPRs": 24, ...}."""
    blocks = re.findall(r"\*\*\* SHADER STATS \*\*\*(.*?)\*{10,}", text, re.S)
    return [{name.strip(): int(value) for name, value in re.findall(r"^([^:\n]+):\s*(\d+)", block, re.M)}
            for block in blocks]


def compile_net(family, name):
    build, batch = NETS[name]
    model = name
    if build is not None:
        model = f"{name}.json"
        with open(model, "w") as file:
            json.dump(build(), file)
    result = lamina("bench", model, "--backend", "vulkan", "--mode", "train", "--batch-size", batch, timeout=1200,
                    env={"VK_DRIVER_FILES": ICD[0], "VK_ICD_FILENAMES": ICD[0], "RADV_FORCE_FAMILY": family,
                         "RADV_DEBUG": "shaderstats,nocache", "MESA_SHADER_CACHE_DISABLE": "true",
                         "XDG_CACHE_HOME": os.getcwd(), "LAMINA_LOG": "debug"})
    made = re.search(r"vulkan: (\d+) pipelines made", result.err)
    check(made, "the program was not made:", result.err[-2000:])
    stats = shaders(result.err)
    check(len(stats) >= int(made[1]), f"{made[1]} pipelines and statistics of {len(stats)}")
    return stats


def on(family):
    def test():
        for name in NETS:
            stats = compile_net(family, name)
            most = {key: max(s[key] for s in stats) for key in ("SGPRs", "VGPRs", "LDS size", "Scratch size")}
            spilled = sum(s["Spilled SGPRs"] + s["Spilled VGPRs"] for s in stats)
            least = min(s["Subgroups per SIMD"] for s in stats)
            print(f"       {family:<10} {name:<15} {len(stats):4} shaders, at most {most['SGPRs']} SGPRs, "
                  f"{most['VGPRs']} VGPRs, {most['LDS size']} bytes of LDS; spilled {spilled}; "
                  f"at least {least} waves a SIMD")
            check(spilled == 0 and most["Scratch size"] == 0, "registers spill on", family, "in", name)
    test.__doc__ = f"{family}: every shader compiles, none spills"
    return test


if not ICD:
    print("skipped: Mesa's RADV is not installed")
    sys.exit(77)
run([on(family) for family in FAMILIES])
