"""Plugins as files: what links what, what is listed, and why a file is refused."""

import os
import re
import resource
import shutil
import statistics
import struct
import subprocess
import time
import zlib

from _lamina import check, done, lamina, one_json, run

BIN, PLUGINS = os.environ["LAMINA_BIN_DIR"], os.environ["LAMINA_PLUGIN_DIR"]
FIXTURES = os.path.join(os.environ["LAMINA_BUILD_DIR"], "tests", "plugins")
ENGINE = os.path.join(os.path.dirname(PLUGINS), "liblamina.so")


def needed(file):
    """The libraries that the loader opens with the file."""
    out = subprocess.run(["readelf", "-d", file], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", out)


def plugin_files():
    return [os.path.join(PLUGINS, name) for name in sorted(os.listdir(PLUGINS)) if name.endswith(".so")]


def no_private_door():
    """the engine and the programs link no plugin and none of its libraries; a plugin links no engine and no plugin"""
    plugins = plugin_files()
    check(len(plugins) >= 10, plugins)
    ours = {library for plugin in plugins for library in needed(plugin)}
    engine = set(needed(ENGINE))
    check(engine, "readelf shows nothing")
    for file in (ENGINE, os.path.join(BIN, "lamina"), os.path.join(BIN, "lamina-conformance")):
        for library in needed(file):
            check(not library.startswith("liblamina_"), file, "links the plugin", library)
            check(not re.match(r"lib(openblas|hwy|hdf5|vulkan)\b", library), file, "links", library)
    check(any(library.startswith("libhwy") for library in ours), "no plugin links Highway")
    for plugin in plugins:
        for library in needed(plugin):
            check(not library.startswith("liblamina"), plugin, "links", library)


def listing():
    """lamina plugins lists kind, name, version and file, and loads nothing"""
    out = done(lamina("plugins")).out
    row = next(line for line in out.splitlines() if re.match(r"backend +openblas ", line))
    check(re.search(r" 0\.\d+\.\d+ +/.*/liblamina_backend_openblas\.so$", row), row)
    check(re.search(r"^operator +conv +lamina +0\.\d+\.\d+ +built in$", out, re.M), out[:2000])
    check("searched" not in out and "refused" not in out, out[-500:])
    layers = one_json(lamina("plugins", "--kind", "layer", "--json"))["parts"]
    check({p["kind"] for p in layers} == {"layer"} and "Dense" in {p["name"] for p in layers}, layers)
    opened = lamina("plugins", "-v", env={"LD_DEBUG": "files"}).err
    check("liblamina.so" in opened, "the loader's log is not there")
    check("file=" + plugin_files()[0] not in opened, opened[-2000:])


def refusals():
    """with -v, every folder searched and every file refused are named, with the reason"""
    os.mkdir("more")
    for name in ("good", "other_abi", "no_manifest", "bad_manifest", "nameless", "rival"):
        shutil.copy(os.path.join(FIXTURES, name + ".so"), "more")
    os.symlink(os.path.abspath("more/good.so"), "more/twin.so")
    with open("more/text.so", "w") as f:
        f.write("not a library")
    with open("more/cut.so", "wb") as f:
        f.write(open("more/good.so", "rb").read()[:5000])
    os.mkdir("other")
    result = done(lamina("plugins", "-v", "--plugin-path", "more", env={"LAMINA_PLUGIN_PATH": os.path.abspath("other")}))
    lines = result.out.splitlines()
    searched = [line.split()[1] for line in lines if line.startswith("searched ")]
    check(len(searched) == 3 and searched[0] == "more" and searched[1].endswith("/other"), searched)
    for file, reason in {
            "other_abi": "built for plugin ABI 99.7", "no_manifest": "not a Lamina plugin", "bad_manifest": "manifest",
            "nameless": "does not name the plugin", "rival": "plugin good", "twin": "the same file as",
            "text": "not a shared library", "cut": "cut short"}.items():
        line = next((x for x in lines if x.startswith("refused ") and f"more/{file}.so: " in x), None)
        check(line is not None and reason in line, file, ":", line, "\n".join(lines[-20:]))
    check(sum(line.startswith("refused ") for line in lines) == 8, lines)


def lazy_loading():
    """predict opens the plugins that its model needs and no other; listing reads manifests alone, in under 20 ms"""
    done(lamina("train", "mnist_softmax", "--data", "mnist:sample", "--train-limit", "200", "--epochs", "1", "--quiet",
                "--save", "model.h5"))
    write_png("digit.png")
    log = done(lamina("predict", "model.h5", "digit.png", "--log", "debug")).err
    opened = sorted({re.sub(r".*/liblamina_|\.so.*", "", line) for line in log.splitlines() if "loaded plugin" in line})
    check(opened == ["activations", "backend_openblas", "formats", "layers"], opened)
    seconds, computing = [], []
    for _ in range(21):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done(lamina("plugins"))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(time.perf_counter() - start)
        computing.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    computing = statistics.median(computing)
    print(f"       lamina plugins: {1000 * min(seconds):.1f} ms, {1000 * computing:.1f} ms of them computing (median of 21)")
    # The start of the program is in it; what it waits on a busy machine is not judged, nor a sanitizer's start.
    check(os.environ.get("LAMINA_SANITIZE") or min(seconds) < 0.02 or computing < 0.015, seconds, computing)


def write_png(path):
    """28x28, grey, black."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(b"\0" * 29 * 28)) + chunk(b"IEND", b""))


run([no_private_door, listing, refusals, lazy_loading])
