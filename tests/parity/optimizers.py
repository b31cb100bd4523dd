"""Every optimizer for 20 steps, from given weights with given gradients; every schedule; reduce on plateau."""
import numpy

import golden
from real_keras import keras, made_with, numbers, plain_config, tensor

O = keras.optimizers
S = keras.optimizers.schedules
STEPS = 20

CASES = [
    ("sgd", O.SGD, {}),
    ("sgd_momentum", O.SGD, {"learning_rate": 0.05, "momentum": 0.9}),
    ("sgd_nesterov", O.SGD, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    ("sgd_weight_decay", O.SGD, {"learning_rate": 0.05, "weight_decay": 0.02}),
    ("rmsprop", O.RMSprop, {}),
    ("rmsprop_momentum", O.RMSprop, {"learning_rate": 0.01, "momentum": 0.8}),
    ("rmsprop_centered", O.RMSprop, {"learning_rate": 0.01, "rho": 0.8, "centered": True}),
    ("rmsprop_centered_momentum", O.RMSprop, {"learning_rate": 0.01, "momentum": 0.5, "centered": True}),
    ("adam", O.Adam, {}),
    ("adam_settings", O.Adam, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
    ("adam_amsgrad", O.Adam, {"learning_rate": 0.02, "beta_2": 0.9, "amsgrad": True}),
    ("adamw", O.AdamW, {}),
    ("adamw_settings", O.AdamW, {"learning_rate": 0.02, "weight_decay": 0.05, "amsgrad": True}),
    ("adagrad", O.Adagrad, {"learning_rate": 0.05}),
    ("adagrad_settings", O.Adagrad, {"learning_rate": 0.05, "initial_accumulator_value": 0.3, "epsilon": 1e-3}),
    ("adadelta", O.Adadelta, {"learning_rate": 1.0}),
    ("adadelta_settings", O.Adadelta, {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-4}),
    ("adamax", O.Adamax, {}),
    ("adamax_settings", O.Adamax, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.9}),
    ("nadam", O.Nadam, {}),
    ("nadam_settings", O.Nadam, {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95}),
    ("sgd_clipnorm", O.SGD, {"learning_rate": 0.1, "clipnorm": 0.7}),
    ("sgd_clipvalue", O.SGD, {"learning_rate": 0.1, "clipvalue": 0.2}),
    ("sgd_global_clipnorm", O.SGD, {"learning_rate": 0.1, "global_clipnorm": 0.9}),
    ("adam_clipnorm", O.Adam, {"learning_rate": 0.02, "clipnorm": 0.5}),
    ("adam_global_clipnorm", O.Adam, {"learning_rate": 0.02, "global_clipnorm": 0.5}),
    ("adam_clipvalue", O.Adam, {"learning_rate": 0.02, "clipvalue": 0.3}),
    ("rmsprop_weight_decay", O.RMSprop, {"learning_rate": 0.01, "weight_decay": 0.05}),
    ("nadam_weight_decay", O.Nadam, {"learning_rate": 0.02, "weight_decay": 0.05}),
    # Gradients near epsilon, where its place in the formula shows.
    ("adam_tiny_gradients", O.Adam, {}),
    ("rmsprop_tiny_gradients", O.RMSprop, {}),
    ("nadam_tiny_gradients", O.Nadam, {}),
    ("adagrad_tiny_gradients", O.Adagrad, {}),
    ("adadelta_tiny_gradients", O.Adadelta, {}),
    ("adamax_tiny_gradients", O.Adamax, {}),
    ("sgd_exponential_decay", O.SGD, {"learning_rate": S.ExponentialDecay(0.1, 5, 0.5), "momentum": 0.9}),
    ("adam_cosine_warmup", O.Adam, {"learning_rate": S.CosineDecay(0.0, 14, 0.1, warmup_target=0.05, warmup_steps=5)}),
]


def gradient_sequence(name, shape):
    draw = golden.draws("gradients " + name + str(shape))
    scale = 1e-6 if "tiny" in name else 1.0
    gradients = draw.normal(0.0, 0.5 * scale, (STEPS, *shape)).astype(numpy.float32).astype(numpy.float64)
    gradients[7] = 0.0
    gradients[:, -1] *= draw.random((STEPS,) + (1,) * (len(shape) - 1)) > 0.6  # a row that is mostly still
    return gradients.astype(numpy.float32).astype(numpy.float64)


def run(out, name, optimizer, **facts):
    draw = golden.draws("optimizer " + name)
    shapes = {"kernel": (3, 5), "bias": (5,)}
    start = {key: golden.uniform(draw, shape) for key, shape in shapes.items()}
    gradients = {key: gradient_sequence(name, shape) for key, shape in shapes.items()}
    variables = [keras.Variable(start[key], dtype="float64", name=key) for key in shapes]
    optimizer.build(variables)
    history = {key: [] for key in shapes}
    rates = []
    for step in range(STEPS):
        rates.append(float(numbers(optimizer.learning_rate)))
        optimizer.apply([tensor(gradients[key][step]) for key in shapes], variables)
        for key, variable in zip(shapes, variables):
            history[key].append(numbers(variable.value).copy())
    tensors = {"learning_rates": numpy.array(rates)}
    for key in shapes:
        tensors |= {f"{key}": start[key], f"{key}_gradients": gradients[key], f"{key}_steps": numpy.stack(history[key])}
    slots = []
    for variable in optimizer.variables:
        if variable.name in ("iteration", "learning_rate"):
            continue
        slot = "u_product" if variable.name.startswith("variable") else variable.name  # Nadam's has no name
        slots.append(slot)
        tensors[f"slot_{slot}"] = numbers(variable.value)
    class_name, config = plain_config(optimizer, name)
    out.add(name, "optimizer", tensors, class_name=class_name, config=config, variables=list(shapes), slots=slots,
            **facts)


SCHEDULES = [
    ("exponential_decay", S.ExponentialDecay(0.1, 10, 0.5)),
    ("exponential_decay_staircase", S.ExponentialDecay(0.1, 10, 0.5, staircase=True)),
    ("inverse_time_decay", S.InverseTimeDecay(0.1, 10, 0.5)),
    ("inverse_time_decay_staircase", S.InverseTimeDecay(0.1, 10, 0.5, staircase=True)),
    ("polynomial_decay", S.PolynomialDecay(0.1, 40, 0.01, power=2.0)),
    ("polynomial_decay_cycle", S.PolynomialDecay(0.1, 17, 0.01, power=0.5, cycle=True)),
    ("piecewise_constant_decay", S.PiecewiseConstantDecay([5, 20, 30], [0.1, 0.05, 0.01, 0.001])),
    ("cosine_decay", S.CosineDecay(0.1, 40)),
    ("cosine_decay_alpha", S.CosineDecay(0.1, 40, alpha=0.2)),
    ("cosine_decay_warmup", S.CosineDecay(0.01, 30, alpha=0.1, warmup_target=0.1, warmup_steps=10)),
]


def make_schedules(out):
    steps = numpy.arange(0, 60)
    for name, schedule in SCHEDULES:
        values = numpy.array([float(numbers(schedule(int(step)))) for step in steps])
        class_name, config = plain_config(schedule, name)
        out.add(name, "schedule", {"steps": steps, "values": values}, class_name=class_name, config=config)


PLATEAUS = [
    ("reduce_on_plateau", {"monitor": "val_loss", "factor": 0.5, "patience": 2, "min_lr": 0.01}),
    ("reduce_on_plateau_cooldown", {"monitor": "val_loss", "factor": 0.1, "patience": 1, "cooldown": 2,
                                    "min_delta": 0.05}),
    ("reduce_on_plateau_accuracy", {"monitor": "val_accuracy", "mode": "max", "factor": 0.3, "patience": 2,
                                    "min_lr": 0.001}),
    ("reduce_on_plateau_min_delta", {"monitor": "val_loss", "patience": 2, "min_delta": 0.1, "factor": 0.5}),
    ("reduce_on_plateau_long_cooldown", {"monitor": "val_loss", "patience": 2, "cooldown": 5, "factor": 0.2}),
    ("reduce_on_plateau_min_lr_between", {"monitor": "val_loss", "patience": 1, "factor": 0.3, "min_lr": 0.02}),
    ("reduce_on_plateau_mode", {"monitor": "val_accuracy", "mode": "min", "patience": 3, "factor": 0.5}),
    ("reduce_on_plateau_defaults", {"monitor": "val_loss"}),
]

STOPS = [
    ("early_stopping_defaults", {"monitor": "val_loss"}),
    ("early_stopping", {"monitor": "val_loss", "patience": 3}),
    ("early_stopping_min_delta", {"monitor": "val_loss", "patience": 3, "min_delta": 0.1}),
    ("early_stopping_start", {"monitor": "val_loss", "patience": 2, "start_from_epoch": 7}),
    ("early_stopping_baseline", {"monitor": "val_loss", "patience": 3, "baseline": 0.1}),
    ("early_stopping_baseline_met", {"monitor": "val_accuracy", "mode": "max", "patience": 4, "baseline": 0.9,
                                     "min_delta": 0.01}),
    ("early_stopping_mode", {"monitor": "val_accuracy", "mode": "max", "patience": 4, "min_delta": 0.05}),
]


def monitored_values(name, monitor):
    """A metric of 24 epochs that gets better, with setbacks."""
    draw = golden.draws(name)
    values = numpy.minimum.accumulate(draw.random(24)) + numpy.round(draw.random(24) * 0.2, 2)
    values = values if monitor == "val_loss" else 1.0 - values
    return values.astype(numpy.float32).astype(numpy.float64)


def one_weight():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=O.SGD(0.1), loss="mse")
    return model


