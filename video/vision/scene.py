"""Whether the camera still shows its scene: black, covered, blurred or moved. Compared with a picture of that scene.

A scene is recognised by the pattern of its blocks, whatever the light. A picture in which too few of them are recognised is
told apart by what is there instead: nothing bright (black), hardly any detail (covered), the large shapes without the fine
detail (blurred), the same scene in another place (moved, measured: video/vision/displacement.py). What is none of these is
strange: people may stand before the camera, or it may look elsewhere; that only time tells (`Elsewhere`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from core.instants import SECOND_US
from video.vision.displacement import Displaced, Landmarks, seen_again
from video.vision.pictures import TEXTURED, Comparison, Frame, Grey, Mask, View, compare, grey_of, levels_of, noise_of

LONGEST, BLOCK = 320, 16
SHARP_LONGEST = 640
DOUBTED = 0.75         # share of the scene's blocks seen again below which it is sought in another place too
BETTER_BY = 0.2        # so much more of it must be recognised there
OVERLAP_LEAST = 0.25   # share of the scene that must still be in a displaced picture to recognise it by
SAME = 0.95            # share of either picture seen in the other for what was found in one to be told of the other
TOLD_MOST = 30         # so often, before it is sought anew
STEADY = 0.7           # share of a strange scene that must be seen again for it to be the same
STEADY_S = 120.0       # people who stand before a camera do not stand as still for so long
_BLUR = cv2.getGaussianKernel(13, 1.5, cv2.CV_32F)
_NOISE_IN_FINE = 0.894   # share of white noise that `_fine` leaves (a test measures it)


class Fault(StrEnum):
    """What can be wrong with a picture."""

    BLACK = "black"
    COVERED = "covered"
    BLURRED = "blurred"
    MOVED = "moved"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class SceneLimits:
    """Each lies well between what sound pictures and faults were measured to give (docs/benchmarks.md)."""

    dark: float = 20.0     # grey level: 98 % of a black picture are darker
    seen: float = 0.4      # share of the scene's blocks seen again below which it is no longer that scene
    detail: float = 0.5    # share of the scene's detail that is left: with less of both it is covered
    bare: float = 0.08     # so little detail is a cover, whatever seems to be seen again
    sharp: float = 0.55    # strength of fine detail against coarse, as a share of the reference's


@dataclass(frozen=True, slots=True)
class SceneLook:
    """The fault one frame shows, if any, and the figures it rests on."""

    fault: Fault | None
    figures: Mapping[str, float]
    strange: View | None = None   # the scene is not recognised, and no reason is found: what is shown instead


@dataclass(slots=True, eq=False)
class _Sought:
    """A picture in which the scene was sought, what was found, and how often that was told of others like it."""

    picture: View
    found: Displaced | None
    told: int = 0

    def is_like(self, present: View) -> bool:
        return min(seen_again(compare(self.picture, present)), seen_again(compare(present, self.picture))) >= SAME


class Scene:
    """A picture of what the camera should show."""

    def __init__(self, reference: Frame, limits: SceneLimits = SceneLimits()) -> None:
        self.limits = limits
        self._shape = reference.shape[:2]
        self._view = View(grey_of(reference, LONGEST), BLOCK)
        self._detail = float(np.mean(self._view.energy > TEXTURED))
        self._landmarks = Landmarks(grey_of(reference, SHARP_LONGEST), self._view)
        self._sought: deque[_Sought] = deque(maxlen=2)  # an encoder that keeps to a bit rate shows two pictures in turns
        self._fine, self._coarse = _fine(levels_of(reference, SHARP_LONGEST)), _coarse(self._view.grey)
        self._fine_strength, self._coarse_strength = _strength(self._fine, 0.0), _strength(self._coarse, 0.0)

    @property
    def is_telling(self) -> bool:
        """Whether there is enough in the scene to recognise it by."""
        return self._detail >= 0.05

    def parameters(self) -> dict[str, float]:
        """The limits, for the evidence: what a person needs to see why."""
        return {"dark": self.limits.dark, "seen": self.limits.seen, "detail": self.limits.detail, "sharp": self.limits.sharp}

    def look(self, frame: Frame) -> SceneLook:
        if frame.shape[:2] != self._shape:
            frame = np.asarray(cv2.resize(frame, self._shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        frame = frame if frame.ndim == 2 else np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
        present = View(grey_of(frame, LONGEST), BLOCK)
        found = compare(self._view, present)
        least = max(TEXTURED * min(found.gain, 1.0), present.noise_floor)
        figures = {"seen_again": seen_again(found), "detail": float(np.mean(present.energy > least)) / max(self._detail, 0.01),
                   "bright": float(np.percentile(present.grey[::2, ::2], 98)), "light": found.gain ** 0.5}
        fault = self._fault(frame, present, found, figures)
        strange = present if fault is None and figures["seen_again"] < self.limits.seen else None
        return SceneLook(fault, {name: round(float(value), 3) for name, value in figures.items()}, strange)

    def _fault(self, frame: Frame, present: View, found: Comparison, figures: dict[str, float]) -> Fault | None:
        seen, limits = figures["seen_again"], self.limits
        if seen < limits.seen and figures["bright"] <= limits.dark:
            return Fault.BLACK
        if figures["detail"] < limits.detail and (seen < limits.seen or figures["detail"] < limits.bare):
            return Fault.COVERED
        if self._is_blurred(frame, present, found, figures):
            return Fault.BLURRED
        return Fault.MOVED if seen < DOUBTED and self._is_displaced(frame, present, figures) else None

    def _is_displaced(self, frame: Frame, present: View, figures: dict[str, float]) -> bool:
        found = self._found(frame, present)
        least = max(self.limits.seen, figures["seen_again"] + BETTER_BY)
        if found is None or not found.is_move or found.seen_again < least or found.overlap < OVERLAP_LEAST:
            return False
        figures.update(shift_x=found.x, shift_y=found.y, turned=found.degrees, seen_there=found.seen_again)
        return True

    def _found(self, frame: Frame, present: View) -> Displaced | None:
        """Where the scene is now. A room furnished anew is looked at for months: what looks as when it was sought last is not
        sought again, but for once in a while, since a camera may slip by less than makes another picture."""
        known = next((one for one in self._sought if one.is_like(present)), None)
        if known is not None and known.told < TOLD_MOST:
            known.told += 1
            return known.found
        found = self._landmarks.find(grey_of(frame, SHARP_LONGEST), present)
        if known is not None:
            self._sought.remove(known)
        self._sought.append(_Sought(present, found))
        return found

    def _is_blurred(self, frame: Frame, present: View, found: Comparison, figures: dict[str, float]) -> bool:
        """By how much fine detail there is, and in a scene that is recognised by how much of it is the scene's own: noise does
        not resemble it, and a hair's breadth of displacement leaves as much. The better of both counts."""
        levels = levels_of(frame, SHARP_LONGEST)
        fine, coarse = _fine(levels), _coarse(present.grey)
        likeness = _likeness(coarse, self._coarse)
        is_recognised = figures["seen_again"] >= self.limits.seen
        if not is_recognised and likeness < 0.5:
            return False
        sharp = _strength(fine, noise_of(levels)) * self._coarse_strength / max(
            1e-3, _strength(coarse, 0.0) * self._fine_strength)
        if is_recognised:
            where = found.was & (found.agreement >= 0.5)
            sharp = max(sharp, _projection(fine, self._fine, where) / max(1e-3, _projection(coarse, self._coarse, where)))
        figures["sharpness"] = sharp
        return sharp < self.limits.sharp


