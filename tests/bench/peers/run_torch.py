#!/usr/bin/env python3
"""Trains one of nets.py's nets with PyTorch on the CPU, or predicts with it, and prints one JSON object."""
import common

VARIANTS = ["nchw", "channels_last", "nchw_compiled", "channels_last_compiled"]
arguments = common.net_arguments(__doc__, VARIANTS)
common.limit_threads(arguments.threads)

import torch  # noqa: E402  (after the thread counts)

import nets  # noqa: E402
import torch_form  # noqa: E402

torch.set_num_threads(arguments.threads)
baseline_rss = common.peak_rss_bytes()
trains = arguments.mode == "train"
memory_format = torch.channels_last if "channels_last" in arguments.variant else torch.contiguous_format
torch.manual_seed(7)
net = nets.NETS[arguments.net]()
model = torch_form.Form(net, folded=not trains).to(memory_format=memory_format).train(trains)
pictures, labels = common.pictures(net, arguments.batch_size)
pictures = [torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=memory_format) for x in pictures]
labels = [torch.from_numpy(y) for y in labels]


def training_step():
    loss_of = torch.nn.CrossEntropyLoss()
    if arguments.optimizer == "rmsprop":
        optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)

    def forward_loss(x, y):
        return loss_of(model(x), y)

    if arguments.variant.endswith("compiled"):
        forward_loss = torch.compile(forward_loss)

    def step(i):
        optimizer.zero_grad(set_to_none=True)
        forward_loss(pictures[i % common.BATCHES], labels[i % common.BATCHES]).backward()
        optimizer.step()
    return step


def prediction():
    forward = torch.compile(model) if arguments.variant.endswith("compiled") else model

    @torch.inference_mode()
    def step(i):
        torch.softmax(forward(pictures[i % common.BATCHES]), 1)
    return step


rates = common.measure(training_step() if trains else prediction(), lambda: None, arguments)
common.report("torch", torch.__version__, arguments, rates, baseline_rss, model=arguments.net, mode=arguments.mode)
