"""lamina plugin check: what is right passes, and each wrong thing is told by name, crashes and hangs included."""
# labels: system release-only
# timeout: 900

import json
import os

from _lamina import check, done, fails, lamina, run

FIXTURES = os.path.join(os.environ["LAMINA_BUILD_DIR"], "tests", "plugins")


def report(file, *arguments, code=1):
    """By part: what each check said, (verdict, reason)."""
    result = lamina("plugin", "check", file, *arguments, "--json", timeout=600)
    check(result.code == code, "exit code", result.code, result.out[-3000:], result.err)
    whole = json.loads(result.out)
    check(whole["passed"] == (code == 0), whole)
    return {part["part"]: {c["check"]: (c["verdict"], c["reason"]) for c in part["checks"]} for part in whole["parts"]}


def fixture(name):
    return os.path.join(FIXTURES, name + ".so")


def fault(part, *arguments):
    """The reasons of the failed checks of a faulty part, joined."""
    parts = report(fixture("check_faults"), "--part", part, *arguments)
    checks = parts[part.replace("/", " ", 1)]
    failed = [f"{name}: {reason}" for name, (verdict, reason) in checks.items() if verdict == "failed"]
    check(failed, part, "is not found wrong:", checks)
    return "; ".join(failed)


def says(text, *wanted):
    for w in wanted:
        check(w in text, "does not say:", w, "\n", text)


def good_plugin():
    """a plugin that is right passes: manifest, loading, shapes, gradient, every backend"""
    parts = report(fixture("composed"), "--config", '{"units": 3}', "--part", "layer/ComposedDense", code=0)
    checks = parts["layer ComposedDense"]
    for name in ("gradient against finite differences", "trains on openblas as on reference"):
        check(checks.get(name, ("",))[0] == "passed", checks)
    out = done(lamina("plugin", "check", fixture("good"), timeout=300)).out
    says(out, "good 1.2.3", "  passed    manifest", "layer Twice", "activation twofold", " passed, 0 failed, 0 left out")


def refused_plugins():
    """a file that cannot be used is told with its reason, before and after it is loaded"""
    for name, reason in {"other_abi": "built for plugin ABI 99.7", "no_manifest": "it has no manifest"}.items():
        (checks,) = report(fixture(name)).values()
        check(checks["manifest"][0] == "failed" and reason in checks["manifest"][1], checks)
    for name, reason in {"wrong_symbol": "has no symbol", "init_fails": "the moon is not full",
                         "init_throws": "its init threw", "small_table": "is too small"}.items():
        says(str(report(fixture(name))), reason)
    fails(2, "plugin", "check", "/nowhere.so", says="there is no such file")
    fails(2, "plugin", "check", fixture("good"), "--part", "layer/Trice", says="registers")


def crash_and_hang():
    """a part that crashes, hangs or ends the process costs the child alone, and the parent says where"""
    says(fault("layer/Crashes"), "it crashed (segmentation fault)")
    says(fault("layer/Hangs", "--timeout", "3"), "it had not ended after 3 s and was killed")
    says(fault("layer/Exits"), "its process ended with exit code 7")


def wrong_numbers():
    """a fixed batch, a NaN, a wrong gradient, a kernel beyond its buffer, an optimizer that climbs are found"""
    says(fault("layer/FixedBatch"), "shapes", "its output is [1, 8, 8, 4] for a batch of 2")
    says(fault("layer/NotANumber"), "shapes", "nan")
    says(fault("layer/WrongGradient"), "gradient against finite differences", "gives a slope of")
    says(fault("operator/doubled"), "gradient against finite differences", "wrote outside its operands")
    says(fault("kernel/doubled/openblas/overruns"), "wrote outside its operands")
    says(fault("optimizer/climbs"), "descends a quadratic", "after 100 steps")


def wrong_augmentations():
    """a write beyond the picture, a matrix of NaN, draws by the order, without the seed, and of a normalization"""
    says(fault("augmentation/overruns"), "writes outside its 768 bytes, at byte 768")
    says(fault("augmentation/no_matrix"), "its matrix has the entry nan")
    says(fault("augmentation/counts"), "in any order and on any thread", "another one in another order")
    says(fault("augmentation/unseeded"), "its draws are the same for every seed")
    says(fault("augmentation/wavers"), "a normalization must draw nothing")


def wrong_callback():
    """a callback that fails in the midst of a training is told with its event"""
    says(fault("callback/fails_late"), "hears a training of two epochs",
         "callback fails_late (plugin check_faults): epoch_end: the disk is full")


def wrong_schema():
    """each mistake of a schema is named with its key"""
    parts = report(fixture("check_faults"), "--part", "layer/BadSchema")
    reason = next(iter(parts.values()))["load layer BadSchema"][1]
    says(reason, "`units`", "unknown type `integer`", "`rate` must be at least 0, got -1",
         "`size` has the unknown property `requird`", 'did you mean "required"?')


run([good_plugin, refused_plugins, crash_and_hang, wrong_numbers, wrong_augmentations, wrong_callback,
     wrong_schema])
