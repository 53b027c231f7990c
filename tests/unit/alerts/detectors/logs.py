"""Hand-made logs for the detectors: cases in one line each, an honest crowd, and one detector at work on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import count
from random import Random
from typing import Any

from alerts.detectors.base import Finding, Period, Surroundings
from alerts.detectors.registry import BY_ID, shapes
from alerts.detectors.trace import ClockRow, Row, Trace, present_rows
from cases.events import EventData, case_id_of
from config.calendars import load_calendars
from config.detectors import load_detector_settings
from core.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US, day_of, to_us

AREA = "360500"
CALENDAR = load_calendars()["cn"]
SETTINGS = load_detector_settings(shapes())
MONTH = (date(2024, 4, 1), date(2024, 4, 30))
SOON = 10 * SECOND_US  # how long after the claim an honest feed delivers
_seqs = count(1)
Told = tuple[str, int | str, dict[str, Any]]


def at(text: str) -> int:
    """`04-08 09:30` of 2024 in Shanghai, as an instant; seconds may follow."""
    given = f"2024-{text}" if len(text.split()[0]) == 5 else text
    return to_us(datetime.fromisoformat(f"{given.replace(' ', 'T')}+08:00"))


def period() -> Period:
    first, last = day_of(MONTH[0]), day_of(MONTH[1])
    return Period(first, last, CALENDAR.to_utc(first * DAY_US), CALENDAR.to_utc((last + 1) * DAY_US))


def told(kind: str, when: int | str, **extra: Any) -> Told:
    """One event: `received`, `actor`, `station`, `step`, `source`, `version`, `id` are of the head, all else of the data."""
    return kind, at(when) if isinstance(when, str) else when, extra


def row(event: Told, number: int, case_no: str, source: str = "hall") -> Row:
    kind, claimed, extra = event
    given = dict(extra)
    head = {name: given.pop(name, "") for name in ("actor", "station", "step")}
    received, version = given.pop("received", claimed + SOON), given.pop("version", 1)
    source, event_id = given.pop("source", source), given.pop("id", f"{case_no}-{number}")
    received = at(received) if isinstance(received, str) else received
    return Row(next(_seqs), kind, claimed, 480, number, received, source, event_id, version, **head, data=EventData(**given))


def case(case_no: str, *events: Told, org: str = "D01", item: str = "permit", applicant: str = "", limit: str = "10wd",
         source: str = "hall", rungs: Sequence[tuple[str, str, int]] = (), statutory: str = "20wd") -> Trace:
    """A case of these events with its clocks, as the record would keep them."""
    rows = [row(event, number, case_no, source) for number, event in enumerate(events)]
    if applicant:
        rows[0] = Row(**{**{name: getattr(rows[0], name) for name in Row.__struct_fields__},
                         "data": EventData(**{**_given(rows[0].data), "applicant": applicant})})
    present = present_rows(rows)
    trace = Trace(case_id_of(AREA, case_no), AREA, case_no, org, item, present, rows, [], list(rungs))
    return Trace(trace.case_id, AREA, case_no, org, item, present, rows,
                 [*_clock(trace, "promised", limit), *_clock(trace, "statutory", statutory)], list(rungs))


def _given(data: EventData) -> dict[str, Any]:
    return {name: getattr(data, name) for name in EventData.__struct_fields__ if getattr(data, name) is not None}


def _clock(trace: Trace, kind: str, limit: str) -> list[ClockRow]:
    """Day by day, as most limits are judged; stops lengthen it by their working time."""
    accepted = trace.accepted
    if accepted is None or not limit:
        return []
    days = int(limit.removesuffix("wd"))
    stopped = sum(CALENDAR.measure(CALENDAR.to_local(start), CALENDAR.to_local(min(end, accepted.claimed_at + 90 * DAY_US)))
                  for start, end in trace.stops) // CALENDAR.day_us
    last = CALENDAR.add_working_days(accepted.day, days + stopped)
    closed = trace.closed
    return [ClockRow(kind, 0, 0, limit, accepted.claimed_at, CALENDAR.to_utc((last + 1) * DAY_US),
                     closed.claimed_at if closed else None)]


def honest(org: str, n: int, *, seed: int = 1, limit: str = "10wd", item: str = "permit", late: int = 0,
           **accepted: Any) -> list[Trace]:
    """n ordinary cases of April, each with three people, spread over days and minutes; the first `late` of them late."""
    rng, cases = Random(f"{org}/{seed}"), []
    for number in range(n):
        day = CALENDAR.add_working_days(day_of(MONTH[0]) - 1, rng.randrange(1, 7))
        took = rng.uniform(11.2, 12.5) if number < late else rng.uniform(2.0, 6.5)
        start = CALENDAR.to_utc(day * DAY_US + 9 * HOUR_US) + rng.randrange(0, 2 * HOUR_US)
        local, names = CALENDAR.to_local(start), [f"{org}-{name}" for name in ("甲", "乙", "丙")]
        instants = [CALENDAR.to_utc(CALENDAR.advance(local, int(part * CALENDAR.day_us)))
                    for part in (took * .5, took * .8, took)]
        events = [told("received", start - rng.randrange(4, 50) * MINUTE_US, actor=names[0]),
                  told("accepted", start, actor=names[0], **accepted), told("step", instants[0], step="审核", actor=names[1]),
                  told("decided", instants[1], actor=names[2]), told("concluded", instants[2], actor=names[2]),
                  told("collected", instants[2] + rng.randrange(1, 20) * HOUR_US)]
        cases.append(case(f"{org}-{seed}-{number:04d}", *events, org=org, item=item, limit=limit,
                          applicant=f"{org} 申请人 {number}"))
    return cases


class Directory:
    """A catalogue of the items a test names."""

    def __init__(self, **items: Any) -> None:
        self._items = items

    def item_of(self, case: Trace) -> Any:
        return self._items.get(case.item)


def detect(detector: str, cases: Iterable[Trace], *, directory: Directory | None = None, records: Any = None,
           now: str = "05-31 09:00", **changed: Any) -> list[Finding]:
    """The findings of one detector with its default parameters, but for those `changed`; unit by unit, as a run does it."""
    kind, default = BY_ID[detector], SETTINGS.of(detector, AREA)
    parameters = type(default).model_validate({**default.model_dump(), **changed})
    around = Surroundings(AREA, period(), at(now), CALENDAR, directory or Directory(), records)
    watch = kind(parameters, around, SETTINGS.version_of(parameters))
    by_org: dict[str, list[Trace]] = {}
    for one in cases:
        by_org.setdefault(one.org, []).append(one)
    for org in sorted(by_org):
        for one in sorted(by_org[org], key=lambda trace: trace.case_id):
            watch.see(one)
        watch.end_unit(org)
    return watch.findings()


def figures(findings: Sequence[Finding]) -> dict[tuple[str, str], tuple[int, int]]:
    """(subject, sign) → (k, n)."""
    return {(finding.subject, figure.sign): (figure.k, figure.n) for finding in findings for figure in finding.figures}


def shown(findings: Sequence[Finding], sign: str) -> list[str]:
    """The case numbers of the evidence of a sign, sorted."""
    return sorted(one.case_no for finding in findings for one in finding.evidence if one.sign == sign)
