"""Training as a user meets it: output, files, the same twice, Ctrl-C, kill."""
# timeout: 600

import json
import os
import random
import re
import shlex
import signal
import subprocess
import time

from _lamina import LAMINA, TRAIN, check, done, lamina, one_json, run

PNG = b"\x89PNG\r\n\x1a\n"


def streams():
    """--json is one object and nothing else; --quiet says nothing on standard error; lines without a terminal"""
    result = lamina(*TRAIN, "--epochs", "2", "--json", "--validation-split", "0.2")
    values = one_json(result)
    check({"loss", "accuracy", "val_loss", "val_accuracy", "weights_sha256"} <= set(values), values)
    check(result.err == "", result.err)
    quiet = done(lamina(*TRAIN, "--epochs", "1", "--quiet"))
    check(quiet.err == "", quiet.err)
    check(re.search(r"weights SHA-256 [0-9a-f]{64}\n", quiet.out), quiet.out)
    plain = done(lamina(*TRAIN, "--epochs", "2"))
    check("\r" not in plain.err and "\033" not in plain.err, repr(plain.err))
    check(len(re.findall(r"^epoch \d/2 .*loss \d", plain.err, re.M)) == 2, plain.err)
    check("waiting for data" in plain.out, plain.out)
    for command in (["summary", "lenet"], ["devices"], ["plugins", "-v"], ["models"], ["datasets"],
                    ["evaluate", "mnist_softmax", "--data", "mnist:sample"],
                    ["bench", "mnist_softmax", "--seconds", "0.1", "--batch-size", "8"]):
        check(isinstance(one_json(lamina(*command, "--json")), dict), command)


def files():
    """--save, --history and --plot write what they say, and a saved model evaluates the same"""
    values = one_json(lamina(*TRAIN, "--epochs", "2", "--validation-split", "0.2", "--save", "m.h5",
                             "--history", "h.csv", "--plot", "p.png", "--json"))
    lines = open("h.csv").read().splitlines()
    check(lines[0].startswith("epoch,loss,accuracy,val_loss,val_accuracy"), lines)
    check(len(lines) == 3 and lines[2].startswith("2,"), lines)
    check(open("p.png", "rb").read(8) == PNG, "no PNG")
    done(lamina(*TRAIN, "--epochs", "1", "--history", "h.json", "--plot", "p.svg"))
    check(len(json.load(open("h.json"))["loss"]) == 1, "history as JSON")
    check("<svg" in open("p.svg").read(), "no SVG")
    again = [one_json(lamina("evaluate", "m.h5", "--data", "mnist:sample", "--json")) for _ in range(2)]
    check(again[0] == again[1], again)
    check(again[0]["accuracy"] > 0.15, again)
    done(lamina("summary", "m.h5"))
    check(values["epochs"] == 2, values)


def same_twice():
    """the same command gives the same weights, with one thread and with two"""
    command = ["train", "lenet", *TRAIN[2:], "--epochs", "1", "--json"]
    hashes = {one_json(lamina(*command, "--threads", n))["weights_sha256"] for n in (1, 1, 2)}
    check(len(hashes) == 1, hashes)


LONG = ["train", "mnist_mlp", "--data", "mnist:sample", "--batch-size", "10", "--seed", "4",
        "--validation-split", "0.1"]


def start(arguments):
    return subprocess.Popen([LAMINA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupt():
    """Ctrl-C ends the batch, leaves a checkpoint and names the command that goes on to the same weights"""
    arguments = LONG + ["--epochs", "3"]
    whole = one_json(lamina(*arguments, "--json"))
    for folder in (["--checkpoint-dir", "kept"], []):
        process = start(arguments + folder)
        process.stderr.readline()  # what is being trained
        process.stderr.readline()  # the first epoch
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        check(process.returncode == 1, process.returncode, err)
        check("interrupted" in err, err)
        command = re.search(r"go on with: lamina (.*)", err).group(1)
        resumed = one_json(lamina(*shlex.split(command), "--json"))
        check(resumed["weights_sha256"] == whole["weights_sha256"], command)
        check(resumed["val_loss"] == whole["val_loss"], resumed, whole)


def kill():
    """a kill at any moment leaves the last checkpoint whole"""
    arguments = LONG + ["--epochs", "1000", "--train-limit", "50", "--checkpoint-dir", "ck"]
    random.seed(1)
    epoch = 0
    for _ in range(12):
        go_on = ["--resume", "ck"] if epoch else []
        process = start(arguments + go_on)
        deadline = time.time() + 20
        before = os.stat("ck/checkpoint.h5").st_mtime_ns if epoch else 0
        while time.time() < deadline:  # until it has written one at least
            if os.path.exists("ck/checkpoint.h5") and os.stat("ck/checkpoint.h5").st_mtime_ns != before:
                break
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.communicate()
        done(lamina("evaluate", "ck/checkpoint.h5", "--data", "mnist:sample", "--batch-size", "1000"))
        epoch += 1
    last = lamina(*arguments, "--resume", "ck", "--epochs", "1")
    check("epochs are done already" in last.err or last.code == 2, last.code, last.err)


def finite():
    """--check-finite stops and names the layer"""
    result = lamina(*TRAIN, "--optimizer", "sgd:learning_rate=1e38", "--check-finite")
    check(result.code == 1 and "is not finite" in result.err and "dense" in result.err, result.err)


run([streams, files, same_twice, interrupt, kill, finite])
