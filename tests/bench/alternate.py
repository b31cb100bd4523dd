"""Competitors that take turns, so that what else the machine does falls on all alike."""
import os
import statistics
import subprocess


def run(command):
    """The command's standard output, or None and the last line of what it said on standard error."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=1800)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    return done.stdout, ""


def rounds(count, competitors, read, show):
    """competitors: name -> command. ({name: [what read(name, output) gave, a round each]}, load averages). Who fails is
    left out, and a line says so."""
    results, loads = {name: [] for name in competitors}, []
    for number in range(count):
        for name in list(results):
            loads.append(os.getloadavg()[0])
            output, reason = run(competitors[name])
            if output is None:
                print(f"{name}: left out, it failed: {reason}", flush=True)
                del results[name]
                continue
            results[name].append(read(name, output))
            print(f"round {number + 1}/{count}  {name:<32} {show(results[name][-1])}", flush=True)
    return results, loads


def times(ours, theirs):
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs))
