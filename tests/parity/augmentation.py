"""Augmentation as tf.keras 2.15's ImageDataGenerator does it, with fixed parameters and with Lamina's draws."""

import numpy
import scipy
import PIL
import tensorflow
import keras
import keras.src.preprocessing.image as keras_image
from keras.preprocessing.image import ImageDataGenerator

from golden import Golden, draws

SIZES = [(1, 1, 1), (5, 5, 1), (7, 7, 3), (13, 13, 4), (5, 8, 3), (11, 4, 1), (6, 9, 2)]
PARAMETERS = {
    "rotation": {"theta": 33.0},
    "shift": {"tx": 1.5, "ty": -2.25},
    "shear": {"shear": 21.0},
    "zoom": {"zx": 0.8, "zy": 1.3},
    "all": {"theta": -17.0, "tx": -0.7, "ty": 1.3, "shear": 9.0, "zx": 1.15, "zy": 0.9},
    "far": {"theta": 163.0, "tx": 6.3, "ty": -5.1, "shear": -31.0, "zx": 2.7, "zy": 3.1},
}


class MendedCentre:
    """tf.keras 2.15 exchanges the axes of the matrix but not the centre's, so that a picture that is not square turns
    about a point that is not its middle. Within this, it turns about the middle; for square ones nothing changes."""

    def __enter__(self):
        self.own = keras_image.transform_matrix_offset_center
        keras_image.transform_matrix_offset_center = lambda matrix, h, w: self.own(matrix, w, h)

    def __exit__(self, *_):
        keras_image.transform_matrix_offset_center = self.own


def picture(name, size, low=0.0, high=255.0):
    return draws(name).uniform(low, high, size).astype(numpy.float32)


def affine_cases(golden):
    for size in SIZES:
        for kind, parameters in PARAMETERS.items():
            name = f"affine_{'x'.join(map(str, size))}_{kind}"
            tensors = {"x": picture(name, size)}
            for mode in ("constant", "nearest", "reflect", "wrap"):
                for order in (0, 1):
                    with MendedCentre():
                        tensors[f"{mode}_{order}"] = keras_image.apply_affine_transform(
                            tensors["x"], **parameters, row_axis=0, col_axis=1, channel_axis=2, fill_mode=mode,
                            cval=7.5, order=order)
            golden.add(name, "affine", tensors, **parameters, cval=7.5)


def philox(counter, key):
    for _ in range(10):
        p0, p1 = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(p1 >> 32) ^ counter[1] ^ key[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ counter[3] ^ key[1], p0 & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def mix64(x):
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)


