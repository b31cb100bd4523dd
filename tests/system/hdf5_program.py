"""lamina-hdf5, the program that reads and writes HDF5 files: missing, ending early, stopped, interrupted."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time

from _lamina import LAMINA, TRAIN, check, done, fails, lamina, run

PLUGINS = os.path.join(os.environ["LAMINA_BUILD_DIR"], "lib", "lamina")
REAL = os.path.join(PLUGINS, "lamina-hdf5")
WITH = ["--plugin-path", "p"]  # where the formats find the program that a test puts there
EVALUATE = ["evaluate", "m.h5", "--data", "mnist:sample", "--quiet"]
SHORT = [*TRAIN, "--epochs", "1", "--quiet"]


def install(program):
    """The formats' plugin beside a program of this text; None: beside none."""
    shutil.rmtree("p", ignore_errors=True)
    os.mkdir("p")
    shutil.copy(os.path.join(PLUGINS, "liblamina_formats.so"), "p")
    if program is not None:
        with open("p/lamina-hdf5", "w") as f:
            f.write(program)
        os.chmod("p/lamina-hdf5", 0o755)


def until(condition, what):
    deadline = time.time() + 60
    while not condition():
        check(time.time() < deadline, what)
        time.sleep(0.005)


def broken():
    """where it is missing, cannot be run, ends early or is killed, one error says so, and no file is touched"""
    done(lamina(*SHORT, "--save", "m.h5"))
    before = open("m.h5", "rb").read()
    for program, says in ((None, ["p/lamina-hdf5, which reads and writes HDF5 files", "No such file"]),
                          ("hello", ["p/lamina-hdf5", "Exec format error"]),
                          ("#!/bin/sh\nexit 3\n", ["lamina-hdf5 ended early"]),
                          ("#!/bin/sh\necho the moon is full >&2\n", ["lamina-hdf5 ended early: the moon is full"]),
                          ("#!/bin/sh\nkill -9 $$\n", ["lamina-hdf5 was killed"]),
                          ("#!/bin/sh\nkill -ABRT $$\n", ["the HDF5 library crashed"])):
        install(program)
        for command in (EVALUATE, [*SHORT, "--save", "m.h5"]):
            failed = fails(1, *command, *WITH, says=["m.h5", *says])
            check(failed.err.count("lamina: error: ") == 1, failed.err)
        check(open("m.h5", "rb").read() == before, "the file has changed")
        check(sorted(os.listdir(".")) == ["m.h5", "p"], os.listdir("."))


def no_room_for_a_process():
    """where the system refuses another descriptor or process, one error says so"""
    done(lamina(*SHORT, "--save", "m.h5"))
    refused = 0
    # The undefined-behaviour sanitizer looks at memory through a pipe, and takes what it cannot see for damaged.
    least = 20 if os.environ["LAMINA_SANITIZE"] else 3
    for most in range(least, 40):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        ended = subprocess.run([LAMINA, *EVALUATE], capture_output=True, text=True, preexec_fn=limit, timeout=60)
        if ended.returncode == 127:  # the dynamic linker has no descriptor for the engine itself
            continue
        check(ended.returncode in (0, 1, 2), most, ended.returncode, ended.stderr)
        check(ended.stderr.count("lamina: error: ") == (ended.returncode != 0), most, ended.stderr)
        refused += "m.h5: cannot" in ended.stderr and "Too many open files" in ended.stderr
    check(ended.returncode == 0, ended.stderr)
    check(refused > 0 or os.environ["LAMINA_SANITIZE"], "the limit never met the program")


def start(arguments, **options):
    return subprocess.Popen([LAMINA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True, **options)


def alive(pid):
    """A process that is neither gone nor a zombie."""
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# Waits until there is a file `go`, and is then the real one. No shell: those change which signals are blocked.
WAITING = f"""#!{sys.executable} -S
import os, sys, time
if not os.path.exists("go"):
    with open("waits.new", "w") as f:
        f.write(str(os.getpid()))
    os.rename("waits.new", "waits")
while not os.path.exists("go"):
    time.sleep(0.01)
os.execv({REAL!r}, sys.argv)
"""


def interrupted_reading():
    """Ctrl-C while it reads ends lamina at once, and the program as soon as it finds itself alone"""
    done(lamina(*SHORT, "--save", "m.h5"))
    install(WAITING)
    process = start([*EVALUATE, *WITH])
    until(lambda: os.path.exists("waits"), "it was never started")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    check(process.returncode == -signal.SIGINT, process.returncode)
    program = int(open("waits").read())
    open("go", "w").close()
    until(lambda: not alive(program), "lamina-hdf5 lives on")


def interrupted_writing():
    """Ctrl-C while it writes a checkpoint leaves that checkpoint whole; no zombie waits for the run's end"""
    install(WAITING)
    open("go", "w").close()
    process = start([*TRAIN, "--epochs", "100000", "--checkpoint-dir", "ck", *WITH])
    for _ in range(3):
        process.stderr.readline()  # what is being trained, and two epochs

    def zombies():
        children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
        return [c for c in children if not alive(c)]
    until(lambda: not zombies(), "zombies")
    os.remove("go")
    until(lambda: os.path.exists("waits"), "no checkpoint is written")
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.1)
    open("go", "w").close()
    _, err = process.communicate(timeout=60)
    check(process.returncode == 1 and "interrupted after the batch" in err, process.returncode, err)
    check(os.listdir("ck") == ["checkpoint.h5"], os.listdir("ck"))
    done(lamina("evaluate", "ck/checkpoint.h5", "--data", "mnist:sample"))


run([broken, no_room_for_a_process, interrupted_reading, interrupted_writing])
