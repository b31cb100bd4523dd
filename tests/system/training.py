"""Training as a user meets it: output, files, the same twice, Ctrl-C, kill."""
# timeout: 600

import fcntl
import http.server
import json
import os
import pty
import random
import re
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

from _lamina import LAMINA, TRAIN, check, done, lamina, one_json, run

FIXTURE = os.path.join(os.environ["LAMINA_BUILD_DIR"], "tests", "plugins", "callbacks.so")
IMAGES = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")
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


def start(arguments, **options):
    return subprocess.Popen([LAMINA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


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
        command = shlex.split(re.search(r"go on with: (.*)", err).group(1))
        check(command[0] == LAMINA, command)
        resumed = one_json(lamina(*command[1:], "--json"))
        check(resumed["weights_sha256"] == whole["weights_sha256"], command)
        check(resumed["val_loss"] == whole["val_loss"], resumed, whole)


def other_signals():
    """kill and a terminal that goes away end the batch as Ctrl-C does; under nohup the latter does not"""
    arguments = LONG + ["--epochs", "1000", "--checkpoint-dir"]
    for number in (signal.SIGTERM, signal.SIGHUP):
        process = start(arguments + [f"by{number}"])
        process.stderr.readline()
        process.stderr.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        check(process.returncode == 1 and "interrupted" in err, number, process.returncode, err)
    process = start(arguments + ["nohup"], preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.stderr.readline()
    process.stderr.readline()
    process.send_signal(signal.SIGHUP)
    process.stderr.readline()  # it trains on
    check(process.poll() is None, "it ended")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def on_terminal(arguments, columns=120, interrupt_at=None, env={}):
    """What it writes there, and its exit code. Ctrl-C is typed once the text interrupt_at is there."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update({"LANG": "C.UTF-8", **env})
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execv(LAMINA, [LAMINA, *arguments])
    text = ""
    try:
        while True:
            text += os.read(fd, 65536).decode(errors="replace")
            if interrupt_at and interrupt_at in text:
                os.write(fd, b"\x03")
                interrupt_at = None
    except OSError:  # Linux: the other end is closed
        pass
    os.close(fd)
    return text, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def terminal():
    """on a terminal a bar is drawn over itself, and one line an epoch stays; Ctrl-C typed there ends the batch"""
    full = r"epoch 1/2 ━+[━╾─]* \d+/5400  \d+ images/s  \d:\d\d left  loss \d\.\d{4}  accuracy \d\.\d{4}"
    short = r"\r\033\[K1/2 ━+[━╾─]* \d+/s \d:\d\d loss \d\.\d{4} accuracy \d\.\d{4}"
    for columns, bar in ((120, full), (80, short)):
        text, code = on_terminal([*LONG, "--epochs", "2"], columns)
        check(code == 0, code, text)
        check(re.search(bar, text), columns, repr(text))
        lines = [line for piece in text.splitlines() for line in piece.split("\033[K")]
        check(all(len(line) <= columns for line in lines if "━" in line), columns, lines)
    last = [line.split("\033[K")[-1] for line in text.splitlines()]
    check(len([line for line in last if re.match(r"epoch \d/2  5400/5400  .* val_accuracy \d", line)]) == 2, last)
    text, code = on_terminal([*LONG, "--epochs", "1000"], 80, interrupt_at="/s")
    check(code == 1 and "interrupted" in text, code, text)


SLOW = ["--data", "mnist:sample", "--batch-size", "10", "--backend", "reference"]


def validation():
    """validation has a bar of its own; Ctrl-C ends it, and the run that goes on does it again, to the same weights"""
    arguments = ["train", "mnist_mlp", *SLOW, "--train-limit", "4000", "--validation-split", "0.97", "--epochs", "2"]
    text, code = on_terminal(arguments, interrupt_at="validation 1/2 ")
    check(code == 1 and "val_loss" not in text, code, text)
    command = shlex.split(re.search(r"go on with: (.*)", text).group(1))
    resumed = one_json(lamina(*command[1:], "--json"))
    whole, code = on_terminal(arguments)
    check(code == 0 and f"SHA-256 {resumed['weights_sha256']}" in whole, resumed, whole)
    check(re.search(r"validation 2/2 ━[━╾─]* \d+/3880  \d+ images/s  \d:\d\d left  loss", whole), repr(whole))
    check(f"val_loss {resumed['val_loss']:.4f}" in whole, resumed, whole)


def evaluation_and_prediction():
    """evaluate and predict over many pictures show how far they are, --quiet does not, and Ctrl-C stops them"""
    text, code = on_terminal(["evaluate", "lenet", *SLOW])
    check(code == 0 and re.search(r"evaluation ━[━╾─]* \d+/1000  \d+ images/s  \d:\d\d left  loss", text), repr(text))
    check(re.search(r"\d\.\d{4}\r\n$", text), repr(text))
    text, code = on_terminal(["evaluate", "lenet", *SLOW], interrupt_at="evaluation")
    check(code == 1 and "the evaluation was stopped after" in text, code, text)
    command = ["evaluate", "mnist_mlp", *SLOW]
    lines = done(lamina(*command))
    check(re.fullmatch(r"evaluation  1000/1000  \d+ images/s  \d:\d\d\n", lines.err), repr(lines.err))
    check(done(lamina(*command, "--quiet")).err == "", "quiet")
    shutil.copy(os.path.join(IMAGES, "grey.png"), "p.png")
    few = ["predict", "mnist_mlp", "--backend", "reference", *["p.png"] * 32]
    check(done(lamina(*few)).err == "", "a line for a single batch")
    many = few + ["p.png"] * 1000
    text, code = on_terminal(many)
    check(code == 0 and re.search(r"prediction ━[━╾─]* \d+/1032  \d+ images/s", text), code, repr(text[:3000]))
    check(len(re.findall(r"^p\.png", text, re.M)) == 1032, text)
    many[1] = "lenet"  # takes longer
    text, code = on_terminal(many, interrupt_at="prediction")
    check(code == 1 and "the prediction was stopped after" in text, code, text[-300:])
    check(done(lamina("predict", "mnist_mlp", *["p.png"] * 33, "--quiet")).err == "", "quiet")


class Mirror(http.server.ThreadingHTTPServer):
    """Serves a file of zeros slowly, or stands still in its midst."""
    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            for _ in range(10):
                self.wfile.write(bytes(100000))
                time.sleep(0.05)
                if self.server.stalls:
                    self.server.stalled.set()
                    self.server.goes_on.wait()
                    return

        def log_message(self, *_):
            pass

    def __init__(self, stalls):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.stalls, self.stalled, self.goes_on = stalls, threading.Event(), threading.Event()
        self.env = {"LAMINA_MNIST_MIRROR": f"http://127.0.0.1:{self.server_port}/", "XDG_CACHE_HOME": os.getcwd()}
        threading.Thread(target=self.serve_forever, daemon=True).start()


def downloads():
    """a download shows its bytes, rate and time left; Ctrl-C stops it at once, and no part of a file stays"""
    command = ["evaluate", "mnist_mlp", "--data", "mnist"]
    with Mirror(stalls=False) as mirror:
        text, code = on_terminal(command, env=mirror.env)
        bar = r"downloading train-images-idx3-ubyte.gz ━[━╾─]* \d+\.\d kB of 1\.0 MB  \d+\.\d [kM]B/s  \d:\d\d left"
        check(re.search(bar, text), repr(text))
        check(code == 1 and "its content is not the expected one" in text, code, text)
        quiet = lamina(*command, "--quiet", env=mirror.env)
        check(quiet.err.startswith("lamina: error: mnist: "), quiet.err)
        mirror.shutdown()
    with Mirror(stalls=True) as mirror:
        process = start(command, env={**os.environ, **mirror.env})
        check(mirror.stalled.wait(60), "it never came for the file")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)  # sooner than it gives up on the mirror
        mirror.goes_on.set()
        check(process.returncode == 1 and err.endswith("cancelled\n") and err.count("\n") == 1, process.returncode, err)
        check(os.listdir("lamina/datasets/mnist") == [], os.listdir("lamina/datasets/mnist"))
        mirror.shutdown()


def choices():
    """early stopping, the best model, schedules and what a model's file goes on with, from the command line"""
    still = ["--optimizer", "sgd:learning_rate=0", "--validation-split", "0.2", "--epochs", "50"]
    values = one_json(lamina(*TRAIN, *still, "--early-stopping", "2", "--save-best", "best.h5", "--json"))
    check(values["epochs"] == 3, values)
    done(lamina("evaluate", "best.h5", "--data", "mnist:sample"))
    values = one_json(lamina(*TRAIN, *still, "--early-stopping", "patience=3,restore_best_weights=true",
                             "--reduce-on-plateau", "patience=1,factor=0.5", "--json"))
    check(values["epochs"] == 4 and values["restored_epoch"] == 1, values)
    done(lamina(*TRAIN, "--optimizer", "sgd:learning_rate=0.4", "--schedule", "step_decay:drop=0.5,epochs_drop=1",
                "--epochs", "3", "--history", "h.csv", "--save", "s.h5"))
    rows = [line.split(",") for line in open("h.csv").read().splitlines()]
    rates = [float(row[rows[0].index("learning_rate")]) for row in rows[1:]]
    check([round(r, 6) for r in rates] == [0.4, 0.2, 0.1], rates)
    # Two epochs, and one more from the file, are three epochs: the optimizer is kept.
    order = ["--no-shuffle", "--optimizer", "adam:learning_rate=0.01"]
    whole = one_json(lamina(*TRAIN, *order, "--epochs", "3", "--json"))
    done(lamina(*TRAIN, *order, "--epochs", "2", "--save", "two.h5"))
    more = ["train", "two.h5", *TRAIN[2:], "--no-shuffle", "--epochs", "1", "--json"]
    check(one_json(lamina(*more))["weights_sha256"] == whole["weights_sha256"], "kept optimizer")
    anew = one_json(lamina(*more, "--optimizer", "adam:learning_rate=0.01"))
    check(anew["weights_sha256"] != whole["weights_sha256"], "an optimizer that is named begins anew")


def confusion():
    """evaluate shows the confusion matrix, as a table and as JSON"""
    command = ["evaluate", "mnist_softmax", "--data", "mnist:sample", "--metrics", "accuracy",
               "top_k_categorical_accuracy:k=3", "confusion_matrix"]
    table = one_json(lamina(*command, "--json"))
    matrix = table["confusion_matrix"]
    check(sum(map(sum, matrix)) == 1000, matrix)
    right = sum(matrix[i][i] for i in range(10)) / 1000
    check(abs(right - table["accuracy"]) < 1e-6 and table["top_k_categorical_accuracy"] >= right, table)
    lines = done(lamina(*command)).out.splitlines()
    check([int(n) for n in lines[3].split()] == [0, *matrix[0]], lines)


def kill():
    """a kill at any moment leaves the last checkpoint whole, and what goes on from it ends as an unbroken run"""
    arguments = LONG + ["--train-limit", "50", "--checkpoint-minutes", "1e-9", "--checkpoint-dir", "ck"]
    random.seed(1)
    for round in range(12):
        process = start(arguments + ["--epochs", "1000"] + (["--resume", "ck"] if round else []))
        deadline = time.time() + 20
        before = os.stat("ck/checkpoint.h5").st_mtime_ns if round else 0
        while time.time() < deadline:  # until it has written one at least
            if os.path.exists("ck/checkpoint.h5") and os.stat("ck/checkpoint.h5").st_mtime_ns != before:
                break
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.communicate()
        done(lamina("evaluate", "ck/checkpoint.h5", "--data", "mnist:sample", "--batch-size", "1000"))
    refused = lamina(*arguments, "--resume", "ck", "--epochs", "1")
    epochs = int(re.search(r"(\d+) epochs are done already", refused.err).group(1)) + 1
    last = one_json(lamina(*arguments, "--resume", "ck", "--epochs", epochs, "--json"))
    whole = one_json(lamina(*LONG, "--train-limit", "50", "--epochs", epochs, "--json"))
    check(last["weights_sha256"] == whole["weights_sha256"], last, whole)


def finite():
    """--check-finite stops and names the layer"""
    result = lamina(*TRAIN, "--optimizer", "sgd:learning_rate=1e38", "--check-finite")
    check(result.code == 1 and "is not finite" in result.err and "dense" in result.err, result.err)


def history_of_what_failed():
    """what was recorded before an error or Ctrl-C ended training is in --history and --plot"""
    # The third epoch's learning rate is infinite.
    grows = "exponential_decay:initial_learning_rate=0.1,decay_steps=4,decay_rate=1e30,staircase=true"
    targets = ["--history", "h.csv", "--plot", "p.png"]
    result = lamina(*TRAIN, "--schedule", grows, "--epochs", "5", "--check-finite", "--quiet", *targets, "--save", "m.h5")
    check(result.code == 1 and result.err.startswith("lamina: error: --check-finite: "), result.code, result.err)
    check([line.split(",")[0] for line in open("h.csv")] == ["epoch", "1", "2"], open("h.csv").read())
    check(open("p.png", "rb").read(8) == PNG, "no PNG")
    check(not os.path.exists("m.h5"), "a model of a training that failed")
    os.remove("h.csv")
    process = start([*LONG, "--epochs", "1000", *targets])
    for _ in range(3):
        process.stderr.readline()  # what is being trained, and two epochs
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    check(process.returncode == 1 and "interrupted" in err, process.returncode, err)
    check(len(open("h.csv").readlines()) >= 3, open("h.csv").read())


def callbacks():
    """--callback: plugins hear of a training; one that stops it is named, and what was asked for is written"""
    log = ["--callback", "json_log:file=log.jsonl", "--callback", "json_log:file=epochs.jsonl,batches=false"]
    plain = one_json(lamina(*TRAIN, "--epochs", "2", "--json"))
    heard = one_json(lamina(*TRAIN, "--epochs", "2", *log, "--json"))
    check(heard["weights_sha256"] == plain["weights_sha256"] and "stopped_by" not in heard, heard, plain)
    events = [json.loads(line) for line in open("log.jsonl")]
    check([e["event"] for e in events if e["event"] != "batch_end"] ==
          [json.loads(line)["event"] for line in open("epochs.jsonl")], events)
    check([e["step"] for e in events if e["event"] == "batch_end"] == list(range(1, 9)), events)
    check(events[-2]["values"]["loss"] == plain["loss"], events[-2], plain)
    if not os.path.exists(FIXTURE):
        return print("       no fixture to stop a training with")
    os.mkdir("plugins")
    shutil.copy(FIXTURE, "plugins")
    stopping = ["--plugin-path", "plugins", "--epochs", "3", "--history", "h.csv", "--save", "m.h5", "--checkpoint-dir", "ck"]
    out = done(lamina(*TRAIN, *stopping, "--callback", "stops:event=epoch_end,count=2")).out
    check(out.startswith("stopped after 2 of 3 epochs by callback stops: enough is enough\n"), out)
    check(len(open("h.csv").readlines()) == 3 and os.path.exists("m.h5"), "history and model of two epochs")
    done(lamina(*TRAIN, "--epochs", "3", "--resume", "ck"))
    stopped = one_json(lamina(*TRAIN, *stopping, "--callback", "stops:event=train_begin", "--json"))
    check(stopped["stopped_by"] == "callback stops: enough is enough" and stopped["epochs"] == 0, stopped)
    failed = lamina(*TRAIN, *stopping, "--callback", "fails:event=batch_end,count=3")
    check(failed.code == 1 and "callback fails (plugin callbacks): batch_end: the disk is full" in failed.err, failed.err)
    wrong = {"json_lug:file=x": 'did you mean "json_log"?', "json_log": "`file` is missing",
             "json_log:fil=x": 'did you mean "file"?', "json_log:file=nowhere/x": "nowhere/x cannot be written"}
    for spec, says in wrong.items():
        result = lamina(*TRAIN, "--callback", spec)
        check(result.code in (1, 2) and says in result.first, spec, result.code, result.err)


run([streams, files, same_twice, interrupt, other_signals, terminal, validation, evaluation_and_prediction, downloads,
     choices, confusion, kill, finite, history_of_what_failed, callbacks])
