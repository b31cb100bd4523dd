"""lamina plugin new: the project of every kind builds against the installed package and passes as it is."""
# labels: system release-only
# timeout: 1800
# fixtures: installed

import os
import subprocess

from _lamina import check, run

PREFIX = os.environ["LAMINA_PREFIX"]
LAMINA = os.path.join(PREFIX, "bin", "lamina")
KINDS = sorted(k for k in os.listdir(os.path.join(PREFIX, "share", "lamina", "templates")) if k != "common")


def execute(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-4000:], result.stderr[-3000:])
    return result.stdout


def wrong(*arguments, says):
    result = subprocess.run([LAMINA, "plugin", *arguments], capture_output=True, text=True)
    check(result.returncode == 2 and says in result.stderr, arguments, result.returncode, result.stderr)


def project(kind):
    def test():
        out = execute(LAMINA, "plugin", "new", kind, "my_" + kind)
        check("cmake -S my_" + kind in out, out)
        execute("cmake", "-G", "Ninja", "-S", "my_" + kind, "-B", "build", "-DCMAKE_PREFIX_PATH=" + PREFIX)
        execute("cmake", "--build", "build")
        out = execute("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error")
        check("tests passed, 0 tests failed out of 2" in out, out)
        out = execute(LAMINA, "plugin", "check", f"build/lib/lamina/liblamina_my_{kind}.so")
        check("self-test" not in out, "a part is not tested:", out)
        print(out)
    test.__doc__ = "a new " + kind
    return test


def wrong_usage():
    """an unknown kind, a name that is none and a folder that is there are refused"""
    wrong("new", "layr", "x", says='did you mean "layer"')
    wrong("new", "layer", "1x", says="is no name")
    wrong("new", "layer", says="takes a kind and a name")
    os.mkdir("there")
    wrong("new", "layer", "there", says="exists already")
    wrong("frobnicate", says="there are new and check")


check(len(KINDS) >= 13, KINDS)
run([wrong_usage, *map(project, KINDS)])
