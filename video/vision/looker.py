"""All that is looked at in the pictures of one camera, one after the other, and what each of them says.

A verdict about the seat needs both: what the detector sees, and whether anything moves there. Seen and moving is a person; seen
and quite still for long is a thing (a chair moved, a coat left), which is no presence and no absence; nothing seen is an empty
seat only while nothing moves on it either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.instants import SECOND_US
from video.vision.motion import SeatMotion, Stillness
from video.vision.pictures import Frame, Polygon, usual_of
from video.vision.scene import Elsewhere, Fault, Scene
from video.vision.seat import Look, PresenceDetector, Verdict

LIVELY = 0.0015        # share of the seat that moves when a person sits there, in most looks (measured: 0.3–14 %)
RESTLESS = 0.01        # more than this on a seat that looks empty contradicts it
BASELINE_LOOKS = 5


class Seat(StrEnum):
    """What is known of the seat."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame said. `faults` maps each fault that could be judged to whether it is there; `at` is real, us UTC."""

    at: int
    seat: Seat
    reason: str = ""                     # why the seat is unknown
    faults: Mapping[Fault, bool] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookRules:
    """Times of the looks. `still_s`: what shows no motion for so long is no person. `scene_s`: seconds between two looks at the
    whole scene, which changes slowly and costs most. `gap_s`: pictures farther apart are not compared with each other."""

    still_s: float = 180.0
    scene_s: float = 5.0
    gap_s: float = 15.0


class Looker:
    """The memory of one camera between its frames. Not for two threads at once."""

    def __init__(self, seat: Polygon, detector: PresenceDetector, scene: Scene | None, rules: LookRules = LookRules()) -> None:
        self.detector, self.scene, self._seat, self._rules = detector, scene, seat, rules
        self._sense = SeatSense(detector.knows_people, rules.still_s)
        self._motion, self._stillness, self._elsewhere = SeatMotion(), Stillness(), Elsewhere()
        self._first: list[Frame] = []
        self._before = self._scene_at = 0
        self._fault: Fault | None = None
        self._is_strange = False
        self._scene_figures: Mapping[str, float] = {}

    def look(self, frame: Frame, at: int, key: int | None = None) -> Sighting:
        """`at` is the real instant of the frame, us UTC; `key` the mark of the key frame that came with it, if one did."""
        if at - self._before > self._rules.gap_s * SECOND_US:
            self._motion.forget()
            self._stillness.forget()
        self._before = at
        same = self._stillness.look(frame, key)
        faults = {} if same is None else {Fault.FROZEN: same > 0}
        faults.update(self._of_scene(frame, at))
        figures = {**self._scene_figures, **({"same_keys": same} if same else {})}
        if any(faults.values()):
            self._motion.forget()
            broken = next(fault for fault, there in faults.items() if there)
            return Sighting(at, Seat.UNKNOWN, broken.value, faults, figures)
        if self._is_strange:  # people before the camera, or another scene: whoever is seen here is not seen at the seat
            return Sighting(at, Seat.UNKNOWN, "strange", faults, figures)
        return self._of_seat(frame, at, faults, figures)

    def parameters(self) -> dict[str, float | str]:
        """What everything was set to, for the evidence."""
        scene = self.scene.parameters() if self.scene is not None else {}
        seat = {"lively_from": LIVELY, "restless_from": RESTLESS, "still_s": self._rules.still_s}
        return {**self.detector.parameters(), **scene, **seat}

    def _of_seat(self, frame: Frame, at: int, faults: Mapping[Fault, bool], figures: Mapping[str, float]) -> Sighting:
        found = self.detector.look(frame, self._seat)
        moved = self._motion.look(frame, self._seat) if len(self._seat) >= 3 else None
        seat, reason = self._sense.update(found, moved, at)
        told = {**figures, **found.figures, **({} if moved is None else {"moved": round(moved, 4)})}
        return Sighting(at, seat, reason, faults, told)

    def _of_scene(self, frame: Frame, at: int) -> dict[Fault, bool]:
        if self.scene is None:
            self._lay_baseline(frame)
            return {}
        if at - self._scene_at >= self._rules.scene_s * SECOND_US:
            look = self.scene.look(frame)
            self._scene_at, self._fault, self._scene_figures = at, look.fault, look.figures
            self._is_strange = look.strange is not None
            if self._elsewhere.look(look.strange, at):
                self._fault = Fault.MOVED
        return {fault: fault is self._fault for fault in (Fault.BLACK, Fault.COVERED, Fault.BLURRED, Fault.MOVED)}

    def _lay_baseline(self, frame: Frame) -> None:
        """Without a reference the scene is what it showed first: a fault that begins later is noticed, an old one is not."""
        self._first = [*(one for one in self._first if one.shape == frame.shape), frame][-BASELINE_LOOKS:]
        if len(self._first) == BASELINE_LOOKS:
            scene = Scene(usual_of(self._first))
            if scene.is_telling:
                self.scene, self._first = scene, []


class SeatSense:
    """Joins what is seen and what moves."""

    def __init__(self, knows_people: bool, still_s: float) -> None:
        self._knows_people, self._still_us = knows_people, int(still_s * SECOND_US)
        self._is_occupied: bool | None = None
        self._moved_at: int | None = None

    def update(self, found: Look, moved: float | None, at: int) -> tuple[Seat, str]:
        """(what is known, why it is not)."""
        if found.verdict is Verdict.UNKNOWN:
            return Seat.UNKNOWN, found.reason
        was = self._is_occupied
        if found.verdict is not Verdict.BETWEEN:
            self._is_occupied = found.verdict is Verdict.OCCUPIED
        if self._is_occupied is None:
            return Seat.UNKNOWN, "between"
        if self._is_occupied:
            return self._occupied(moved, at, came=was is not True)
        self._moved_at = None
        return (Seat.UNKNOWN, "moving") if (moved or 0.0) >= RESTLESS else (Seat.ABSENT, "")

    def _occupied(self, moved: float | None, at: int, came: bool) -> tuple[Seat, str]:
        if came or self._moved_at is None or (moved or 0.0) >= LIVELY:
            self._moved_at = at
        if self._knows_people or at - self._moved_at <= self._still_us:
            return Seat.PRESENT, ""
        return Seat.UNKNOWN, "still"
