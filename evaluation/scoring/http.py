"""Scores over HTTP: schemes, previews, scorings with lines, entries, appeals. What may be seen and done is decided behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Request, Response, request

from config.scoring import Scheme
from core.access import Actor, Role, require
from core.api_document import Operation
from core.errors import ConfigError, InvalidInput
from core.instants import date_of, from_us
from evaluation.scoring.assembly import Scoring
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.calculation import Line, PartScore, Score, ranked
from evaluation.scoring.entries import EntryWish
from evaluation.scoring.queries import READERS, AppealRow, EntryRow
from evaluation.scoring.rows import DepartmentRow, ScoringRow

PREFIX = "/api/v1/scores"
PREVIEWERS = (Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)
MONTH = "2026-03"
Month = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d$")]


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
    """A scoring of a month; `digest` is the SHA-256 of what was frozen."""

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


class ScoringList(msgspec.Struct, frozen=True):
    """The newest month first."""

    scorings: list[ScoringShown]


class ScoresTold(msgspec.Struct, frozen=True):
    """A scoring with the departments this person may see. `present`: what the record says today, where it differs."""

    scoring: ScoringShown
    departments: list[DepartmentShown]
    present: dict[str, float | None]


class DepartmentTold(msgspec.Struct, frozen=True):
    """One department with everything its score is made of."""

    department: DepartmentShown
    lines: list[LineShown]
    appeals: list[AppealRow]


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
    """Half-year or year: the mean of `months`, of `expected` there are; discipline counts in the year."""

    scheme: str
    first: str
    last: str
    months: tuple[str, ...]
    expected: int
    departments: list[DepartmentShown]


class ScoringWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`month` as 2026-03; `area` "" is every area."""

    scheme: str
    month: Month
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


OPERATIONS = (
    Operation("get", f"{PREFIX}/schemes", "listScoringSchemes", "Scoring schemes in force", answers=list[SchemeShown],
              query={"month": "For which month, 2026-03; the present one where nothing is given."}),
    Operation("post", f"{PREFIX}/preview", "previewScores", "What a month would have, also by other weights", takes=PreviewWish,
              answers=Preview),
    Operation("get", PREFIX, "listScorings", "Scorings, the newest month first", answers=ScoringList,
              query={"scheme": "Only of this scheme."}),
    Operation("post", PREFIX, "proposeScoring", "Score a month that is over", takes=ScoringWish, answers=Numbered, status=201),
    Operation("get", f"{PREFIX}/<int:number>", "getScoring", "A scoring with its departments", answers=ScoresTold),
    Operation("get", f"{PREFIX}/<int:number>/departments/<org>", "getDepartmentScore", "A department with its lines",
              answers=DepartmentTold),
    Operation("post", f"{PREFIX}/<int:number>/confirm", "confirmScoring", "Publish what another person proposed",
              answers=Numbered),
    Operation("post", f"{PREFIX}/<int:number>/freeze", "freezeScoring", "Close it after the appeals", answers=Numbered),
    Operation("post", f"{PREFIX}/<int:number>/withdraw", "withdrawScoring", "Take it back before it is frozen",
              takes=ReasonGiven, answers=Numbered),
    Operation("post", f"{PREFIX}/<int:number>/appeals", "appealScore", "Contest a deduction of one's own department",
              takes=AppealWish, answers=Numbered, status=201),
    Operation("post", f"{PREFIX}/appeals/<int:number>/decision", "decideScoreAppeal", "Give the points back or not",
              takes=Verdict, answers=Numbered),
    Operation("get", f"{PREFIX}/years/<scheme>/<int:year>", "getYearScores", "Half-year or year as the mean of its months",
              answers=PeriodTold, query={"half": "1 or 2; the whole year where nothing is given.", "area": "Only this area."}),
    Operation("get", f"{PREFIX}/entries", "listScoreEntries", "Points entered by hand", answers=list[EntryRow],
              query={"scheme": "Of which scheme.", "from": "First day.", "to": "Last day, included.", "org": "Only this one."}),
    Operation("post", f"{PREFIX}/entries", "enterPoints", "Enter points by hand, with what they rest on", takes=EntryWish,
              answers=Numbered, status=201),
    Operation("post", f"{PREFIX}/entries/<int:number>/take-back", "takePointsBack", "Take an entry back", takes=ReasonGiven,
              answers=Numbered),
)


