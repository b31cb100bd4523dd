"""Every layer's output and gradients from real Keras.

On TensorFlow each case is channels_last. On PyTorch the cases of layers that know a data format are made again as
channels_first, from the same numbers; check_agreement() then compares the two frameworks.
"""
import numpy

import golden
from real_keras import BACKEND, gradients, keras, made_with, numbers, plain_config

L = keras.layers


def spec(name, layer, shape, training=False, low=-1.0, **kwargs):
    return {"name": name, "class": layer, "shape": shape, "training": training, "low": low, "kwargs": kwargs}


# Shapes are channels_last with the batch first. Odd sizes throughout: "same" padding is uneven where the stride is 2.
CONVOLUTIONS = [
    spec("conv1d", L.Conv1D, (2, 9, 3), filters=4, kernel_size=3),
    spec("conv1d_same_strided", L.Conv1D, (2, 8, 3), filters=5, kernel_size=4, strides=2, padding="same"),
    spec("conv1d_dilated", L.Conv1D, (1, 11, 2), filters=3, kernel_size=3, dilation_rate=3, padding="same"),
    spec("conv1d_causal", L.Conv1D, (2, 7, 2), filters=3, kernel_size=3, dilation_rate=2, padding="causal"),
    spec("conv1d_groups", L.Conv1D, (2, 7, 6), filters=9, kernel_size=2, groups=3, use_bias=False),
    spec("conv2d", L.Conv2D, (2, 7, 6, 3), filters=5, kernel_size=3),
    spec("conv2d_1x1", L.Conv2D, (3, 5, 4, 3), filters=7, kernel_size=1),
    spec("conv2d_1x1_strided", L.Conv2D, (1, 7, 6, 5), filters=3, kernel_size=1, strides=2, padding="same"),
    spec("conv2d_same", L.Conv2D, (2, 7, 6, 3), filters=4, kernel_size=(5, 5), padding="same", activation="relu"),
    spec("conv2d_same_even_kernel", L.Conv2D, (1, 5, 6, 2), filters=3, kernel_size=(4, 2), padding="same"),
    spec("conv2d_same_strided_even", L.Conv2D, (2, 8, 6, 3), filters=4, kernel_size=3, strides=2, padding="same"),
    spec("conv2d_same_strided_odd", L.Conv2D, (2, 7, 9, 3), filters=4, kernel_size=3, strides=2, padding="same"),
    spec("conv2d_valid_strided", L.Conv2D, (2, 8, 9, 3), filters=4, kernel_size=(3, 2), strides=(2, 3)),
    spec("conv2d_stride_over_kernel", L.Conv2D, (1, 9, 8, 2), filters=3, kernel_size=2, strides=3, padding="same"),
    spec("conv2d_dilated_valid", L.Conv2D, (1, 9, 8, 2), filters=3, kernel_size=3, dilation_rate=(2, 3)),
    spec("conv2d_dilated_same", L.Conv2D, (1, 7, 8, 2), filters=3, kernel_size=(3, 2), dilation_rate=2,
         padding="same"),
    spec("conv2d_groups", L.Conv2D, (2, 6, 5, 6), filters=4, kernel_size=3, groups=2, padding="same"),
    spec("conv2d_no_bias_tanh", L.Conv2D, (1, 5, 5, 1), filters=2, kernel_size=3, use_bias=False, activation="tanh"),
    spec("conv3d", L.Conv3D, (1, 4, 5, 6, 2), filters=3, kernel_size=(2, 3, 3)),
    spec("conv3d_same_strided", L.Conv3D, (2, 5, 4, 6, 2), filters=3, kernel_size=3, strides=2, padding="same"),
    spec("conv3d_dilated", L.Conv3D, (1, 6, 5, 7, 1), filters=2, kernel_size=2, dilation_rate=(2, 1, 3)),
    spec("depthwise_conv2d", L.DepthwiseConv2D, (2, 6, 7, 3), kernel_size=3),
    spec("depthwise_conv2d_multiplier", L.DepthwiseConv2D, (2, 7, 6, 3), kernel_size=(3, 2), depth_multiplier=2,
         strides=2, padding="same"),
    spec("depthwise_conv2d_dilated", L.DepthwiseConv2D, (1, 8, 7, 2), kernel_size=3, dilation_rate=2,
         padding="same", use_bias=False),
    spec("depthwise_conv1d", L.DepthwiseConv1D, (2, 8, 3), kernel_size=3, depth_multiplier=2, padding="same",
         activation="tanh"),
    spec("separable_conv1d", L.SeparableConv1D, (2, 9, 3), filters=4, kernel_size=3, strides=2),
    spec("separable_conv2d", L.SeparableConv2D, (2, 6, 7, 3), filters=4, kernel_size=3),
    spec("separable_conv2d_multiplier", L.SeparableConv2D, (1, 7, 6, 3), filters=5, kernel_size=3, strides=2,
         depth_multiplier=2, padding="same", activation="relu"),
    spec("conv2d_transpose", L.Conv2DTranspose, (2, 4, 3, 3), filters=2, kernel_size=3),
    spec("conv2d_transpose_strided_valid", L.Conv2DTranspose, (1, 4, 3, 2), filters=3, kernel_size=3, strides=2),
    spec("conv2d_transpose_strided_same", L.Conv2DTranspose, (2, 4, 3, 2), filters=3, kernel_size=3, strides=2,
         padding="same", activation="relu"),
    spec("conv2d_transpose_even_kernel_same", L.Conv2DTranspose, (1, 3, 4, 2), filters=2, kernel_size=(4, 2),
         strides=2, padding="same", use_bias=False),
    spec("conv2d_transpose_stride_over_kernel", L.Conv2DTranspose, (1, 3, 2, 2), filters=2, kernel_size=2,
         strides=3),
    spec("conv2d_transpose_output_padding", L.Conv2DTranspose, (2, 4, 3, 2), filters=3, kernel_size=3, strides=2,
         output_padding=1),
    spec("conv2d_transpose_output_padding_same", L.Conv2DTranspose, (1, 4, 3, 2), filters=2, kernel_size=(3, 5),
         strides=(2, 3), padding="same", output_padding=(1, 2)),
    spec("conv1d_transpose", L.Conv1DTranspose, (2, 5, 3), filters=2, kernel_size=4, strides=3, padding="same"),
    spec("conv3d_transpose", L.Conv3DTranspose, (1, 3, 2, 4, 2), filters=3, kernel_size=(2, 3, 2), strides=2),
]

