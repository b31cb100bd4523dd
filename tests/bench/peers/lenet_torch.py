#!/usr/bin/env python3
"""Trains LeNet with PyTorch on the CPU and prints one JSON object: images a second and peak memory."""
import common

VARIANTS = ["nchw", "channels_last", "nchw_compiled", "channels_last_compiled"]
arguments = common.arguments(__doc__, VARIANTS)
common.limit_threads(arguments.threads)

import torch  # noqa: E402  (after the thread counts)

torch.set_num_threads(arguments.threads)
baseline_rss = common.peak_rss_bytes()
memory_format = torch.channels_last if "channels_last" in arguments.variant else torch.contiguous_format

torch.manual_seed(7)
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 20, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(20, 50, 5, padding=2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Linear(2450, 500), torch.nn.ReLU(), torch.nn.Linear(500, 10),
).to(memory_format=memory_format)
loss_of = torch.nn.CrossEntropyLoss()
try:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
except (TypeError, RuntimeError):  # 1.13 fuses on CUDA alone
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

images, labels = common.batches(arguments.batch_size)
# [N, 28, 28, 1] and [N, 1, 28, 28] are the same bytes.
images = [torch.from_numpy(x).reshape(-1, 1, 28, 28).contiguous(memory_format=memory_format) for x in images]
labels = [torch.from_numpy(x) for x in labels]


def forward_loss(x, y):
    return loss_of(model(x), y)


if arguments.variant.endswith("compiled"):
    forward_loss = torch.compile(forward_loss)


def step(i):
    optimizer.zero_grad(set_to_none=True)
    loss = forward_loss(images[i % common.BATCHES], labels[i % common.BATCHES])
    loss.backward()
    optimizer.step()


rates = common.measure(step, lambda: None, arguments)
common.report("torch", torch.__version__, arguments, rates, baseline_rss)
