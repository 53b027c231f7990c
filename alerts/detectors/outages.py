"""When nothing is heard: G23 断传/停机规避."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import Field

from alerts.detectors.base import Judged, Kind, Sign, Subject, Watch
from alerts.detectors.statistics import at_least
from alerts.detectors.trace import Row, Trace
from config.detectors import CommonParameters, Positive, Whole
from core.instants import DAY_US, HOUR_US


class G23Parameters(CommonParameters):
    outage_h: Positive = Field(description="Hours of silence that are an outage (upload within 24 h); an office day at least.")
    outage_hits: Whole = Field(description="Outages in the period that are worth a look.")
    expected: Positive = Field(description="Events it would have sent meanwhile at its usual pace: a quiet one is not cut off.")
    aligned_hits: Whole = Field(description="Limits that ran out during outages which are worth a look.")
    burst_h: Positive = Field(description="Hours after an outage in which old times come in.")
    old_h: Positive = Field(description="Age in hours from which a time that comes in then is old.")
    burst_hits: Whole = Field(description="Such rows after one outage that are worth a look.")


@dataclass(slots=True)
class _Hour:
    """What a source delivered in one hour."""

    rows: int = 0
    old: int = 0
    first: tuple[int, int] = (0, 0)
    example: tuple[Trace, Row] | None = None


@dataclass(slots=True)
class _Source:
    hours: dict[int, _Hour] = field(default_factory=dict)
    dues: list[int] = field(default_factory=list)


class G23Outages(Watch):
    """Silences longer than a day, whether limits fell into them more often than chance, and what came in afterwards.

    `aligned` compares the limits that ran out during outages with the part of the period that was silent (exact binomial).
    """

    id, needs = "G23", ("every event", "received_at")
    signs = (Sign("outage", (Judged.VALUE,)), Sign("aligned", (Judged.VALUE,)), Sign("burst", (Judged.VALUE,)))
    Parameters = G23Parameters

    def prepare(self) -> None:
        self._sources: dict[str, _Source] = defaultdict(_Source)

    def see(self, case: Trace) -> None:
        for row in case.versions or case.rows:
            if self.around.period.covers(row.received_at):
                self._heard(case, row)
        clock = case.clock
        if clock is None or clock.due_at is None or not self.around.period.covers(clock.due_at):
            return
        if case.closed is None or case.closed.claimed_at >= clock.due_at - DAY_US:  # it was open until just before
            self._sources[case.rows[-1].source].dues.append(clock.due_at)

    def _heard(self, case: Trace, row: Row) -> None:
        hour = self._sources[row.source].hours.setdefault(row.received_at // HOUR_US, _Hour())
        hour.rows += 1
        hour.old += row.received_at - row.claimed_at > self.p.old_h * HOUR_US
        key = (row.claimed_at, row.seq)
        if hour.example is None or key < hour.first:
            hour.first, hour.example = key, (case, row)

    def end(self) -> None:
        for name, source in sorted(self._sources.items()):
            if sum(hour.rows for hour in source.hours.values()) >= self.p.min_cases:
                self._judge(Subject(Kind.SOURCE, name, ""), source)

    def _judge(self, subject: Subject, source: _Source) -> None:
        gaps = self._gaps(source)
        if len(gaps) >= self.p.outage_hits:
            longest = max(end - start for start, end in gaps)
            self._show(subject, "outage", source, gaps)
            self.value(subject, "outage", len(gaps), len(source.hours), longest / HOUR_US, self.p.outage_h,
                       hours=round(longest / HOUR_US, 1))
            self._judge_alignment(subject, source, gaps)
            self._judge_bursts(subject, source, gaps)

    def _gaps(self, source: _Source) -> list[tuple[int, int]]:
        heard = sorted(source.hours)
        total = self._worked(heard[0] * HOUR_US, (heard[-1] + 1) * HOUR_US)
        pace = sum(hour.rows for hour in source.hours.values()) / max(total, 1)
        gaps = [((before + 1) * HOUR_US, after * HOUR_US) for before, after in pairwise(heard)]
        least = max(self.around.calendar.day_us, self.p.expected / pace)
        return [(start, end) for start, end in gaps
                if end - start > self.p.outage_h * HOUR_US and self._worked(start, end) >= least]

    def _worked(self, start: int, end: int) -> int:
        worked = self.around.worked(start, end)
        return end - start if worked is None else worked

    def _judge_alignment(self, subject: Subject, source: _Source, gaps: list[tuple[int, int]]) -> None:
        inside = sum(any(start <= due < end for start, end in gaps) for due in source.dues)
        silent = sum(end - start for start, end in gaps) / (self.around.period.until - self.around.period.since)
        chance = at_least(inside, len(source.dues), silent)
        if inside >= self.p.aligned_hits and chance <= self.p.alpha:
            self.value(subject, "aligned", inside, len(source.dues), inside / len(source.dues), silent, chance)

    def _judge_bursts(self, subject: Subject, source: _Source, gaps: list[tuple[int, int]]) -> None:
        bursts = [(start, end) for start, end in gaps if self._old_after(source, end) >= self.p.burst_hits]
        if bursts:
            old = sum(self._old_after(source, end) for _, end in bursts)
            self._show(subject, "burst", source, bursts)
            self.value(subject, "burst", old, len(bursts), float(old), float(self.p.burst_hits))

    def _old_after(self, source: _Source, end: int) -> int:
        first = end // HOUR_US
        return sum(hour.old for at, hour in source.hours.items() if first <= at < first + self.p.burst_h)

    def _show(self, subject: Subject, sign: str, source: _Source, gaps: list[tuple[int, int]]) -> None:
        """The first row heard after each silence."""
        for start, end in gaps:
            example = source.hours[end // HOUR_US].example
            if example is not None:
                self.show(subject, sign, example[0], [example[1]], silent_from=start, silent_until=end)
