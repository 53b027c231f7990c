"""One run: the journal of a period is read once, and every detector sees every case of its area.

Running again changes nothing; a run after more data came in updates what it finds and marks what is no longer found.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from alerts.detectors.base import Directory, Finding, Period, Surroundings, Watch
from alerts.detectors.findings import FindingService, RunLine
from alerts.detectors.reading import JournalReader, UnitCases
from alerts.detectors.records import Records, areas_reporting
from alerts.detectors.registry import BY_ID, DETECTORS
from alerts.detectors.trace import Trace
from cases.areas import Areas
from config.detectors import DetectorSettings
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.instants import DAY_US, HOUR_US, date_of, day_of

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Work:
    """A detector at work in one area, with what it cost."""

    watch: Watch
    seconds: float = 0.0
    cases: int = 0
    error: str = ""

    def do(self, what: Callable[[], object]) -> None:
        """A detector that raises is left out of this run and reported; the others go on."""
        if self.error:
            return
        started = perf_counter()
        try:
            what()
        except Exception as error:
            log.exception("detector %s failed", self.watch.id)
            self.error = repr(error)
        self.seconds += perf_counter() - started


@dataclass(slots=True)
class RunReport:
    """What a run found and what it cost."""

    period: Period
    findings: list[Finding] = field(default_factory=list)
    lines: list[RunLine] = field(default_factory=list)
    rows_read: int = 0
    seconds: float = 0.0
    found: int = 0    # findings that were not known before
    changed: int = 0  # known ones with other figures
    ended: int = 0    # known ones that are no longer true

    @property
    def failed(self) -> list[str]:
        return sorted({line.detector for line in self.lines if line.error})


class Detection:
    """Runs the detectors over a period and hands what they found to the findings."""

    def __init__(self, database: Database, clock: Clock, areas: Areas, directory: Directory, settings: DetectorSettings,
                 findings: FindingService, max_days: int = 400) -> None:
        self._database, self._clock, self._areas = database, clock, areas
        self.directory, self._settings, self._findings = directory, settings, findings
        self._max_days = max_days

    def run(self, period: Period, only: Collection[str] = (), *, save: bool = True) -> RunReport:
        """Run all detectors, or `only` those named. With `save=False` nothing is written. Raises InvalidInput."""
        unknown = sorted(set(only) - BY_ID.keys())
        if unknown:
            raise InvalidInput("detector_unknown", detector=unknown[0], accepted=", ".join(BY_ID))
        started_at, started = self._clock.now_us(), perf_counter()
        report, reader = RunReport(period), JournalReader(self._database)
        by_area: dict[str, list[UnitCases]] = {}
        for unit in reader.units(period):
            by_area.setdefault(unit.area, []).append(unit)
        with self._database.read() as conn:
            reporting = areas_reporting(conn, period)
        for area in sorted(by_area.keys() | reporting):
            self._run_area(area, by_area.get(area, []), reader, report, only)
        report.rows_read, report.seconds = reader.rows_read, perf_counter() - started
        if save:
            report.found, report.changed, report.ended = self._findings.save(
                period, started_at, report.findings, report.lines, self._ran(report, only), self._parameters)
        return report

    def period_of(self, first: int, last: int) -> Period:
        """The period of these epoch days, both included, on the clock of the default area. Raises InvalidInput."""
        if last - first >= self._max_days:
            raise InvalidInput("detector_period_too_long", days=last - first + 1, max=self._max_days)
        if last < first:
            raise InvalidInput("detector_period_backwards", first=date_of(first).isoformat(), last=date_of(last).isoformat())
        calendar = self._areas.default.calendar
        return Period(first, last, calendar.to_utc(first * DAY_US), calendar.to_utc((last + 1) * DAY_US))

    def run_due(self, from_hour: int, settle_days: int) -> list[RunReport]:
        """The nightly run, once a day from that hour on the default area's clock; nothing when today's is done.

        The day is remembered after its runs: one that was cut short is done again, and doing it twice changes nothing.
        """
        calendar, now = self._areas.default.calendar, self._clock.now_us()
        day, in_day = divmod(calendar.to_local(now), DAY_US)
        if in_day < from_hour * HOUR_US or self._findings.done_on() == day:
            return []
        reports = [self.run(period) for period in self.months_due(settle_days)]
        self._findings.remember_done(day)
        return reports

    def months_due(self, settle_days: int) -> list[Period]:
        """The month of yesterday, and in the first days of a month the one before, whose late data is still coming in."""
        today = self._areas.default.calendar.today(self._clock.now_us())
        months = [_month(today - 1)]
        if date_of(today).day <= settle_days:
            months.insert(0, _month(months[0][0] - 1))
        return [self.period_of(*month) for month in dict.fromkeys(months)]

    def _run_area(self, area: str, units: Sequence[UnitCases], reader: JournalReader, report: RunReport,
                  only: Collection[str]) -> None:
        works, rows_before = self._works(area, report.period, only), reader.rows_read
        for unit in units:
            for chunk in reader.chunks(unit):
                for work in works:
                    work.do(partial(_see, work, chunk))
            for work in works:
                work.do(partial(work.watch.end_unit, unit.org))
        for work in works:
            found: list[Finding] = []
            work.do(partial(_judge, work, found))
            report.findings += found
            report.lines.append(RunLine(work.watch.id, area, round(work.seconds * 1000), work.cases,
                                        reader.rows_read - rows_before, len(found), work.error))

    def _works(self, area: str, period: Period, only: Collection[str]) -> list[_Work]:
        calendar = self._areas.for_area(area)
        around = Surroundings(area, period, self._clock.now_us(), calendar, self.directory,
                              Records(self._database, period, calendar))
        works = []
        for detector in DETECTORS:
            parameters = self._settings.of(detector.id, area)
            if parameters.enabled and (not only or detector.id in only):
                works.append(_Work(detector(parameters, around, self._settings.version_of(parameters))))
        return works

    def _ran(self, report: RunReport, only: Collection[str]) -> set[str]:
        """The detectors whose silence counts: those that ran in every area. One that raised ends nothing."""
        return {detector.id for detector in DETECTORS if not only or detector.id in only} - set(report.failed)

    def _parameters(self, finding: Finding) -> dict[str, object]:
        return self._settings.of(finding.detector, finding.area).model_dump(mode="json")


def _see(work: _Work, chunk: Sequence[Trace]) -> None:
    for case in chunk:
        work.watch.see(case)
    work.cases += len(chunk)


def _judge(work: _Work, found: list[Finding]) -> None:
    found += work.watch.findings()


def _month(day: int) -> tuple[int, int]:
    """First and last epoch day of the month a day lies in."""
    date = date_of(day)
    first = day_of(date.replace(day=1))
    following = date_of(first + 31)
    return first, day_of(following.replace(day=1)) - 1