POOLING = [
    spec("max_pooling1d", L.MaxPooling1D, (2, 9, 3)),
    spec("max_pooling1d_same", L.MaxPooling1D, (2, 8, 3), pool_size=3, strides=2, padding="same"),
    spec("max_pooling2d", L.MaxPooling2D, (2, 7, 6, 3)),
    spec("max_pooling2d_overlapping", L.MaxPooling2D, (2, 7, 8, 2), pool_size=3, strides=2),
    spec("max_pooling2d_same", L.MaxPooling2D, (2, 7, 6, 3), pool_size=(3, 2), strides=2, padding="same"),
    spec("max_pooling2d_same_stride1", L.MaxPooling2D, (1, 5, 4, 2), pool_size=3, strides=1, padding="same"),
    # All inputs below zero: padding must count as -infinity, not as zero.
    spec("max_pooling2d_negative", L.MaxPooling2D, (1, 5, 5, 2), low=-3.0, pool_size=3, strides=2, padding="same"),
    spec("max_pooling3d", L.MaxPooling3D, (1, 5, 4, 6, 2)),
    spec("max_pooling3d_same", L.MaxPooling3D, (1, 4, 5, 3, 2), pool_size=(2, 3, 2), strides=2, padding="same"),
    spec("average_pooling1d", L.AveragePooling1D, (2, 9, 3), pool_size=2),
    spec("average_pooling1d_same", L.AveragePooling1D, (2, 8, 3), pool_size=3, strides=2, padding="same"),
    spec("average_pooling2d", L.AveragePooling2D, (2, 7, 6, 3), pool_size=2),
    spec("average_pooling2d_overlapping", L.AveragePooling2D, (2, 8, 7, 2), pool_size=(3, 2), strides=(2, 1)),
    spec("average_pooling2d_same", L.AveragePooling2D, (2, 7, 6, 3), pool_size=3, strides=2, padding="same"),
    spec("average_pooling2d_same_stride1", L.AveragePooling2D, (1, 5, 4, 2), pool_size=3, strides=1,
         padding="same"),
    spec("average_pooling3d", L.AveragePooling3D, (1, 5, 4, 6, 2), pool_size=2),
    spec("average_pooling3d_same", L.AveragePooling3D, (1, 4, 5, 3, 2), pool_size=(2, 3, 2), strides=2,
         padding="same"),
    spec("global_max_pooling1d", L.GlobalMaxPooling1D, (2, 5, 3)),
    spec("global_max_pooling2d", L.GlobalMaxPooling2D, (2, 5, 4, 3)),
    spec("global_max_pooling3d", L.GlobalMaxPooling3D, (2, 3, 4, 2, 3)),
    spec("global_average_pooling1d", L.GlobalAveragePooling1D, (2, 5, 3)),
    spec("global_average_pooling2d", L.GlobalAveragePooling2D, (2, 5, 4, 3)),
    spec("global_average_pooling2d_keepdims", L.GlobalAveragePooling2D, (2, 5, 4, 3), keepdims=True),
    spec("global_average_pooling3d", L.GlobalAveragePooling3D, (2, 3, 4, 2, 3)),
]

