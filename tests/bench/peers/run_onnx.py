#!/usr/bin/env python3
"""Predicts with one of nets.py's nets by ONNX Runtime on the CPU and prints one JSON object."""
import common

arguments = common.net_arguments(__doc__, ["all_optimisations"])
if arguments.mode != "infer":
    raise SystemExit("ONNX Runtime only predicts")

import onnxruntime  # noqa: E402

import nets  # noqa: E402
import onnx_form  # noqa: E402

baseline_rss = common.peak_rss_bytes()
net = nets.NETS[arguments.net]()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = arguments.threads
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
session = onnxruntime.InferenceSession(onnx_form.Form(net, arguments.batch_size).model().SerializeToString(), options,
                                       providers=["CPUExecutionProvider"])
pictures = [x.transpose(0, 3, 1, 2).copy() for x in common.pictures(net, arguments.batch_size)[0]]


def step(i):
    (result,) = session.run(None, {"data": pictures[i % common.BATCHES]})
    assert abs(result.sum() - arguments.batch_size) < 1e-2


rates = common.measure(step, lambda: None, arguments)
# The model's bytes were held twice while the session was made; what it takes by itself cannot be told from here.
common.report("onnxruntime", onnxruntime.__version__, arguments, rates, baseline_rss, model=arguments.net,
              mode=arguments.mode)
