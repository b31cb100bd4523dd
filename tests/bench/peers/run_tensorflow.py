#!/usr/bin/env python3
"""Trains one of nets.py's nets with tensorflow-cpu and Keras 3, or predicts with it, by a tf.function, and prints one
JSON object; xla is the same with jit_compile."""
import os

import common

arguments = common.net_arguments(__doc__, ["function", "xla"])
common.limit_threads(arguments.threads)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf  # noqa: E402  (after the thread counts)
import keras  # noqa: E402

import keras_form  # noqa: E402
import nets  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
baseline_rss = common.peak_rss_bytes()
compiled = arguments.variant == "xla"
keras.utils.set_random_seed(7)
net = nets.NETS[arguments.net]()
model = keras_form.model(net)
pictures, labels = common.pictures(net, arguments.batch_size)
pictures, labels = [tf.constant(x) for x in pictures], [tf.constant(y) for y in labels]
last = None


def training_step():
    optimizer = (keras.optimizers.RMSprop(0.001) if arguments.optimizer == "rmsprop" else keras.optimizers.SGD(0.01))
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=compiled)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    return step


def prediction():
    @tf.function(jit_compile=compiled)
    def step(x, y):
        return tf.reduce_sum(tf.nn.softmax(model(x, training=False)))
    return step


work = training_step() if arguments.mode == "train" else prediction()


def step(i):
    global last
    last = work(pictures[i % common.BATCHES], labels[i % common.BATCHES])


def finish():
    float(last)


rates = common.measure(step, finish, arguments)
common.report("tensorflow", tf.__version__, arguments, rates, baseline_rss, model=arguments.net, mode=arguments.mode)
