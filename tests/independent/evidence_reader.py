"""A stranger with the printed evidence of a card: works out the due instant from the words on the paper alone.

Not a line of the product. Reads what `pdftotext -layout` gives: the first instant, the limit, the office hours, the stops, and
for every day whether the calendar calls it a working day. Everything else on the paper is only compared with.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

_FACT = re.compile(r"^\s*(时限种类|起算时刻|时限|判定方式|办公时间|到期时刻|到期日)\s{2,}(\S.*)$")
_DAY = re.compile(r"^\s*(\d{4}-\d\d-\d\d)\s+[一二三四五六日]\s+(工作日|非工作日)\S*\s.*?(计入|不计)")
_STOP = re.compile(r"^\s*\d+\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*)\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*|—)\s*$")
_UNITS = {"个工作日": "wd", "个自然日": "cd", "个工作小时": "wh"}
_FAR = datetime.fromisoformat("9999-01-01")


@dataclass
class Clock:
    """One section 时限计算 of the paper; instants as printed, on the wall clock of the source."""

    facts: dict[str, str] = field(default_factory=dict)
    working: dict[date, bool] = field(default_factory=dict)
    counted: list[date] = field(default_factory=list)
    stops: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def stated_due(self) -> datetime:
        return _instant(self.facts["到期时刻"])

    def due(self) -> datetime:
        """The instant from which it is late, by the method the paper describes."""
        started, (amount, unit) = _instant(self.facts["起算时刻"]), self._limit()
        if unit == "wh" or self.facts["判定方式"] == "按时刻":
            return self._by_time(started, amount, unit)
        return datetime.combine(self._by_days(started.date(), int(amount), unit) + timedelta(days=1), time())

    def _limit(self) -> tuple[float, str]:
        found = re.match(r"([\d.]+)\s*(\S+)", self.facts["时限"])
        assert found is not None, self.facts
        return float(found[1]), _UNITS[found[2]]

    def _hours(self) -> list[tuple[time, time]]:
        spans = [span.split("–") for span in self.facts["办公时间"].split("、")]
        return [(time.fromisoformat(start), time.fromisoformat(end)) for start, end in spans]

    def _by_days(self, opened: date, amount: int, unit: str) -> date:
        day = opened
        while amount > 0:
            day += timedelta(days=1)
            counts = unit == "cd" or self.working[day]
            stopped = any(start.date() < day <= end.date() for start, end in self.stops)
            amount -= counts and not stopped
        return day

    def _by_time(self, started: datetime, amount: float, unit: str) -> datetime:
        hours = self._hours()
        whole = sum(
            (datetime.combine(date.min, end) - datetime.combine(date.min, start) for start, end in hours), timedelta()
        )
        left = {"wd": whole, "wh": timedelta(hours=1), "cd": timedelta(days=1)}[unit] * amount
        for day in sorted(self.working):
            spans = [(time.min, time.max)] if unit == "cd" else hours if self.working[day] else []
            for begin, end in spans:
                for open_from, open_until in self._open(
                    max(datetime.combine(day, begin), started), datetime.combine(day, end)
                ):
                    if open_until - open_from >= left:
                        return open_from + left
                    left -= open_until - open_from
        raise AssertionError("the days on the paper end before the limit is reached")

    def _open(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """What the stops leave of a span."""
        pieces = [(begin, end)] if begin < end else []
        for start, until in self.stops:
            pieces = [piece for a, b in pieces for piece in ((a, min(b, start)), (max(a, until), b)) if piece[0] < piece[1]]
        return pieces


def read(pdf: Path) -> list[Clock]:
    """The clocks on the paper, in its order."""
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode("utf-8")
    clocks: list[Clock] = []
    for line in text.splitlines():
        if line.strip().endswith("、时限计算"):
            clocks.append(Clock())
        elif clocks:
            _take(clocks[-1], line)
    return clocks


def _take(clock: Clock, line: str) -> None:
    if fact := _FACT.match(line):
        clock.facts.setdefault(fact[1], fact[2].strip())
    elif day := _DAY.match(line):
        on = date.fromisoformat(day[1])
        clock.working[on] = day[2] == "工作日"
        if day[3] == "计入":
            clock.counted.append(on)
    elif stop := _STOP.match(line):
        clock.stops.append((datetime.fromisoformat(stop[1]), _FAR if stop[2] == "—" else datetime.fromisoformat(stop[2])))


def _instant(text: str) -> datetime:
    """The printed wall clock; its offset is the same on the whole section."""
    return datetime.fromisoformat(text).replace(tzinfo=None)
