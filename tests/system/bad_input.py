"""Data, pictures and model files that are missing, damaged or do not fit."""

import gzip
import json
import os
import shutil
import struct

from _lamina import TRAIN, check, done, fails, lamina, run

IMAGES = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")


def write_mnist(folder, name="train", count=20, size=28, magic=2051, damage=lambda b: b, suffix=".gz"):
    os.makedirs(folder, exist_ok=True)
    pixels = struct.pack(">IIII", magic, count, size, size) + bytes(i % 251 for i in range(count * size * size))
    labels = struct.pack(">II", 2049, count) + bytes(i % 10 for i in range(count))
    prefix = {"train": "train", "test": "t10k"}[name]
    for kind, data in (("images-idx3", pixels), ("labels-idx1", labels)):
        packed = gzip.compress(data) if suffix else data
        if kind == "images-idx3":
            packed = damage(packed)
        with open(os.path.join(folder, f"{prefix}-{kind}-ubyte{suffix}"), "wb") as f:
            f.write(packed)


def train_on(folder):
    return ["train", "mnist_softmax", "--data", "mnist", "--data-dir", folder, "--epochs", "1", "--batch-size", "5"]


def good_files_work():
    """four small files in MNIST's format are trained on"""
    write_mnist("d")
    write_mnist("d", "test")
    done(lamina(*train_on("d")))


def data_files():
    """missing, cut, damaged and foreign data files are named, with what is wrong"""
    fails(1, *train_on("nowhere"), says=["nowhere", "mnist:sample"])
    os.mkdir("empty")
    fails(1, *train_on("empty"), says=["empty", "mnist:sample"])
    cases = {
        "cut": dict(damage=lambda b: b[:len(b) // 2]),
        "head": dict(damage=lambda b: b[:5]),
        "nothing": dict(damage=lambda b: b""),
        "flipped": dict(damage=lambda b: b[:60] + bytes([b[60] ^ 0xFF]) + b[61:-8] + b"\0\0\0\0" + b[-4:]),
        "magic": dict(magic=1234),
        "text": dict(damage=lambda b: b"hello world" * 100),
    }
    for name, options in cases.items():
        write_mnist(name, **options)
        write_mnist(name, "test")
        fails(1, *train_on(name), says="train-images-idx3-ubyte")
    write_mnist("size", size=32)
    write_mnist("size", "test", size=32)
    check(lamina(*train_on("size")).code == 1, "pictures of 32x32 for a model of 28x28")


def pictures():
    """files that are no pictures are named; pictures of another size and kind are brought to the model's"""
    fails(1, "predict", "lenet", "absent.png", says=["absent.png", "No such file"])
    with open("text.png", "w") as f:
        f.write("not a picture")
    fails(1, "predict", "lenet", "text.png", says=["text.png", "neither PNG nor JPEG"])
    with open(os.path.join(IMAGES, "rgb.png"), "rb") as f:
        head = f.read()[:60]
    with open("cut.png", "wb") as f:
        f.write(head)
    fails(1, "predict", "lenet", "cut.png", says="cut.png")
    for name in ("rgb.png", "grey16.png", "rgba.png", "palette.png", "cmyk.jpg", "grey.jpg"):
        result = done(lamina("predict", "lenet", os.path.join(IMAGES, name), "--json"))
        guess = json.loads(result.out)["files"][0]["predictions"][0]
        check(0.05 < guess["probability"] <= 1, name, guess)
    fails(1, "predict", "lenet", ".", says=".")


def layer(class_name, **config):
    return {"class_name": class_name, "config": config}


def architecture(*layers):
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [
        layer("InputLayer", batch_input_shape=[None, 28, 28, 1], dtype="float32", name="in"), *layers]}}


def save(name, model):
    with open(name, "w") as f:
        f.write(model if isinstance(model, str) else json.dumps(model))
    return name


def model_files():
    """an architecture file's fault is named with the layer and the key"""
    fails(1, "summary", "absent.json", says=["absent.json", "No such file"])
    good = architecture(layer("Flatten", name="f"), layer("Dense", name="d", units=10))
    done(lamina("summary", save("good.json", good)))
    for name, model, says in [
            ("layer", architecture(layer("Densse", name="d", units=3)), ["Densse", 'did you mean "Dense"']),
            ("key", architecture(layer("Dense", name="d1", unitz=3)), ["d1", 'did you mean "units"']),
            ("type", architecture(layer("Dense", name="d1", units="ten")), ["d1", "units", "an integer"]),
            ("range", architecture(layer("Dropout", name="d1", rate=1.5)), ["d1", "rate"]),
            ("cut", '{"class_name": "Sequential", "config": {"layers": [', ["cut.json"]),
            ("none", '{"a": 1}', ["none.json"])]:
        result = lamina("summary", save(name + ".json", model))
        check(result.code in (1, 2), name, result.code, result.err)
        for text in says:
            check(text in result.err, name, ": does not say", text, ":", result.err)
    node = lambda source: [[[source, 0, 0, {}]]]
    cycle = {"class_name": "Functional", "config": {"name": "c", "layers": [
        {"class_name": "InputLayer", "name": "in", "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "in"}},
        {"class_name": "Dense", "name": "a", "inbound_nodes": node("b"), "config": {"name": "a", "units": 4}},
        {"class_name": "Dense", "name": "b", "inbound_nodes": node("a"), "config": {"name": "b", "units": 4}}],
        "input_layers": [["in", 0, 0]], "output_layers": [["b", 0, 0]]}}
    fails(1, "summary", save("cycle.json", cycle), says=["cycle"])


def weights_files():
    """an HDF5 file that is cut, empty or of another model is named, with what does not fit"""
    done(lamina(*TRAIN, "--epochs", "1", "--save", "soft.h5"))
    with open("soft.h5", "rb") as f:
        whole = f.read()
    for size in (0, 100, len(whole) // 2):
        with open("cut.h5", "wb") as f:
            f.write(whole[:size])
        fails(1, "evaluate", "cut.h5", "--data", "mnist:sample", says="cut.h5")
    fails(1, "evaluate", "lenet", "--weights", "soft.h5", "--data", "mnist:sample", says=["soft.h5", "lenet"])
    fails(1, "predict", "soft.h5", "absent.png", says="absent.png")


def limits():
    """memory and disk that run out are an error that says so, and the old file stays"""
    fails(1, *TRAIN[:1], "lenet", *TRAIN[2:], "--backend", "openblas:memory_limit_mib=10",
          says=["out of memory", "the limit is 10485760", "--batch-size"])
    if os.geteuid() != 0 or not shutil.which("mount"):
        print("        (not root: the full disk is left out)")
        return
    os.mkdir("small")
    if os.system("mount -t tmpfs -o size=256k tmpfs small 2>/dev/null") != 0:
        print("        (no right to mount: the full disk is left out)")
        return
    try:
        with open("small/lenet.h5", "w") as f:
            f.write("what was there before")
        fails(1, "train", "lenet", *TRAIN[2:], "--epochs", "1", "--save", "small/lenet.h5",
              "--quiet", says="small/lenet.h5")
        check(open("small/lenet.h5").read() == "what was there before", "the old file is gone")
        check(os.listdir("small") == ["lenet.h5"], os.listdir("small"))
    finally:
        os.system("umount small")


run([good_files_work, data_files, pictures, model_files, weights_files, limits])
