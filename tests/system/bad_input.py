"""Data, pictures and model files that are missing, damaged or do not fit."""

import fcntl
import gzip
import json
import os
import re
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
        "cut": (dict(damage=lambda b: b[:len(b) // 2]), "gzip data ends too early"),
        "head": (dict(damage=lambda b: b[:5]), "gzip data ends too early"),
        "nothing": (dict(damage=lambda b: b""), "too short for an idx file: 0 bytes"),
        "flipped": (dict(damage=lambda b: b[:60] + bytes([b[60] ^ 0xFF]) + b[61:]), "damaged gzip data"),
        "checksum": (dict(damage=lambda b: b[:-8] + b"\0\0\0\0" + b[-4:]), "damaged gzip data (incorrect data check)"),
        "magic": (dict(magic=1234), "expected it to begin with 00 00 08 03, found 00 00 04 d2"),
        "text": (dict(damage=lambda b: b"hello world" * 100), "not an idx file of images"),
        "plain_cut": (dict(damage=lambda b: b[:-1], suffix=""),
                      "truncated: its header promises 20x28x28 = 15680 bytes, there are 15679"),
    }
    for name, (options, says) in cases.items():
        write_mnist(name, **options)
        write_mnist(name, "test")
        fails(1, *train_on(name), says=[f"{name}/train-images-idx3-ubyte", says])
    write_mnist("size", size=32)
    write_mnist("size", "test", size=32)
    for model in ("mnist_softmax", "lenet"):
        fails(1, "train", model, *train_on("size")[2:], says=["samples [28, 28, 1]", "has [32, 32, 1]", "input_shape="])
    done(lamina("train", "mnist_softmax:input_shape=32x32x1", *train_on("size")[2:]))
    write_mnist("labels")
    write_mnist("labels", "test", count=7)
    shutil.copy("labels/train-labels-idx1-ubyte.gz", "labels/t10k-labels-idx1-ubyte.gz")
    fails(1, *train_on("labels"), says="20 labels for the 7 images of labels/t10k-images")


def no_network():
    """MNIST that cannot be fetched is one error that names the bundled sample"""
    result = fails(1, "train", "lenet", "--data", "mnist", says=["mnist:sample", "--data-dir", "cannot fetch"],
                   env={"XDG_CACHE_HOME": os.getcwd(), "LAMINA_MNIST_MIRROR": "http://127.0.0.1:9/"})
    check(len([line for line in result.err.splitlines() if not line.startswith("  ")]) == 1, result.err)
    check(not any(files for _, _, files in os.walk(".")), "something is left of the download")


def picture_folders():
    """a folder of pictures with a damaged one, one of another size or none at all says which"""
    for name in ("cat", "dog"):
        os.makedirs("photos/" + name)
        for i in range(3):
            shutil.copy(os.path.join(IMAGES, "rgb.png"), f"photos/{name}/{i}.png")
    height, width = struct.unpack(">xxxxxxxxxxxxxxxxII", open("photos/cat/0.png", "rb").read(24))[::-1]
    train = ["train", f"mnist_softmax:input_shape={height}x{width}x3", "--data", "image_folder", "--data-dir", "photos",
             "--batch-size", "2", "--epochs", "1"]
    done(lamina(*train))
    fails(1, "train", "lenet", *train[2:], says=["samples [28, 28, 1]", f"[{height}, {width}, 3]", "image_folder:height=28"])
    shutil.copy(os.path.join(IMAGES, "grey.jpg"), "photos/dog/1.png")
    fails(1, *train, says=["photos/dog/1.png: 32x24 pixels", "13x9", "image_folder:height=9,width=13"])
    with open("photos/dog/1.png", "wb") as f:
        f.write(open("photos/cat/0.png", "rb").read()[:60])
    fails(1, *train, says="photos/dog/1.png")
    with open("photos/dog/1.png", "w") as f:
        f.write("no picture")
    fails(1, *train, says=["photos/dog/1.png", "neither PNG, JPEG nor WebP"])
    os.mkdir("empty")
    fails(1, *train[:4], "--data-dir", "empty", says="no pictures in empty")
    fails(1, *train[:4], "--data-dir", "nowhere", says="no folder nowhere")
    fails(1, *train[:4], says="--data-dir is missing")


def pictures():
    """files that are no pictures are named; pictures of another size and kind are brought to the model's"""
    fails(1, "predict", "lenet", "absent.png", says=["absent.png", "No such file"])
    with open("text.png", "w") as f:
        f.write("not a picture")
    fails(1, "predict", "lenet", "text.png", says=["text.png", "neither PNG, JPEG nor WebP"])
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
        fails(1, "evaluate", "cut.h5", "--data", "mnist:sample",
              says=["cut.h5: the HDF5 file is damaged", "hint: copy or download the file again"] if size else "cut.h5")
    fails(1, "evaluate", "lenet", "--weights", "soft.h5", "--data", "mnist:sample", says=["soft.h5", "lenet"])
    flat, dense = layer("Flatten", name="flatten"), layer("Dense", name="dense", units=10)
    done(lamina("evaluate", save("same.json", architecture(flat, dense)), "--weights", "soft.h5", "--data", "mnist:sample"))
    for name, layers, says in [
            ("missing", [flat, dense, layer("Dense", name="more", units=10)], "missing: more/bias, more/kernel"),
            ("extra", [flat], "not in the model: dense/kernel, dense/bias"),
            ("wrong", [flat, layer("Dense", name="dense", units=11)],
             "of another shape: dense/kernel: expected [784, 11], the file has [784, 10], "
             "dense/bias: expected [11], the file has [10]")]:
        model = save(name + ".json", architecture(*layers))
        fails(1, "predict", model, os.path.join(IMAGES, "rgb.png"), "--weights", "soft.h5",
              says=["soft.h5: the weights do not fit model m", says])
    fails(1, "predict", "soft.h5", "absent.png", says="absent.png")


def limits():
    """memory and disk that run out are an error that says so, and the old file stays"""
    fails(1, *TRAIN[:1], "lenet", *TRAIN[2:], "--backend", "openblas:memory_limit_mib=10",
          says=["out of memory", "the limit is 10485760", "--batch-size"])
    if "llvmpipe" in lamina("devices").out:
        fails(1, *TRAIN[:1], "lenet", *TRAIN[2:], "--backend", "vulkan:memory_limit_mib=10",
              says=["out of device memory", "--batch-size"])
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
        lenet = ["train", "lenet", *TRAIN[2:], "--epochs", "1", "--quiet"]
        full = "No space left on device"
        fails(1, *lenet, "--save", "small/lenet.h5", says=["small/lenet.h5", full])
        check(open("small/lenet.h5").read() == "what was there before", "the old file is gone")
        fails(1, *lenet, "--save-best", "small/best.h5", says=["small/best.h5", full])
        fails(1, *lenet, "--checkpoint-dir", "small", says=["small/checkpoint.h5", full])
        check(os.listdir("small") == ["lenet.h5"], os.listdir("small"))
        with open("small/half", "wb") as f:
            f.write(bytes(96 * 1024))  # leaves room for one checkpoint, and not for the next beside it
        third = [*TRAIN, "--epochs", "3", "--quiet"]
        fails(1, *third, "--checkpoint-dir", "small", "--history", "h.csv", says=["small/checkpoint.h5", full])
        check(len(open("h.csv").readlines()) == 3, "the values of two epochs:", open("h.csv").read())
        done(lamina("evaluate", "small/checkpoint.h5", "--data", "mnist:sample"))
        fails(1, *third, "--checkpoint-dir", "kept", "--save", "small/m.h5", "--history", "all.csv",
              says=["small/m.h5", full, "kept/checkpoint.h5"])
        check(len(open("all.csv").readlines()) == 4, "the values of three epochs:", open("all.csv").read())
        os.remove("small/half")
        os.remove("small/checkpoint.h5")
        with open("small/fill", "wb") as f:
            f.write(bytes(256 * 1024 - 8 * 1024))
        soft = [*TRAIN, "--epochs", "1", "--quiet"]
        fails(1, *soft, "--plot", "small/curves.png", says=["small/curves.png", "disk full"])
        os.system("cat /dev/zero > small/rest 2>/dev/null")
        fails(1, *soft, "--history", "small/h.csv", says=["small/h.csv", full])
        fails(1, *soft, "--plot", "small/curves.svg", says=["--plot small/curves.svg", full])
        fails(1, *soft, "--save", "small/soft.h5", says=["--save small/soft.h5", full])
        check(sorted(os.listdir("small")) == ["fill", "lenet.h5", "rest"], os.listdir("small"))
    finally:
        os.system("umount small")


def targets():
    """what cannot be written is found before training, and leaves what is there as it is"""
    for folder in ("h.csv", "p.png", "m.h5"):
        os.mkdir(folder)
    with open("text", "w") as f:
        f.write("hello")
    for flag, value in (("--history", "h.csv"), ("--plot", "p.png"), ("--save", "m.h5"), ("--save-best", "m.h5")):
        told = fails(1, *TRAIN, flag, value, says=[f"{flag} {value}: ", "Is a directory"]).err
        check("epoch" not in told, "trained first:", told)
    for folder in ("text", "text/in/it", "/proc/none"):
        told = fails(1, *TRAIN, "--checkpoint-dir", folder, says=f"--checkpoint-dir {folder}: cannot make").err
        check("epoch" not in told, "trained first:", told)
    done(lamina(*TRAIN, "--epochs", "1", "--save", "good.h5", "--checkpoint-dir", "ck"))
    before = open("good.h5", "rb").read()
    fails(1, *TRAIN, "--save", "good.h5", "--plot", "p.png", says="p.png")
    check(open("good.h5", "rb").read() == before, "the file has changed")
    picture = os.path.join(IMAGES, "grey.png")
    fails(1, "predict", "good.h5", picture, "--plot", "p.png", says="--plot p.png: cannot write")
    fails(2, "predict", "good.h5", picture, "--plot", "none/p.png", says="there is no folder none")
    held = os.open("ck", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)  # as another run does
    told = fails(2, *TRAIN, "--checkpoint-dir", "ck", says="another run writes its checkpoints there").err
    check("epoch" not in told, "trained first:", told)
    os.close(held)
    done(lamina(*TRAIN, "--epochs", "1", "--checkpoint-dir", "ck"))


def forbidden():
    """files and folders that this user may not enter are named, with that reason"""
    write_mnist("data")
    write_mnist("data", "test")
    done(lamina(*TRAIN, "--epochs", "1", "--save", "m.h5"))
    os.mkdir("locked")
    shutil.copy("m.h5", "locked")
    os.chmod("m.h5", 0)
    os.chmod("data/train-labels-idx1-ubyte.gz", 0)
    os.chmod("locked", 0)
    picture = os.path.join(IMAGES, "grey.png")
    one = [*TRAIN, "--epochs", "1"]
    for arguments, says in (
            (["predict", "m.h5", picture], "m.h5: cannot read"),
            (["predict", "locked/m.h5", picture], "locked/m.h5: cannot read"),
            (["predict", "mnist_softmax", picture, "--weights", "m.h5"], "m.h5: cannot read"),
            ([*one, "--save", "locked/x.h5"], "--save locked/x.h5: cannot write"),
            ([*one, "--history", "locked/x.csv"], "--history locked/x.csv: cannot write"),
            ([*one, "--plot", "locked/x.png"], "--plot locked/x.png: cannot write"),
            ([*one, "--checkpoint-dir", "locked/x"], "--checkpoint-dir locked/x: cannot make the folder"),
            ([*one, "--resume", "locked/x"], "locked/x: cannot read"),
            (train_on("data"), "data/train-labels-idx1-ubyte.gz: cannot read"),
            (train_on("locked"), "locked/train-images-idx3-ubyte: cannot read"),
            (["train", "mnist_softmax", "--data", "image_folder", "--data-dir", "locked"], "locked/train: cannot read")):
        fails(1, *arguments, forbidden=True, says=[says, "Permission denied"])
    listed = done(lamina("plugins", "-v", "--plugin-path", "locked", forbidden=True)).out
    check("refused   locked: Permission denied" in listed, listed)
    os.chmod("locked", 0o700)


def plugins():
    """files that are no plugins, of another ABI or listed twice are refused with the reason; a failing init is told"""
    fixtures = os.path.join(os.environ["LAMINA_BUILD_DIR"], "tests", "plugins")
    os.mkdir("p")
    for name in ("good", "other_abi", "init_fails", "no_manifest"):
        shutil.copy(os.path.join(fixtures, name + ".so"), "p")
    os.symlink("good.so", "p/twin.so")
    os.symlink("nowhere", "p/dangling.so")
    with open("p/text.so", "w") as f:
        f.write("hello")
    with open("p/cut.so", "wb") as f:
        f.write(open("p/good.so", "rb").read()[:3000])
    listed = done(lamina("plugins", "-v", "--plugin-path", "p")).out
    check(re.search(r"^layer +Twice +good +1\.2\.3 +/.*/p/good\.so$", listed, re.M), listed)
    check(re.search(r"^searched  p$", listed, re.M), listed)
    for file, reason in (("other_abi", r"built for plugin ABI \d+\.\d+, this engine has \d+\.\d+; install a newer Lamina"),
                         ("no_manifest", "not a Lamina plugin"), ("text", "not a shared library"),
                         ("cut", "damaged shared library"), ("dangling", "No such file"),
                         ("twin", r"the same file as /.*/p/good\.so, which is listed already")):
        check(re.search(rf"^refused   p/{file}\.so: .*{reason}", listed, re.M), file, listed)
    as_json = json.loads(done(lamina("plugins", "--json", "--plugin-path", "p")).out)
    check({r["file"] for r in as_json["refused"]} ==
          {f"p/{n}.so" for n in ("other_abi", "no_manifest", "text", "cut", "dangling", "twin")}, as_json["refused"])
    done(lamina("summary", save("good.json", architecture(layer("Twice", name="t"))), "--plugin-path", "p"))
    fails(1, "summary", save("fails.json", architecture(layer("FailsInInit", name="f"))), "--plugin-path", "p",
          says=["plugin init_fails", "p/init_fails.so", "its init failed: the moon is not full"])


run([good_files_work, data_files, no_network, pictures, picture_folders, model_files, weights_files, targets, forbidden, plugins, limits])
