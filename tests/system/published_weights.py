"""--weights imagenet: a zoo net's published weights out of the cache, or from a mirror with a checked digest."""

import functools
import hashlib
import http.server
import os
import shutil
import threading

from _lamina import check, done, fails, lamina, one_json, run

PICTURE = os.path.join(os.environ["LAMINA_TEST_DATA_DIR"], "images", "rgb.png")
NET = "mobilenet:input_shape=32x32x3,classes=2"
FILE, WITHOUT_TOP = "mobilenet_1_0_224_tf.h5", "mobilenet_1_0_224_tf_no_top.h5"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def trained():
    """A net that has learnt two classes of a picture each."""
    if not os.path.exists("net.h5"):
        for split in ("train", "test"):
            for name in ("a", "b"):
                os.makedirs(os.path.join("pictures", split, name))
                shutil.copy(PICTURE, os.path.join("pictures", split, name, "1.png"))
        done(lamina("train", NET, "--data", "image_folder:height=32,width=32", "--data-dir", "pictures", "--epochs", 1,
                    "--optimizer", "sgd", "--batch-size", 2, "--quiet", "--save", "net.h5"))
    return "net.h5"


def published(name, file):
    """The file and its digest in the folder `mirror`."""
    os.makedirs("mirror", exist_ok=True)
    path = shutil.copy(file, os.path.join("mirror", name))
    with open(path, "rb") as content, open(path + ".sha256", "w") as out:
        out.write(f"{hashlib.sha256(content.read()).hexdigest()}  {name}\n")
    return path


def environment(mirror="", cache="cache"):
    return {"XDG_CACHE_HOME": os.path.join(os.getcwd(), cache), "LAMINA_WEIGHTS_MIRROR": mirror}


def cached(cache="cache"):
    return os.path.join(cache, "lamina", "weights")


def from_a_mirror():
    """weights come from a mirror once, and from the cache after that"""
    path = published(FILE, trained())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory="mirror"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    predict = ["predict", NET, PICTURE, "--json", "--weights"]
    expected = one_json(lamina(*predict, path))
    try:
        check(one_json(lamina(*predict, "imagenet", env=environment(address))) == expected, "by the environment")
        check(one_json(lamina(*predict, f"imagenet:mirror={address}", env=environment(cache="other"))) == expected, "by key")
    finally:
        server.shutdown()
    check(sorted(os.listdir(cached())) == [FILE, FILE + ".sha256"], os.listdir(cached()))
    check(one_json(lamina(*predict, "imagenet", env=environment(address))) == expected, "not from the cache")


def without_top():
    """a net without its top takes the file without it"""
    done(lamina("convert", NET + ",include_top=false", "topless.json"))
    done(lamina("convert", "topless.json", "topless.h5", "--weights", trained(), "--allow-partial"))
    published(WITHOUT_TOP, "topless.h5")
    mirror = "file://" + os.path.join(os.getcwd(), "mirror")
    told = one_json(lamina("features", NET + ",include_top=false", PICTURE, "--layer", "conv_pw_13_relu", "--output",
                           "f.h5", "--json", "--weights", "imagenet", env=environment(mirror, "topless")))
    check(told["layers"] == {"conv_pw_13_relu": [1, 1, 1, 1024]}, told)
    check(WITHOUT_TOP in os.listdir(cached("topless")) and FILE not in os.listdir(cached("topless")), "the wrong file")


def refusals():
    """no mirror, none that answers, no digest or a wrong one: each is said, and nothing is left in the cache"""
    published("squeezenet_v1.1_with_top.h5", PICTURE)
    mirror = "file://" + os.path.join(os.getcwd(), "mirror")
    predict = ["predict", NET, PICTURE, "--weights"]
    where = environment(cache="empty")
    for net, weights, env, says in [
            (NET, "imagenet", where, ["no mirror is named", "--weights FILE", "LAMINA_WEIGHTS_MIRROR", FILE]),
            (NET, "imagenet:mirror=http://127.0.0.1:9", where, ["http://127.0.0.1:9/" + FILE + ".sha256", "LAMINA_WEIGHTS_MIRROR"]),
            ("vgg16", "imagenet", {**where, "LAMINA_WEIGHTS_MIRROR": mirror}, ["the digest of it could not be downloaded"]),
            ("squeezenet", "imagenet", {**where, "LAMINA_WEIGHTS_MIRROR": mirror}, ["SHA-256 expected 34dc5f87"])]:
        result = lamina("predict", net, PICTURE, "--weights", weights, env=env)
        check(result.code == 1 and result.first, net, result.code, result.err)
        for word in says:
            check(word in result.err, net, result.err, "does not say", word)
    check(not os.path.exists(cached("empty")) or os.listdir(cached("empty")) == [], "something is left")
    with open(os.path.join("mirror", FILE + ".sha256"), "w") as out:
        out.write("not found")
    result = lamina(*predict, "imagenet", env=environment(mirror, "spoilt"))
    check(result.code == 1 and "64 hexadecimal digits" in result.err, result.err)
    fails(2, *predict, "imagenett", says="published weights under imagenet, imagenet_notop alone")
    fails(2, *predict, "imagenet:mirrors=x", says="it takes mirror=ADDRESS")
    fails(2, "predict", "lenet", PICTURE, "--weights", "imagenet", says="model lenet has no published weights")


run([from_a_mirror, without_top, refusals])