# Keras on PyTorch counts uneven padding into the average; on TensorFlow and JAX it does not, and nor do we.
COUNTS_PADDING = ["average_pooling1d_same", "average_pooling2d_same", "average_pooling3d_same"]

RESHAPING = [
    spec("flatten", L.Flatten, (2, 3, 4, 2)),
    spec("zero_padding1d", L.ZeroPadding1D, (2, 4, 3), padding=(2, 1)),
    spec("zero_padding2d", L.ZeroPadding2D, (2, 4, 3, 2)),
    spec("zero_padding2d_uneven", L.ZeroPadding2D, (1, 4, 3, 2), padding=((1, 2), (0, 3))),
    spec("zero_padding3d", L.ZeroPadding3D, (1, 2, 3, 2, 2), padding=((1, 0), (2, 1), (0, 2))),
    spec("cropping2d", L.Cropping2D, (2, 6, 7, 2), cropping=((1, 2), (0, 3))),
    spec("cropping3d", L.Cropping3D, (1, 4, 5, 4, 2), cropping=((1, 1), (2, 0), (0, 1))),
    spec("up_sampling2d", L.UpSampling2D, (2, 3, 4, 2), size=(2, 3)),
    spec("up_sampling2d_bilinear", L.UpSampling2D, (1, 3, 4, 2), size=(2, 3), interpolation="bilinear"),
    spec("up_sampling3d", L.UpSampling3D, (1, 2, 3, 2, 2), size=(2, 1, 3)),
]

# Layers without a data format, made on TensorFlow alone.
FORMATLESS = [
    spec("dense", L.Dense, (3, 5), units=7),
    spec("dense_relu_no_bias", L.Dense, (4, 3), units=5, activation="relu", use_bias=False),
    spec("dense_softmax", L.Dense, (5, 7), units=10, activation="softmax"),
    spec("dense_3d_input", L.Dense, (2, 3, 4), units=5, activation="tanh"),
    spec("reshape", L.Reshape, (2, 3, 4), target_shape=(2, 6)),
    spec("reshape_inferred", L.Reshape, (2, 3, 4), target_shape=(-1, 2)),
    spec("permute", L.Permute, (2, 3, 4, 5), dims=(3, 1, 2)),
    spec("repeat_vector", L.RepeatVector, (3, 5), n=4),
    spec("cropping1d", L.Cropping1D, (2, 6, 3), cropping=(1, 2)),
    spec("up_sampling1d", L.UpSampling1D, (2, 3, 2), size=3),
    spec("dropout_inference", L.Dropout, (3, 5), rate=0.4),
    spec("spatial_dropout1d_inference", L.SpatialDropout1D, (2, 3, 4), rate=0.4),
    spec("spatial_dropout2d_inference", L.SpatialDropout2D, (2, 3, 4, 2), rate=0.4),
    spec("spatial_dropout3d_inference", L.SpatialDropout3D, (1, 2, 3, 4, 2), rate=0.4),
    spec("gaussian_noise_inference", L.GaussianNoise, (3, 5), stddev=0.7),
    spec("dropout_rate_0_training", L.Dropout, (3, 5), training=True, rate=0.0),
    spec("batch_normalization_inference", L.BatchNormalization, (3, 4, 5, 3)),
    spec("batch_normalization_training", L.BatchNormalization, (3, 4, 5, 3), training=True),
    spec("batch_normalization_dense", L.BatchNormalization, (7, 5), training=True, momentum=0.9, epsilon=1e-5),
    spec("batch_normalization_sequence", L.BatchNormalization, (2, 5, 3), training=True, momentum=0.8),
    spec("batch_normalization_3d", L.BatchNormalization, (2, 3, 2, 4, 3), training=True),
    spec("batch_normalization_no_scale", L.BatchNormalization, (3, 4, 3, 2), training=True, scale=False),
    spec("batch_normalization_no_center", L.BatchNormalization, (3, 4, 3, 2), training=True, center=False),
    spec("batch_normalization_bare_inference", L.BatchNormalization, (3, 4, 3, 2), scale=False, center=False),
    spec("batch_normalization_channels_first", L.BatchNormalization, (3, 4, 5, 3), training=True, axis=1),
    spec("batch_normalization_channels_first_inference", L.BatchNormalization, (2, 3, 5, 3), axis=1),
    spec("batch_normalization_untrainable", L.BatchNormalization, (3, 4, 3, 2), training=True, trainable=False),
]

