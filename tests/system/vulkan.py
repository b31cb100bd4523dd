"""The Vulkan backend as a user meets it: devices with and without a driver, a lost device, out of memory, 16 bits."""

import os
import re
import sys

from _lamina import TRAIN, check, done, lamina, one_json, run

NO_DRIVER = {"VK_DRIVER_FILES": "/nonexistent.json", "VK_ICD_FILENAMES": "/nonexistent.json"}


def vulkan(env=None):
    backends = one_json(lamina("devices", "--json", env=env))["backends"]
    return next((b for b in backends if b["name"] == "vulkan"), None)


def listing():
    """lamina devices --json tells of each device all that identifies and limits it"""
    for device in vulkan()["devices"]:
        check({"index", "name", "vendor", "driver", "type", "memory_bytes"} <= set(device), device)
        details = device["details"]
        check({"uuid", "driver_uuid", "driver_version", "api_version", "fp16", "subgroup_size", "min_subgroup_size",
               "max_subgroup_size", "cooperative_matrix", "heaps", "limits"} <= set(details), details)
        check(all({"bytes", "device_local"} <= set(heap) for heap in details["heaps"]), details)
        check(details["limits"]["max_storage_range"] >= 1 << 27, details)
        named = lamina(*TRAIN, "--epochs", "1", "--backend", f"vulkan:uuid={details['uuid']}", "--json")
        check("software device" not in named.err, "named, it is not announced:", named.err)
        done(named)


def no_driver():
    """without a driver `lamina devices` says why and exits 0"""
    for arguments in (["devices"], ["devices", "--json"]):
        result = done(lamina(*arguments, env=NO_DRIVER))
        check("unavailable" in result.out and "driver" in result.out, result.out)
    check(vulkan(NO_DRIVER)["devices"] == [], "devices without a driver")
    result = lamina(*TRAIN, "--backend", "vulkan", env=NO_DRIVER)
    check(result.code == 1 and "backend vulkan is unavailable" in result.err, result.code, result.err)


def no_loader():
    """without a Vulkan loader `lamina devices` says why and exits 0"""
    open("libvulkan.so.1", "w").close()  # found first, and no library
    result = done(lamina("devices", env={"LD_LIBRARY_PATH": os.getcwd()}))
    check("vulkan: unavailable: no Vulkan loader" in result.out and "install libvulkan1" in result.out, result.out)


def lost_device():
    """a lost device is an error that names the part of the step; --resume goes on to an unbroken run's weights"""
    arguments = [*TRAIN, "--epochs", "3", "--backend"]
    whole = one_json(lamina(*arguments, "vulkan", "--json"))
    lost = lamina(*arguments, "vulkan:lose_device_at=11", "--checkpoint-dir", "kept")
    check(lost.code == 1 and "the device was lost" in lost.err, lost.code, lost.err)
    check(re.search(r"in part \d+ of \d+ of program `.*`: steps \d+ to \d+ of \d+, \w+ of ", lost.err), lost.err)
    checkpoint = re.search(r"go on with --resume (\S+)", lost.err).group(1)
    resumed = one_json(lamina(*arguments, "vulkan", "--resume", checkpoint, "--json"))
    check(resumed["weights_sha256"] == whole["weights_sha256"], resumed, whole)
    first = lamina(*arguments, "vulkan:lose_device_at=1")
    check("no checkpoint had been written" in first.err, first.err)


def out_of_memory():
    """too large a batch: what was asked for, what was free, what each kind takes, and a batch that fits"""
    arguments = ["train", "mnist_mlp", "--data", "mnist:sample", "--backend", "vulkan:memory_limit_mib=8", "--epochs",
                 "1"]
    result = lamina(*arguments, "--batch-size", "6000")
    check(result.code == 1 and "out of device memory: asked for" in result.err, result.code, result.err)
    for part in ("free of 8 MiB", "weights", "optimizer slots", "activations", "inputs"):
        check(part in result.err, part, "is not told:", result.err)
    fits = re.search(r"--batch-size (\d+)", result.err).group(1)
    done(lamina(*arguments, "--batch-size", fits, "--train-limit", 3 * int(fits) // 2))


def mixed_precision():
    """LeNet learns with values in 16 bits as it does in 32"""
    losses = {}
    for precision in ("float32", "mixed", "mixed_bfloat16"):
        result = one_json(lamina("train", "lenet", "--data", "mnist:sample", "--train-limit", "320", "--batch-size", "32",
                                 "--epochs", "1", "--backend", "vulkan", "--precision", precision, "--json"))
        losses[precision] = result["loss"]
    check(losses["float32"] < 2.2, losses)
    check(abs(losses["mixed"] - losses["float32"]) < 0.01 * losses["float32"], losses)
    check(abs(losses["mixed_bfloat16"] - losses["float32"]) < 0.03 * losses["float32"], losses)


found = vulkan()
if found is None or not found["devices"]:
    print("skipped: there is no Vulkan device:", found and found["unavailable"])
    sys.exit(77)
run([listing, no_driver, no_loader, lost_device, out_of_memory, mixed_precision])
