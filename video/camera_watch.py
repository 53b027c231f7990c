"""What is made of the looks at one camera: faults that hold, absences in office hours, the presence timeline, proposals.

One thread at a time works here (the watcher sees to that). What must be written waits in lines (video/pending.py), one for each
kind of signal, one for presence and one for references, so that none waits for another; after a crash what goes on is taken up
from the database.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from cases.areas import Areas
from config.onsite import PRESENCE, SignalKind
from core.errors import NotFound, Unavailable
from core.instants import MINUTE_US, SECOND_US
from core.working_calendar import WorkingCalendar
from video.attendance import Absence, Attendance, AttendanceRules, Moment, Stretch, session_at
from video.cameras import Camera
from video.holding import Hold, HoldRules
from video.onsite.service import PICTURES, REFERENCES, SPANS, Proof, SignalService
from video.pending import Pending, WriteRules
from video.pictures import PictureStore
from video.presence import PresenceLog, Span, SpanQueue, Timeline
from video.references import Reference, ReferenceService, State, Why
from video.vision.looker import Looker, LookRules, Seat, Sighting
from video.vision.pictures import Frame, usual_of
from video.vision.scene import Scene
from video.vision.seat import PresenceDetector, ReferenceDetector, SeatLimits, Verdict

log = logging.getLogger(__name__)
OF_PICTURE = (SignalKind.BLACK, SignalKind.COVERED, SignalKind.BLURRED, SignalKind.MOVED, SignalKind.FROZEN)
OF_LIGHT = frozenset({SignalKind.BLACK, SignalKind.COVERED, SignalKind.BLURRED})  # not told of a hall whose lights are off
REFERENCE_FRAMES = 5
REREAD_S = 30.0             # between two tries to read the pictures of references that could not be read
QUIET_S = 60.0              # a closed hall must have been without motion for so long before its seat is proposed
LOST_STANDS_S = 600.0       # after so long without a further loss the alarm about losses is over
LOSSES = "losses"
SET_US = 2 * SECOND_US       # the machine's clock was set when it runs off the steady one by so much between two looks
Proving = Callable[[bool], Proof]   # with its picture, or without


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
    writes: WriteRules


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
    now_s: Callable[[], float] = monotonic


class CameraWatch:
    """One camera."""

    def __init__(self, camera: Camera, parts: WatchParts) -> None:
        self.camera, self._parts = camera, parts
        rules = parts.rules
        self._holds = {kind: Hold(kind, rules.hold) for kind in (*OF_PICTURE, SignalKind.OFFLINE)}
        self._timeline = Timeline(rules.gap_s)
        self._attendance: Attendance | None = None
        self._pending, self._spans = Pending(camera.code, rules.writes, parts.now_s), SpanQueue(rules.writes.waiting_max)
        self._lost_told, self._lost_at = 0, parts.now_s()
        self._loss_stands: bool | None = None   # whether an alarm about losses may stand; None: whoever was here before knows
        self._recent: deque[Frame] = deque(maxlen=REFERENCE_FRAMES)
        self._empty: tuple[Frame, int] | None = None
        self._seen: tuple[Frame, int] | None = None
        self._seen_tick = 0
        self._restless_at: int | None = None
        self._known: list[Reference] = []
        self._unread: list[int] | None = None   # references whose picture could not be read; None: nothing was told yet
        self._read_at = 0
        self._looker = self._looker_with([])
        self._last_figures: dict[str, float] = {}
        self._silent_s, self._begun = 0.0, 0
        self._offset: int | None = None   # of the machine's clock against the steady one
        self._take_up()

    @property
    def judges_presence(self) -> bool:
        """Only a camera of a window with a seat drawn."""
        return bool(self.camera.window) and len(self.camera.seat) >= 3

    # One look -----------------------------------------------------------------------------------------------------------

    def see(self, frame: Frame, at: Moment, key: int | None = None) -> Sighting:
        """A frame that arrived at that real instant, while the business clock showed the other; with the mark of the key frame
        that came with it, if one did."""
        self._notice_clock(at)
        sighting = self._looker.look(frame, at.tick, key)
        self._seen, self._seen_tick, self._last_figures = (frame, at.real), at.tick, dict(sighting.figures)
        calendar = self._parts.areas.for_area(self.camera.area)
        is_open = session_at(calendar, at.business) is not None
        self._faults(sighting, at, is_open)
        if self.judges_presence:
            self._presence(sighting, frame, at, calendar)
            self._maybe_propose(sighting, frame, at, is_open)
        self.work()
        return sighting

    def tick(self, at: Moment, *, is_live: bool, seen_us: int | None) -> None:
        """Called every second, with or without a look: outages, gaps, what waits to be written. `seen_us`: when a packet came
        last, on the steady clock."""
        self._notice_clock(at)
        self._silent_s = (at.tick - (seen_us or self._begun or at.tick)) / SECOND_US
        self._begun = self._begun or at.tick
        away = self._silent_s > self._parts.rules.offline_s
        self._turn(SignalKind.OFFLINE, not is_live and away, at)
        if self._attendance is not None and at.tick - self._seen_tick > self._parts.rules.gap_s * SECOND_US:
            self._absences(self._attendance.see(Seat.UNKNOWN, at))
        if self.judges_presence:
            self._keep_spans(self._timeline.due(at.tick))
        if self._unread and at.tick - self._read_at >= REREAD_S * SECOND_US:
            self._read_at = at.tick
            self._look_anew(only_if_more=True)
        self.work()

    def _notice_clock(self, at: Moment) -> None:
        """The machine's clock was set: what was counted up to then is over, as nobody knows how long it lasted; nothing found
        before is dated anew."""
        before, self._offset = self._offset, at.real - at.tick
        if before is None or abs(self._offset - before) <= SET_US:
            return
        log.warning("camera %s: the machine's clock was set by %.1f s", self.camera.code, (self._offset - before) / SECOND_US)
        self._timeline.cut()
        if self._attendance is not None:
            self._absences(self._attendance.end("unknown"))

    def references_changed(self, references: list[Reference]) -> None:
        """A person consented to one, asked for one, or refused one."""
        active = [one.id for one in references if one.state is State.ACTIVE]
        was = [one.id for one in self._known if one.state is State.ACTIVE]
        self._known = references
        if active != was or self._unread is None:
            self._look_anew()

    def close(self) -> None:
        """The camera is no longer this process's: keep what is known so far. What goes on is taken up by who has it next, who
        may have told already what he finds: so nothing is taken back here, and a camera switched off takes its own back. What
        waits for its next try is tried now or told as lost: nobody else has it."""
        self._keep_spans(self._timeline.due(0, force=True))
        self._pending.finish()
        self._tell_losses()
        self._pending.finish()

    def work(self) -> None:
        """Write what waits, and tell what could not be written."""
        self._pending.work()
        self._tell_lost()

    def _tell_lost(self) -> None:
        """At every further loss; its end once nothing was lost for a while, also at first: whoever had the camera before may
        have told."""
        is_over = self._loss_stands is not False and self._parts.now_s() - self._lost_at >= LOST_STANDS_S
        if not self._tell_losses() and is_over:
            self._loss_stands = False
            self._pending.put(LOSSES, lambda: self._parts.signals.tell_lost(self.camera, None))

    def _tell_losses(self) -> bool:
        """Whether there were further ones to tell."""
        counts = {line: n for line, n in self._pending.lost.items() if line != LOSSES}
        lost = sum(counts.values())
        if lost <= self._lost_told:
            return False
        self._lost_told, self._lost_at, self._loss_stands = lost, self._parts.now_s(), True
        self._pending.put(LOSSES, lambda: self._parts.signals.tell_lost(self.camera, counts))
        return True

    # Faults -------------------------------------------------------------------------------------------------------------

    def _faults(self, sighting: Sighting, at: Moment, is_open: bool) -> None:
        for fault, is_there in sighting.faults.items():
            kind = SignalKind(fault.value)
            is_dark = kind in OF_LIGHT and not is_open and not self._parts.rules.faults_when_closed
            self._turn(kind, is_there and not is_dark, at)

    def _turn(self, kind: SignalKind, is_there: bool, at: Moment) -> None:
        turn = self._holds[kind].see(is_there, at.tick)
        if turn is None:
            return
        ago = at.tick - turn.at
        when = Moment(at.real - ago, at.business - ago, turn.at)
        if turn.began:
            self._raise(kind, when, self._proof(kind, self._seen, {}))
        else:
            self._pending.put(kind.value, lambda: self._parts.signals.end(self.camera.id, kind, when, "gone"))

    def _proof(self, kind: SignalKind, seen: tuple[Frame, int] | None, figures: dict[str, Any]) -> Proving:
        """The picture is written when the signal is, so that a full disk does not lose it: both are tried again."""
        measured = {**self._last_figures, **figures}
        detector = self._looker.detector.name if kind in PRESENCE else kind.value
        parameters: dict[str, Any] = {**self._looker.parameters(), "after_s": self._parts.rules.hold.after_s.get(kind, 0.0)}
        if kind is SignalKind.OFFLINE:
            measured, parameters = {"silent_s": round(self._silent_s, 1)}, {"after_s": self._parts.rules.offline_s}

        def made(with_picture: bool) -> Proof:
            if seen is None or not with_picture:
                return Proof(detector, parameters, measured)
            return Proof(detector, parameters, measured, self._parts.pictures.keep(seen[0], self.camera.masks), seen[1])
        return made

    def _raise(self, kind: SignalKind, began: Moment, proof: Proving, **more: Any) -> None:
        def raised(made: Proof) -> None:
            self._parts.signals.raise_signal(self.camera, kind, began, made, **more)

        def raised_at_least() -> None:
            made, pictures_lost = _as_can_be(proof)
            raised(made)
            self._pending.lose(PICTURES, pictures_lost)
        self._pending.put(kind.value, lambda: raised(proof(True)), raised_at_least)

    # Presence -----------------------------------------------------------------------------------------------------------

    def _presence(self, sighting: Sighting, frame: Frame, at: Moment, calendar: WorkingCalendar) -> None:
        if sighting.seat is Seat.ABSENT:
            self._empty = (frame, at.real)
        self._timeline.see(sighting.seat, sighting.reason, at)
        self._keep_spans(self._timeline.due(at.tick))
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
            figures: dict[str, Any] = {"minutes": round(absence.minutes, 1)}
            if absence.is_assumed:
                figures["calendar_assumed"] = True
            if absence.kind is SignalKind.UNATTENDED and absence.is_over:
                self._end(absence, figures)
            else:
                more: dict[str, Any] = {"until": absence.until, "reason": absence.reason} if absence.is_over else {}
                self._raise(absence.kind, absence.since, self._proof(absence.kind, self._empty, figures),
                            occurrence=str(absence.since.business), needs_person=absence.is_assumed, **more)

    def _end(self, absence: Absence, figures: dict[str, float]) -> None:
        named = {"lasted_minutes": figures["minutes"]}
        self._pending.put(SignalKind.UNATTENDED.value, lambda: self._parts.signals.end(
            self.camera.id, SignalKind.UNATTENDED, absence.until, absence.reason, named))

    def _keep_spans(self, spans: list[Span]) -> None:
        self._spans.add(spans)
        if self._spans and not self._pending.waits(SPANS):
            self._pending.put(SPANS, lambda: self._spans.write(self._parts.presence, self.camera.id), self._write_singly)

    def _write_singly(self) -> None:
        """One span the table does not take must not keep the others from being written."""
        self._pending.lose(SPANS, self._spans.write_singly(self._parts.presence, self.camera.id))

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
            self._pending.put(REFERENCES, lambda: self._parts.references.tell(self.camera, missing=bool(unread)))

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
            self._restless_at = at.tick
        return at.tick - self._restless_at >= QUIET_S * SECOND_US

    def _propose_if_needed(self, at: Moment) -> None:
        if self._parts.model is not None:
            return
        self._restless_at = at.tick
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
        self._pending.put(REFERENCES, lambda: self._parts.references.propose(
            self.camera.id, self._parts.pictures.keep(frame), at, why, difference))

    def _median(self) -> Frame:
        shape = self._recent[-1].shape
        return usual_of([one for one in self._recent if one.shape == shape])


def _as_can_be(proof: Proving) -> tuple[Proof, int]:
    """With its picture if the disk takes it now (something else may have failed before), else without, saying why: a signal is
    worth more than its picture. And how many pictures that cost."""
    try:
        return proof(True), 0
    except Unavailable as refused:
        bare = proof(False)
        return replace(bare, figures={**bare.figures, "picture_missing": str(refused.details.get("problem", refused.code))}), 1


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
    last = last._replace(steady=at.tick - (at.real - last.real))  # the table knows no clock of a process
    return Stretch(since, last, session, counted, from_opening=since.business - session.opens <= MINUTE_US, is_told=is_told)
