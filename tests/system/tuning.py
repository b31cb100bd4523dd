"""Kernels chosen by measurement: bench --tune keeps a plan, --tuned uses it, nothing else does."""

import glob
import os
import tempfile

from _lamina import TRAIN, check, done, fails, lamina, one_json, run

LENET = ["bench", "lenet", "--batch-size", "16", "--seconds", "0.01", "--json", "--threads", "1"]


def steps(bench):
    return one_json(bench)["results"][0]["profile"]


def tuned():
    """the plan is used by who asks for it, reported by the profile, and a damaged one is none"""
    folder = tempfile.mkdtemp()
    env = {"XDG_CACHE_HOME": folder}
    missing = done(lamina(*LENET, "--tuned", "--profile", env=env))
    check("there is none" in missing.err and "bench MODEL" in missing.err, missing.err)
    check(not any(s["tuned"] for s in steps(missing)), missing.out)
    made = one_json(done(lamina(*LENET, "--tune", "--tune-seconds", "60", "--tune-runs", "2", env=env)))["results"][0]
    check("tuned_plan" not in made, "--tune alone must not use the plan:", made)
    ops = {o["op"] for o in made["tuning"]["operators"]}
    check({"conv", "conv_backward_filter"} <= ops and made["tuning"]["left_out"] == 0, made)
    files = glob.glob(folder + "/lamina/tuned/*.json")
    check(files == [made["tuning"]["file"]], files, made["tuning"]["file"])

    plain = done(lamina(*LENET, "--profile", env=env))
    check(not any(s["tuned"] or " * " in s["step"] for s in steps(plain)), plain.out)
    used = done(lamina(*LENET, "--tuned", "--profile", env=env))
    check(one_json(used)["results"][0]["tuned_plan"] == made["tuning"]["plan"], used.out, made)
    chosen = {(o["op"], o["name"]): o["chosen"] for o in made["tuning"]["operators"]}
    for (op, name), kernel in chosen.items():
        step = next(s for s in steps(used) if s["step"].split()[0] == op and s["step"].split()[-1] == name)
        check(step["tuned"] and step["step"].split()[1:3] == [kernel, "*"], step, kernel)

    with open(files[0], "r+b") as file:
        file.truncate(100)
    damaged = done(lamina(*LENET, "--tuned", "--profile", env=env))
    check(damaged.err.count("not used") == 1 and damaged.err.count("\n") == 1, damaged.err)
    check(not any(s["tuned"] for s in steps(damaged)), damaged.out)


def commands():
    """train tells the plan's hash and keeps it in the checkpoint; evaluate and predict take --tuned as well"""
    folder = tempfile.mkdtemp()
    env = {"XDG_CACHE_HOME": folder}
    net = ["mnist_softmax", "--batch-size", "50"]
    done(lamina("bench", *net, "--seconds", "0.01", "--tune", "--tune-runs", "1", env=env))
    plan = one_json(done(lamina("bench", *net, "--seconds", "0.01", "--tuned", "--json", env=env)))
    plan = plan["results"][0]["tuned_plan"]
    train = [*TRAIN, "--checkpoint-dir", os.path.join(folder, "run"), "--save", os.path.join(folder, "net.h5")]
    trained = done(lamina(*train, "--epochs", "1", "--tuned", env=env))
    check(f"tuned plan {plan}" in trained.err, trained.err)
    fails(2, *train, "--epochs", "2", "--resume", os.path.join(folder, "run"), says=["--tuned", plan, "off"], env=env)
    done(lamina(*train, "--epochs", "2", "--resume", os.path.join(folder, "run"), "--tuned", env=env))
    told = done(lamina("evaluate", os.path.join(folder, "net.h5"), "--data", "mnist:sample", "--tuned", env=env))
    check(f"tuned plan {plan}" in told.err, told.err)


def wrong_bounds():
    """bounds that make no sense are wrong usage"""
    fails(2, "bench", "lenet", "--tune", "--tune-seconds", "-1", says="--tune-seconds must be at least 0")
    fails(2, "bench", "lenet", "--tune", "--tune-runs", "0", says="--tune-runs must be at least 1")


run([tuned, commands, wrong_bounds])
