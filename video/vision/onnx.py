"""Presence by a person detector in an ONNX file that an installation provides (settings `vision.model_*`); none is shipped.

Layouts of the outputs of common detectors are read: `yolo` (one output of boxes as centre, width and height, with or without a
column of objectness, rows or columns first) and `ssd` (either one output of rows image, class, confidence, x0, y0, x1, y1 or
two outputs, boxes and scores by class).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError
from video.vision.pictures import Frame, Polygon
from video.vision.seat import NO_SEAT, Look, Verdict, seat_box

Boxes = NDArray[np.float32]  # x0, y0, x1, y1, confidence; in fractions of the picture
OVERLAP_OF_TWO = 0.45        # boxes that overlap more are one person


@dataclass(frozen=True, slots=True)
class ModelRules:
    """How the file is fed and read. `width` and `height` of its input in pixels; `objectness`: yolo rows have that column;
    `in_pixels`: boxes are in pixels of the input, else fractions of it. A box counts where it covers `overlap` of the seat, or
    the seat that much of it."""

    file: Path
    layout: str = "yolo"
    width: int = 640
    height: int = 640
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    swap_rb: bool = True
    person_class: int = 0
    confidence: float = 0.5
    objectness: bool = False
    in_pixels: bool = True
    overlap: float = 0.3


class OnnxDetector:
    """Runs the model on the whole picture; its people who are at the seat count."""

    name = "onnx"
    knows_people = True

    def __init__(self, rules: ModelRules) -> None:
        """Raises ConfigError when the file cannot be used."""
        self._rules = rules
        try:
            self._net: Any = cv2.dnn.readNetFromONNX(str(rules.file))
        except cv2.error as error:
            raise ConfigError("vision_model_unreadable", key="vision.model_file", value=str(rules.file),
                              problem=str(error).strip()[:200], remedy="name an ONNX file of a person detector") from error

    def parameters(self) -> dict[str, float | str]:
        rules = self._rules
        return {"model": rules.file.name, "layout": rules.layout, "confidence_from": rules.confidence,
                "overlap_from": rules.overlap}

    def look(self, frame: Frame, seat: Polygon) -> Look:
        if len(seat) < 3:
            return NO_SEAT
        people, area = self.people(frame), seat_box(seat)
        shares = [(float(box[4]), _overlap(box[:4], area)) for box in people]
        at_seat = [(confidence, share) for confidence, share in shares if share >= self._rules.overlap]
        best = max(at_seat, default=(0.0, 0.0))
        figures = {"people": float(len(people)), "confidence": round(best[0], 3), "overlap": round(best[1], 3)}
        return Look(Verdict.OCCUPIED if at_seat else Verdict.EMPTY, best[0], figures)

    def people(self, frame: Frame) -> Boxes:
        """Every person found, the surest first. Raises ConfigError when the outputs are not of the configured layout."""
        rules = self._rules
        blob = cv2.dnn.blobFromImage(frame, rules.scale, (rules.width, rules.height), rules.mean, swapRB=rules.swap_rb)
        self._net.setInput(blob)
        outputs = self._net.forward(self._net.getUnconnectedOutLayersNames())
        try:
            boxes = self._read([np.asarray(output, np.float32) for output in outputs])
        except (IndexError, ValueError) as error:
            raise ConfigError("vision_model_layout", key="vision.model_layout", value=rules.layout,
                              problem=f"outputs of shape {[np.shape(one) for one in outputs]}",
                              remedy="set vision.model_layout and vision.model_objectness as its makers describe") from error
        return _thinned(boxes[boxes[:, 4] >= rules.confidence])

    def _read(self, outputs: Sequence[NDArray[np.float32]]) -> Boxes:
        boxes = _ssd(outputs, self._rules) if self._rules.layout == "ssd" else _yolo(outputs[0], self._rules)
        if self._rules.in_pixels:
            boxes[:, [0, 2]] /= self._rules.width
            boxes[:, [1, 3]] /= self._rules.height
        return boxes


def _yolo(output: NDArray[np.float32], rules: ModelRules) -> Boxes:
    rows = np.squeeze(output)
    if rows.ndim != 2:
        raise ValueError("no table of candidates")
    if rows.shape[0] < rows.shape[1]:  # newer models put one candidate in each column
        rows = rows.T
    first = 5 if rules.objectness else 4
    confidence = rows[:, first + rules.person_class] * (rows[:, 4] if rules.objectness else 1.0)
    centre, half = rows[:, :2], rows[:, 2:4] / 2
    return np.concatenate([centre - half, centre + half, confidence[:, None]], axis=1).astype(np.float32)


def _ssd(outputs: Sequence[NDArray[np.float32]], rules: ModelRules) -> Boxes:
    if len(outputs) == 1:
        rows = outputs[0].reshape(-1, 7)
        rows = rows[rows[:, 1].astype(int) == rules.person_class]
        return np.asarray(rows[:, [3, 4, 5, 6, 2]], np.float32)
    boxes, scores = sorted(outputs, key=lambda one: one.shape[-1] != 4)[:2]
    corners, by_class = boxes.reshape(-1, 4), scores.reshape(-1, scores.shape[-1])
    return np.concatenate([corners, by_class[:, [rules.person_class]]], axis=1).astype(np.float32)


def _thinned(boxes: Boxes) -> Boxes:
    """One box a person."""
    kept: list[NDArray[np.float32]] = []
    for box in sorted(boxes, key=lambda one: -float(one[4])):
        if all(_shared(box, other) <= OVERLAP_OF_TWO for other in kept):
            kept.append(box)
    return np.array(kept, np.float32).reshape(-1, 5)


def _shared(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    both = _intersection(one[:4], other[:4])
    return both / max(1e-9, _area(one[:4]) + _area(other[:4]) - both)


def _overlap(box: NDArray[np.float32], seat: Sequence[float]) -> float:
    return _intersection(box, seat) / max(1e-9, min(_area(box), _area(seat)))


def _intersection(one: Any, other: Any) -> float:
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return float(width * height) if width > 0 and height > 0 else 0.0


def _area(box: Any) -> float:
    return float(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))
