"""Layers as PyTorch itself computes them, without Keras between: channels_first, weights turned to Keras's order."""
import torch

import golden

N = torch.nn


def case(out, name, module, x_shape, class_name, config, weights, run=None, training=False):
    """weights: Keras's name -> (parameter's name, permutation of the parameter into Keras's axes)."""
    draw = golden.draws("torch " + name)
    module = module.double().train(training)
    for key in weights:
        parameter = module.get_parameter(weights[key][0])
        low, high = (0.5, 1.5) if key == "gamma" else (-0.8, 0.8)
        parameter.data = torch.from_numpy(golden.uniform(draw, tuple(parameter.shape), low, high))
    x = torch.from_numpy(golden.uniform(draw, x_shape)).requires_grad_()
    y = (run or module)(x)
    dy = torch.from_numpy(golden.uniform(draw, tuple(y.shape)))
    y.backward(dy)
    tensors = {"x": x.detach().numpy(), "y": y.detach().numpy(), "dy": dy.numpy(), "dx": x.grad.numpy()}
    for key, (parameter_name, axes) in weights.items():
        parameter = module.get_parameter(parameter_name)
        tensors[key] = parameter.detach().permute(axes).contiguous().numpy()
        tensors["d" + key] = parameter.grad.permute(axes).contiguous().numpy()
    if class_name == "BatchNormalization":
        channels = x_shape[1]
        tensors["moving_mean"], tensors["moving_variance"] = torch.zeros(channels).numpy(), torch.ones(channels).numpy()
    names = list(weights) + [k for k in tensors if k.startswith("moving")]
    out.add("torch_" + name, "layer", tensors, class_name=class_name, config={"name": name, "dtype": "float32", **config},
            training=training, computed_in="float64", inputs=["x"], weights=names, trainable_weights=list(weights))


def convolution(rank, transpose=False):
    spatial = list(range(2, 2 + rank))
    # Conv: [K, C/groups, spatial] to [spatial, C/groups, K]. Transposed: [C, K, spatial] to [spatial, K, C].
    return {"kernel": ("weight", spatial + [1, 0]), "bias": ("bias", [0])}


def make():
    torch.set_num_threads(1)
    out = golden.Golden({"torch": torch.__version__})
    first = {"data_format": "channels_first"}
    case(out, "conv1d", N.Conv1d(3, 4, 3, dilation=2), (2, 3, 9), "Conv1D",
         {"filters": 4, "kernel_size": [3], "dilation_rate": [2], **first}, convolution(1))
    case(out, "conv2d_same", N.Conv2d(3, 4, (3, 5), padding=(1, 2)), (2, 3, 7, 6), "Conv2D",
         {"filters": 4, "kernel_size": [3, 5], "padding": "same", **first}, convolution(2))
    case(out, "conv2d_strided", N.Conv2d(2, 5, 3, stride=(2, 3)), (2, 2, 8, 9), "Conv2D",
         {"filters": 5, "kernel_size": [3, 3], "strides": [2, 3], **first}, convolution(2))
    case(out, "conv2d_groups", N.Conv2d(6, 9, 2, groups=3, dilation=(1, 2)), (1, 6, 5, 7), "Conv2D",
         {"filters": 9, "kernel_size": [2, 2], "groups": 3, "dilation_rate": [1, 2], **first}, convolution(2))
    case(out, "conv3d", N.Conv3d(2, 3, (2, 3, 2), stride=2), (1, 2, 5, 6, 7), "Conv3D",
         {"filters": 3, "kernel_size": [2, 3, 2], "strides": [2, 2, 2], **first}, convolution(3))
    case(out, "conv2d_transpose", N.ConvTranspose2d(3, 2, 3, stride=2), (2, 3, 4, 3), "Conv2DTranspose",
         {"filters": 2, "kernel_size": [3, 3], "strides": [2, 2], **first}, convolution(2, True))
    case(out, "dense", N.Linear(5, 7), (4, 5), "Dense", {"units": 7},
         {"kernel": ("weight", [1, 0]), "bias": ("bias", [0])})
    case(out, "max_pooling2d", N.MaxPool2d(3, 2), (2, 3, 8, 7), "MaxPooling2D",
         {"pool_size": [3, 3], "strides": [2, 2], **first}, {})
    case(out, "average_pooling2d", N.AvgPool2d((2, 3), 2), (2, 3, 6, 7), "AveragePooling2D",
         {"pool_size": [2, 3], "strides": [2, 2], **first}, {})
    # PyTorch's running variance is the unbiased one, Keras's is not: the moving statistics are left out here.
    case(out, "batch_normalization", N.BatchNorm2d(3, eps=1e-3), (4, 3, 5, 3), "BatchNormalization",
         {"axis": 1, "epsilon": 1e-3}, {"gamma": ("weight", [0]), "beta": ("bias", [0])}, training=True)
    for name, module in [("relu", N.ReLU()), ("elu", N.ELU()), ("selu", N.SELU()), ("gelu", N.GELU()),
                         ("swish", N.SiLU()), ("sigmoid", N.Sigmoid()), ("tanh", N.Tanh()), ("softplus", N.Softplus()),
                         ("softsign", N.Softsign()), ("softmax", N.Softmax(-1)), ("leaky_relu", N.LeakyReLU(0.2)),
                         ("hard_sigmoid", N.Hardsigmoid())]:
        case(out, f"activation_{name}", module, (3, 7), "Activation", {"activation": name}, {})
    out.write("torch_layers")


if __name__ == "__main__":
    make()
