"""Vulkan's pipelines are kept on disk: a second start of VGG16 takes at most a fifth of the first's time.

On Mesa's driver for AMD with no card there (RADV_FORCE_FAMILY), whose compiler is the real one; it makes pipelines and
runs nothing, so that each start ends in an error after them. Mesa's own cache is off."""
# labels: full
# timeout: 1200

import glob
import json
import os
import re
import sys

from _lamina import check, lamina, run

ICD = glob.glob("/usr/share/vulkan/icd.d/radeon_icd.*.json")


def vgg16():
    layers = [{"class_name": "InputLayer", "config": {"name": "input", "batch_input_shape": [None, 224, 224, 3]}}]
    for filters, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        layers += [{"class_name": "Conv2D", "config": {"filters": filters, "kernel_size": [3, 3], "padding": "same",
                                                       "activation": "relu"}}] * count
        layers.append({"class_name": "MaxPooling2D", "config": {}})
    layers.append({"class_name": "Flatten", "config": {}})
    layers += [{"class_name": "Dense", "config": {"units": 4096, "activation": "relu"}}] * 2
    layers.append({"class_name": "Dense", "config": {"units": 1000, "activation": "softmax"}})
    named = [{**layer, "config": {"name": f"layer_{i}", **layer["config"]}} for i, layer in enumerate(layers)]
    return {"class_name": "Sequential", "config": {"name": "vgg16", "layers": named}}


def second_start():
    """the second start makes the same pipelines in at most 20 % of the time; a damaged file is a miss"""
    json.dump(vgg16(), open("vgg16.json", "w"))

    def start():
        result = lamina("bench", "vgg16.json", "--backend", "vulkan", "--mode", "infer", "--batch-size", "1",
                        timeout=600, env={"VK_DRIVER_FILES": ICD[0], "VK_ICD_FILENAMES": ICD[0],
                                          "RADV_FORCE_FAMILY": "navi21", "MESA_SHADER_CACHE_DISABLE": "true",
                                          "XDG_CACHE_HOME": os.getcwd(), "LAMINA_LOG": "debug"})
        made = re.search(r"vulkan: (\d+) pipelines made in ([\d.]+) s, with (\d+) bytes", result.err)
        check(made, result.err)
        return int(made[1]), float(made[2]), int(made[3])

    count, first, found = start()
    check(count > 10 and found == 0, count, found)
    files = glob.glob("lamina/vulkan/*.pipelines")
    check(len(files) == 1, files)
    again, second, found = start()
    print(f"       {count} pipelines: {first:.3f} s, then {second:.3f} s with {found} bytes")
    check(again == count and found > 0, again, found)
    check(second <= 0.2 * first, first, second)
    with open(files[0], "r+b") as file:
        file.seek(os.path.getsize(files[0]) // 2)
        file.write(b"damage")
    check(start()[2] == 0, "a damaged file was taken")
    check(start()[2] == found, "it was not written anew")


if not ICD:
    print("skipped: Mesa's RADV is not installed")
    sys.exit(77)
run([second_start])
