"""Synthetic events laid over a real log: what its own never tell (ratings, returns, special procedures, applicants …), as a
file in the exchange format, and what plain loops over that file count. Imports nothing of the product.

Real cases get ratings; new cases of the real departments, opened on days of real ones, get everything else.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from tests.independent.plain import ONE_DAY, Case, IsWorkingDay

COLUMNS = ("area", "case_no", "id", "kind", "at", "org", "item", "channel", "score", "applicant_kind", "special_kind", "step",
           "step_due")
INSTANT, PROMISED = "gongan-08", "fagai-02"  # 即办件 and 承诺件 of the shipped catalogue
LIMITS = {INSTANT: (1, 3), PROMISED: (8, 20)}  # working days promised, and by law
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
    (("accepted", 0, {"item": PROMISED}), ("concluded", 5, {})), (("accepted", 0, {"item": PROMISED}), ("concluded", 45, {})),
    (("accepted", 0, {}), ("correction_notified", 2, {}), ("correction_received", 9, {}), ("concluded", 12, {})),
    (("accepted", 0, {}), ("step", 3, {"step": "初审", "step_due": "4"}), ("step", 8, {"step": "复审", "step_due": "6"}),
     ("concluded", 10, {})),
    (("consulted", 0, {}), ("answered", 4, {})), (("consulted", 0, {}),),
    (("complained", 0, {}), ("complaint_accepted", 1, {}), ("complaint_answered", 7, {})), (("complained", 0, {}),))
EVERY = 9  # how many real cases lie between two new ones
ENDS = {"returned", "not_accepted", "voided", "concluded"}
STOPS = (("special_started", "special_ended"), ("correction_notified", "correction_received"))
OPENINGS = {"received", "accepted", "received_instant", "received_promised", "received_persons", "received_companies"}


def rows_over(area_of: Callable[[str], str], cases: list[Case]) -> list[Row]:
    """What is laid over these cases; a department's rows are of its area."""
    return [row for number, case in enumerate(cases) for row in _of_case(number, area_of(case.department), case)]


def write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _of_case(number: int, area: str, case: Case) -> Iterator[Row]:
    def row(case_no: str, kind: str, day: date, more: dict[str, str]) -> Row:
        at = f"{day.isoformat()}T{10 + len(made) // 6:02}:{len(made) % 6 * 10:02}:00+01:00"  # in their order, whatever the day
        made.append(kind)
        return {"area": area, "case_no": case_no, "id": f"{case_no}/{len(made)}", "kind": kind, "at": at,
                "org": case.department, **more}

    made: list[str] = []
    if case.closed is not None and number % 8 == 0:  # rated twice by every second one: the last counts
        for after in range(1 + number % 16 // 8):
            score = {"score": str(1 + (number // 8 + after) % 5)}
            yield row(case.number, "rated", case.closed + timedelta(days=2 + after), score)
    if number % EVERY == 0:
        for kind, days, more in STORIES[number // EVERY % len(STORIES)]:
            until = {name: (case.opened + timedelta(days=int(value))).isoformat() if name == "step_due" else value
                     for name, value in more.items()}
            yield row(f"laid-{number}", kind, case.opened + timedelta(days=days), until)


# What it counts ---------------------------------------------------------------------------------------------------


def adds_of(rows: list[Row], cases: list[Case], is_working: IsWorkingDay) -> Iterator[Add]:
    """Every figure of the rows, on its own day and with the day by which the case belongs to those accepted then."""
    opened = {(case.department, case.number): case.opened for case in cases}
    stories: dict[tuple[str, str], list[tuple[str, date, Row]]] = {}
    for row in rows:
        stories.setdefault((row["org"], row["case_no"]), []).append((row["kind"], date.fromisoformat(row["at"][:10]), row))
    for (org, case_no), story in stories.items():
        days = {kind: day for kind, day, _ in story}
        cohort = opened.get((org, case_no)) or days.get("accepted") or story[0][1]
        for name, day, amount in _counted(story, days, is_working):
            yield org, day, day if name in OPENINGS else cohort, name, amount


def _counted(story: list[tuple[str, date, Row]], days: dict[str, date],
             is_working: IsWorkingDay) -> Iterator[tuple[str, date, int]]:
    first, _, row = story[0]
    if first in ("submitted", "received", "accepted"):
        yield "received", days[first], 1
        if row.get("applicant_kind"):
            yield {"person": "received_persons", "company": "received_companies"}[row["applicant_kind"]], days[first], 1
        if row.get("item"):
            yield {INSTANT: "received_instant", PROMISED: "received_promised"}[row["item"]], days[first], 1
    if "accepted" in days:
        yield "accepted", days["accepted"], 1
    for kind, name in (("consulted", "consultations"), ("answered", "consultations_answered"), ("complained", "complaints"),
                       ("complaint_answered", "complaints_answered"), ("special_started", "special"),
                       ("correction_notified", "corrections"), ("correction_notified", "corrected_once")):
        if kind in days:
            yield name, days[kind], 1
    for kind in ENDS & days.keys():
        yield kind, days[kind], 1
    if "rated" in days:
        yield "rated", days["rated"], 1
        yield "satisfied" if int(story[-1][2]["score"]) >= 3 else "dissatisfied", days["rated"], 1
    if "concluded" in days:
        yield from ((name, days["concluded"], amount) for name, amount in _conclusion(row, days, is_working).items())
        for done, due in ((day, one["step_due"]) for kind, day, one in story if kind == "step"):
            yield "steps", days["concluded"], 1
            yield "steps_over", days["concluded"], int(done > date.fromisoformat(due))


def _conclusion(row: Row, days: dict[str, date], is_working: IsWorkingDay) -> dict[str, int]:
    accepted, concluded, used = days["accepted"], days["concluded"], _used(days, is_working)
    found = {"timed": 1, "used_days": used, "same_day": int(accepted == concluded), "online": int("submitted" in days)}
    if row.get("item"):
        promised, statutory = LIMITS[row["item"]]
        found |= {"early" if used < promised else "late": 1, "promised_days": promised, "statutory_days": statutory,
                  "promised_used": used, "statutory_used": used, "both_promised": promised, "both_statutory": statutory,
                  "promised_in_time": int(row["item"] == PROMISED and used < promised)}
    return found


def _used(days: dict[str, date], is_working: IsWorkingDay) -> int:
    """The day a stop began counts, that of its end does not."""
    used, day = 0, days["accepted"]
    while day < days["concluded"]:
        day += ONE_DAY
        stopped = any(start in days and days[start] < day <= days[end] for start, end in STOPS)
        used += is_working(day) and not stopped
    return used
