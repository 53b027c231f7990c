"""What is made of the looks at one camera: faults that hold, absences in office hours, the presence timeline, proposals.

One thread at a time works here (the watcher sees to that). What must be written is queued and tried again until the database
takes it, in order; after a crash what goes on is taken up from the database.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cases.areas import Areas
from config.onsite import PRESENCE, SignalKind
from core.errors import NotFound
from core.instants import MINUTE_US, SECOND_US
from core.working_calendar import WorkingCalendar
from video.attendance import Absence, Attendance, AttendanceRules, Moment, Stretch, session_at
from video.cameras import Camera
from video.holding import Hold, HoldRules
from video.onsite.service import Proof, SignalService
from video.pictures import PictureStore
from video.presence import PresenceLog, Span, Timeline
from video.references import Reference, ReferenceService, State, Why
from video.vision.looker import Looker, LookRules, Seat, Sighting
from video.vision.pictures import Frame
from video.vision.scene import Scene
from video.vision.seat import PresenceDetector, ReferenceDetector, SeatLimits, Verdict

log = logging.getLogger(__name__)
OF_PICTURE = (SignalKind.BLACK, SignalKind.COVERED, SignalKind.BLURRED, SignalKind.MOVED, SignalKind.FROZEN)
OF_LIGHT = frozenset({SignalKind.BLACK, SignalKind.COVERED, SignalKind.BLURRED})  # not told of a hall whose lights are off
REFERENCE_FRAMES = 5
REREAD_S = 30.0             # between two tries to read the pictures of references that could not be read
QUIET_S = 60.0              # a closed hall must have been without motion for so long before its seat is proposed
WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class WatchRules:
    """The settings group `vision` explains each."""

    look: LookRules
    limits: SeatLimits
    hold: HoldRules
    back_s: float
    gap_s: float
    offline_s: float
    faults_when_closed: bool
    propose_from: float     # share of an empty seat that differs from its reference


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What every camera's watch works with."""

    areas: Areas
    signals: SignalService
    presence: PresenceLog
    references: ReferenceService
    pictures: PictureStore
    rules: WatchRules
    model: PresenceDetector | None   # takes the place of the reference where one is configured


