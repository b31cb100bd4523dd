"""`lamina convert`: from every format to every other, what it reports, and what it refuses."""

import json
import os

from _lamina import check, done, fails, lamina, one_json, run

KERAS = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "keras")
LENET = os.path.join(KERAS, "keras-3.15.1", "lenet_small")
OLD = os.path.join(KERAS, "before-keras-1")


def file(*path):
    return os.path.join(LENET, *path)


def tensors(model, weights=None):
    """What a file holds, by a conversion to itself: names and shapes."""
    arguments = ["convert", model, "same.h5", "--json"] + (["--weights", weights] if weights else [])
    return [(t["variable"], t["shape"]) for t in one_json(lamina(*arguments))["loaded"]]


def every_format_to_every_other():
    """a model goes from each format to each other, and its weights stay the same"""
    expected = tensors(file("model.keras"))
    check(("conv2d_1/kernel", [5, 5, 1, 3]) in expected, expected)
    for source in ("model.keras", "model.h5"):
        for target in ("a.keras", "a.h5"):
            done(lamina("convert", file(source), target))
            check(tensors(target) == expected, source, target)
            done(lamina("convert", target, "back.weights.h5"))
            done(lamina("convert", target, "back.json"))
            done(lamina("convert", "back.json", "again.keras", "--weights", "back.weights.h5"))
            with open("again.keras", "rb") as f:
                check(f.read(4) == b"PK\x03\x04", "a .keras is no zip")
            check(tensors("again.keras") == expected, source, target)


def report_lists_every_tensor():
    """--report names every tensor that was loaded, and from where"""
    out = done(lamina("convert", file("model.keras"), "a.h5", "--report")).out.splitlines()
    check("loaded   conv2d_1/kernel  [5, 5, 1, 3]  from layers/conv2d/0" in out, out)
    check(sum(line.startswith("loaded ") for line in out) == 8, out)
    check(out[-1] == "a.h5: 8 tensors loaded, 0 skipped, 0 unused", out[-1])


def other_net():
    """lenet_small with another last layer, and one layer less"""
    with open(file("architecture.json")) as f:
        net = json.load(f)
    layers = net["config"]["layers"]
    layers[-1]["config"]["units"] = 4
    layers[-1]["build_config"] = None
    with open("other.json", "w") as f:
        json.dump(net, f)


def what_does_not_fit():
    """what the file lacks or has too much is an error, and with --allow-partial a line of the report"""
    other_net()
    weights = file("model.h5")
    fails(1, "convert", "other.json", "a.h5", "--weights", weights,
          says=[weights, "of another shape", "dense_2/kernel: expected [6, 4], the file has [6, 3]"])
    check(not os.path.exists("a.h5"), "a file was written")
    report = one_json(lamina("convert", "other.json", "a.h5", "--weights", weights, "--allow-partial", "--json"))
    check(len(report["loaded"]) == 6, report["loaded"])
    check([s["variable"] for s in report["skipped"]] == ["dense_2/kernel", "dense_2/bias"], report["skipped"])
    out = done(lamina("convert", "other.json", "a.h5", "--weights", weights, "--allow-partial", "--report")).out
    check("skipped  dense_2/bias: expected [4], the file has [3]" in out, out)
    foreign = os.path.join(KERAS, "keras-3.15.1", "volume_layers", "model.h5")
    fails(1, "convert", "other.json", "a.h5", "--weights", foreign, "--allow-partial", says=[foreign, "do not fit"])


def wrong_use():
    """what cannot be converted is told before anything is written"""
    fails(2, "convert", file("architecture.json"), "a.h5", says=["has no weights to write", "--weights FILE", "OUT.json"])
    fails(2, "convert", "lenet", "a.keras", says=["has no weights to write"])
    fails(1, "convert", file("model.weights.h5"), "a.h5", says=["holds weights only", "--weights"])
    fails(2, "convert", file("model.h5"), "a.onnx", says=["a.onnx", "the extension does not tell the format", ".keras"])
    fails(2, "convert", file("model.h5"), says=["OUT is missing"])
    fails(2, "convert", file("model.h5"), "a.h5", "--source-backend", "torch", says=["theano or tensorflow", "torch"])
    fails(2, "convert", file("model.h5"), "a.h5", "--source-order", "nchw", says=["th or tf", "nchw"])
    done(lamina("convert", "lenet", "lenet.json"))


def before_keras_1():
    """weights of before Keras 1.0 are told apart by the flags alone"""
    net, weights = os.path.join(OLD, "channels_last.json"), os.path.join(OLD, "vgg16_weights.h5")
    fails(1, "convert", net, "a.keras", "--weights", weights, says=["do not fit", "conv1_1/kernel"])
    out = done(lamina("convert", net, "a.keras", "--weights", weights, "--source-backend", "theano", "--source-order", "th"))
    check("32 tensors loaded by position, 0 skipped, 0 unused" in out.out, out.out)


def photos():
    """predict takes JPEG, PNG and WebP, grey, transparent, CMYK, of 16 bits and turned"""
    images = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images")
    names = ["rgb.jpg", "grey.jpg", "cmyk.jpg", "orientation6.jpg", "rgb.png", "rgb16.png", "grey16.png", "rgba.png",
             "grey_alpha.png", "rgb.webp", "rgba.webp", "lossy.webp"]
    files = [os.path.join(images, name) for name in names]
    said = one_json(lamina("predict", file("model.keras"), *files, "--json", "--top", 3))["files"]
    check([f["file"] for f in said] == files, said)
    for f in said:
        check(abs(sum(p["probability"] for p in f["predictions"]) - 1) < 1e-5, f)


run([every_format_to_every_other, report_lists_every_tensor, what_does_not_fit, wrong_use, before_keras_1, photos])
