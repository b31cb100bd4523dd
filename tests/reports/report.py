#!/usr/bin/env python3
"""Writes the report of `./run test full` to standard output, from the JUnit files that ctest left.

    report.py FOLDER         each FOLDER/<number>-<stage>.xml is a stage, in order, and FOLDER/again/<number>-<stage>.xml
                             what failed in it, run again later; `commit` beside them says on what
    report.py --failed FILE  the names of a stage's failed tests, as ctest -R takes them
"""

import datetime
import os
import platform
import re
import sys
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOWEST = 12


class Test:
    def __init__(self, element):
        self.name = element.get("name")
        self.seconds = float(element.get("time") or 0)
        self.output = element.findtext("system-out") or ""
        self.failed = element.get("status") == "fail" or element.find("failure") is not None
        self.skipped = not self.failed and element.find("skipped") is not None

    @property
    def cases(self):
        """How many cases the program counts itself: Catch2, lamina-conformance, the scripts."""
        catch = re.findall(r"All tests passed \(.*?in (\d+) test cases?\)|test cases: +(\d+)", self.output)
        conformance = re.findall(r"(\d+) passed, (\d+) failed, (\d+) unsupported", self.output)
        scripts = re.findall(r"^(?:ok    |FAILED) ", self.output, re.M)
        return (sum(int(a or b) for a, b in catch) + sum(int(a) + int(b) for a, b, _ in conformance)) or len(scripts)

    @property
    def last_line(self):
        lines = self.output.strip().splitlines() or [""]
        return next((line for line in reversed(lines) if "FAILED" in line or "error" in line.lower()), lines[-1]).strip()[:200]

    @property
    def reason(self):
        """Why it was skipped, without this machine's paths."""
        lines = [line for line in self.output.splitlines() if "skipped" in line]
        text = lines[-1] if lines else "it does not say why"
        return text.removeprefix("skipped: ").replace(os.path.dirname(ROOT) + "/", "../").replace(ROOT, ".")


def read(path):
    return [Test(case) for case in ElementTree.parse(path).getroot().iter("testcase")]


def processor():
    """The kind of processor, not which."""
    with open("/proc/cpuinfo") as f:
        flags = re.search(r"^flags\s*: (.*)$", f.read(), re.M)
    flags = flags.group(1).split() if flags else []
    simd = next((name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2"), ("sse4_1", "SSE4")] if flag in flags),
                "")
    return " ".join(filter(None, [platform.machine(), simd])) + f", {len(os.sched_getaffinity(0))} cores"


def duration(seconds):
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


def read_stages(folder):
    """{stage: its tests}, from FOLDER/<number>-<stage>.xml"""
    return {name.split("-", 1)[1].removesuffix(".xml").replace("-", " "): read(os.path.join(folder, name))
            for name in sorted(os.listdir(folder)) if name.endswith(".xml")}


def commit_of(folder):
    with open(os.path.join(folder, "commit")) as f:
        return f.read().strip()


def heading(title):
    return ["", f"## {title}", ""]


def failures(stages, folder):
    """Each with what came of it when it was run again, after what it found was mended."""
    failed = [(stage, t) for stage, tests in stages.items() for t in tests if t.failed]
    if not failed:
        return ["None."]
    if not os.path.isdir(folder):
        return table(["stage", "test", "what it says"], [(stage, t.name, t.last_line) for stage, t in failed])
    later = {(stage, t.name): t for stage, tests in read_stages(folder).items() for t in tests}
    rows = []
    for stage, t in failed:
        now = later.get((stage, t.name))
        outcome = "not run" if now is None else now.last_line if now.failed else "passed"
        rows.append((stage, t.name, t.last_line, outcome))
    return table(["stage", "test", "what it says", f"run again at commit {commit_of(folder)}"], rows)


def report(folder):
    stages = read_stages(folder)
    yield "# The whole of the tests: `./run test full`"
    yield ""
    yield f"{datetime.date.today().isoformat()}, commit {commit_of(folder)}; {processor()}."
    yield "Durations are the tests' own, added up; tests run side by side."
    yield ""
    rows = []
    for stage, tests in stages.items():
        failed, skipped = sum(t.failed for t in tests), sum(t.skipped for t in tests)
        rows.append((stage, len(tests), len(tests) - failed - skipped, failed, skipped, sum(t.cases for t in tests),
                     duration(sum(t.seconds for t in tests))))
    yield from table(["stage", "tests", "passed", "failed", "skipped", "cases within", "duration"], rows)
    yield from heading("Failed")
    yield from failures(stages, os.path.join(folder, "again"))
    yield from heading("Skipped, and why")
    skipped = [(stage, t.name, t.reason) for stage, tests in stages.items() for t in tests if t.skipped]
    yield from table(["stage", "test", "why"], skipped) if skipped else ["None."]
    yield from heading("The longest")
    every = sorted(((t.seconds, stage, t.name) for stage, tests in stages.items() for t in tests), reverse=True)
    yield from table(["stage", "test", "duration"], [(s, n, duration(d)) for d, s, n in every[:SLOWEST]])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print("\n".join(report(sys.argv[1])))
    elif len(sys.argv) == 3 and sys.argv[1] == "--failed":
        print("|".join(t.name for t in read(sys.argv[2]) if t.failed))
    else:
        sys.exit(__doc__)
