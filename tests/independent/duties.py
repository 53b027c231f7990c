"""What becomes of the bad ratings laid over a log: in the product by its own services, and as plain loops count it.

Only `follow_up` knows the product; the loops below it do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from bootstrap import Services, build_services
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock
from supervision.complaints.queries import WantedComplaints
from tests.independent import overlay
from tests.independent.overlay import Add, Row
from tests.independent.plain import ONE_DAY, IsWorkingDay
from tests.independent.product import Product

OFFICER = Actor("officer", frozenset({Role.DUTY_OFFICER, Role.INSPECTOR}), display_name="值班员")
# The days on which ratings are looked for, each for a half of the cases, and what becomes of a bad one in turn: answered after
# so many days, called back about after so many, with this result.
LOOKED = (date(2012, 3, 1), date(2012, 5, 16))
FATES = ((3, None, ""), (6, 8, "satisfied"), (None, None, ""), (2, 4, "dissatisfied"), (5, None, ""))
Fate = tuple[int | None, int | None, str]


def halves(rows: list[Row]) -> list[list[Row]]:
    """The rows by the days on which their ratings are looked for."""
    cases = {place: number for number, place in enumerate(dict.fromkeys((row["org"], row["case_no"]) for row in rows))}
    first = [row for row in rows if cases[row["org"], row["case_no"]] < len(cases) // 2]
    return [first, [row for row in rows if cases[row["org"], row["case_no"]] >= len(cases) // 2]]


def fates(rows: list[Row]) -> dict[tuple[str, str], Fate]:
    """What becomes of the bad ratings of each case."""
    bad = dict.fromkeys((row["org"], row["case_no"]) for row in rows if _is_bad(row))
    return {place: FATES[number % len(FATES)] for number, place in enumerate(bad)}


def _is_bad(row: Row) -> bool:
    return row["kind"] == "rated" and int(row["score"]) <= 2


# In the product ---------------------------------------------------------------------------------------------------

def follow_up(product: Product, rows: list[Row]) -> None:
    """Load the rows and have what becomes of them recorded, each on its day."""
    clock = FrozenClock(_noon(LOOKED[0]))
    services = build_services(load_settings({"database.url": product.url}, env=product.settings), clock)
    services.follow_up.watch()  # what was rated before is history
    for day, half in zip(LOOKED, halves(rows), strict=True):
        path = product.folder / f"laid_over_{day}.csv"
        overlay.write(path, half)
        product.load_more(path, "yangguang_csv")
        clock.move_to(_noon(day))
        services.follow_up.watch()
        _decide(services, clock, day, fates(half))
    services.database.dispose()


def _decide(services: Services, clock: FrozenClock, day: date, fate_of: dict[tuple[str, str], Fate]) -> None:
    desk = services.follow_up
    listed, _ = desk.complaint_queries.listed(OFFICER, WantedComplaints("rating"), clock.now_us(), 1000)
    for no, answered, called_back, result in ((row.no, *fate_of[row.org, row.about_case]) for row in listed
                                              if (row.org, row.about_case) in fate_of):
        rev = desk.complaint_queries.find(no, OFFICER).head.rev
        if answered is not None:
            clock.move_to(_noon(day + timedelta(days=answered)))
            desk.complaints.answer(no, rev, OFFICER, "已整改。")
        if called_back is not None:
            clock.move_to(_noon(day + timedelta(days=called_back)))
            desk.complaints.call_back(no, rev + 1, OFFICER, result, "已回访。")


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(10), UTC)


# As it is counted ---------------------------------------------------------------------------------------------------

def adds_of(rows: list[Row], is_working: IsWorkingDay) -> Iterator[Add]:
    """Every bad rating on the day it was looked for; one the rater is still not content with is open again."""
    for day, half in zip(LOOKED, halves(rows), strict=True):
        fate_of = fates(half)
        for row in filter(_is_bad, half):
            answered, called_back, result = fate_of[row["org"], row["case_no"]]
            found = {"bad_duties": 1, "called_back": int(called_back is not None)}
            if answered is not None and result != "dissatisfied":
                found |= {"rectified": 1, "rectified_days": _between(day, answered, is_working)}
            for name, amount in found.items():
                yield row["org"], day, day, name, amount


def _between(day: date, days: int, is_working: IsWorkingDay) -> int:
    return sum(is_working(day + ONE_DAY * n) for n in range(1, days + 1))
