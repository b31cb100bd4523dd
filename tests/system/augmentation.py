"""Augmentation as a user meets it: training with it, contact sheets, copies of a whole set, and what is refused."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time

from _lamina import LAMINA, TRAIN, check, done, fails, lamina, one_json, run

IMAGES = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")
FIVE = "rotation=40,width_shift=0.2,height_shift=0.2,zoom=0.2,horizontal_flip"
PHOTO = os.path.join(IMAGES, "rgb.png")


def size_of(png):
    with open(png, "rb") as file:
        head = file.read(24)
    check(head[:8] == b"\x89PNG\r\n\x1a\n", png, "is no PNG")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def workers_do_not_matter():
    """training with augmentation gives the same weights with 1, 2 and 8 workers, and others without it"""
    hashes = [one_json(lamina(*TRAIN, "--epochs", "2", "--json", "--augment", FIVE, "--workers", n))["weights_sha256"]
              for n in (1, 2, 8)]
    check(len(set(hashes)) == 1, hashes)
    plain = one_json(lamina(*TRAIN, "--epochs", "2", "--json"))["weights_sha256"]
    check(plain != hashes[0], plain)


def resumed():
    """a run that is stopped and resumed gives the same weights as a whole one; with another --augment it is refused"""
    command = [*TRAIN, "--augment", FIVE + ",cutout=7"]
    whole = one_json(lamina(*command, "--epochs", "4", "--json"))
    done(lamina(*command, "--epochs", "2", "--checkpoint-dir", "kept"))
    again = one_json(lamina(*command, "--epochs", "4", "--resume", "kept", "--json"))
    check(again["weights_sha256"] == whole["weights_sha256"], again, whole)
    fails(2, *TRAIN, "--epochs", "5", "--resume", "kept", says=["made with --augment rotation=40", "this run has off"])


def normalized():
    """a normalization holds for validation and, given again, for evaluation; without it the figures are others"""
    command = ["--data", "mnist:sample", "--augment", "featurewise_center,featurewise_std_normalization,rotation=10"]
    trained = one_json(lamina("train", "mnist_softmax", *command, "--epochs", "3",
                              "--validation-split", "0.2", "--save", "net.h5", "--json"))
    check(trained["val_accuracy"] > 0.75, trained)
    normal = one_json(lamina("evaluate", "net.h5", *command, "--json"))
    check(normal["accuracy"] > 0.75, normal)
    plain = one_json(lamina("evaluate", "net.h5", "--data", "mnist:sample", "--json"))
    check(abs(plain["loss"] - normal["loss"]) > 0.01, plain, normal)


def sheet():
    """a sheet holds as many copies as asked for, the same for the same seed and others for another"""
    command = ["augment", PHOTO, "--augment", FIVE, "--count", "6"]
    check("6 copies of 1 picture in a.png" in done(lamina(*command, "--output", "a.png")).out)
    width, height = size_of(PHOTO)
    check(size_of("a.png") == (3 * (width + 4) + 4, 2 * (height + 4) + 4), size_of("a.png"))
    done(lamina(*command, "--output", "b.png", "--threads", "1"))
    done(lamina(*command, "--output", "c.png", "--seed", "2"))
    a, b, c = (open(f"{name}.png", "rb").read() for name in "abc")
    check(a == b, "the same command drew another sheet")
    check(a != c, "another seed drew the same sheet")
    done(lamina("augment", PHOTO, PHOTO, "--augment", "brightness=0.5:1.5", "--count", "3", "--output", "d.jpg",
                "--size", "8"))
    check(os.path.getsize("d.jpg") > 100, "d.jpg")


def copies():
    """copies of a folder, or of a data set, are written below the folder or class of each picture"""
    os.makedirs("photos/cat")
    shutil.copy(PHOTO, "photos/cat/a.png")
    shutil.copy(os.path.join(IMAGES, "grey.png"), "photos/b.png")
    told = one_json(lamina("augment", "photos", "--augment", "rotation=20", "--save-to", "out", "--prefix", "cifar",
                           "--format", "jpeg", "--count", "5", "--json"))
    check(told == {"pictures": 2, "copies": 10, "target": "out"}, told)
    check(sorted(os.listdir("out/cat")) == [f"cifar_1_{k}.jpeg" for k in range(5)], os.listdir("out/cat"))
    check(sorted(f for f in os.listdir("out") if f != "cat") == [f"cifar_0_{k}.jpeg" for k in range(5)])
    done(lamina("augment", "--data", "mnist:sample", "--augment", "zca_whitening,rotation=5", "--save-to", "digits",
                "--count", "2", "--limit", "4", timeout=250))
    check(sorted(f for _, _, files in os.walk("digits") for f in files) ==
          [f"augmented_{i}_{k}.png" for i in range(4) for k in range(2)], list(os.walk("digits")))
    summary = one_json(lamina("train", "mnist_softmax", "--data", "image_folder:channels=1", "--data-dir", "digits",
                              "--epochs", "1", "--batch-size", "4", "--json"))
    check(summary["epochs"] == 1, summary)


def refused():
    """what is wrong with an --augment, a picture or a target is said in one line"""
    train = [*TRAIN, "--epochs", "1", "--augment"]
    fails(2, *train, "rotatoin=40", says=["no augmentation `rotatoin`", 'did you mean "rotation"?', "horizontal_flip"])
    fails(2, *train, "rotation=-4", says="--augment rotation: `degrees` must be at least 0, got -4")
    fails(2, *train, "zoom=x", says="--augment zoom: `range` must be a number")
    fails(2, *train, "rotation=1,rotation=2", says="rotation is given twice")
    fails(2, *train, "fill_mode=mirror", says=["constant, nearest, reflect, wrap", "mirror"])
    fails(2, *train, "", says="--augment: its value is empty")
    fails(2, *train, 'cutout={"size":3', says="--augment cutout")
    augment = ["augment", PHOTO, "--augment", "rotation=9"]
    fails(1, "augment", "no.png", "--augment", "rotation=9", "--output", "x.png", says=["no.png", "No such file"])
    fails(2, *augment, says="--output SHEET.png")
    fails(2, *augment, "--output", "x.png", "--save-to", "y", says="--output SHEET.png")
    fails(2, *augment, "--output", "x.gif", says="must end in .png")
    fails(2, *augment, "--output", "no/x.png", says="there is no folder no")
    fails(2, *augment, "--output", "x.png", "--count", "0", says="--count must be at least 1")
    fails(2, *augment, "--save-to", "y", "--format", "gif", says="png, jpeg or jpg, got gif")
    fails(2, *augment, "--save-to", "y", "--prefix", "a/b", says="--prefix a/b")
    fails(2, "augment", "--augment", "rotation=9", "--output", "x.png", says="give pictures")
    fails(2, "augment", PHOTO, "--output", "x.png", says="--augment is missing")
    fails(2, "augment", PHOTO, "--augment", "featurewise_center", "--output", "x.png", says="--data NAME")
    fails(2, "augment", "--data", "mnist:sample", "--augment", "rotation=9", "--output", "x.png",
          says=["do not fit on a sheet", "--limit"])
    os.mkdir("empty")
    fails(1, "augment", "empty", "--augment", "rotation=9", "--output", "x.png", says="there are no .png")
    with open("bad.png", "wb") as file:
        file.write(open(PHOTO, "rb").read()[:60])
    fails(1, "augment", "bad.png", "--augment", "rotation=9", "--output", "x.png", says="bad.png")
    fails(1, *augment, "--save-to", "/proc/no", says="--save-to /proc/no")
    check(not os.path.exists("x.png"), "a sheet was written all the same")


def interrupted():
    """Ctrl-C stops the writing of copies and says how far it came; in training the run that goes on is the same"""
    process = subprocess.Popen([LAMINA, "augment", "--data", "mnist:sample", "--augment", FIVE, "--save-to", "out",
                                "--count", "200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if os.path.isdir("out") and os.listdir("out"):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    check(process.returncode == 1, process.returncode, err)
    check(re.search(r"the augmentation was stopped after \d+ of 6000 pictures", err), err)
    arguments = ["train", "mnist_mlp", "--data", "mnist:sample", "--batch-size", "10", "--epochs", "2", "--augment",
                 FIVE + ",fill_mode=reflect"]
    process = subprocess.Popen([LAMINA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stderr.readline()  # what is trained
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    command = shlex.split(re.search(r"go on with: (.*)", err).group(1))
    again, whole = one_json(lamina(*command[1:], "--json")), one_json(lamina(*arguments, "--json"))
    check(again["weights_sha256"] == whole["weights_sha256"], again, whole)


def explained():
    """--help names every augmentation with a line on what it does"""
    text = done(lamina("augment", "--help")).out
    for name in ("rotation", "width_shift", "height_shift", "shear", "zoom", "channel_shift", "brightness", "contrast",
                 "horizontal_flip", "vertical_flip", "crop", "cutout", "rescale", "samplewise_center",
                 "samplewise_std_normalization", "featurewise_center", "featurewise_std_normalization",
                 "zca_whitening"):
        check(re.search(rf"^  {name}  +\S+ ", text, re.M), name, "is not explained:", text)
    check("fill_mode=constant|nearest|reflect|wrap" in text, text)


run([workers_do_not_matter, resumed, normalized, sheet, copies, refused, interrupted, explained])
