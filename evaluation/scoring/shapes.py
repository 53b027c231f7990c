"""Scores as the interface tells and takes them: plain points instead of hundredths, instants with their zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from config.scoring import Scheme
from core.instants import from_us
from evaluation.scoring.calculation import PartScore, Score, unbounded_total
from evaluation.scoring.grading import Line, causes_of, spared
from evaluation.scoring.queries import AppealRow
from evaluation.scoring.rows import DepartmentRow, ScoringRow

Month = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d$")]


PeriodGiven = Annotated[str, msgspec.Meta(pattern=r"^\d{4}(-\d\d|-H[12])?$")]


class SchemeShown(msgspec.Struct, frozen=True):
    """A scheme in force; version 0 is the shipped one. `content` has the shape of config/scoring."""

    code: str
    version: int
    content: dict[str, Any]


class PartShown(msgspec.Struct, frozen=True):
    """Points of a part; `is_graded` false: nothing to grade it by, so it has all of them."""

    points: float
    top: float
    is_graded: bool


class ClauseShown(msgspec.Struct, frozen=True):
    """A veto of the scheme by its number: the grade at best, the points at most; of the month alone, or of the whole."""

    number: int
    label: dict[str, str]
    grade: str | None
    most: float | None
    period: str


class HeldShown(msgspec.Struct, frozen=True):
    """A veto that holds, and the numbers of the lines it rests on; none where a month of a longer span met it."""

    number: int
    lines: tuple[int, ...]


class FloorShown(msgspec.Struct, frozen=True):
    """A part whose deductions were stopped by its floor; `spared` are the points they would have taken beyond."""

    floor: float
    spared: float


class DepartmentShown(msgspec.Struct, frozen=True):
    """A department's score in points. `total` is null where nothing happened; `published` is the total before appeals;
    `accepted` how many cases it rests on; `vetoes` are numbers of the scheme's."""

    org: str
    total: float | None
    place: int | None
    grade: str | None
    bonus: float
    parts: dict[str, PartShown]
    vetoes: tuple[int, ...]
    published: float | None = None
    accepted: int | None = None


class LineShown(msgspec.Struct, frozen=True):
    """One deduction or addition. `evidence` are keys (card:1, case:area/number, entry:1, item:code, complaint:number); `above`
    and `below` what a share was made of; `gives_back` the number of the line an appeal gave back."""

    number: int
    rule: str
    part: str
    points: float
    evidence: tuple[str, ...]
    above: float | None
    below: float | None
    gives_back: int | None


class ScoringShown(msgspec.Struct, frozen=True):
    """A scoring of a month (2026-03), half-year (2026-H1) or year (2026); `digest` is the SHA-256 of what was frozen,
    `rests_on` the numbers of the months' scorings a longer one is made of."""

    id: int
    scheme: str
    version: int
    month: str
    area: str
    state: str
    made_by: str
    made_at: str
    published_by: str | None
    published_at: str | None
    appeal_until: str | None
    frozen_at: str | None
    digest: str
    rests_on: tuple[int, ...] = ()


class ScoringList(msgspec.Struct, frozen=True):
    """The newest month first."""

    scorings: list[ScoringShown]


class ScoresTold(msgspec.Struct, frozen=True):
    """A scoring with the departments this person may see. `present`: what the record says today, where it differs; `vetoes`:
    the clauses of its scheme."""

    scoring: ScoringShown
    departments: list[DepartmentShown]
    present: dict[str, float | None]
    vetoes: list[ClauseShown] = []


class DepartmentTold(msgspec.Struct, frozen=True):
    """One department with everything its score is made of. `before_vetoes`: what the total would be without them; `floors` of
    a month, by part."""

    department: DepartmentShown
    lines: list[LineShown]
    appeals: list[AppealRow]
    before_vetoes: float | None = None
    vetoes: list[HeldShown] = []
    floors: dict[str, FloorShown] = {}


class PreviewWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`month` as 2026-03. `content` instead of the scheme in force: what-if."""

    scheme: str
    month: Month
    area: str = ""
    content: dict[str, Any] | None = None


class Preview(msgspec.Struct, frozen=True):
    """What a month would have; nothing is kept of it."""

    departments: list[DepartmentShown]


class PeriodTold(msgspec.Struct, frozen=True):
    """Half-year or year as it would be now: the mean of `months`, of `expected` there are; discipline counts in the year.
    `scoring` is the number of the published one, if there is."""

    scheme: str
    first: str
    last: str
    months: tuple[str, ...]
    expected: int
    departments: list[DepartmentShown]
    scoring: int | None = None


class ScoringWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`month` as 2026-03, or 2026-H1, 2026: a half-year or year, once its months are frozen; `area` "" is every area."""

    scheme: str
    month: PeriodGiven
    area: str = ""


class ReasonGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str


class AppealWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`line` is the number of the deduction among those of one's own department."""

    line: int
    reason: str


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    granted: bool
    reason: str


class Numbered(msgspec.Struct, frozen=True):
    """The number of what was made or changed."""

    id: int


def scoring_shown(row: ScoringRow) -> ScoringShown:
    return ScoringShown(row.id, row.scheme, row.version, row.period, row.area, row.state, row.made_name,
                        from_us(row.made_at).isoformat(), row.decided_name, _instant(row.published_at),
                        _instant(row.appeal_until), _instant(row.frozen_at), row.digest, row.months)


def department_shown(row: DepartmentRow) -> DepartmentShown:
    return DepartmentShown(row.org, points(row.total), row.place, row.grade, row.bonus / 100, _parts(row.parts), row.vetoes,
                           points(row.first_total), row.accepted)


def score_shown(score: Score, place: int | None, accepted: int | None = None) -> DepartmentShown:
    return DepartmentShown(score.org, points(score.total), place, score.grade, score.bonus / 100, _parts(score.parts),
                           score.vetoes, None, accepted)


def lines_shown(lines: list[Line]) -> list[LineShown]:
    return [LineShown(number, line.rule, line.part, line.points / 100, line.evidence, line.above, line.below, line.of)
            for number, line in enumerate(lines)]


def clauses_shown(scheme: Scheme) -> list[ClauseShown]:
    return [ClauseShown(number, veto.label.model_dump(), veto.grade, None if veto.most is None else float(veto.most),
                        veto.period) for number, veto in enumerate(scheme.vetoes)]


def department_told(scoring: ScoringRow, row: DepartmentRow, lines: list[Line], appeals: list[AppealRow]) -> DepartmentTold:
    """With the clauses that bound it and the floors that spared it."""
    scheme = scoring.rules
    held = [HeldShown(number, causes_of(scheme.vetoes[number], lines)) for number in row.vetoes]
    before = None if row.total is None else unbounded_total(scheme, row.org, row.parts, row.bonus)
    floors = {code: FloorShown(float(part.floor), beyond / 100) for code, part in scheme.parts.items()
              if scoring.is_month and (beyond := spared(part, lines, code))}
    return DepartmentTold(department_shown(row), lines_shown(lines), appeals, points(before), held, floors)


def points(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def _parts(parts: Mapping[str, PartScore]) -> dict[str, PartShown]:
    return {code: PartShown(part.points / 100, part.top / 100, part.is_graded) for code, part in parts.items()}


def _instant(us: int | None) -> str | None:
    return None if us is None else from_us(us).isoformat()