class CameraWatch:
    """One camera."""

    def __init__(self, camera: Camera, parts: WatchParts) -> None:
        self.camera, self._parts = camera, parts
        rules = parts.rules
        self._holds = {kind: Hold(kind, rules.hold) for kind in (*OF_PICTURE, SignalKind.OFFLINE)}
        self._timeline = Timeline(rules.gap_s)
        self._attendance: Attendance | None = None
        self._to_do: deque[Callable[[], object]] = deque()
        self._recent: deque[Frame] = deque(maxlen=REFERENCE_FRAMES)
        self._empty: tuple[Frame, int] | None = None
        self._seen: tuple[Frame, int] | None = None
        self._restless_at: int | None = None
        self._known: list[Reference] = []
        self._unread: list[int] | None = None   # references whose picture could not be read; None: nothing was told yet
        self._read_at = 0
        self._looker = self._looker_with([])
        self._last_figures: dict[str, float] = {}
        self._silent_s, self._begun = 0.0, 0
        self._take_up()

    @property
    def judges_presence(self) -> bool:
        """Only a camera of a window with a seat drawn."""
        return bool(self.camera.window) and len(self.camera.seat) >= 3

    # One look -----------------------------------------------------------------------------------------------------------

    def see(self, frame: Frame, at: Moment) -> Sighting:
        """A frame that arrived at that real instant, while the business clock showed the other."""
        sighting = self._looker.look(frame, at.real)
        self._seen, self._last_figures = (frame, at.real), dict(sighting.figures)
        calendar = self._parts.areas.for_area(self.camera.area)
        is_open = session_at(calendar, at.business) is not None
        self._faults(sighting, at, is_open)
        if self.judges_presence:
            self._presence(sighting, frame, at, calendar)
            self._maybe_propose(sighting, frame, at, is_open)
        self.work()
        return sighting

    def tick(self, at: Moment, *, is_live: bool, seen_us: int | None) -> None:
        """Called every second, with or without a look: outages, gaps, what waits to be written."""
        self._silent_s = (at.real - (seen_us or self._begun or at.real)) / SECOND_US
        self._begun = self._begun or at.real
        away = self._silent_s > self._parts.rules.offline_s
        self._turn(SignalKind.OFFLINE, not is_live and away, at)
        last = self._seen[1] if self._seen is not None else 0
        if self._attendance is not None and at.real - last > self._parts.rules.gap_s * SECOND_US:
            self._absences(self._attendance.see(Seat.UNKNOWN, at))
        if self.judges_presence:
            self._keep_spans(self._timeline.due(at.real))
        if self._unread and abs(at.real - self._read_at) >= REREAD_S * SECOND_US:
            self._read_at = at.real
            self._look_anew(only_if_more=True)
        self.work()

    def references_changed(self, references: list[Reference]) -> None:
        """A person consented to one, asked for one, or refused one."""
        active = [one.id for one in references if one.state is State.ACTIVE]
        was = [one.id for one in self._known if one.state is State.ACTIVE]
        self._known = references
        if active != was or self._unread is None:
            self._look_anew()

    def close(self) -> None:
        """The camera is no longer this process's: keep what is known so far. What goes on is taken up by who has it next."""
        self._keep_spans(self._timeline.due(0, force=True))
        if self._unread:
            self._tell_unread([])  # whoever has the camera next tells what he cannot read
        self.work()

    def work(self) -> None:
        """Write what waits. What the database refuses now is tried again, in order."""
        while self._to_do:
            try:
                self._to_do[0]()
            except Exception as error:  # noqa: BLE001 - an outage of the database must not end the analysis
                log.warning("camera %s: not written yet (%s)", self.camera.code, error)
                while len(self._to_do) > WAITING_MAX:
                    self._to_do.pop()
                return
            self._to_do.popleft()

    # Faults -------------------------------------------------------------------------------------------------------------

    def _faults(self, sighting: Sighting, at: Moment, is_open: bool) -> None:
        for fault, is_there in sighting.faults.items():
            kind = SignalKind(fault.value)
            is_dark = kind in OF_LIGHT and not is_open and not self._parts.rules.faults_when_closed
            self._turn(kind, is_there and not is_dark, at)

    def _turn(self, kind: SignalKind, is_there: bool, at: Moment) -> None:
        turn = self._holds[kind].see(is_there, at.real)
        if turn is None:
            return
        when = Moment(turn.at, at.business - (at.real - turn.at))
        if turn.began:
            self._raise(kind, when, self._proof(kind, self._seen, {}))
        else:
            self._to_do.append(lambda: self._parts.signals.end(self.camera.id, kind, when, "gone"))

    def _proof(self, kind: SignalKind, seen: tuple[Frame, int] | None, figures: dict[str, Any]) -> Callable[[], Proof]:
        """The picture is written when the signal is, so that a full disk does not lose it."""
        measured = {**self._last_figures, **figures}
        detector = self._looker.detector.name if kind in PRESENCE else kind.value
        parameters: dict[str, Any] = {**self._looker.parameters(), "after_s": self._parts.rules.hold.after_s.get(kind, 0.0)}
        if kind is SignalKind.OFFLINE:
            measured, parameters = {"silent_s": round(self._silent_s, 1)}, {"after_s": self._parts.rules.offline_s}

        def made() -> Proof:
            kept = None if seen is None else self._parts.pictures.keep(seen[0], self.camera.masks)
            return Proof(detector, parameters, measured, kept, seen[1] if seen is not None else None)
        return made

    def _raise(self, kind: SignalKind, began: Moment, proof: Callable[[], Proof], **more: Any) -> None:
        camera = self.camera
        self._to_do.append(lambda: self._parts.signals.raise_signal(camera, kind, began, proof(), **more))

    # Presence -----------------------------------------------------------------------------------------------------------

    def _presence(self, sighting: Sighting, frame: Frame, at: Moment, calendar: WorkingCalendar) -> None:
        if sighting.seat is Seat.ABSENT:
            self._empty = (frame, at.real)
        self._timeline.see(sighting.seat, sighting.reason, at)
        self._keep_spans(self._timeline.due(at.real))
        attendance = self._attending(calendar, at)
        self._absences(attendance.see(sighting.seat, at))

    def _attending(self, calendar: WorkingCalendar, at: Moment) -> Attendance:
        """With the rules of the day; they and the calendar may be edited while a hall is open."""
        rules = self._rules_at(at.business)
        if self._attendance is None:
            self._attendance = Attendance(calendar, rules)
            self._take_up_stretch(at)
        self._attendance.calendar, self._attendance.rules = calendar, rules
        return self._attendance

    def _rules_at(self, business_us: int) -> AttendanceRules:
        camera, parts = self.camera, self._parts
        found = {kind: parts.signals.ruling(camera.area, kind, camera.org, business_us).rule for kind in PRESENCE}
        needed = {kind: None if rule is None else rule.needed_minutes for kind, rule in found.items()}
        return AttendanceRules(needed[SignalKind.UNATTENDED], needed[SignalKind.LATE], needed[SignalKind.EARLY],
                               parts.rules.back_s, parts.rules.gap_s)

    def _absences(self, told: list[Absence]) -> None:
        for absence in told:
            figures = {"minutes": round(absence.minutes, 1)}
            if absence.kind is SignalKind.UNATTENDED and absence.is_over:
                self._end(absence, figures)
            else:
                more = {"until": absence.until, "reason": absence.reason} if absence.is_over else {}
                self._raise(absence.kind, absence.since, self._proof(absence.kind, self._empty, figures),
                            occurrence=str(absence.since.business), **more)

    def _end(self, absence: Absence, figures: dict[str, float]) -> None:
        named = {"lasted_minutes": figures["minutes"]}
        self._to_do.append(lambda: self._parts.signals.end(
            self.camera.id, SignalKind.UNATTENDED, absence.until, absence.reason, named))

    def _keep_spans(self, spans: list[Span]) -> None:
        if spans:
            self._to_do.append(lambda: self._parts.presence.write(self.camera.id, spans))

    # After a restart ----------------------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        for kind in self._parts.signals.going_on(self.camera.id):
            if kind in self._holds:
                self._holds[kind].resume()

    def _take_up_stretch(self, at: Moment) -> None:
        """An absence that was going on when the process ended goes on if it was not long ago; else it is over."""
        standing = self._parts.signals.going_on(self.camera.id).get(SignalKind.UNATTENDED)
        stretch = stretch_of(self._parts.presence.last(self.camera.id), at, self._attendance, standing is not None)
        if stretch is not None and self._attendance is not None:
            self._attendance.resume(stretch)
        elif standing is not None:
            since = Moment(standing.began_at, standing.began_business_at)
            self._end(Absence(SignalKind.UNATTENDED, since, Moment(at.real, at.business), 0, is_over=True, reason="unknown"),
                      {"minutes": float(standing.minutes)})

    # References ---------------------------------------------------------------------------------------------------------

    def _look_anew(self, *, only_if_more: bool = False) -> None:
        """With the references that hold now. One whose picture cannot be read is as good as none, and an alarm.

        `only_if_more`: unless more of them can be read, what was seen so far goes on."""
        frames: list[Frame] = []
        unread: list[int] = []
        for one in self._known:
            if one.state is not State.ACTIVE:
                continue
            try:
                frames.append(self._parts.pictures.frame(one.picture, one.sha256))
            except NotFound as error:
                log.warning("camera %s: reference %s cannot be read (%s)", self.camera.code, one.id, error.code)
                unread.append(one.id)
        if not only_if_more or unread != self._unread:
            self._looker = self._looker_with(frames)
        self._tell_unread(unread)

    def _tell_unread(self, unread: list[int]) -> None:
        """When it begins and when it is over; also at first, as whoever had the camera before may have told."""
        before, self._unread = self._unread, unread
        if before is None or bool(before) != bool(unread):
            self._to_do.append(lambda: self._parts.references.tell(self.camera, missing=bool(unread)))

    def _looker_with(self, frames: list[Frame]) -> Looker:
        """The scene is recognised by the newest reference."""
        parts = self._parts
        detector = parts.model or ReferenceDetector(frames, parts.rules.limits)
        scene = Scene(frames[0]) if frames else None
        return Looker(self.camera.seat, detector, scene if scene is not None and scene.is_telling else None, parts.rules.look)

    def _maybe_propose(self, sighting: Sighting, frame: Frame, at: Moment, is_open: bool) -> None:
        """Asked for: as soon as there are pictures. Else only while the hall is closed and nothing moved for a while."""
        self._recent.append(frame)
        if len(self._recent) < REFERENCE_FRAMES or any(sighting.faults.values()):
            return
        if any(one.state is State.ASKED for one in self._known):
            self._propose(Why.ASKED, at)
        elif not is_open and self._is_quiet(sighting, at) and not any(one.state is State.PROPOSED for one in self._known):
            self._propose_if_needed(at)

    def _is_quiet(self, sighting: Sighting, at: Moment) -> bool:
        if self._restless_at is None or sighting.figures.get("moved", 1.0) > 0.0015:
            self._restless_at = at.real
        return at.real - self._restless_at >= QUIET_S * SECOND_US

    def _propose_if_needed(self, at: Moment) -> None:
        if self._parts.model is not None:
            return
        self._restless_at = at.real
        if not any(one.state is State.ACTIVE for one in self._known):
            self._propose(Why.FIRST, at)
            return
        look = self._looker.detector.look(self._median(), self.camera.seat)
        if look.verdict is not Verdict.UNKNOWN and look.score >= self._parts.rules.propose_from:
            self._propose(Why.CHANGED, at, look.score)

    def _propose(self, why: Why, at: Moment, difference: float | None = None) -> None:
        frame = self._median()
        if why is Why.ASKED and any(one.state is State.ACTIVE for one in self._known):
            difference = self._looker.detector.look(frame, self.camera.seat).score
        self._known = [one for one in self._known if one.state is State.ACTIVE]  # until the database tells of the proposal
        self._to_do.append(lambda: self._parts.references.propose(
            self.camera.id, self._parts.pictures.keep(frame), at, why, difference))

    def _median(self) -> Frame:
        shape = self._recent[-1].shape
        return np.asarray(np.median([one for one in self._recent if one.shape == shape], axis=0), np.uint8)


def stretch_of(spans: list[Span], at: Moment, attendance: Attendance | None, is_told: bool) -> Stretch | None:
    """The absence the newest spans tell of, if it still goes on at that moment and in the same session."""
    if attendance is None or not spans or spans[-1].state is not Seat.ABSENT:
        return None
    session = session_at(attendance.calendar, at.business)
    last = spans[-1].until
    if session is None or last.business < session.opens or at.real - last.real > attendance.rules.gap_s * SECOND_US:
        return None
    counted, since = 0, last
    for span in reversed(spans):
        if span.state is not Seat.ABSENT or since.real - span.until.real > attendance.rules.gap_s * SECOND_US:
            break
        began = max(span.began.business, session.opens)
        counted += max(0, span.until.business - began)
        since = Moment(span.began.real, began)
        if span.began.business <= session.opens:
            break
    return Stretch(since, last, session, counted, from_opening=since.business - session.opens <= MINUTE_US, is_told=is_told)