# Points far from the origin also, where a careless softplus or sigmoid overflows; and none on a kink.
ACTIVATION_SHAPE = (4, 7)
ACTIVATIONS = ["relu", "leaky_relu", "elu", "selu", "gelu", "swish", "silu", "sigmoid", "tanh", "softplus", "softsign",
               "softmax", "linear", "hard_sigmoid", "log_softmax", "relu6", "mish", "hard_silu", "hard_swish"]
ACTIVATION_LAYERS = [
    spec("relu_layer", L.ReLU, (4, 7)),
    spec("relu_layer_all", L.ReLU, (4, 7), max_value=2.5, negative_slope=0.1, threshold=0.5),
    spec("leaky_relu_layer", L.LeakyReLU, (4, 7)),
    spec("leaky_relu_layer_slope", L.LeakyReLU, (2, 3, 4, 2), negative_slope=0.05),
    spec("elu_layer", L.ELU, (4, 7), alpha=0.7),
    spec("prelu", L.PReLU, (3, 5)),
    spec("prelu_image", L.PReLU, (2, 3, 4, 2)),
    spec("prelu_shared_axes", L.PReLU, (2, 3, 4, 5), shared_axes=[1, 2]),
    spec("softmax_layer", L.Softmax, (4, 7)),
    spec("softmax_layer_axis", L.Softmax, (2, 3, 5), axis=1),
    spec("activation_exponential", L.Activation, (4, 7), activation="exponential"),
    spec("activation_softmax_image", L.Activation, (2, 3, 4, 5), activation="softmax"),
]

MERGES = [
    ("add", L.Add, [(2, 3, 4), (2, 3, 4), (2, 3, 4)], {}),
    ("add_broadcast", L.Add, [(2, 3, 4), (2, 1, 4)], {}),
    ("multiply", L.Multiply, [(2, 5), (2, 5), (2, 5)], {}),
    ("multiply_broadcast", L.Multiply, [(2, 3, 4, 5), (2, 1, 1, 5)], {}),
    ("average", L.Average, [(2, 3, 4), (2, 3, 4), (2, 3, 4)], {}),
    ("maximum", L.Maximum, [(2, 3, 4), (2, 3, 4), (2, 3, 4)], {}),
    ("minimum", L.Minimum, [(2, 3, 4), (2, 3, 4), (2, 3, 4)], {}),
    ("subtract", L.Subtract, [(2, 3, 4), (2, 3, 4)], {}),
    ("concatenate", L.Concatenate, [(2, 3, 4), (2, 3, 1), (2, 3, 5)], {}),
    ("concatenate_axis1", L.Concatenate, [(2, 3, 4, 2), (2, 5, 4, 2)], {"axis": 1}),
]

