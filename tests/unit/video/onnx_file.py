"""A person detector of a few nodes, written byte by byte: each of its boxes is as sure as the picture is bright.

An ONNX file is a protobuf message; the few fields needed are written here, so that no package for it is.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FLOAT, INT64 = 1, 7


def write_detector(path: Path, boxes: Sequence[Sequence[float]], layout: str = "yolo", size: int = 32) -> Path:
    """`boxes` are candidates without their confidence: yolo centre, width and height in pixels; ssd corners in fractions."""
    constant, sure = (_yolo(boxes) if layout == "yolo" else _ssd(boxes))
    nodes = [_node("ReduceMean", ["images"], "bright", _ints("axes", [1, 2, 3]), _int("keepdims", 1)),
             _node("Reshape", ["bright", "shape"], "one"), _node("Mul", ["one", "sure"], "scaled"),
             _node("Add", ["scaled", "constant"], "out")]
    shape = np.array([1] * constant.ndim, np.int64)
    graph = b"".join([*(_field(1, node) for node in nodes), _field(2, b"tiny"),
                      *(_field(5, _tensor(name, values)) for name, values in (
                          ("shape", shape), ("sure", sure), ("constant", constant))),
                      _field(11, _value("images", [1, 3, size, size])), _field(12, _value("out", constant.shape))])
    opset = _field(1, b"") + _varint(2 << 3) + _varint(11)
    path.write_bytes(_varint(1 << 3) + _varint(6) + _field(7, graph) + _field(8, opset))
    return path


def _yolo(boxes: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """One candidate a column: x, y, width, height, confidence of the one class."""
    constant = np.zeros((1, 5, 40), np.float32)
    sure = np.zeros_like(constant)
    for at, box in enumerate(boxes):
        constant[0, :4, at], sure[0, 4, at] = box, 1.0
    return constant, sure


def _ssd(boxes: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """One row a candidate: picture, class, confidence, corners."""
    constant = np.zeros((1, 1, 8, 7), np.float32)
    sure = np.zeros_like(constant)
    for at, box in enumerate(boxes):
        constant[0, 0, at, 1], constant[0, 0, at, 3:], sure[0, 0, at, 2] = 15, box, 1.0
    return constant, sure


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    return b"".join([*(_field(1, name.encode()) for name in inputs), _field(2, output.encode()), _field(3, output.encode()),
                     _field(4, kind.encode()), *(_field(5, one) for one in attributes)])


def _ints(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(_varint(8 << 3) + _varint(value) for value in values)
    return _field(1, name.encode()) + listed + _varint(20 << 3) + _varint(7)


def _int(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _varint(3 << 3) + _varint(value) + _varint(20 << 3) + _varint(2)


def _tensor(name: str, values: np.ndarray) -> bytes:
    kind = INT64 if values.dtype == np.int64 else FLOAT
    dims = b"".join(_varint(1 << 3) + _varint(size) for size in values.shape)
    form = f"<{values.size}{'q' if kind == INT64 else 'f'}"
    return dims + _varint(2 << 3) + _varint(kind) + _field(8, name.encode()) + _field(9, struct.pack(form, *values.ravel()))


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_field(1, _varint(1 << 3) + _varint(size)) for size in shape)
    tensor = _varint(1 << 3) + _varint(FLOAT) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))
