"""Wrong command lines: exit code 2 or 1, and one clear line that says what to do."""

import json
import os

from _lamina import LAMINA, TRAIN, check, done, fails, lamina, one_json, run

COMMANDS = ["train", "evaluate", "predict", "augment", "summary", "bench", "plot", "devices", "plugins", "models", "datasets"]


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
    fails(2, *TRAIN, "--schedule", "cosine_deca", says='did you mean "cosine_decay"?')
    fails(2, *TRAIN, "--backend", "openblas:devise=0", says='did you mean "device"?')
    fails(2, *TRAIN, "--backend", "openblas:device=7", says=["no device 7", "lamina devices"])
    fails(2, "summary", "lenet:clases=3", says='did you mean "classes"?')
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
    fails(2, "train", "lenet", "--data", says="--data: its value is missing")
    fails(2, *TRAIN, "more", says="one argument too many")
    for flag, bad in [("--epochs", "0"), ("--epochs", "-3"), ("--epochs", "x"), ("--batch-size", "0"),
                      ("--batch-size", "-1"), ("--validation-split", "1"), ("--validation-split", "-0.1"),
                      ("--validation-split", "nan"), ("--validation-split", "half"), ("--epochs", "1.5"),
                      ("--threads", "0"), ("--threads", "100000"), ("--workers", "0"), ("--workers", "100000"),
                      ("--seed", "-1"), ("--log", "loud"), ("--plugin-path", "/no/such/folder"),
                      ("--early-stopping", "-1"), ("--reduce-on-plateau", "-2"), ("--checkpoint-minutes", "-1")]:
        arguments = [a for a in TRAIN]
        if flag == "--batch-size":
            arguments = arguments[:-2]
        fails(2, *arguments, flag, bad, says=bad)
    fails(2, *TRAIN[:-2], "--batch-size", "201", says=["201", "200 training samples"])
    fails(2, "train", "lenet", "--data", "mnist:sample", "--train-limit", "6001", says="6000 training samples")
    fails(2, "train", "lenet", "--data", "mnist:sample", "--train-limit", "-1", says="--train-limit must be at least 0")
    for rate, said in (("fast", '"fast"'), ("-1", "-1")):
        fails(2, *TRAIN, "--optimizer", "adam:learning_rate=" + rate, says=f"must be a number of at least 0, got {said}")
    fails(2, *TRAIN, "--early-stopping", "patince=2", says=["--early-stopping", 'did you mean "patience"?'])
    fails(2, *TRAIN, "--reduce-on-plateau", "factor=2", says=["--reduce-on-plateau", "factor", "2"])
    fails(2, *TRAIN, "--validation-split", "0.001", says="none is left to validate on")
    fails(2, *TRAIN, "--optimizer", "", says="--optimizer: its value is empty")
    fails(2, *TRAIN, "--data", "mnist", says="--data is given more than once")
    fails(2, *TRAIN, "--checkpoint-minutes", "1", says="--checkpoint-minutes needs --checkpoint-dir")
    fails(2, *TRAIN, "--metrics", "confusion_matrix", says="`lamina evaluate`")
    fails(2, *TRAIN, "--schedule", "cosine_decay", says="`decay_steps` is missing")
    fails(2, "plugins", "--kind", "layers", says=['did you mean "layer"?', "optimizer"])
    fails(2, "summary", "lenet", "--mode", "sideways", says="train or infer")
    fails(2, "evaluate", "lenet", "--data", "mnist:sample", "--split", "both", says="test or train")
    fails(2, "predict", "lenet", "x.png", "--top", "0", says="--top")


def targets_are_tried_first():
    """what could only fail after training is tried before"""
    for flag, value, says in [("--save", "no/such/model.h5", "no/such"), ("--save", "model.xyz", "extension"),
                              ("--plot", "curves.bmp", ".png"), ("--history", "no/such.csv", "no folder"),
                              ("--history", "h.txt", ".csv or .json"), ("--save-best", "m.xyz", "extension")]:
        result = lamina(*TRAIN, flag, value)
        check(result.code in (1, 2) and says in result.err, flag, value, result.code, result.err)
        check("epoch" not in result.err, "trained first:", result.err)


