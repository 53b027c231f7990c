"""From looks at a seat to absences in office hours. Pure: every instant is given.

Minutes are those of the working calendar of the window's area on the business clock; in a year nobody published plain weeks are
assumed, and what is found says so. What is not known is not counted and no
absence, and a longer gap of it ends a stretch: nobody can say that nobody came. A stretch ends with the session (lunch,
closing). Somebody passing through for a moment does not end it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from config.onsite import SignalKind
from core.instants import DAY_US, MINUTE_US, SECOND_US
from core.working_calendar import WorkingCalendar
from video.vision.looker import Seat


class Moment(NamedTuple):
    """An instant on both clocks, us UTC; `steady` on one nobody sets, by which spans are measured (None: as the real one)."""

    real: int
    business: int
    steady: int | None = None

    @property
    def tick(self) -> int:
        return self.real if self.steady is None else self.steady


@dataclass(frozen=True, slots=True)
class AttendanceRules:
    """Minutes of each kind (None: not watched for), and how long somebody must be back to count. Gaps are real seconds."""

    unattended: int | None
    late: int | None
    early: int | None
    back_s: float = 20.0
    gap_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Absence:
    """`is_over` False: it goes on (and was not told before); True: it ended, `until` is when."""

    kind: SignalKind
    since: Moment
    until: Moment
    minutes: float
    is_over: bool
    reason: str = ""
    is_assumed: bool = False   # on a day that may be a holiday: its year is not published


class Session(NamedTuple):
    """A span of office hours, business us UTC."""

    opens: int
    closes: int
    is_first: bool
    is_last: bool
    is_assumed: bool = False   # the year is not published: whether it is a working day at all is not known


@dataclass(slots=True)
class Stretch:
    """A seat empty so far."""

    since: Moment
    last: Moment            # last look that found it empty
    session: Session
    counted: int = 0        # business us of office time
    from_opening: bool = False
    is_told: bool = False
    back: Moment | None = None   # since when somebody seems to be back
    back_looks: int = 0

    @property
    def minutes(self) -> float:
        return self.counted / MINUTE_US


class Attendance:
    """One window. Looks must come in order."""

    def __init__(self, calendar: WorkingCalendar, rules: AttendanceRules) -> None:
        self.calendar, self.rules = calendar, rules
        self.stretch: Stretch | None = None
        self._last: tuple[Moment, Seat] | None = None

    def see(self, seat: Seat, at: Moment) -> list[Absence]:
        """What this look makes true. At most one absence of each kind, told when it begins to count and when it is over."""
        session = session_at(self.calendar, at.business)
        told = self._leave_session(at, session)
        if session is not None:
            told += self._within(seat, at, session)
        self._last = (at, seat)
        return told

    def resume(self, stretch: Stretch) -> None:
        """What was known before a restart."""
        self.stretch, self._last = stretch, (stretch.last, Seat.ABSENT)

    def end(self, reason: str) -> list[Absence]:
        """The camera is no longer watched: what goes on is over as far as anybody knows."""
        return self._finish(self.stretch.last, reason) if self.stretch is not None else []

    def _within(self, seat: Seat, at: Moment, session: Session) -> list[Absence]:
        if self._has_gap(at) and self.stretch is not None:
            told = self._finish(self.stretch.last, "unknown")
        else:
            told = []
        if seat is Seat.ABSENT:
            return told + self._empty(at, session)
        if self.stretch is not None and seat is Seat.PRESENT:
            return told + self._maybe_back(self.stretch, at)
        return told

    def _has_gap(self, at: Moment) -> bool:
        """Whether too long nothing was known: no look, or looks that could not tell."""
        stretch = self.stretch
        if stretch is None:
            return False
        known = max(stretch.last.tick, stretch.back.tick if stretch.back else stretch.last.tick, self._known_at(stretch))
        return at.tick - known > self.rules.gap_s * SECOND_US

    def _known_at(self, stretch: Stretch) -> int:
        known = self._last is not None and self._last[1] is not Seat.UNKNOWN
        return self._last[0].tick if known and self._last is not None else stretch.last.tick

    def _empty(self, at: Moment, session: Session) -> list[Absence]:
        stretch = self.stretch
        if stretch is None:
            stretch = self.stretch = self._begin(at, session)
        elif self._last is not None and self._last[1] is Seat.ABSENT:
            stretch.counted += at.business - stretch.last.business
        stretch.last, stretch.back, stretch.back_looks = at, None, 0
        needed = self.rules.unattended
        if needed is None or stretch.is_told or stretch.counted < needed * MINUTE_US:
            return []
        stretch.is_told = True
        return [self._absence(SignalKind.UNATTENDED, stretch, at)]

    def _begin(self, at: Moment, session: Session) -> Stretch:
        """A seat that was empty when the hall opened was so from the opening on."""
        before = self._last
        is_near = before is not None and at.tick - before[0].tick <= self.rules.gap_s * SECOND_US
        was_empty = is_near and before is not None and before[1] is Seat.ABSENT and before[0].business < session.opens
        if was_empty or at.business - session.opens <= MINUTE_US:
            since = Moment(at.real, session.opens, at.steady)
            return Stretch(since, at, session, at.business - session.opens, from_opening=True)
        return Stretch(at, at, session)

    def _maybe_back(self, stretch: Stretch, at: Moment) -> list[Absence]:
        if stretch.back is None:
            stretch.back = at
        stretch.back_looks += 1
        if stretch.back_looks < 2 or at.business - stretch.back.business < self.rules.back_s * SECOND_US:
            return []
        return self._finish(stretch.back, "back")

    def _leave_session(self, at: Moment, session: Session | None) -> list[Absence]:
        stretch = self.stretch
        if stretch is None or (session is not None and session.opens == stretch.session.opens):
            return []
        closing = Moment(at.real, stretch.session.closes, at.steady)
        was_watched = at.tick - stretch.last.tick <= self.rules.gap_s * SECOND_US and stretch.back is None
        if was_watched:
            stretch.counted += max(0, closing.business - stretch.last.business)
        return self._finish(closing if was_watched else stretch.last, "closed" if was_watched else "unknown")

    def _finish(self, until: Moment, reason: str) -> list[Absence]:
        stretch, self.stretch = self.stretch, None
        assert stretch is not None
        told: list[Absence] = []
        needed = self.rules.unattended
        if needed is not None and not stretch.is_told and stretch.counted >= needed * MINUTE_US:  # full as the session ended
            told.append(self._absence(SignalKind.UNATTENDED, stretch, until))
            stretch.is_told = True
        if stretch.is_told:
            return [*told, self._absence(SignalKind.UNATTENDED, stretch, until, reason)]
        kind = self._edge_of(stretch, reason)
        return [] if kind is None else [self._absence(kind, stretch, until, reason)]

    def _absence(self, kind: SignalKind, stretch: Stretch, until: Moment, reason: str = "") -> Absence:
        """With a reason it is over."""
        return Absence(kind, stretch.since, until, stretch.minutes, bool(reason), reason, stretch.session.is_assumed)

    def _edge_of(self, stretch: Stretch, reason: str) -> SignalKind | None:
        rules = self.rules
        if rules.late is not None and stretch.from_opening and stretch.session.is_first and reason == "back" \
                and stretch.counted >= rules.late * MINUTE_US:
            return SignalKind.LATE
        if rules.early is not None and stretch.session.is_last and reason == "closed" \
                and stretch.counted >= rules.early * MINUTE_US:
            return SignalKind.EARLY
        return None


def session_at(calendar: WorkingCalendar, business_us: int) -> Session | None:
    """The span of office hours that instant lies in; None outside office hours."""
    day, in_day = divmod(calendar.to_local(business_us), DAY_US)
    works, is_assumed = calendar.works_or_may(day)
    if not works:
        return None
    spans = calendar.office_spans
    place = bisect_right([start for start, _ in spans], in_day) - 1
    if place < 0 or in_day >= spans[place][1]:
        return None
    opens, closes = (calendar.to_utc(day * DAY_US + edge) for edge in spans[place])
    return Session(opens, closes, place == 0, place == len(spans) - 1, is_assumed)
