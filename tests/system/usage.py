"""Wrong command lines: exit code 2 or 1, and one clear line that says what to do."""

import os

from _lamina import LAMINA, TRAIN, check, done, fails, lamina, run

COMMANDS = ["train", "evaluate", "predict", "summary", "bench", "devices", "plugins", "models", "datasets"]


def help_everywhere():
    """every command explains itself, on standard output, with exit code 0"""
    for arguments in [["--help"], ["-h"], ["help"]] + [[c, "--help"] for c in COMMANDS]:
        result = done(lamina(*arguments))
        check(result.err == "", arguments, result.err)
        check("usage: lamina" in result.out, arguments, result.out)
    listed = lamina("--help").out
    for command in COMMANDS:
        check(command in listed, command, "is not in the list")
    check(lamina().code == 2, "no command is wrong usage")
    check(done(lamina("--version")).out.startswith("lamina 0."), "version")


def unknown_names():
    """an unknown command, flag or part is answered with the nearest one or with what there is"""
    fails(2, "trian", says='did you mean "train"?')
    fails(2, *TRAIN, "--optimiser", "adam", says=['unknown option --optimiser', 'did you mean "--optimizer"?'])
    fails(2, "train", "lenett", "--data", "mnist:sample", says='did you mean "lenet"?')
    fails(2, "train", "lenet", "--data", "nmist", says='did you mean "mnist"?')
    fails(2, *TRAIN, "--backend", "cuda", says=["no backend named `cuda`", "openblas", "reference"])
    fails(2, *TRAIN, "--optimizer", "adamm", says='did you mean "adam"?')
    fails(2, *TRAIN, "--optimizer", "adam:lerning_rate=1", says='did you mean "learning_rate"?')
    fails(2, *TRAIN, "--loss", "mes", says=["no loss named `mes`", "categorical_crossentropy"])
    fails(2, *TRAIN, "--metrics", "acurracy", says="no metric named `acurracy`")
    fails(2, *TRAIN, "--monitor", "val_los", says="it reports loss, accuracy")
    fails(2, "train", "lenet", "--data", "mnist:smaple", says='did you mean "sample"?')
    fails(1, "bench", "mnist_softmax", "--backend", "openblas:matmul=magic", says=["matmul", "`magic`"])


def missing_and_wrong_values():
    """missing and impossible values are refused before anything is read"""
    fails(2, "train", "lenet", says=["--data is missing", "lamina train --help"])
    fails(2, "predict", "lenet", says="FILE is missing")
    fails(2, "summary", says="MODEL is missing")
    fails(2, "train", "lenet", "--data", says="'--data'")
    fails(2, *TRAIN, "more", says="one argument too many")
    for flag, bad in [("--epochs", "0"), ("--epochs", "-3"), ("--epochs", "x"), ("--batch-size", "0"),
                      ("--batch-size", "-1"), ("--validation-split", "1"), ("--validation-split", "-0.1"),
                      ("--threads", "0"), ("--workers", "0"), ("--seed", "-1"), ("--log", "loud"),
                      ("--plugin-path", "/no/such/folder")]:
        arguments = [a for a in TRAIN]
        if flag == "--batch-size":
            arguments = arguments[:-2]
        fails(2, *arguments, flag, bad, says=bad)
    fails(2, *TRAIN[:-2], "--batch-size", "201", says=["201", "200 training samples"])
    fails(2, "train", "lenet", "--data", "mnist:sample", "--train-limit", "6001", says="6000 training samples")
    fails(2, "summary", "lenet", "--mode", "sideways", says="train or infer")
    fails(2, "evaluate", "lenet", "--data", "mnist:sample", "--split", "both", says="test or train")
    fails(2, "predict", "lenet", "x.png", "--top", "0", says="--top")


def targets_are_tried_first():
    """what could only fail after training is tried before"""
    for flag, value, says in [("--save", "no/such/model.h5", "no/such"), ("--save", "model.xyz", "extension"),
                              ("--plot", "curves.bmp", ".png"), ("--history", "no/such.csv", "no folder")]:
        result = lamina(*TRAIN, flag, value)
        check(result.code in (1, 2) and says in result.err, flag, value, result.code, result.err)
        check("epoch" not in result.err, "trained first:", result.err)


def standard_output_that_cannot_be_written():
    """a closed or full standard output is an error, not silence"""
    for redirection in (">&-", ">/dev/full"):
        code = os.waitstatus_to_exitcode(os.system(f"{LAMINA} models {redirection} 2>errors"))
        check(code == 1, redirection, code)
        check("standard output cannot be written" in open("errors").read(), redirection)


run([help_everywhere, unknown_names, missing_and_wrong_values, targets_are_tried_first,
     standard_output_that_cannot_be_written])
