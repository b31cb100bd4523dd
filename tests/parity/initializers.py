"""What each initializer draws: formula, fans, and the statistics of a large draw by real Keras."""
import math

import numpy

import golden
from real_keras import keras, made_with, numbers, plain_config

I = keras.initializers

# A normal cut off at two deviations has 0.8796 of the deviation; the scaling initializers divide by it.
TRUNCATED = 0.87962566103423978

SHAPES = {  # shape -> (fan_in, fan_out)
    (300, 200): (300, 200),
    (5, 5, 20, 50): (500, 1250),
    (3, 40, 60): (120, 180),
    (3, 3, 3, 30, 20): (810, 540),
}


def uniform_facts(low, high):
    return {"distribution": "uniform", "mean": (low + high) / 2, "stddev": (high - low) / math.sqrt(12),
            "minimum": low, "maximum": high}


def normal_facts(mean, stddev):
    return {"distribution": "normal", "mean": mean, "stddev": stddev, "minimum": None, "maximum": None}


def truncated_facts(mean, stddev):
    """stddev: of the normal before it is cut at two deviations."""
    return {"distribution": "truncated_normal", "mean": mean, "stddev": stddev * TRUNCATED,
            "minimum": mean - 2 * stddev, "maximum": mean + 2 * stddev}


def scaled(distribution, scale, mode):
    def facts(fan_in, fan_out):
        variance = scale / {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        if distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return uniform_facts(-limit, limit)
        if distribution == "truncated_normal":
            return truncated_facts(0.0, math.sqrt(variance) / TRUNCATED)
        return normal_facts(0.0, math.sqrt(variance))
    return facts


def fixed(facts):
    return lambda fan_in, fan_out: facts


CASES = [
    ("zeros", I.Zeros, {}, fixed({"distribution": "constant", "value": 0.0})),
    ("ones", I.Ones, {}, fixed({"distribution": "constant", "value": 1.0})),
    ("constant", I.Constant, {"value": 0.3}, fixed({"distribution": "constant", "value": 0.3})),
    ("random_normal", I.RandomNormal, {}, fixed(normal_facts(0.0, 0.05))),
    ("random_normal_settings", I.RandomNormal, {"mean": 0.7, "stddev": 0.2}, fixed(normal_facts(0.7, 0.2))),
    ("truncated_normal", I.TruncatedNormal, {}, fixed(truncated_facts(0.0, 0.05))),
    ("truncated_normal_settings", I.TruncatedNormal, {"mean": -1.0, "stddev": 0.5}, fixed(truncated_facts(-1.0, 0.5))),
    ("random_uniform", I.RandomUniform, {}, fixed(uniform_facts(-0.05, 0.05))),
    ("random_uniform_settings", I.RandomUniform, {"minval": 0.2, "maxval": 1.4}, fixed(uniform_facts(0.2, 1.4))),
    ("glorot_uniform", I.GlorotUniform, {}, scaled("uniform", 1.0, "fan_avg")),
    ("glorot_normal", I.GlorotNormal, {}, scaled("truncated_normal", 1.0, "fan_avg")),
    ("he_uniform", I.HeUniform, {}, scaled("uniform", 2.0, "fan_in")),
    ("he_normal", I.HeNormal, {}, scaled("truncated_normal", 2.0, "fan_in")),
    ("lecun_uniform", I.LecunUniform, {}, scaled("uniform", 1.0, "fan_in")),
    ("lecun_normal", I.LecunNormal, {}, scaled("truncated_normal", 1.0, "fan_in")),
    ("variance_scaling", I.VarianceScaling, {"scale": 0.5, "mode": "fan_out", "distribution": "uniform"},
     scaled("uniform", 0.5, "fan_out")),
    ("variance_scaling_untruncated", I.VarianceScaling,
     {"scale": 1.5, "mode": "fan_avg", "distribution": "untruncated_normal"}, scaled("normal", 1.5, "fan_avg")),
]


def measure(values):
    return {"mean": float(values.mean()), "stddev": float(values.std()), "minimum": float(values.min()),
            "maximum": float(values.max())}


def agree(name, expected, measured, count):
    """Keras itself must pass what the C++ test asks of Lamina: five standard errors."""
    if expected["distribution"] == "constant":
        ok = numpy.float32(expected["value"]) == numpy.float32(measured["minimum"]) == numpy.float32(measured["maximum"])
    else:
        # The fourth moment is below 3 deviations^4 for all three distributions.
        error = expected["stddev"] / math.sqrt(count)
        ok = abs(measured["mean"] - expected["mean"]) < 5 * error
        ok &= abs(measured["stddev"] - expected["stddev"]) < 5 * error
        if expected["minimum"] is not None:
            slack = 1e-6 * abs(expected["maximum"] - expected["minimum"])
            ok &= expected["minimum"] - slack <= measured["minimum"]
            ok &= measured["maximum"] <= expected["maximum"] + slack
    if not ok:
        raise AssertionError(f"{name}: expected {expected}, Keras drew {measured}")


def make():
    out = golden.Golden(made_with())
    for name, initializer, kwargs, facts in CASES:
        for shape, (fan_in, fan_out) in SHAPES.items():
            seeded = initializer(**kwargs) if name in ("zeros", "ones", "constant") else initializer(**kwargs, seed=7)
            values = numbers(seeded(shape, dtype="float32")).astype(numpy.float64)
            expected, measured = facts(fan_in, fan_out), measure(values)
            agree(name, expected, measured, values.size)
            class_name, config = plain_config(initializer(**kwargs))
            config.pop("seed", None)
            out.add(f"{name}_{'x'.join(map(str, shape))}", "initializer", {}, class_name=class_name, config=config,
                    shape=shape, fan_in=fan_in, fan_out=fan_out, expected=expected, measured_in_keras=measured)
    for gain, shape in [(1.0, (7, 5)), (1.0, (5, 7)), (0.5, (3, 3, 4, 6))]:
        values = numbers(I.Orthogonal(gain=gain, seed=7)(shape)).reshape(-1, shape[-1]).astype(numpy.float64)
        small = values.T @ values if values.shape[0] > values.shape[1] else values @ values.T
        assert numpy.abs(small - gain ** 2 * numpy.eye(len(small))).max() < 1e-5
        out.add(f"orthogonal_{'x'.join(map(str, shape))}", "initializer", {}, class_name="Orthogonal",
                config={"gain": gain}, shape=shape, expected={
                    "distribution": "orthogonal", "gain": gain, "rows": values.shape[0], "columns": values.shape[1]})
    out.write("initializers")


if __name__ == "__main__":
    make()