class Elsewhere:
    """Tells a camera that looks at another scene from one that people stand before: the other scene stays, people do not."""

    def __init__(self) -> None:
        self._anchor: View | None = None
        self._since = 0

    def look(self, strange: View | None, at: int) -> bool:
        """Whether the same strange scene was shown for `STEADY_S` (`at`: real instant, us UTC)."""
        if strange is None:
            self._anchor = None
            return False
        if self._anchor is None or seen_again(compare(self._anchor, strange)) < STEADY:
            self._anchor, self._since = strange, at
        return at - self._since >= STEADY_S * SECOND_US


def _fine(levels: Frame) -> Grey:
    """What a blur takes away, made in one piece of memory: to be given new ones by the system takes longer than the work."""
    fine = cv2.sepFilter2D(levels, cv2.CV_32F, _BLUR, _BLUR)
    return np.asarray(cv2.subtract(levels, fine, dst=fine, dtype=cv2.CV_32F), np.float32)


def _coarse(grey: Grey) -> Grey:
    small = cv2.resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0) - cv2.GaussianBlur(small, (0, 0), 4.0), np.float32)


def _projection(present: Grey, reference: Grey, where: Mask) -> float:
    """How strongly the reference's own pattern is there: 1 as in the reference, 0 not at all."""
    rows, columns = (np.arange(length) * cells // length for length, cells in zip(reference.shape, where.shape, strict=True))
    pattern = cv2.copyTo(reference, np.asarray(where, np.uint8).take(columns, axis=1).take(rows, axis=0))
    return float(np.vdot(present, pattern)) / max(1e-3, float(np.vdot(reference, pattern)))


def _likeness(one: Grey, other: Grey) -> float:
    """1: the same shapes, 0: others."""
    return float((one * other).sum()) / max(1e-6, float(np.linalg.norm(one)) * float(np.linalg.norm(other)))


def _strength(detail: Grey, noise: float) -> float:
    energy = cv2.norm(detail, cv2.NORM_L2SQR) / detail.size
    return float(np.sqrt(max(0.0, energy - _NOISE_IN_FINE * noise ** 2)))