def make_plateaus(out):
    """The learning rate after each epoch, from Keras's own callback fed with given metrics."""
    for name, kwargs in PLATEAUS:
        values = monitored_values(name, kwargs["monitor"])
        model = one_weight()
        callback = keras.callbacks.ReduceLROnPlateau(**kwargs)
        callback.set_model(model)
        callback.on_train_begin()
        rates = []
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {kwargs["monitor"]: value})
            rates.append(float(numbers(model.optimizer.learning_rate)))
        out.add(name, "reduce_on_plateau", {"metric": values, "learning_rates": numpy.array(rates)},
                class_name="ReduceLROnPlateau", config={"initial_learning_rate": 0.1, **kwargs})


def make_stops(out):
    """Whether Keras's EarlyStopping ends training after each epoch, and the epoch that it thinks the best."""
    for name, kwargs in STOPS:
        values = monitored_values(name, kwargs["monitor"])
        callback = keras.callbacks.EarlyStopping(**kwargs)
        callback.set_model(one_weight())
        callback.on_train_begin()
        stops, best = [], []
        for epoch, value in enumerate(values):
            callback.model.stop_training = False
            callback.on_epoch_end(epoch, {kwargs["monitor"]: value})
            stops.append(int(callback.model.stop_training))
            best.append(callback.best_epoch)
        out.add(name, "early_stopping", {"metric": values, "stops": numpy.array(stops), "best_epochs": numpy.array(best)},
                class_name="EarlyStopping", config=kwargs)


def make():
    out = golden.Golden(made_with())
    for name, optimizer, kwargs in CASES:
        run(out, name, optimizer(**kwargs))
    make_schedules(out)
    make_plateaus(out)
    make_stops(out)
    out.write("optimizers")


if __name__ == "__main__":
    make()
