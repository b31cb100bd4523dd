#!/usr/bin/python3
"""Writes the pictures beside it, and prints what tests/unit/io/test_image.cpp expects of them.

Pillow gives the reference results (9.4, and 13.0 for WebP and EXIF; the older pictures come out the
same); the PNG kinds that it cannot write are put together here.
"""
import hashlib
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageOps

HERE = Path(__file__).parent
WIDTH, HEIGHT = 13, 9


def value(x, y, c):
    """The test picture; the C++ test makes the same one."""
    return (x * 37 + y * 59 + c * 101 + x * y * 13) % 256


def pixels(channels, width=WIDTH, height=HEIGHT):
    return bytes(value(x, y, c) for y in range(height) for x in range(width) for c in range(channels))


def picture(mode):
    return Image.frombytes(mode, (WIDTH, HEIGHT), pixels(len(mode)))


def png(name, color, depth, rows, extra=b"", interlace=0, size=(WIDTH, HEIGHT)):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, interlace)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    (HERE / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def rows(channels, wide=False):
    for y in range(HEIGHT):
        row = [value(x, y, c) for x in range(WIDTH) for c in range(channels)]
        yield b"".join(struct.pack(">H", v * 257) for v in row) if wide else bytes(row)


def adam7_rows(channels):
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for y in range(y0, HEIGHT, dy):
            row = bytes(value(x, y, c) for x in range(x0, WIDTH, dx) for c in range(channels))
            if row:
                yield row


def one_bit_rows():
    for y in range(HEIGHT):
        bits = "".join(str((x + y) % 2) for x in range(WIDTH)).ljust(16, "0")
        yield bytes(int(bits[i:i + 8], 2) for i in (0, 8))


def palette_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


png("grey.png", 0, 8, rows(1))
png("rgb.png", 2, 8, rows(3))
png("rgba.png", 6, 8, rows(4))
png("grey_alpha.png", 4, 8, rows(2))
png("grey16.png", 0, 16, rows(1, wide=True))
png("rgb16.png", 2, 16, rows(3, wide=True))
png("one_bit.png", 0, 1, one_bit_rows())
png("interlaced.png", 2, 8, adam7_rows(3), interlace=1)
PALETTE = palette_chunk(b"PLTE", bytes(value(i, 1, c) for i in range(256) for c in range(3)))
png("palette.png", 3, 8, rows(1), PALETTE)
png("palette_alpha.png", 3, 8, rows(1), PALETTE + palette_chunk(b"tRNS", bytes(range(0, 256))))

smooth = Image.frombytes("RGB", (32, 24), bytes(v for y in range(24) for x in range(32) for v in (x * 8, y * 10, 128)))
smooth.save(HERE / "rgb.jpg", quality=90)
smooth.convert("L").save(HERE / "grey.jpg", quality=90)
smooth.convert("CMYK").save(HERE / "cmyk.jpg", quality=95)
smooth.save(HERE / "progressive.jpg", quality=90, progressive=True)
picture("RGB").save(HERE / "rgb.webp", lossless=True, exact=True)
picture("RGBA").save(HERE / "rgba.webp", lossless=True, exact=True)
smooth.save(HERE / "lossy.webp", quality=90)
smooth.save(HERE / "animated.webp", save_all=True, append_images=[smooth.transpose(Image.FLIP_TOP_BOTTOM)])
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x112] = orientation
    smooth.save(HERE / f"orientation{orientation}.jpg", quality=90, exif=exif)
exif = Image.Exif()
exif[0x112] = 6
picture("RGB").save(HERE / "orientation6.webp", lossless=True, exif=exif)


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()[:16]


rgb = picture("RGB")
for mode in ("RGB", "L"):
    for size in ((5, 4), (29, 31), (13, 3), (40, 9), (1, 1)):
        print(mode, size, "nearest", digest(picture(mode).resize(size, Image.NEAREST)),
              "bilinear", digest(picture(mode).resize(size, Image.BILINEAR)))
print("grey of RGB", digest(rgb.convert("L")))
for name in ("rgb.jpg", "grey.jpg", "progressive.jpg"):
    print(name, digest(Image.open(HERE / name)))
print("lossy.webp", digest(Image.open(HERE / "lossy.webp").convert("RGB")))
for name in sorted(HERE.glob("orientation*")):
    upright = ImageOps.exif_transpose(Image.open(name))
    print(name.name, upright.size, digest(upright))
