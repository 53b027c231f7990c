"""The comparison over HTTP: units side by side, and one over time, with all the page shows and by the page's very rights.

The query is the page's address (evaluation/wish.py), so that a view and its figures are one link apart. A choice that cannot
be understood is refused here, where nobody sees what was shown instead; a department or area nothing was counted of has no
units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, Request, Response, request
from werkzeug.datastructures import MultiDict

from core.access import Actor
from core.api_document import READERS, Operation
from core.errors import InvalidInput, NotAuthenticated
from evaluation import wording
from evaluation.assembly import Evaluation
from evaluation.comparison import Question, Row, SideBySide
from evaluation.control_charts import Point, Signal
from evaluation.corrected import as_told, of_subject, of_units
from evaluation.happenings import Happening
from evaluation.http import FigureShown, shown
from evaluation.over_time import Course, Grain, Season
from evaluation.seasons import period_of
from evaluation.wish import BYS, COLUMN_SETS, FIELDS, Wish, columns_of, wish_of
from evaluation.wording import Say
from web.json_http import as_json

PREFIX = "/api/v1/comparison"
LOOK = "comparison_export"  # the same figures as the page's files, and written down as they are
PERIODS = "2026-03, 2026-Q1, 2026-H1, 2026, 2026-03-01..2026-03-15"


class UnitShown(msgspec.Struct, frozen=True):
    """A unit side by side with others. `key` and `name` are empty where a department user is not told whose it is; the figures
    of such a unit are rounded. `low` and `high`: 95 % interval. `rank`, and from `best` to `worst` where it may truly stand;
    null where it has no place, `why` then says why (none, few, count, neither, spread, hidden). `zone`: beyond the upper 99.8 %
    limit 2, the 95 % limit 1, within 0, below -1 and -2; of means, whether an interval as wide leaves the common value out.
    `figures`: the indicators beside the one compared."""

    key: str
    name: str
    is_own: bool
    value: float | None
    numerator: float | None
    denominator: float | None
    low: float | None
    high: float | None
    rank: int | None
    best: int | None
    worst: int | None
    why: str
    why_words: str
    zone: int
    figures: tuple[FigureShown, ...]


class FunnelLimits(msgspec.Struct, frozen=True):
    """The limits at one size: 95 % (near) and 99.8 % (far) of units that are all alike lie between."""

    size: float
    near_low: float
    near_high: float
    far_low: float
    far_high: float


class ComparisonTold(msgspec.Struct, frozen=True):
    """What GET /api/v1/comparison answers, best first, those without a place last. `common` is the value of all together;
    `dispersion`: how many times the spread is what chance gives. `sentences` say what the picture shows. `corrected_rows`:
    departments' days of the units shown that changed after they were over (of the own unit alone where others have no name),
    `corrected_at`: when last; null for figures by the day of acceptance."""

    first: str
    last: str
    by: str
    area: str
    basis: str
    version: str
    corrected_rows: int | None
    corrected_at: str | None
    indicator: str
    unit: str
    better: str
    shape: str
    is_anonymous: bool
    common: float | None
    dispersion: float
    is_over_dispersed: bool
    is_widened: bool
    units: tuple[UnitShown, ...]
    limits: tuple[FunnelLimits, ...]
    sentences: tuple[str, ...]


class CoursePoint(msgspec.Struct, frozen=True):
    """A day, week or month of the chart. `value` is null where nothing was counted, and then it has no limits; `score` is its
    distance from the centre in standard deviations."""

    first: str
    value: float | None
    size: float
    low: float | None
    high: float | None
    score: float
    working_days: int | None


class SignalShown(msgspec.Struct, frozen=True):
    """A runs rule that spoke (beyond, two_of_three, four_of_five, eight) from the point that begins on `first` to that of
    `last`, above the centre (1) or below (-1)."""

    rule: str
    side: int
    first: str
    last: str
    points: int


class HappeningShown(msgspec.Struct, frozen=True):
    """Days off, days made up for, and new versions of rules, calendars, areas and items."""

    what: str
    first: str
    last: str
    name: str
    version: str
    words: str


class SeasonShown(msgspec.Struct, frozen=True):
    """The period beside as many working days of another (`name`: before, last_year). `low` and `high`: 95 % interval of the
    change; `is_certain`: it is more than chance gives."""

    name: str
    first: str
    last: str
    working_days: int
    is_short: bool
    now: float | None
    before: float | None
    low: float | None
    high: float | None
    is_certain: bool


class CourseTold(msgspec.Struct, frozen=True):
    """What GET /api/v1/comparison/course answers. `centre` is null with too few points; `widened`: what limits were widened by
    where the spread from point to point is more than chance. A count is one per working day (`per_working_day`).
    `corrected_rows`: days of the department, or of departments, in the period that changed after they were over,
    `corrected_at`: when last; null for figures by the day of acceptance."""

    first: str
    last: str
    area: str
    org: str
    item: str
    basis: str
    version: str
    corrected_rows: int | None
    corrected_at: str | None
    indicator: str
    unit: str
    better: str
    shape: str
    grain: str
    per_working_day: bool
    centre: float | None
    widened: float
    points: tuple[CoursePoint, ...]
    signals: tuple[SignalShown, ...]
    happenings: tuple[HappeningShown, ...]
    seasons: tuple[SeasonShown, ...]
    sentences: tuple[str, ...]


_ACCEPTED: Mapping[str, Sequence[str]] = {
    "by": BYS, "basis": ("event", "acceptance"), "grain": tuple(one.value for one in Grain), "limits": ("wide",),
    "columns": tuple(COLUMN_SETS)}
_CHOICES = {
    "period": f"One of {PERIODS}; the last whole month until the 10th, then this one, where nothing is given.",
    "from": "First of free days, 2026-03-01, with `to`.", "to": "Last of them, included.",
    "indicator": "A code of the catalogue; early_rate where nothing is given.",
    "basis": "event: each figure on its own day; acceptance: on the day of the case's acceptance.",
    "area": "Only this area.", "lang": "zh or en: the language of sentences."}
OPERATIONS = (
    Operation("get", PREFIX, "getComparison", "Units side by side: values, intervals, places, funnel and words; logged",
              by=READERS, answers=ComparisonTold, query={
                  **_CHOICES, "by": f"One of {', '.join(BYS)}; org where nothing is given.",
                  "org": "The department chosen; channels and powers are those of it.",
                  "item": "An item of it; channels are those of it.",
                  "columns": f"Which indicators stand beside the one compared: {', '.join(COLUMN_SETS)}.",
                  "limits": "wide: limits by the spread there is, where units differ more than chance."}),
    Operation("get", f"{PREFIX}/course", "getCourse", "One unit over time: control chart, signals, happenings, seasons; logged",
              by=READERS, answers=CourseTold, query={
                  **_CHOICES, "org": "The department; all together where nothing is given.", "item": "An item of it.",
                  "grain": "day, week or month; by the length of the period where nothing is given."}),
)


@dataclass(frozen=True, slots=True)
class ComparisonParts:
    """What the page uses, too. `happened` is what happened beside a course, `worded` one of these in words; `say` gives the
    sentences in the language asked for; `looked` writes a look down before it is answered."""

    evaluation: Evaluation
    today: Callable[[], date]
    happened: Callable[[Question, Course], Sequence[Happening]]
    worded: Callable[[Happening, Any], str]
    say: Callable[[], Any]
    looked: Callable[[str, str, Actor, str], None]
    actor_of: Callable[[Request], Actor | None]


def create_blueprint(parts: ComparisonParts) -> Blueprint:
    """Routes under /api/v1/comparison. Who may: dashboard/gate.py; what they see: evaluation/wish.py and the queries."""
    blueprint = Blueprint("comparison", __name__)

    @blueprint.get(PREFIX)
    def side_by_side() -> Response:
        return as_json(_side_by_side(parts, *_asked(parts)))

    @blueprint.get(f"{PREFIX}/course")
    def course() -> Response:
        return as_json(_course(parts, *_asked(parts)))

    return blueprint


def _asked(parts: ComparisonParts) -> tuple[Actor, Wish]:
    """Who asks for what; written down."""
    actor = parts.actor_of(request)
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    _check(parts, request.args)
    query = request.query_string.decode(errors="replace")
    wish = wish_of(query, actor, parts.today(), list(parts.evaluation.indicators.indicators))
    parts.looked(LOOK, f"{request.path}{wish.address()}", actor, request.remote_addr or "")
    return actor, wish


def _check(parts: ComparisonParts, given: MultiDict[str, str]) -> None:
    """What cannot be understood is refused: other figures than those asked for would be taken for them."""
    for name, accepted in _ACCEPTED.items():
        if given.get(name) and given[name] not in accepted:
            raise InvalidInput("choice_unknown", option=name, value=given[name][:32], accepted=", ".join(accepted))
    for name in FIELDS:
        if len(given.getlist(name)) > 1:
            raise InvalidInput("choice_repeated", option=name)
    if given.get("item") and not given.get("org"):
        raise InvalidInput("item_without_org", option="item")
    if given.get("indicator"):
        parts.evaluation.indicators.find(given["indicator"])
    days = f"{given.get('from', '')}..{given.get('to', '')}"
    for text in (given.get("period", ""), "" if days == ".." else days):
        if text and period_of(text) is None:
            raise InvalidInput("date_unreadable", option="period", value=text[:32], accepted=PERIODS)


# Side by side ----------------------------------------------------------------------------------------------------------------


def _side_by_side(parts: ComparisonParts, actor: Actor, wish: Wish) -> ComparisonTold:
    indicators, question, say = parts.evaluation.indicators, wish.question, parts.say()
    table = parts.evaluation.comparison.side_by_side(actor, question, columns_of(list(indicators.indicators), wish))
    one, period = table.indicator, question.period
    said = (*wording.about_funnel(table, say), *wording.about_ranks(table, say))
    limits = tuple(FunnelLimits(at.size, *(end * table.scale for end in (at.near_low, at.near_high, at.far_low, at.far_high)))
                   for at in table.curve)
    return ComparisonTold(
        period.first.isoformat(), period.last.isoformat(), question.by, question.area, question.basis.word, indicators.version,
        *as_told(of_units(parts.evaluation.queries, actor, question)),
        one.code, one.unit.value, one.better, table.shape.value, table.is_anonymous, _scaled(table.target, table.scale),
        table.dispersion, table.is_over_dispersed, table.wide > 1, tuple(_unit(row, table, wish, say) for row in table.rows),
        limits, said)


def _unit(row: Row, table: SideBySide, wish: Wish, say: Say) -> UnitShown:
    own, band, ranked = row.figures.get(table.indicator.code), row.band, row.ranked
    value, above, below = (None, None, None) if own is None else (own.value, own.numerator, own.denominator)
    low, high = (None, None) if band is None else (band.low * table.scale, band.high * table.scale)
    rank, best, worst = (None, None, None) if ranked is None else (ranked.rank, ranked.best, ranked.worst)
    others = [] if table.is_anonymous else [row.figures[code] for code in COLUMN_SETS[wish.columns]
                                            if code in row.figures and code != table.indicator.code]
    return UnitShown(row.key, row.name, row.is_own, value, above, below, low, high, rank, best, worst, row.why,
                     wording.why_unranked(row, table, say), row.zone, tuple(map(shown, others)))


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


# Over time -------------------------------------------------------------------------------------------------------------------


def _course(parts: ComparisonParts, actor: Actor, wish: Wish) -> CourseTold:
    question, say, over_time = wish.question, parts.say(), parts.evaluation.over_time
    course = over_time.course(actor, question, wish.grain)
    seasons = over_time.seasons(actor, question, wish.span)
    one, chart, period = course.indicator, course.chart, question.period
    said = (*wording.about_course(course, say), *wording.about_seasons(one, seasons, say))
    return CourseTold(
        period.first.isoformat(), period.last.isoformat(), question.area, question.org, question.item, question.basis.word,
        parts.evaluation.indicators.version, *as_told(of_subject(parts.evaluation.queries, actor, question)),
        one.code, one.unit.value, one.better, course.shape.value, course.grain.value,
        course.per_working_day, _scaled(chart.centre, course.scale), chart.widened,
        tuple(_point(course, at, point) for at, point in enumerate(chart.points)),
        tuple(_signal(course, signal) for signal in chart.signals),
        tuple(HappeningShown(it.what.value, it.first.isoformat(), it.last.isoformat(), it.name, it.version,
                             parts.worded(it, say)) for it in parts.happened(question, course)),
        tuple(_season(course, season) for season in seasons), said)


def _point(course: Course, at: int, point: Point) -> CoursePoint:
    has_limits = point.value is not None and course.chart.centre is not None
    low, high = (point.low * course.scale, point.high * course.scale) if has_limits else (None, None)
    return CoursePoint(course.starts[at].isoformat(), _scaled(point.value, course.scale), point.size, low, high, point.score,
                       course.worked[at])


def _signal(course: Course, signal: Signal) -> SignalShown:
    first, last = (course.starts[at].isoformat() for at in (signal.first, signal.last))
    return SignalShown(signal.rule.value, signal.side, first, last, signal.points)


def _season(course: Course, season: Season) -> SeasonShown:
    other, change, scale = season.comparable, season.change, course.scale
    low, high = (None, None) if change is None else (change.low * scale, change.high * scale)
    return SeasonShown(other.name, other.stretch.first.isoformat(), other.stretch.last.isoformat(), other.working_days,
                       other.is_short, _scaled(season.now, scale), _scaled(season.before, scale), low, high, season.is_certain)
