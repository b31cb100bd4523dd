"""The .deb: lintian finds no error in it, and it installs, runs and is removed without a trace."""
# labels: system release-only
# timeout: 900

import os
import shutil
import subprocess
import sys

from _lamina import check, run

BUILD = os.environ["LAMINA_BUILD_DIR"]


def execute(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-3000:], result.stderr[-3000:])
    return result.stdout


def installed():
    return subprocess.run(["dpkg", "-s", "lamina"], capture_output=True).returncode == 0


def package():
    """cpack makes it; lintian finds no error; dpkg installs and removes it"""
    execute("cpack", "-G", "DEB", "--config", BUILD + "/CPackConfig.cmake", "-B", os.getcwd())
    deb = next(name for name in os.listdir(".") if name.endswith(".deb"))
    print(execute("lintian", "--fail-on", "error", "--no-tag-display-limit", deb))
    content = execute("dpkg-deb", "--contents", deb)
    for path in ("./usr/bin/lamina", "./usr/lib/liblamina.so.0", "./usr/share/man/man1/lamina.1.gz"):
        check(path in content, path, "is not in it")
    needs = execute("dpkg-deb", "--field", deb, "Depends")
    for library in ("libc6", "libstdc++6", "libhdf5", "libopenblas0"):
        check(library in needs, needs)
    if os.geteuid() != 0 or installed():
        print("not installed: that takes root and a machine without the package")
        return
    execute("dpkg", "--force-depends", "-i", deb)
    try:
        out = execute("/usr/bin/lamina", "plugins", cwd="/", env={"PATH": "/usr/bin:/bin", "HOME": os.getcwd()})
        check("/usr/lib/lamina/liblamina_layers.so" in out, out[-2000:])
        execute("/usr/bin/lamina", "train", "mnist_softmax", "--data", "mnist:sample", "--train-limit", "200",
                "--epochs", "1", "--quiet", env={"PATH": "/usr/bin:/bin", "HOME": os.getcwd()})
    finally:
        execute("dpkg", "--purge", "lamina")
    check(not installed(), "it is still there")
    for path in ("/usr/lib/lamina", "/usr/share/lamina", "/usr/include/lamina", "/usr/bin/lamina"):
        check(not os.path.exists(path), path, "is left behind")


if not (shutil.which("cpack") and shutil.which("lintian") and shutil.which("dpkg-shlibdeps")):
    print("lintian, dpkg-dev and cpack are needed")
    sys.exit(77)
run([package])
