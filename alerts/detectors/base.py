"""What every detector is made of: a watch that sees the cases of an area one by one, counts, and judges at the end.

A *sign* is one thing a detector looks for. Each is judged by one or more tests:

- `count`: every hit is a contradiction by itself; so many hits are worth a person's look.
- `norm`: the share of hits is above a stated norm, and by more than chance (exact binomial, Holm over the subjects).
- `peers`: the share is above mean + k sd of the units of the area, and by more than chance against the share of all others.
- a watch may also judge by itself (`value`): last digits, lengths, silent periods.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec

from alerts.detectors.statistics import at_least, holm, mean_and_sd
from alerts.detectors.trace import Row, Trace
from config.detectors import CommonParameters
from core.instants import DAY_US
from core.working_calendar import CalendarNotPublished, WorkingCalendar

EVIDENCE_MAX = 50   # rows kept of one sign
FINDING_MAX = 100   # and of one finding
PEERS_MAX = 80


class Kind(StrEnum):
    """What a finding is about."""

    UNIT = "unit"
    PERSON = "person"
    CASE = "case"
    SOURCE = "source"
    CARD = "card"


class Judged(StrEnum):
    """How a sign was judged."""

    COUNT = "count"
    NORM = "norm"
    PEERS = "peers"
    VALUE = "value"


class Sign(NamedTuple):
    """One thing a detector looks for. A norm's share is the parameter `<code>_share`; `<code>_hits` replaces min_hits."""

    code: str
    tests: tuple[Judged, ...]


class Subject(NamedTuple):
    """Whom or what the counting is about; `org` is the unit it belongs to ("" for a source)."""

    kind: str
    code: str
    org: str


class Evidence(msgspec.Struct, omit_defaults=True):
    """Journal rows that show the sign: of one case, or several rows of one happening."""

    sign: str
    at: int
    case_id: int
    area: str
    case_no: str
    seqs: tuple[int, ...]
    facts: dict[str, Any] = {}


class Figure(msgspec.Struct, omit_defaults=True):
    """One sign with its figures: `k` of `n`, the value judged and the threshold it passed."""

    sign: str
    test: str
    k: int
    n: int
    value: float
    threshold: float
    chance: float | None = None
    mean: float | None = None
    sd: float | None = None
    units: int = 0
    facts: dict[str, Any] = {}


class Finding(msgspec.Struct):
    """What a detector says about one subject in one period."""

    detector: str
    version: str
    level: int
    area: str
    org: str
    subject_kind: str
    subject: str
    figures: list[Figure]
    evidence: list[Evidence]
    evidence_count: int
    peers: list[tuple[str, float, int]]  # unit, value of the first figure's sign, n


class Period(NamedTuple):
    """[since, until) in microseconds UTC; `first` and `last` are its epoch days, both belong to it."""

    first: int
    last: int
    since: int
    until: int

    def covers(self, at: int) -> bool:
        return self.since <= at < self.until


class Directory(Protocol):
    """What detectors ask of the catalogue."""

    def item_of(self, case: Trace) -> Any:
        """The item in the version the case goes by; None for one nobody knows."""


@dataclass(frozen=True)
class Surroundings:
    """What is true around the cases of one area: period, present, calendar, catalogue, and what other tables know."""

    area: str
    period: Period
    now: int
    calendar: WorkingCalendar
    directory: Directory
    records: Any = None  # records.Records: cards, configuration log, roster

    def worked(self, since: int, until: int) -> int | None:
        """Working microseconds between two instants; None in a year whose calendar is not published."""
        try:
            return self.calendar.measure(self.calendar.to_local(since), self.calendar.to_local(until))
        except CalendarNotPublished:
            return None

    def working_days(self, after: int, upto: int) -> int | None:
        """Working days in (after, upto], epoch days; None where that is not known."""
        try:
            return self.calendar.working_days_between(after, upto)
        except CalendarNotPublished:
            return None

    def today(self) -> int:
        return self.calendar.today(self.now)


@dataclass(slots=True)
class Tally:
    """Counts of one sign for one subject; of the evidence the earliest rows are kept and all are counted."""

    n: int = 0
    k: int = 0
    evidence: list[tuple[int, str, int, Evidence]] = field(default_factory=list)

    def add(self, evidence: Evidence) -> None:
        entry = (evidence.at, evidence.case_no, evidence.case_id, evidence)
        if len(self.evidence) < EVIDENCE_MAX or entry[:3] < self.evidence[-1][:3]:
            insort(self.evidence, entry, key=lambda one: one[:3])
            del self.evidence[EVIDENCE_MAX:]