REGULARIZED = [
    spec("dense_kernel_l2", L.Dense, (3, 5), units=4, kernel_regularizer=keras.regularizers.L2(0.03)),
    spec("dense_kernel_l1_bias_l2", L.Dense, (3, 5), units=4, kernel_regularizer=keras.regularizers.L1(0.02),
         bias_regularizer=keras.regularizers.L2(0.05)),
    spec("conv2d_kernel_l1l2", L.Conv2D, (2, 5, 4, 2), filters=3, kernel_size=3,
         kernel_regularizer=keras.regularizers.L1L2(l1=0.01, l2=0.02)),
    spec("batch_normalization_gamma_l2_beta_l1", L.BatchNormalization, (3, 4, 3, 2), training=True,
         gamma_regularizer=keras.regularizers.L2(0.03), beta_regularizer=keras.regularizers.L1(0.02)),
    spec("depthwise_conv2d_l2", L.DepthwiseConv2D, (1, 5, 4, 2), kernel_size=3,
         depthwise_regularizer=keras.regularizers.L2(0.03), bias_regularizer=keras.regularizers.L1(0.02)),
    spec("separable_conv2d_l1_l2", L.SeparableConv2D, (1, 5, 4, 2), filters=3, kernel_size=3,
         depthwise_regularizer=keras.regularizers.L1(0.03), pointwise_regularizer=keras.regularizers.L2(0.02)),
    spec("conv2d_transpose_kernel_l2", L.Conv2DTranspose, (1, 3, 4, 2), filters=3, kernel_size=3,
         kernel_regularizer=keras.regularizers.L2(0.03)),
    spec("prelu_alpha_l2", L.PReLU, (3, 5), alpha_regularizer=keras.regularizers.L2(0.03)),
    spec("conv2d_activity_l1l2", L.Conv2D, (2, 5, 4, 2), filters=3, kernel_size=3, activation="relu",
         activity_regularizer=keras.regularizers.L1L2(l1=0.01, l2=0.02)),
    spec("activation_activity_l2", L.Activation, (3, 5), activation="tanh",
         activity_regularizer=keras.regularizers.L2(0.04)),
    spec("dense_activity_l1", L.Dense, (3, 5), units=4, activity_regularizer=keras.regularizers.L1(0.04)),
    spec("dense_activity_l2", L.Dense, (3, 5), units=4, activity_regularizer=keras.regularizers.L2(0.04)),
]


def weight_values(variable, draw):
    shape = tuple(variable.shape)
    name = variable.name
    if name == "moving_variance":
        return golden.uniform(draw, shape, 0.5, 2.0)
    if name == "gamma":
        return golden.uniform(draw, shape, 0.5, 1.5)
    return golden.uniform(draw, shape, -0.8, 0.8)


def record(out, name, layer_class, kwargs, inputs, training=False, kind="layer"):
    """Runs the layer forward and back on the inputs, in f64 where the framework can, and writes the case."""
    try:
        run(out, name, layer_class(**kwargs, dtype="float64"), inputs, training, kind)
    except Exception as error:
        if "double" not in str(error).lower():
            raise
        run(out, name, layer_class(**kwargs, dtype="float32"), [x.astype(numpy.float32) for x in inputs], training,
            kind)


def run(out, name, layer, inputs, training, kind):
    draw = golden.draws(name + " weights")
    shapes = [tuple(x.shape) for x in inputs]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    for variable in layer.variables:
        if "seed" not in variable.name:
            variable.assign(weight_values(variable, draw))
    variables = [v for v in layer.variables if "seed" not in v.name]
    tensors = {f"x{i}" if len(inputs) > 1 else "x": x for i, x in enumerate(inputs)}
    before = {v.name: numbers(v.value).copy() for v in variables}
    tensors.update(before)
    call = (lambda x: layer(x, training=training)) if layer._call_has_training_arg else layer
    y_shape = tuple(layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]))
    if getattr(layer, "data_format", "") == "channels_first" and len(y_shape) > 2:
        dy = first(golden.uniform(draw, y_shape[:1] + y_shape[2:] + y_shape[1:2]))
    else:
        dy = golden.uniform(draw, y_shape)
    regularized = kind == "regularized_layer"

    def scalar(x):
        y = call(x if len(x) > 1 else x[0])
        total = keras.ops.sum(y * keras.ops.cast(keras.ops.convert_to_tensor(dy), y.dtype))
        penalty = sum(layer.losses, keras.ops.zeros((), y.dtype)) if regularized else None
        return (total + penalty if regularized else total), (y, penalty)

    trainable = [v for v in layer.trainable_variables]
    (y, penalty), dx, dw = gradients(scalar, inputs, trainable)
    tensors["y"] = y.detach().numpy() if hasattr(y, "detach") else y.numpy()
    tensors["dy"] = dy
    for i, g in enumerate(dx):
        tensors[f"dx{i}" if len(inputs) > 1 else "dx"] = g
    for variable, g in zip(trainable, dw):
        tensors[f"d{variable.name}"] = g
    for variable in layer.non_trainable_variables:
        if variable.name in before:
            tensors[f"{variable.name}_after"] = numbers(variable.value)
    if regularized:
        tensors["penalty"] = penalty.detach().numpy() if hasattr(penalty, "detach") else penalty.numpy()
    computed_in = str(tensors["y"].dtype)
    class_name, config = plain_config(layer, name.split("/")[-1])
    out.add(name, kind, tensors, class_name=class_name, config=config, training=training,
            computed_in=computed_in,
            inputs=[k for k in tensors if k == "x" or (k[0] == "x" and k[1:].isdigit())],
            weights=[v.name for v in variables], trainable_weights=[v.name for v in trainable])


