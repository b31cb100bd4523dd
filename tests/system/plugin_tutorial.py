"""plugins/README.md and plugins/abi.md: what stands there is built, run, and true of abi.h."""
# labels: system release-only
# timeout: 900
# fixtures: installed

import os
import re
import subprocess

from _lamina import check, run

SOURCE, PREFIX = os.environ["LAMINA_SOURCE_DIR"], os.environ["LAMINA_PREFIX"]


def text(*path):
    with open(os.path.join(SOURCE, *path)) as f:
        return f.read()


def execute(*command, env=None):
    result = subprocess.run(command, capture_output=True, text=True,
                            env={**os.environ, "PATH": PREFIX + "/bin:" + os.environ["PATH"], **(env or {})})
    check(result.returncode == 0, " ".join(command), "\n", result.stdout[-4000:], result.stderr[-3000:])
    return result.stdout


def tutorial():
    """the files of the tutorial, as they stand, build into a plugin that passes; its commands run"""
    readme = text("plugins", "README.md")
    tutorial = readme[readme.index("## A plugin from nothing"):readme.index("## The schema language")]
    files = re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", tutorial, re.S)
    check({name for name, _ in files} >= {"affine.cpp", "lion.cpp", "cube.cpp", "spirals.cpp", "CMakeLists.txt"}, files)
    os.mkdir("tutorial")
    for name, content in files:
        with open("tutorial/" + name, "w") as f:
            f.write(content)
    os.chdir("tutorial")
    commands = re.findall(r"^    ((?:cmake|ctest|lamina) .*)$", tutorial, re.M)
    check(len(commands) >= 4, commands)
    for command in commands:
        command = command.split("  #")[0].strip().replace("cmake -S", f"cmake -DCMAKE_PREFIX_PATH={PREFIX} -S")
        print("      ", command)
        out = execute("bash", "-c", command)
        if "plugin check" in command:
            check(" 0 failed" in out, out)
            # The operator's kernel has none on the reference beside it: it is run by the operator's own test.
            left_out = [line for line in out.splitlines() if "left out  self-test" in line]
            check(all("no kernel to compare with" in line for line in left_out), out)


def members(header):
    """{struct: its members} of a C header."""
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    found = {}
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\n\} \w+;", header, re.S):
        found[name] = []
        for declaration in re.sub(r"\s+", " ", body).split(";"):
            function = re.search(r"\(\*(\w+)\)", declaration)
            names = [function.group(1)] if function else re.findall(r"(\w+)(?:\[\w+\])?\s*(?:,|$)", declaration)
            found[name] += names
    return found


def reference():
    """abi.md names every struct and member of abi.h, and no other but what it says a later minor brings"""
    header = text("engine", "include", "lamina", "plugin", "abi.h")
    version = tuple(int(re.search(rf"LM_ABI_{part} (\d+)", header).group(1)) for part in ("MAJOR", "MINOR"))
    later = lambda told: any((int(a), int(b)) > version for a, b in re.findall(r"since (\d+)\.(\d+)", told))
    told = {}
    for section in re.split(r"\n(?=\*\*lm_)", text("plugins", "abi.md"))[1:]:
        told[re.match(r"\*\*(\w+)\*\*", section).group(1)] = section.split("\n## ")[0]
    real = members(header)
    check(len(real) >= 30, sorted(real))
    check(set(real) <= set(told), set(real) - set(told))
    for name in set(told) - set(real):
        check(later(told[name]), "abi.md speaks of", name)
    for name, wanted in real.items():
        for member in wanted:
            check(re.search(rf"\b{member}\b", told[name]), f"abi.md does not speak of {name}.{member}")
        for row, said in re.findall(r"^\| ((?:\w+, )*\w+) \|(.*)$", told[name], re.M):
            for member in row.split(", "):
                check(member in wanted or member == "member" or later(said),
                      f"abi.md speaks of {name}.{member}, which abi.h does not have")


run([reference, tutorial])