def create_blueprint(scoring: Scoring, now_us: Callable[[], int], actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/scores. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint, routes = Blueprint("scores", __name__), _Routes(scoring, now_us, actor_of)
    for one in OPERATIONS:
        blueprint.add_url_rule(one.path, one.name, getattr(routes, _METHODS[one.name]), methods=[one.method.upper()])
    return blueprint


_METHODS = {"listScoringSchemes": "schemes", "previewScores": "preview", "listScorings": "listed", "proposeScoring": "propose",
            "getScoring": "one", "getDepartmentScore": "department", "confirmScoring": "confirm", "freezeScoring": "freeze",
            "withdrawScoring": "withdraw", "appealScore": "appeal", "decideScoreAppeal": "decide", "getYearScores": "year",
            "listScoreEntries": "entries", "enterPoints": "enter", "takePointsBack": "take_back"}


class _Routes:
    def __init__(self, scoring: Scoring, now_us: Callable[[], int], actor_of: Callable[[Request], Actor | None]) -> None:
        self._scoring, self._now_us, self._actor_of = scoring, now_us, actor_of

    def schemes(self) -> Response:
        require(self._actor(), *READERS)
        month = month_of(request.args["month"]) if "month" in request.args else from_us(self._now_us()).date().replace(day=1)
        return _json([SchemeShown(one.code, one.version, one.scheme.model_dump(mode="json"))
                      for one in self._scoring.book.all(month)])

    def preview(self) -> Response:
        person, wish = require(self._actor(), *PREVIEWERS), _decoded(PreviewWish)
        month, book = month_of(wish.month), self._scoring.book
        scheme = book.in_force(wish.scheme, month).scheme if wish.content is None else tried(book, wish.content, wish.scheme)
        scores, facts = self._scoring.service.preview(wish.scheme, scheme, month, person.area or wish.area)
        places = ranked({score.org: score.total for score in scores})
        return _json(Preview([score_shown(score, places.get(score.org), facts[score.org].figures.get("accepted", 0))
                              for score in scores]))

    def listed(self) -> Response:
        found = self._scoring.queries.listed(self._actor(), request.args.get("scheme", ""))
        return _json(ScoringList([scoring_shown(row) for row in found]))

    def propose(self) -> Response:
        wish = _decoded(ScoringWish)
        return _json(Numbered(self._scoring.service.propose(wish.scheme, month_of(wish.month), self._actor(), wish.area)), 201)

    def one(self, number: int) -> Response:
        actor, queries = self._actor(), self._scoring.queries
        row, rows = queries.find(number, actor), queries.departments(number, actor)
        present = self._scoring.service.present(row)
        differing = {one.org: points(present.get(one.org)) for one in rows if present.get(one.org) != one.total}
        return _json(ScoresTold(scoring_shown(row), [department_shown(one) for one in rows], differing))

    def department(self, number: int, org: str) -> Response:
        actor, queries = self._actor(), self._scoring.queries
        row, lines = queries.department(number, org, actor)
        return _json(DepartmentTold(department_shown(row), lines_shown(lines), queries.appeals(actor, number, org=org)))

    def confirm(self, number: int) -> Response:
        self._scoring.service.confirm(number, self._actor())
        return _json(Numbered(number))

    def freeze(self, number: int) -> Response:
        self._scoring.service.freeze(number, self._actor())
        return _json(Numbered(number))

    def withdraw(self, number: int) -> Response:
        self._scoring.service.withdraw(number, _decoded(ReasonGiven).reason, self._actor())
        return _json(Numbered(number))

    def appeal(self, number: int) -> Response:
        wish = _decoded(AppealWish)
        return _json(Numbered(self._scoring.appeals.file(number, wish.line, wish.reason, self._actor())), 201)

    def decide(self, number: int) -> Response:
        verdict = _decoded(Verdict)
        self._scoring.appeals.decide(number, verdict.granted, verdict.reason, self._actor())
        return _json(Numbered(number))

    def year(self, scheme: str, year: int) -> Response:
        given = request.args
        found = self._scoring.queries.over_period(self._actor(), scheme, year, _half(given), given.get("area", ""))
        rows = [score_shown(score, place) for score, place in found.scores]
        return _json(PeriodTold(found.scheme, found.first, found.last, found.months, found.expected, rows))

    def entries(self) -> Response:
        given = request.args
        first, last = (_day(given.get(name, ""), name) for name in ("from", "to"))
        queries = self._scoring.queries
        return _json(queries.entries(self._actor(), given.get("scheme", ""), first, last, org=given.get("org", "")))

    def enter(self) -> Response:
        return _json(Numbered(self._scoring.entries.enter(_decoded(EntryWish), self._actor())), 201)

    def take_back(self, number: int) -> Response:
        self._scoring.entries.take_back(number, _decoded(ReasonGiven).reason, self._actor())
        return _json(Numbered(number))

    def _actor(self) -> Actor | None:
        return self._actor_of(request)


def scoring_shown(row: ScoringRow) -> ScoringShown:
    return ScoringShown(row.id, row.scheme, row.version, date_of(row.month).isoformat()[:7], row.area, row.state, row.made_name,
                        from_us(row.made_at).isoformat(), row.decided_name, _instant(row.published_at),
                        _instant(row.appeal_until), _instant(row.frozen_at), row.digest)


def department_shown(row: DepartmentRow) -> DepartmentShown:
    return DepartmentShown(row.org, points(row.total), row.place, row.grade, row.bonus / 100, _parts(row.parts), row.vetoes,
                           points(row.first_total), row.accepted)


def score_shown(score: Score, place: int | None, accepted: int | None = None) -> DepartmentShown:
    return DepartmentShown(score.org, points(score.total), place, score.grade, score.bonus / 100, _parts(score.parts),
                           score.vetoes, None, accepted)


def lines_shown(lines: list[Line]) -> list[LineShown]:
    return [LineShown(number, line.rule, line.part, line.points / 100, line.evidence, line.above, line.below, line.of)
            for number, line in enumerate(lines)]


def points(hundredths: int | None) -> float | None:
    return None if hundredths is None else hundredths / 100


def month_of(text: str) -> date:
    """The first day of a month. Raises InvalidInput."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput("score_month_unreadable", key="month", value=text[:32]) from None


def tried(book: SchemeBook, content: Mapping[str, Any], code: str) -> Scheme:
    """A scheme somebody tries. Raises InvalidInput naming field and remedy."""
    try:
        return book.schemes.checked(content, code)
    except ConfigError as refusal:
        raise InvalidInput("scheme_invalid", **refusal.details) from refusal


def _parts(parts: Mapping[str, PartScore]) -> dict[str, PartShown]:
    return {code: PartShown(part.points / 100, part.top / 100, part.is_graded) for code, part in parts.items()}


def _instant(us: int | None) -> str | None:
    return None if us is None else from_us(us).isoformat()


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=name, value=text[:32], accepted="2011-12-31") from None


def _half(given: Mapping[str, str]) -> int:
    half = given.get("half", "0")
    return int(half) if half in ("0", "1", "2") else -1


def _decoded(shape: Any) -> Any:
    try:
        return msgspec.json.decode(request.get_data(), type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput("message_invalid", problem=str(error)) from error


def _json(value: Any, status: int = 200) -> Response:
    response = Response(msgspec.json.encode(value), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