def first(array):
    return numpy.ascontiguousarray(numpy.moveaxis(array, -1, 1))


def make_format_cases(out):
    """CONVOLUTIONS, POOLING and RESHAPING, in the format that the backend can compute."""
    for s in CONVOLUTIONS + POOLING + RESHAPING:
        draw = golden.draws(s["name"])
        x = golden.uniform(draw, s["shape"], s["low"], s["low"] + 2.0)
        data_format = "channels_last"
        if BACKEND == "torch":
            if s["kwargs"].get("padding") == "causal":  # Keras has it for channels_last alone
                continue
            if s["name"] in COUNTS_PADDING:
                continue
            data_format, x = "channels_first", first(x)
        record(out, s["name"], s["class"], {**s["kwargs"], "data_format": data_format}, [x], s["training"])


def make_other_cases(out):
    for s in FORMATLESS + ACTIVATION_LAYERS:
        wide = 6.0 if s in ACTIVATION_LAYERS else 1.0
        x = golden.uniform(golden.draws(s["name"]), s["shape"], -wide, wide)
        record(out, s["name"], s["class"], s["kwargs"], [x], s["training"])
    for activation in ACTIVATIONS:
        name = f"activation_{activation}"
        x = golden.uniform(golden.draws(name), ACTIVATION_SHAPE, -6.0, 6.0)
        x[-1] = [-90.0, -30.0, -12.0, 12.0, 30.0, 90.0, 0.25]
        record(out, name, L.Activation, {"activation": activation}, [x])
    for name, layer, shapes, kwargs in MERGES:
        draw = golden.draws(name)
        record(out, name, layer, kwargs, [golden.uniform(draw, s) for s in shapes])
    for s in REGULARIZED:
        x = golden.uniform(golden.draws(s["name"]), s["shape"])
        record(out, s["name"], s["class"], s["kwargs"], [x], s["training"], kind="regularized_layer")


def make():
    if BACKEND == "torch":
        out = golden.Golden(made_with())
        make_format_cases(out)
        out.write("layers_channels_first")
        return
    out = golden.Golden(made_with())
    make_format_cases(out)
    out.write("layers_channels_last")
    out = golden.Golden(made_with())
    make_other_cases(out)
    out.write("layers")


def check_agreement():
    """The channels_first cases of PyTorch are the channels_last cases of TensorFlow with the axes moved."""
    _, last_tensors = golden.read(golden.FOLDER / "layers_channels_last.golden")
    header, first_tensors = golden.read(golden.FOLDER / "layers_channels_first.golden")
    wrong = []
    for case in header["cases"]:
        for key, array in first_tensors[case["name"]].items():
            other = last_tensors[case["name"]][key]
            if key not in case["weights"] and key[1:] not in case["weights"] and array.ndim > 2:
                array = numpy.moveaxis(array, 1, -1)
            if array.shape != other.shape:
                wrong.append(f"{case['name']}: {key} {array.shape} against {other.shape}")
                continue
            error = numpy.abs(array - other).max() / max(numpy.abs(other).max(), 1e-30)
            if error > 2e-6:
                wrong.append(f"{case['name']}: {key} differs by {error:.2g} of the largest")
    return wrong


if __name__ == "__main__":
    make()