class Watch:
    """One detector at work in one area. Subclasses say what to count in `see`; `findings` judges."""

    id: ClassVar[str]
    signs: ClassVar[tuple[Sign, ...]]
    needs: ClassVar[tuple[str, ...]]  # event kinds and tables it lives on, named in docs/detectors.md
    Parameters: ClassVar[type[CommonParameters]] = CommonParameters

    def __init__(self, parameters: Any, around: Surroundings, version: str) -> None:
        self.p, self.around, self.version = parameters, around, version
        self.tallies: dict[str, dict[Subject, Tally]] = {sign.code: {} for sign in self.signs}
        self._fired: dict[Subject, list[Figure]] = {}
        self._values: dict[str, dict[str, tuple[float, int]]] = {}
        self.prepare()

    # To be said by each detector ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Set up what is kept from case to case."""

    def see(self, case: Trace) -> None:
        """Look at one case."""

    def end_unit(self, org: str) -> None:
        """All cases of the unit were seen: judge what several cases show together and forget them."""

    def end(self) -> None:
        """All units were seen."""

    # Counting -------------------------------------------------------------------------------------------------

    def count(self, subject: Subject, sign: str, n: int = 1) -> None:
        self._tally(subject, sign).n += n

    def hit(self, subject: Subject, sign: str, case: Trace, rows: Iterable[Row | None], **facts: Any) -> None:
        """One hit with the rows that show it."""
        self._tally(subject, sign).k += 1
        self.show(subject, sign, case, rows, **facts)

    def show(self, subject: Subject, sign: str, case: Trace, rows: Iterable[Row | None], **facts: Any) -> None:
        """Evidence of a hit that is counted elsewhere."""
        given = [row for row in rows if row is not None]
        at = given[0].claimed_at if given else self.around.period.since
        self.show_at(subject, sign, case, at, tuple(sorted({row.seq for row in given})), **facts)

    def show_at(self, subject: Subject, sign: str, case: Trace, at: int, seqs: tuple[int, ...] = (), **facts: Any) -> None:
        """Evidence that stands in another table than the journal."""
        self._tally(subject, sign).add(Evidence(sign, at, case.case_id, case.area, case.case_no, seqs, facts))

    def value(self, subject: Subject, sign: str, k: int, n: int, value: float, threshold: float, chance: float | None = None,
              **facts: Any) -> None:
        """A sign the watch has judged by itself."""
        figure = Figure(sign, Judged.VALUE, k, n, value, threshold, chance, facts=facts)
        self._fired.setdefault(subject, []).append(figure)

    def measured(self, org: str, sign: str, value: float, n: int) -> None:
        """A unit's value for the picture of the peers, where it is no share."""
        self._values.setdefault(sign, {})[org] = (value, n)

    def _tally(self, subject: Subject, sign: str) -> Tally:
        of_sign = self.tallies[sign]
        found = of_sign.get(subject)
        if found is None:
            found = of_sign[subject] = Tally()
        return found

    # Judging --------------------------------------------------------------------------------------------------

    def findings(self) -> list[Finding]:
        """Every subject with at least one sign, in a stable order."""
        self.end()
        for sign in self.signs:
            for test in sign.tests:
                for subject, figure in _JUDGES[test](self, sign.code):
                    if not any(one.sign == sign.code for one in self._fired.get(subject, ())):
                        self._fired.setdefault(subject, []).append(figure)
        return [self._finding(subject, figures) for subject, figures in sorted(self._fired.items())]

    def _finding(self, subject: Subject, figures: list[Figure]) -> Finding:
        order = [sign.code for sign in self.signs]
        figures.sort(key=lambda figure: order.index(figure.sign))
        shown = self._shown(subject, {figure.sign: None for figure in figures})
        return Finding(self.id, self.version, self.p.level, self.around.area, subject.org, subject.kind, subject.code,
                       figures, shown, sum(figure.k for figure in figures), self._peers(figures[0].sign, subject))

    def _shown(self, subject: Subject, signs: Iterable[str]) -> list[Evidence]:
        """The earliest rows of every sign, each with its fair share of what is kept."""
        tallies = [self.tallies[sign][subject] for sign in signs if subject in self.tallies[sign]]
        most = min(EVIDENCE_MAX, FINDING_MAX // max(1, len(tallies)))
        return [entry[3] for tally in tallies for entry in tally.evidence[:most]]

    def _peers(self, sign: str, subject: Subject) -> list[tuple[str, float, int]]:
        if sign in self._values:
            rows = [(org, value, n) for org, (value, n) in self._values[sign].items()]
        else:
            rows = [(one.code if one.kind == subject.kind else one.org, tally.k / tally.n, tally.n)
                    for one, tally in self.tallies[sign].items()
                    if tally.n >= self.p.min_cases and one.kind == subject.kind
                    and (subject.kind == Kind.UNIT or one.org == subject.org)]
        rows.sort(key=lambda row: (-row[1], row[0]))
        return [(name, round(value, 4), n) for name, value, n in rows[:PEERS_MAX]]

    def hits_needed(self, sign: str) -> int:
        return int(getattr(self.p, f"{sign}_hits", self.p.min_hits))

    def eligible(self, sign: str) -> list[tuple[Subject, Tally]]:
        """The subjects with enough cases to be judged by a share, in a stable order."""
        return sorted((item for item in self.tallies[sign].items() if item[1].n >= self.p.min_cases),
                      key=lambda item: item[0])


def unit(case: Trace) -> Subject:
    return Subject(Kind.UNIT, case.org, case.org)


def unit_of(org: str) -> Subject:
    return Subject(Kind.UNIT, org, org)


def person(case: Trace, name: str) -> Subject:
    return Subject(Kind.PERSON, name, case.org)


def days_text(us: int) -> float:
    """Days with one decimal, for facts people read."""
    return round(us / DAY_US, 1)


def _by_count(watch: Watch, sign: str) -> Iterable[tuple[Subject, Figure]]:
    needed = watch.hits_needed(sign)
    for subject, tally in sorted(watch.tallies[sign].items(), key=lambda item: item[0]):
        if tally.k >= needed:
            yield subject, Figure(sign, Judged.COUNT, tally.k, max(tally.n, tally.k), float(tally.k), float(needed))


def _by_norm(watch: Watch, sign: str) -> Iterable[tuple[Subject, Figure]]:
    norm = float(getattr(watch.p, f"{sign}_share"))
    rows = watch.eligible(sign)
    chances = holm([at_least(tally.k, tally.n, norm) for _, tally in rows])
    for (subject, tally), chance in zip(rows, chances, strict=True):
        share = tally.k / tally.n
        if tally.k >= watch.hits_needed(sign) and share > norm and chance <= watch.p.alpha:
            yield subject, Figure(sign, Judged.NORM, tally.k, tally.n, share, norm, chance)


def _by_peers(watch: Watch, sign: str) -> Iterable[tuple[Subject, Figure]]:
    rows = [(subject, tally) for subject, tally in watch.eligible(sign) if subject.kind == Kind.UNIT]
    if len(rows) < watch.p.min_units:
        return
    mean, sd = mean_and_sd([tally.k / tally.n for _, tally in rows])
    limit = mean + watch.p.sd * sd
    chances = holm(_against_others([(tally.k, tally.n) for _, tally in rows]))
    for (subject, tally), chance in zip(rows, chances, strict=True):
        share = tally.k / tally.n
        if tally.k >= watch.hits_needed(sign) and share > limit and chance <= watch.p.alpha:
            yield subject, Figure(sign, Judged.PEERS, tally.k, tally.n, share, limit, chance, mean, sd, len(rows))


def _against_others(counts: Sequence[tuple[int, int]]) -> list[float]:
    """How surprising each unit's hits are where the pooled share of all others is normal (at least one hit in all of them)."""
    hits, cases = sum(k for k, _ in counts), sum(n for _, n in counts)
    return [at_least(k, n, max(hits - k, 1) / max(cases - n, 1)) for k, n in counts]


def _by_itself(_watch: Watch, _sign: str) -> Iterable[tuple[Subject, Figure]]:
    return ()


_JUDGES = {Judged.COUNT: _by_count, Judged.NORM: _by_norm, Judged.PEERS: _by_peers, Judged.VALUE: _by_itself}
