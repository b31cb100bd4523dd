#!/usr/bin/env python3
"""Trains LeNet with tensorflow-cpu and Keras 3 and prints one JSON object: images a second and peak memory.

keras: the model's own compiled train_step through train_on_batch's function; function: a tf.function that calls the
Keras model, GradientTape and the Keras optimizer; raw: a tf.function of plain TensorFlow operators, Adam included;
the _xla variants are the same with jit_compile.
"""
import os

import common

VARIANTS = ["function", "function_xla", "raw", "raw_xla", "keras", "keras_xla"]
arguments = common.arguments(__doc__, VARIANTS)
common.limit_threads(arguments.threads)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf  # noqa: E402  (after the thread counts)
import keras  # noqa: E402

# One operator at a time on all threads is the fastest for a chain of layers.
tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
baseline_rss = common.peak_rss_bytes()
xla = arguments.variant.endswith("_xla")

keras.utils.set_random_seed(7)
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(20, 5, padding="same", activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(50, 5, padding="same", activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(500, activation="relu"),
    keras.layers.Dense(10),
])
images, labels = common.batches(arguments.batch_size)
images = [tf.constant(x) for x in images]
labels = [tf.constant(x) for x in labels]


def keras_step():
    model.compile(optimizer=keras.optimizers.Adam(0.001),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=xla)
    model.make_train_function()
    return lambda x, y: model.train_on_batch(x, y)


def function_step():
    optimizer = keras.optimizers.Adam(0.001)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    return step


def raw_step():
    weights = [tf.Variable(w.numpy()) for w in model.trainable_variables]
    firsts = [tf.Variable(tf.zeros_like(w)) for w in weights]
    seconds = [tf.Variable(tf.zeros_like(w)) for w in weights]
    time_step = tf.Variable(0.0)

    def logits_of(x):
        k1, b1, k2, b2, k3, b3, k4, b4 = weights
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, k1, 1, "SAME"), b1))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, k2, 1, "SAME"), b2))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, [-1, 2450])
        x = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, k3), b3))
        return tf.nn.bias_add(tf.matmul(x, k4), b4)

    @tf.function(jit_compile=xla)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits_of(x)))
        gradients = tape.gradient(loss, weights)
        time_step.assign_add(1.0)
        power1, power2 = tf.pow(0.9, time_step), tf.pow(0.999, time_step)
        for w, m, v, g in zip(weights, firsts, seconds, gradients):
            tf.raw_ops.ResourceApplyAdam(var=w.handle, m=m.handle, v=v.handle, beta1_power=power1, beta2_power=power2,
                                         lr=0.001, beta1=0.9, beta2=0.999, epsilon=1e-7, grad=g)
        return loss
    return step


train = {"keras": keras_step, "function": function_step, "raw": raw_step}[arguments.variant.removesuffix("_xla")]()
last = None


def step(i):
    global last
    last = train(images[i % common.BATCHES], labels[i % common.BATCHES])


def finish():
    float(last)


rates = common.measure(step, finish, arguments)
common.report("tensorflow", tf.__version__, arguments, rates, baseline_rss)