def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class Draws:
    """Lamina's random numbers of one augmentation for one sample (engine/include/lamina/plugin/augmentation.hpp)."""

    def __init__(self, name, seed, epoch, index):
        key = mix64(mix64(seed) ^ fnv1a64(name))
        self.key = [key & 0xFFFFFFFF, key >> 32]
        self.epoch, self.index, self.next = epoch, index, 0

    def bits(self):
        e, self.next = self.next, self.next + 1
        return philox([e // 4, self.index, self.epoch & 0xFFFFFFFF, self.epoch >> 32], self.key)[e % 4]

    def uniform(self, low, high):
        return low + (high - low) * ((self.bits() >> 8) * 2.0**-24)


def drawn_parameters(options, size, key):
    """What ImageDataGenerator.apply_transform is given, drawn as Lamina draws it."""
    def draw(name):
        return Draws(name, *key)

    out = {}
    if "rotation" in options:
        out["theta"] = draw("rotation").uniform(-options["rotation"], options["rotation"])
    if "width_shift" in options:
        out["tx"] = draw("width_shift").uniform(-options["width_shift"], options["width_shift"]) * size[1]
    if "height_shift" in options:
        out["ty"] = draw("height_shift").uniform(-options["height_shift"], options["height_shift"]) * size[0]
    if "shear" in options:
        out["shear"] = draw("shear").uniform(-options["shear"], options["shear"])
    if "zoom" in options:
        zoom = draw("zoom")
        out["zx"], out["zy"] = (zoom.uniform(1 - options["zoom"], 1 + options["zoom"]) for _ in range(2))
    for flip in ("horizontal_flip", "vertical_flip"):
        out[flip.split("_")[1] + "_" + flip.split("_")[0]] = \
            options.get(flip, False) and draw(flip).uniform(0, 1) < 0.5
    if "channel_shift" in options:
        out["channel_shift_intensity"] = \
            draw("channel_shift").uniform(-options["channel_shift"], options["channel_shift"])
    if "brightness" in options:
        out["brightness"] = draw("brightness").uniform(*options["brightness"])
    return out


def text(options):
    def value(v):
        return f"{v[0]}:{v[1]}" if isinstance(v, list) else str(v)
    return ",".join(name if v is True else f"{name}={value(v)}" for name, v in options.items())


FIVE = {"rotation": 40.0, "width_shift": 0.2, "height_shift": 0.2, "zoom": 0.2, "horizontal_flip": True}
CHAINS = {
    "five": FIVE,
    "five_reflect": {**FIVE, "fill_mode": "reflect"},
    "five_wrap_nearest": {**FIVE, "fill_mode": "wrap", "interpolation": "nearest"},
    "geometry_constant": {"vertical_flip": True, "shear": 25.0, "zoom": 0.5, "rotation": 90.0, "fill_mode": "constant",
                          "cval": 100.0},
    "colours": {"brightness": [0.4, 1.7], "channel_shift": 60.0, "horizontal_flip": True, "vertical_flip": True},
    "dark": {"brightness": [0.1, 0.9]},
    "everything": {**FIVE, "shear": 15.0, "channel_shift": 30.0, "vertical_flip": True},
    "samplewise_std": {"samplewise_std_normalization": True},
    "samplewise": {"rescale": 0.5, "samplewise_center": True, "samplewise_std_normalization": True},
    "five_samplewise": {**FIVE, "samplewise_center": True, "samplewise_std_normalization": True},
}


def chain_cases(golden):
    for chain, options in CHAINS.items():
        for size in [(9, 9, 1), (12, 12, 3), (8, 11, 3), (7, 7, 4)]:
            for index in range(3):
                key = (7, 2, index)
                name = f"chain_{chain}_{'x'.join(map(str, size))}_{index}"
                x = picture(name, size)
                generator = ImageDataGenerator(
                    fill_mode=options.get("fill_mode", "nearest"), cval=options.get("cval", 0.0),
                    interpolation_order=0 if options.get("interpolation") == "nearest" else 1,
                    rescale=options.get("rescale"), samplewise_center="samplewise_center" in options,
                    samplewise_std_normalization="samplewise_std_normalization" in options, dtype="float32")
                with MendedCentre():
                    y = generator.apply_transform(x.copy(), drawn_parameters(options, size, key))
                y = generator.standardize(y.astype(numpy.float32))
                golden.add(name, "augmenter", {"x": x, "y": y}, text=text(options), key=list(key),
                           brightness="brightness" in options)


def brightness_beyond_cases(golden):
    """Values that are no bytes are scaled to them and back."""
    for size, low, high in [((6, 6, 3), -40.0, 300.0), ((5, 5, 1), -1.0, 1.0), ((4, 4, 4), 10.0, 400.0)]:
        name = f"brightness_beyond_{size[2]}"
        x = picture(name, size, low, high)
        options, key = {"brightness": [0.5, 1.5]}, (3, 0, 5)
        y = ImageDataGenerator().apply_transform(x.copy(), drawn_parameters(options, size, key))
        golden.add(name, "augmenter", {"x": x, "y": y}, text=text(options), key=list(key), brightness=True)


def contrast_cases(golden):
    for size in [(6, 7, 3), (9, 5, 1)]:
        name = f"contrast_{size[2]}"
        x, key = picture(name, size), (5, 1, 3)
        factor = Draws("contrast", *key).uniform(0.3, 2.5)
        y = tensorflow.clip_by_value(tensorflow.image.adjust_contrast(x, numpy.float32(factor)), 0, 255).numpy()
        golden.add(name, "augmenter", {"x": x, "y": y}, text="contrast=0.3:2.5", key=list(key), brightness=False)


def fitted_cases(golden):
    chains = {
        "center": {"featurewise_center": True},
        "std": {"featurewise_std_normalization": True},
        "both": {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255},
        "zca": {"zca_whitening": True},
        "zca_center": {"featurewise_center": True, "zca_whitening": True, "rescale": 0.01},
    }
    for name, options in chains.items():
        for size, n in [((4, 3, 3), 70), ((3, 5, 1), 40)]:
            case = f"fitted_{name}_{size[2]}"
            samples = draws(case).integers(0, 256, (n, *size)).astype(numpy.uint8)
            generator = ImageDataGenerator(dtype="float64", **options)
            generator.fit(samples)
            y = numpy.stack([generator.standardize(s.astype(numpy.float64)) for s in samples])
            golden.add(case, "fitted", {"samples": samples, "y": y}, text=text(options))


def main():
    golden = Golden({"keras": keras.__version__, "tensorflow": tensorflow.__version__, "scipy": scipy.__version__,
                     "pillow": PIL.__version__, "numpy": numpy.__version__})
    affine_cases(golden)
    chain_cases(golden)
    brightness_beyond_cases(golden)
    contrast_cases(golden)
    fitted_cases(golden)
    golden.write("augmentation")


if __name__ == "__main__":
    main()