def standard_output_that_cannot_be_written():
    """a closed or full standard output is an error, not silence"""
    for redirection in (">&-", ">/dev/full"):
        code = os.waitstatus_to_exitcode(os.system(f"{LAMINA} models {redirection} 2>errors"))
        check(code == 1, redirection, code)
        check("standard output cannot be written" in open("errors").read(), redirection)


def several_backends():
    """bench takes a list of backends whose settings may hold commas themselves"""
    command = ["bench", "lenet:classes=3,input_shape=12x12x1", "--seconds", "0", "--batch-size", "2", "--json"]
    result = one_json(lamina(*command, "--backend", "openblas:memory_limit_mib=64,device=0,reference"))["results"]
    check([r["backend"] for r in result] == ["openblas:memory_limit_mib=64,device=0", "reference"], result)
    check(abs(result[0]["device_bytes"] / result[0]["planned_bytes"] - 1) < 0.05, result[0])


def pictures_from_descriptions():
    """plot draws curves and bars that a JSON file describes, and names what is wrong in it"""
    def save(description):
        with open("d.json", "w") as f:
            f.write(description if isinstance(description, str) else json.dumps(description))
        return "d.json"

    curve = {"name": "LeNet", "x": [300, 600], "y": [72.4, 90]}
    panel = {"x": {"label": "images", "logarithmic": True, "ticks": [300, 600]}, "y": {"label": "%"},
             "legend": "bottom_right", "series": [curve]}
    bars = {"axis": {"label": "%", "from": 90, "to": 100}, "decimals": 2, "suffix": " %",
            "bars": [{"label": "softmax", "value": 92.5}]}
    for description, words in (({"panels": [panel]}, ["LeNet", "images"]), ({"bars": bars}, ["softmax", "92.50 %"])):
        done(lamina("plot", save(description), "p.svg"))
        for word in words:
            check(word in open("p.svg").read(), word)
    for description, says in [
            ("{", "not valid JSON"), ({}, "either `panels` or `bars`"), ({"panels": []}, "`panels` is empty"),
            ({"panels": 3}, "`panels` must be a list"), ({"panles": []}, 'did you mean "panels"?'),
            ({"panels": [{**panel, "legend": "middle"}]}, "d.json.panels[0]: legend `middle`"),
            ({"panels": [{**panel, "series": [{**curve, "y": [1]}]}]}, "series[0]: 2 values of x for 1 of y"),
            ({"panels": [{**panel, "x": {"label": 3}}]}, "panels[0].x: `label` is of the wrong type"),
            ({"bars": {"bars": [{"label": "a"}]}}, "bars.bars[0]: the key `value` is missing"),
            ({"bars": {"bars": []}}, "`bars` is empty")]:
        result = lamina("plot", save(description), "q.svg")
        check(result.code in (1, 2) and says in result.err, description, result.code, result.err)
    check(not os.path.exists("q.svg"), "a picture of a wrong description")


def predictions_drawn():
    """predict --plot draws the best classes as bars and every class as a line"""
    picture = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images", "rgb.png")

    def drawn(*more):
        done(lamina("predict", "mnist_softmax", picture, "--plot", "p.svg", *more))
        with open("p.svg") as f:
            return f.read()

    with open("names.txt", "w") as f:
        f.write("\n".join(f"digit {name}" for name in "abcdefghij"))
    named = drawn("--labels", "names.txt", "--top", 3)
    check("probability" in named and "class" in named, "no line")
    check(named.count(">digit ") == 3 and all(f">{i}<" in named for i in range(10)), named.count(">digit "))
    check(drawn().count(" %<") == 5, "not the five best")


run([help_everywhere, several_backends, pictures_from_descriptions, predictions_drawn, unknown_names, missing_and_wrong_values, targets_are_tried_first,
     standard_output_that_cannot_be_written])
