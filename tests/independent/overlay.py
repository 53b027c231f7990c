"""Synthetic events laid over a real log: what its own never tell (ratings, returns, special procedures, applicants …), as a
file in the exchange format, and what plain loops over that file count. Imports nothing of the product.

Real cases get ratings; new cases of the real departments, opened on days of real ones, get everything else.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tests.independent.plain import ONE_DAY, Case, IsWorkingDay

COLUMNS = ("area", "case_no", "id", "kind", "at", "org", "item", "channel", "score", "applicant_kind", "special_kind")
INSTANT = "gongan-08"  # 即办件 of the shipped catalogue: one working day promised, three by law
Row = dict[str, str]
Add = tuple[str, date, date, str, int]  # department, own day, day of the acceptance, figure, how much
STORIES: tuple[tuple[tuple[str, int, dict[str, str]], ...], ...] = (  # kind, days after the opening, columns
    (("submitted", 0, {"channel": "web", "applicant_kind": "person"}), ("accepted", 1, {}), ("concluded", 6, {}),
     ("rated", 8, {"score": "4"})),
    (("received", 0, {"applicant_kind": "company"}), ("returned", 2, {})),
    (("received", 0, {"applicant_kind": "person"}), ("not_accepted", 3, {})),
    (("accepted", 0, {}), ("voided", 5, {})),
    (("accepted", 0, {}), ("special_started", 2, {"special_kind": "hearing"}), ("special_ended", 9, {}), ("concluded", 15, {})),
    (("accepted", 0, {"item": INSTANT}), ("concluded", 0, {})),
    (("consulted", 0, {}), ("answered", 4, {})), (("consulted", 0, {}),),
    (("complained", 0, {}), ("complaint_accepted", 1, {}), ("complaint_answered", 7, {})), (("complained", 0, {}),))
EVERY = 9  # how many real cases lie between two new ones
ENDS = {"returned", "not_accepted", "voided", "concluded"}
OPENINGS = {"received", "accepted", "received_instant", "received_persons", "received_companies"}


def lay_over(path: Path, area: str, cases: list[Case]) -> list[Row]:
    """Write the file; returns its rows."""
    rows = [row for number, case in enumerate(cases) for row in _of_case(number, area, case)]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _of_case(number: int, area: str, case: Case) -> Iterator[Row]:
    def row(case_no: str, kind: str, day: date, more: dict[str, str]) -> Row:
        at = f"{day.isoformat()}T{10 + len(made) // 6:02}:{len(made) % 6 * 10:02}:00+01:00"  # in their order, whatever the day
        made.append(kind)
        return {"area": area, "case_no": case_no, "id": f"{case_no}/{len(made)}", "kind": kind, "at": at,
                "org": case.department, **more}

    made: list[str] = []
    if case.closed is not None and number % 4 == 0:  # rated twice by every second one: the last counts
        for after in range(1 + number % 8 // 4):
            score = {"score": str(1 + (number // 4 + after) % 5)}
            yield row(case.number, "rated", case.closed + timedelta(days=2 + after), score)
    if number % EVERY == 0:
        for kind, days, more in STORIES[number // EVERY % len(STORIES)]:
            yield row(f"laid-{number}", kind, case.opened + timedelta(days=days), more)


# What it counts ---------------------------------------------------------------------------------------------------


def adds_of(rows: list[Row], cases: list[Case], is_working: IsWorkingDay) -> Iterator[Add]:
    """Every figure of the rows, on its own day and with the day by which the case belongs to those accepted then."""
    opened = {case.number: case.opened for case in cases}
    stories: dict[str, list[tuple[str, date, Row]]] = {}
    for row in rows:
        stories.setdefault(row["case_no"], []).append((row["kind"], date.fromisoformat(row["at"][:10]), row))
    for case_no, story in stories.items():
        days = {kind: day for kind, day, _ in story}
        cohort = opened.get(case_no) or days.get("accepted") or story[0][1]
        for name, day, amount in _counted(story, days, is_working):
            yield story[0][2]["org"], day, day if name in OPENINGS else cohort, name, amount


def _counted(story: list[tuple[str, date, Row]], days: dict[str, date],
             is_working: IsWorkingDay) -> Iterator[tuple[str, date, int]]:
    first, _, row = story[0]
    if first in ("submitted", "received", "accepted"):
        yield "received", days[first], 1
        if row.get("applicant_kind"):
            yield {"person": "received_persons", "company": "received_companies"}[row["applicant_kind"]], days[first], 1
        if row.get("item") == INSTANT:
            yield "received_instant", days[first], 1
    if "accepted" in days:
        yield "accepted", days["accepted"], 1
    for kind, name in (("consulted", "consultations"), ("answered", "consultations_answered"), ("complained", "complaints"),
                       ("complaint_answered", "complaints_answered"), ("special_started", "special")):
        if kind in days:
            yield name, days[kind], 1
    for kind in ENDS & days.keys():
        yield kind, days[kind], 1
    if "rated" in days:
        yield "rated", days["rated"], 1
        yield "satisfied" if int(story[-1][2]["score"]) >= 3 else "dissatisfied", days["rated"], 1
    if "concluded" in days:
        yield from ((name, days["concluded"], amount) for name, amount in _conclusion(row, days, is_working).items())


def _conclusion(row: Row, days: dict[str, date], is_working: IsWorkingDay) -> dict[str, int]:
    accepted, concluded = days["accepted"], days["concluded"]
    found = {"timed": 1, "used_days": _used(days, is_working), "same_day": int(accepted == concluded),
             "online": int("submitted" in days)}
    if row.get("item") == INSTANT:  # done at once: before the day it was promised for
        found |= {"early": 1, "promised_days": 1, "statutory_days": 3, "both_promised": 1, "both_statutory": 3}
    return found


def _used(days: dict[str, date], is_working: IsWorkingDay) -> int:
    """The day a special procedure began counts, that of its end does not."""
    used, day = 0, days["accepted"]
    while day < days["concluded"]:
        day += ONE_DAY
        stopped = "special_started" in days and days["special_started"] < day <= days["special_ended"]
        used += is_working(day) and not stopped
    return used
