"""Backends as a user chooses them: options, instruction sets, and what one cannot run falling back to another."""

import os

from _lamina import TRAIN, check, done, fails, lamina, one_json, run

LIMITED = ["--plugin-path", os.path.join(os.environ["LAMINA_BUILD_DIR"], "tests", "backends"), "--backend", "limited"]


def fallback():
    """an operator that the backend lacks is an error, or runs elsewhere and is named"""
    fails(1, *TRAIN, *LIMITED, "--epochs", "1", says=["backend limited cannot run operator", "no kernel"])
    fails(1, "bench", "mnist_softmax", *LIMITED, "--batch-size", "4", "--precision", "mixed",
          says=["backend limited cannot run operator", "limited (host memory)", "--precision float32"])
    one = one_json(lamina(*TRAIN, "--epochs", "1", "--json"))
    done(lamina(*TRAIN, "--epochs", "1", "--save", "soft.h5"))
    result = lamina(*TRAIN, *LIMITED, "--allow-fallback", "--epochs", "1", "--json")
    two = one_json(result)
    check(abs(one["loss"] - two["loss"]) < 1e-4 * one["loss"], one, two)
    for text in ("the program runs in", "limited: ", "openblas: ", "no kernel for operator `cast`"):
        check(text in result.err, text, "is not in", result.err)
    check(result.err.count("gradient/") < 20, "the same is told again and again:", result.err)
    for command in (["evaluate", "soft.h5", "--data", "mnist:sample"], ["summary", "soft.h5", "--memory"],
                    ["bench", "mnist_softmax", "--batch-size", "4", "--seconds", "0.01"]):
        done(lamina(*command, *LIMITED, "--allow-fallback"))


def wrong_options():
    """an unknown backend or option is answered with what there is"""
    fails(2, *TRAIN, "--backend", "opnblas", says=['did you mean "openblas"?', "reference"])
    fails(2, *TRAIN, "--backend", "openblas:smid=sse2", says=["smid", 'did you mean "simd"?'])
    fails(2, *TRAIN, "--backend", "openblas:simd=mmx", says=["mmx", "avx512, avx2, sse4, sse2"])
    fails(2, *TRAIN, "--backend", "openblas:device=7", says=["no device 7", "lamina devices"])


def instruction_sets():
    """the oldest instruction set trains to nearly the same loss as the best, and to other bits: it was really used"""
    best = one_json(lamina(*TRAIN, "--epochs", "1", "--json"))
    old = one_json(lamina(*TRAIN, "--epochs", "1", "--json", "--backend", "openblas:simd=sse2",
                          env={"OPENBLAS_CORETYPE": "Prescott"}))
    check(abs(best["loss"] - old["loss"]) < 1e-4 * best["loss"], best, old)
    listed = one_json(lamina("devices", "--json"))["backends"]
    has = next(b for b in listed if b["name"] == "openblas")["devices"][0]["details"]["simd"]
    check(has == "SSE2" or best["weights_sha256"] != old["weights_sha256"], has, best, old)


def little_address_space():
    """under every limit on memory training ends, well or with one line that says what was missing"""
    if os.environ["LAMINA_SANITIZE"]:
        return  # a sanitizer maps terabytes
    lenet = ["train", "lenet", "--data", "mnist:sample", "--train-limit", "512", "--epochs", "1", "--quiet"]
    trained = {}
    for limit in [*range(50, 300, 10), 400, 600]:
        result = lamina(*lenet, "--json", address_space=limit)
        if result.code == 0:
            trained[limit] = one_json(result)["weights_sha256"]
            continue
        check(result.code == 1, limit, "MiB: exit code", result.code, result.err)
        check(result.first or "error while loading shared libraries" in result.err, limit, "MiB:", result.err)
    check(600 in trained and 150 not in trained, "these limits were enough:", list(trained))
    check(len(set(trained.values())) == 1, "the bits depend on the memory:", trained)


run([fallback, wrong_options, instruction_sets, little_address_space])
