"""Whether somebody is at the seat: what a detector must give, and the one that compares with a picture of the empty seat.

The reference is compared block by block by its edges (video/vision/pictures.py). Nothing is learnt from what the camera sees
later, so a clerk who sits still for hours never becomes background.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np

from video.vision.pictures import Comparison, Frame, Grey, Mask, Polygon, View, compare, grey_of, mask_of

LONGEST = 144       # pixels of the longer side of a seat area when it is compared
BLOCK = 12


class Verdict(StrEnum):
    """What one look says by itself."""

    OCCUPIED = "occupied"
    EMPTY = "empty"
    BETWEEN = "between"   # neither clearly; what was said before holds
    UNKNOWN = "unknown"   # too dark, too noisy, no reference: nothing can be said


@dataclass(frozen=True, slots=True)
class Look:
    """The verdict and the figures it rests on."""

    verdict: Verdict
    score: float
    figures: Mapping[str, float]
    reason: str = ""


class PresenceDetector(Protocol):
    """Says of one frame whether somebody is at the seat."""

    name: str
    knows_people: bool   # a thing left on the seat does not deceive it, so that what it found need not move

    def look(self, frame: Frame, seat: Polygon) -> Look:
        """`seat` in fractions of the picture; without one nothing can be said."""

    def parameters(self) -> dict[str, float | str]:
        """What it was set to, for the evidence."""


@dataclass(frozen=True, slots=True)
class SeatLimits:
    """Shares of changed blocks. Measured (docs/benchmarks.md): empty seats ≤ 0.05, people ≥ 0.4."""

    occupied: float = 0.20
    empty: float = 0.14
    light: float = 0.04     # of the reference's light: with less, the steps of 8 bits look like edges
    readable: float = 0.4   # of the reference's blocks that must be visible in the present light and noise


NO_REFERENCE = Look(Verdict.UNKNOWN, 0.0, {}, "no_reference")
NO_SEAT = Look(Verdict.UNKNOWN, 0.0, {}, "no_seat")


class ReferenceDetector:
    """Compares with pictures of the empty seat; the one that resembles most counts (day, evening under lamps)."""

    name = "reference"
    knows_people = False

    def __init__(self, references: Sequence[Frame], limits: SeatLimits = SeatLimits()) -> None:
        self._references, self._limits = list(references), limits
        self._views: dict[tuple[tuple[float, float], ...], list[View]] = {}

    def parameters(self) -> dict[str, float | str]:
        limits = self._limits
        return {"occupied_from": limits.occupied, "empty_below": limits.empty, "readable_from": limits.readable,
                "references": len(self._references)}

    def look(self, frame: Frame, seat: Polygon) -> Look:
        if len(seat) < 3:
            return NO_SEAT
        if not self._references:
            return NO_REFERENCE
        present = seat_view(frame, seat)
        looks = [self._judge(compare(_sized(view, present), present), seat) for view in self._of(seat)]
        return min(looks, key=lambda look: (look.verdict is Verdict.UNKNOWN, look.score))

    def _of(self, seat: Polygon) -> list[View]:
        key = tuple((x, y) for x, y in seat)
        if key not in self._views:
            self._views = {key: [seat_view(reference, seat) for reference in self._references]}
        return self._views[key]

    def _judge(self, found: Comparison, seat: Polygon) -> Look:
        inside = inside_of(seat, found.agreement.shape)
        changed = np.count_nonzero(found.changed & inside)
        telling = np.count_nonzero((found.was | found.now) & inside)
        score = changed / max(telling, 0.2 * np.count_nonzero(inside))
        was, hidden = np.count_nonzero(found.was & inside), np.count_nonzero(found.hidden & inside)
        readable = was / (was + hidden) if was + hidden else 0.0
        light = found.gain ** 0.5
        figures = {"changed": round(float(score), 3), "readable": round(float(readable), 3), "light": round(light, 3)}
        if readable < self._limits.readable or light < self._limits.light:
            return Look(Verdict.UNKNOWN, float(score), figures, "unreadable")
        return Look(self._verdict(float(score)), float(score), figures)

    def _verdict(self, score: float) -> Verdict:
        if score >= self._limits.occupied:
            return Verdict.OCCUPIED
        return Verdict.EMPTY if score < self._limits.empty else Verdict.BETWEEN


def seat_box(seat: Polygon) -> tuple[float, float, float, float]:
    """(x0, y0, x1, y1) of the seat's bounding box, in fractions of the picture."""
    xs, ys = [x for x, _ in seat], [y for _, y in seat]
    return max(0.0, min(xs)), max(0.0, min(ys)), min(1.0, max(xs)), min(1.0, max(ys))


def seat_grey(frame: Frame, seat: Polygon, longest: int = LONGEST) -> Grey:
    """The seat's bounding box in grey."""
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = seat_box(seat)
    left, top = int(x0 * width), int(y0 * height)
    return grey_of(frame[top:max(top + 8, round(y1 * height)), left:max(left + 8, round(x1 * width))], longest)


def seat_view(frame: Frame, seat: Polygon) -> View:
    return View(seat_grey(frame, seat), BLOCK)


def inside_of(seat: Polygon, shape: tuple[int, ...]) -> Mask:
    """Which cells of a grid over the bounding box belong to the seat."""
    x0, y0, x1, y1 = seat_box(seat)
    return mask_of([((x - x0) / max(x1 - x0, 1e-6), (y - y0) / max(y1 - y0, 1e-6)) for x, y in seat], shape)


def _sized(reference: View, present: View) -> View:
    """A reference taken from a stream of another size, brought to that of the present picture."""
    if reference.grey.shape == present.grey.shape:
        return reference
    height, width = present.grey.shape
    return View(np.asarray(cv2.resize(reference.grey, (width, height), interpolation=cv2.INTER_AREA), np.float32), BLOCK)
