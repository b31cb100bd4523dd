"""The program in README.md builds against the installed package, trains and saves a model."""
# timeout: 900

import os
import re
import subprocess

from _lamina import check, done, lamina, run

SOURCE = os.environ["LAMINA_SOURCE_DIR"]
BUILD = os.environ["LAMINA_BUILD_DIR"]
SANITIZE = os.environ["LAMINA_SANITIZE"]


def block(language):
    with open(os.path.join(SOURCE, "README.md")) as f:
        found = re.findall(r"```" + language + r"\n(.*?)```", f.read(), re.S)
    check(len(found) == 1, "README.md has", len(found), "blocks of", language)
    return found[0]


def execute(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-3000:], result.stderr[-3000:])
    return result.stdout


def program_in_readme():
    """the program in README.md has fewer than 40 lines, builds, trains and saves"""
    program = block("cpp")
    check(len(program.splitlines()) < 40, len(program.splitlines()), "lines")
    here = os.getcwd()
    execute("cmake", "--install", BUILD, "--prefix", here + "/prefix")
    os.mkdir("my")
    for name, text in (("main.cpp", program), ("CMakeLists.txt", block("cmake"))):
        with open("my/" + name, "w") as f:
            f.write(text)
    execute("cmake", "-S", "my", "-B", "my/build", "-DCMAKE_PREFIX_PATH=" + here + "/prefix",
            "-DCMAKE_BUILD_TYPE=Release", *(["-DCMAKE_CXX_FLAGS=-fsanitize=" + SANITIZE] if SANITIZE else []))
    execute("cmake", "--build", "my/build")
    # A folder of installed files may be moved anywhere.
    os.rename("prefix", "moved")
    out = execute("my/build/my_lenet", env={**os.environ, "LD_LIBRARY_PATH": here + "/moved/lib"})
    accuracy = float(re.search(r"test accuracy ([0-9.]+)", out).group(1))
    check(accuracy > 0.85, out)
    result = done(lamina("evaluate", "my_lenet.h5", "--data", "mnist:sample"))
    check(f"accuracy {accuracy:.4f}"[:15] in result.out, result.out, accuracy)


def commands_in_readme():
    """every flag and command that README.md shows is there"""
    with open(os.path.join(SOURCE, "README.md")) as f:
        text = f.read()
    for command, rest in re.findall(r"^    lamina (\w+)((?:.*\\\n)*.*)$", text, re.M):
        known = done(lamina(command, "--help")).out
        for flag in re.findall(r"--[a-z-]+", rest):
            check(flag in known, "lamina", command, flag)
    for file in re.findall(r"\]\(([^)#]+)\)", text):
        check(os.path.exists(os.path.join(SOURCE, file)), file)


run([commands_in_readme, program_in_readme])
