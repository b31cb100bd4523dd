"""The nets of the Keras material as architecture JSON, whole, for tests that need their shapes and not their weights."""


class Functional:
    def __init__(self, name, shape):
        self.name, self.layers = name, []
        self.input = self.add("InputLayer", [], batch_input_shape=[None, *shape])

    def add(self, class_name, inputs, **config):
        name = f"layer_{len(self.layers):03}"
        self.layers.append({"class_name": class_name, "name": name, "config": {"name": name, **config},
                            "inbound_nodes": [[[i, 0, 0, {}] for i in inputs]] if inputs else []})
        return name

    def json(self, output):
        return {"class_name": "Functional",
                "config": {"name": self.name, "layers": self.layers, "input_layers": [[self.input, 0, 0]],
                           "output_layers": [[output, 0, 0]]}}


def chain(name, shape, layers):
    net = Functional(name, shape)
    x = net.input
    for class_name, config in layers:
        x = net.add(class_name, [x], **config)
    return net.json(x)


def conv(filters, padding="same"):
    return "Conv2D", {"filters": filters, "kernel_size": [3, 3], "padding": padding, "activation": "relu"}


def dense(units, activation="relu"):
    return "Dense", {"units": units, "activation": activation}


def dropout(rate):
    return "Dropout", {"rate": rate}


POOL, FLATTEN = ("MaxPooling2D", {}), ("Flatten", {})


def cifar10_simple():
    return chain("cifar10_simple", [32, 32, 3],
                 [conv(32), POOL, dropout(0.25), FLATTEN, dense(512), dropout(0.5), dense(10, "softmax")])


def cifar10_deep():
    return chain("cifar10_deep", [32, 32, 3],
                 [conv(32), conv(32), POOL, dropout(0.25), conv(64), conv(64, "valid"), POOL, dropout(0.25), FLATTEN,
                  dense(512), dropout(0.5), dense(10, "softmax")])


def vgg16():
    layers = []
    for filters, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        layers += [conv(filters)] * count + [POOL]
    return chain("vgg16", [224, 224, 3], layers + [FLATTEN, dense(4096), dense(4096), dense(1000, "softmax")])


def inception_v3():
    net = Functional("inception_v3", [299, 299, 3])

    def conv_bn(x, filters, rows, columns, strides=1, padding="same"):
        x = net.add("Conv2D", [x], filters=filters, kernel_size=[rows, columns], strides=[strides, strides],
                    padding=padding, use_bias=False)
        x = net.add("BatchNormalization", [x], scale=False)
        return net.add("Activation", [x], activation="relu")

    def through(x, *convolutions):
        for arguments in convolutions:
            x = conv_bn(x, *arguments)
        return x

    def largest(x):
        return net.add("MaxPooling2D", [x], pool_size=[3, 3], strides=[2, 2])

    def mean(x):
        return net.add("AveragePooling2D", [x], pool_size=[3, 3], strides=[1, 1], padding="same")

    def join(*parts):
        return net.add("Concatenate", list(parts), axis=-1)

    x = through(net.input, (32, 3, 3, 2, "valid"), (32, 3, 3, 1, "valid"), (64, 3, 3))
    x = through(largest(x), (80, 1, 1, 1, "valid"), (192, 3, 3, 1, "valid"))
    x = largest(x)
    for last in (32, 64, 64):
        x = join(through(x, (64, 1, 1)), through(x, (48, 1, 1), (64, 5, 5)),
                 through(x, (64, 1, 1), (96, 3, 3), (96, 3, 3)), through(mean(x), (last, 1, 1)))
    x = join(through(x, (384, 3, 3, 2, "valid")), through(x, (64, 1, 1), (96, 3, 3), (96, 3, 3, 2, "valid")),
             largest(x))
    for c in (128, 160, 160, 192):
        x = join(through(x, (192, 1, 1)), through(x, (c, 1, 1), (c, 1, 7), (192, 7, 1)),
                 through(x, (c, 1, 1), (c, 7, 1), (c, 1, 7), (c, 7, 1), (192, 1, 7)), through(mean(x), (192, 1, 1)))
    x = join(through(x, (192, 1, 1), (320, 3, 3, 2, "valid")),
             through(x, (192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2, "valid")), largest(x))
    for _ in range(2):
        wide, deep = through(x, (384, 1, 1)), through(x, (448, 1, 1), (384, 3, 3))
        x = join(through(x, (320, 1, 1)), join(through(wide, (384, 1, 3)), through(wide, (384, 3, 1))),
                 join(through(deep, (384, 1, 3)), through(deep, (384, 3, 1))), through(mean(x), (192, 1, 1)))
    x = net.add("GlobalAveragePooling2D", [x])
    return net.json(net.add("Dense", [x], units=1000, activation="softmax"))
