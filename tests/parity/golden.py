"""The golden file: a JSON header and raw little-endian tensors. README.md states the format."""
import json
import struct
import zlib
from pathlib import Path

import numpy

MAGIC = b"LMGOLD1\n"
FOLDER = Path(__file__).resolve().parent.parent / "data" / "goldens"


def draws(name):
    """A generator that depends on the case's name alone, so that adding a case moves no other."""
    return numpy.random.default_rng(zlib.crc32(name.encode()))


def uniform(draw, shape, low=-1.0, high=1.0):
    """Numbers that are exact in f32, held in f64."""
    return draw.uniform(low, high, shape).astype(numpy.float32).astype(numpy.float64)


class Golden:
    def __init__(self, made_with):
        self.made_with = made_with
        self.cases = []
        self.blob = bytearray()

    def add(self, name, kind, tensors, **facts):
        """Adds a case. tensors: name -> array; floating point is stored as f32, unless the case says otherwise."""
        if any(case["name"] == name for case in self.cases):
            raise ValueError(f"two cases are named {name}")
        record = {"name": name, "kind": kind, **facts, "tensors": {}}
        for key, array in tensors.items():
            array = numpy.asarray(array)
            if array.dtype.kind == "f" and not record.get("store_f64", False):
                array = array.astype(numpy.float32)
            if array.dtype.kind == "f" and not numpy.isfinite(array).all():
                raise ValueError(f"{name}: {key} is not finite")
            self.blob += b"\0" * (-len(self.blob) % 8)
            raw = array.astype(array.dtype.newbyteorder("<")).tobytes()
            record["tensors"][key] = {"dtype": str(array.dtype), "shape": list(array.shape),
                                      "offset": len(self.blob), "bytes": len(raw)}
            self.blob += raw
        self.cases.append(record)

    def write(self, name):
        FOLDER.mkdir(parents=True, exist_ok=True)
        header = json.dumps({"made_with": self.made_with, "cases": self.cases}, separators=(",", ":")).encode()
        header += b" " * (-len(header) % 8)
        path = FOLDER / f"{name}.golden"
        path.write_bytes(MAGIC + struct.pack("<Q", len(header)) + header + bytes(self.blob))
        print(f"{path.name}: {len(self.cases)} cases, {path.stat().st_size} bytes")


def read(path):
    """Returns (header, {case name: {tensor name: array}})."""
    data = Path(path).read_bytes()
    if data[:8] != MAGIC:
        raise ValueError(f"{path}: not a golden file")
    (length,) = struct.unpack("<Q", data[8:16])
    header = json.loads(data[16:16 + length])
    base = 16 + length
    tensors = {}
    for case in header["cases"]:
        tensors[case["name"]] = {
            key: numpy.frombuffer(data, t["dtype"], offset=base + t["offset"],
                                  count=t["bytes"] // numpy.dtype(t["dtype"]).itemsize).reshape(t["shape"])
            for key, t in case["tensors"].items()}
    return header, tensors
