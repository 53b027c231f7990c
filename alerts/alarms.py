"""Alarms of the system about itself: one row per (code, subject) with a count, never a card.

A clock that cannot be judged is told once per clock by the record; ten thousand cases of an item without a limit are
one alarm with the count 10,000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, or_, select, tuple_, update

from alerts.models import alarms, unjudgeable_clocks
from cases.events import CaseJudgeable, CaseUnjudgeable, ClockRef
from core.database import bulk_upsert
from core.unit_of_work import UnitOfWork

SUBJECT_MAX = 160
EACH_MAX = 5
_CLOCK = (unjudgeable_clocks.c.case_id, unjudgeable_clocks.c.kind, unjudgeable_clocks.c.ordinal)
_CHUNK = 500
AlarmKey = tuple[str, str]  # code, subject
ClockKey = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that stands. `since` is microseconds UTC; `args` are the values of its sentence `alarm.<code>`.

    `others`: how many further subjects of this code it speaks for (`gathered_alarms`); they are in `count`.
    """

    code: str
    subject: str
    args: Mapping[str, Any]
    since: int
    count: int
    others: int = 0


class AlarmService:
    """Raises and clears alarms, in the caller's transaction."""

    def alarm_unjudgeable(self, uow: UnitOfWork, batch: Sequence[CaseUnjudgeable]) -> None:
        """Clocks that cannot be judged join the alarm of their reason; one that changes its reason moves over."""
        wanted = {_key(event.clock): _alarm_key(event) for event in batch}
        known = _reasons_of(uow.conn, wanted)
        moved = {clock: alarm for clock, alarm in wanted.items() if known.get(clock) != alarm}
        bulk_upsert(uow.conn, unjudgeable_clocks, ("case_id", "kind", "ordinal", "code", "subject"),
                    [(*clock, *alarm) for clock, alarm in moved.items()], key=("case_id", "kind", "ordinal"))
        change = Counter(moved.values())
        change.subtract(known[clock] for clock in moved if clock in known)
        self._count(uow, change)

    def clear_unjudgeable(self, uow: UnitOfWork, batch: Sequence[CaseJudgeable]) -> None:
        """Clocks that can be judged now leave their alarm; the last one clears it."""
        known = _reasons_of(uow.conn, {_key(event.clock) for event in batch})
        for chunk in _chunks(list(known)):
            uow.conn.execute(delete(unjudgeable_clocks).where(tuple_(*_CLOCK).in_(chunk)))
        change = Counter[AlarmKey]()
        change.subtract(known.values())
        self._count(uow, change)

    def set_alarm(self, conn: Connection, code: str, subject: str, now_us: int, **args: Any) -> None:
        """Raise an alarm that does not count occurrences (a blank screen, a failed job). Standing already: nothing."""
        if _standing(conn, {(code, subject[:SUBJECT_MAX])}):
            return
        self._write(conn, {(code, subject[:SUBJECT_MAX]): 1}, {}, now_us, args)

    def renew_alarm(self, conn: Connection, code: str, subject: str, now_us: int, *, n: int = 1, **args: Any) -> None:
        """Raise an alarm, or let the one that stands say what is true now; `since` stays. `n` is also its count."""
        key = (code, subject[:SUBJECT_MAX])
        standing = _standing(conn, {key})
        since, count = standing.get(key, (now_us, 0))
        self._write(conn, {key: n - count}, {key: (since, count)}, now_us, {"n": n, **args})

    def clear_alarm(self, conn: Connection, code: str, subject: str, now_us: int) -> None:
        conn.execute(update(alarms).where(alarms.c.code == code, alarms.c.subject == subject[:SUBJECT_MAX],
                                          alarms.c.cleared_at.is_(None)).values(cleared_at=now_us, count=0))

    def _count(self, uow: UnitOfWork, change: Mapping[AlarmKey, int]) -> None:
        change = {key: by for key, by in change.items() if by}
        standing = _standing(uow.conn, set(change))
        self._write(uow.conn, change, standing, uow.now_us, None)

    def _write(self, conn: Connection, change: Mapping[AlarmKey, int], standing: Mapping[AlarmKey, tuple[int, int]],
               now_us: int, args: Mapping[str, Any] | None) -> None:
        rows = []
        for (code, subject), by in change.items():
            since, count = standing.get((code, subject), (now_us, 0))
            left = max(0, count + by)
            told = msgspec.json.encode(args if args is not None else {"detail": subject}).decode()
            rows.append((code, subject, told, since, left, None if left else now_us))
        bulk_upsert(conn, alarms, ("code", "subject", "args", "since", "count", "cleared_at"), rows,
                    key=("code", "subject"))


def standing_alarms(conn: Connection) -> list[Alarm]:
    """Every alarm not cleared, oldest first."""
    statement = select(alarms.c.code, alarms.c.subject, alarms.c.args, alarms.c.since, alarms.c.count).where(
        alarms.c.cleared_at.is_(None))
    rows = conn.execute(statement.order_by(alarms.c.since, alarms.c.code, alarms.c.subject))
    return [Alarm(code, subject, msgspec.json.decode(args), since, count) for code, subject, args, since, count in rows]


def gathered_alarms(conn: Connection, each: int = EACH_MAX) -> list[Alarm]:
    """The same for a wall: a code that stands for more than `each` subjects is one alarm, that of its oldest subject."""
    code = alarms.c.code
    ranked = select(
        alarms, func.row_number().over(partition_by=code, order_by=(alarms.c.since, alarms.c.subject)).label("place"),
        func.count().over(partition_by=code).label("subjects"),
        func.sum(alarms.c.count).over(partition_by=code).label("total")).where(alarms.c.cleared_at.is_(None)).subquery()
    kept = select(ranked).where(or_(ranked.c.place == 1, ranked.c.subjects <= each))
    return [_gathered(row, each) for row in conn.execute(kept.order_by(ranked.c.since, ranked.c.code, ranked.c.subject))]


def _gathered(row: Row[Any], each: int) -> Alarm:
    is_one_of_few = row.subjects <= each
    values = row._mapping  # `count` is a method of the row
    return Alarm(row.code, row.subject, msgspec.json.decode(row.args), row.since,
                 values["count"] if is_one_of_few else int(row.total), 0 if is_one_of_few else row.subjects - 1)


def _reasons_of(conn: Connection, clocks: Iterable[ClockKey]) -> dict[ClockKey, AlarmKey]:
    found: dict[ClockKey, AlarmKey] = {}
    statement = select(*_CLOCK, unjudgeable_clocks.c.code, unjudgeable_clocks.c.subject)
    for chunk in _chunks(list(clocks)):
        for case_id, kind, ordinal, code, subject in conn.execute(statement.where(tuple_(*_CLOCK).in_(chunk))):
            found[case_id, kind, ordinal] = code, subject
    return found


def _standing(conn: Connection, keys: set[AlarmKey]) -> dict[AlarmKey, tuple[int, int]]:
    if not keys:
        return {}
    statement = select(alarms.c.code, alarms.c.subject, alarms.c.since, alarms.c.count).where(
        alarms.c.cleared_at.is_(None), alarms.c.code.in_({code for code, _ in keys}))
    return {(code, subject): (since, count) for code, subject, since, count in conn.execute(statement)}


def _chunks(keys: list[ClockKey]) -> Iterable[list[ClockKey]]:
    return (keys[start:start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def _key(clock: ClockRef) -> ClockKey:
    return clock.case_id, clock.kind.value, clock.ordinal


def _alarm_key(event: CaseUnjudgeable) -> AlarmKey:
    return event.reason, event.detail[:SUBJECT_MAX]
