"""lamina-conformance as a user meets it: one test by its name, reports, speeds, and wrong usage."""

import json
import os
import subprocess
import xml.etree.ElementTree

from _lamina import Result, check, done, lamina, one_json, run

PROGRAM = os.path.join(os.environ["LAMINA_BIN_DIR"], "lamina-conformance")
# A Vulkan driver that was unloaded leaves memory that the address sanitizer takes for our leak.
NO_LEAKS = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def conformance(*arguments):
    return Result(subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=240,
                                 env={**os.environ, **NO_LEAKS}))


def refused(code, *arguments, says):
    result = conformance(*arguments)
    check(result.code == code and result.out == "", arguments, result.code, result.out, result.err)
    check(result.err.startswith("lamina-conformance: ") and says in result.err, result.err)


def one_by_name():
    """a test is run again by its name alone"""
    names = done(conformance("--list", "--filter", "max_pool/*/gradient")).out.split("\n")
    name = next(n for n in names if "f16" not in n)
    report = one_json(conformance("--backend", "openblas", "--filter", name, "--json"))
    check({r["test"] for r in report["results"]} == {name}, report["results"])
    check(all(r["verdict"] == "passed" for r in report["results"]), report["results"])


def reports():
    """--junit and --summary tell the device, and the same counts as --json"""
    report = one_json(conformance("--backend", "openblas", "--filter", "abs/*", "--json", "--junit", "r.xml",
                                  "--summary", "r.json"))
    suite = xml.etree.ElementTree.parse("r.xml").getroot()
    cases = list(suite.iter("testcase"))
    check(len(cases) == len(report["results"]) > 0, len(cases), len(report["results"]))
    with open("r.json") as file:
        summary = json.load(file)
    for told in (report, summary):
        check(told["device"]["backend"] == "openblas" and told["device"]["device"], told["device"])
        check(told["passed"] == len(cases) and told["failed"] == 0, told["passed"], told["failed"])


def speeds():
    """--mode perf gives the rate of every kernel, positive and finite"""
    told = one_json(conformance("--backend", "openblas", "--mode", "perf", "--filter", "conv/*lenet*", "--json"))
    check(len(told["speeds"]) > 0, told)
    for s in told["speeds"]:
        check(s["seconds"] > 0 and 0 < s["gflops"] < 1e5 and 0 < s["gbytes"] < 1e5, s)
    check(len({s["kernel"] for s in told["speeds"]}) > 1, "one kernel only:", told["speeds"])
    lines = done(conformance("--backend", "openblas", "--mode", "perf", "--filter", "conv/*lenet*")).out.splitlines()
    check(len(lines) == len(told["speeds"]) and all("GFLOP/s" in line for line in lines), lines)


def cooperative_matrices():
    """products of f16 by the device's own products of small matrices are those of the reference"""
    backends = one_json(lamina("devices", "--json"))["backends"]
    offered = [d for b in backends if b["name"] == "vulkan" for d in b["devices"]
               if d["details"]["cooperative_matrix"] != "none"]
    if not offered:
        result = conformance("--backend", "vulkan:cooperative_matrix=true", "--filter", "matmul/*")
        check(result.code == 1 and ("offers no products of small matrices" in result.err or "vulkan" in result.err),
              result.code, result.err)
        return
    for device in offered:
        spec = f"vulkan:cooperative_matrix=true,uuid={device['details']['uuid']}"
        report = one_json(conformance("--backend", spec, "--filter", "matmul/*f16*", "--json"))
        by_matrix = [r for r in report["results"] if r["kernel"] == "cooperative_matrix"]
        check(len(by_matrix) > 0, "no test of it ran on", device["name"])
        check(all(r["verdict"] == "passed" for r in by_matrix), by_matrix)


def wrong_usage():
    """what is not there is told, with what there is"""
    refused(2, says="--backend is missing")
    refused(2, "--backend", "openblas", "--mode", "speed", says="there are test, grad, train, contract, support and perf")
    refused(2, "--backend", "openblas", "--filter", "no_such/*", says="no test has such a name")
    refused(2, "--backend", "openblas", "--smaple", "3", says="--help lists the options")
    refused(1, "--backend", "no_such_backend", says="no_such_backend")
    refused(1, "--backend", __file__, says=os.path.basename(__file__))


run([one_by_name, reports, speeds, cooperative_matrices, wrong_usage])
