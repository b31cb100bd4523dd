"""What the scripts share: running lamina, and checking what it says."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import traceback

LAMINA = os.environ["LAMINA_BIN"]
TRAIN = ["train", "mnist_softmax", "--data", "mnist:sample", "--train-limit", "200", "--batch-size", "50"]


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def first(self):
        """The line that says what is wrong; a line on what is being trained may stand before it."""
        return next((line for line in self.err.splitlines() if line.startswith("lamina: error: ")), "")


def lamina(*arguments, cwd=None, env=None, timeout=120, address_space=None, forbidden=False):
    """address_space: the most that it may map, in MiB (ulimit -v). forbidden: file permissions hold, for root as well."""
    arguments = list(map(str, arguments))
    # A Vulkan driver that was unloaded leaves memory that the address sanitizer takes for our leak.
    drivers = {}
    if any(a == "devices" or "vulkan" in a for a in arguments):
        drivers = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    limit = None
    if address_space is not None:
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (address_space << 20,) * 2)
    as_others = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if forbidden and os.geteuid() == 0 else []
    done = subprocess.run([*as_others, LAMINA, *arguments], capture_output=True, text=True, cwd=cwd, preexec_fn=limit,
                          env={**os.environ, **drivers, **(env or {})}, timeout=timeout)
    return Result(done)


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(str, what)))


def done(result):
    check(result.code == 0, "exit code", result.code, result.err)
    return result


def fails(code, *arguments, says, **options):
    """Exit code, nothing on standard output, and one line of error with all of `says` in the whole."""
    result = lamina(*arguments, **options)
    told = f"lamina {' '.join(map(str, arguments))}\n  exit {result.code}\n  {result.err}"
    check(result.code == code, told, f"\n  expected exit code {code}")
    check(result.out == "", told, "\n  standard output is not empty:", result.out)
    check(len(result.first) > 20, told, "\n  there is no line of error")
    for text in [says] if isinstance(says, str) else says:
        check(text in result.err, told, f"\n  does not say: {text}")
    for bad in ("terminate called", "std::", "Assertion", "Segmentation", "filesystem error"):
        check(bad not in result.err, told)
    return result


def one_json(result):
    done(result)
    return json.loads(result.out)


def run(tests):
    """Runs every test of the script, each in a folder of its own, and tells which failed."""
    failed = 0
    here = os.getcwd()
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="lamina-") as folder:
            os.chdir(folder)
            try:
                test()
                print("ok    ", test.__doc__ or test.__name__)
            except Exception:
                failed += 1
                print("FAILED", test.__doc__ or test.__name__)
                traceback.print_exc(file=sys.stdout)
            finally:
                os.chdir(here)
    sys.exit(1 if failed else 0)
