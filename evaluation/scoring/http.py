"""Scores over HTTP: schemes, previews, scorings with lines, entries, appeals. What may be seen and done is decided behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Request, Response, request

from config.scoring import Scheme
from core.access import Actor, Role, require
from core.api_document import READERS as BEARERS
from core.api_document import Operation
from core.errors import ConfigError, InvalidInput
from core.instants import from_us
from evaluation.scoring.assembly import Scoring
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.calculation import ranked
from evaluation.scoring.entries import EntryWish
from evaluation.scoring.queries import READERS, EntryRow
from evaluation.scoring.shapes import (
    AppealWish,
    DepartmentTold,
    Numbered,
    PeriodTold,
    Preview,
    PreviewWish,
    ReasonGiven,
    SchemeShown,
    ScoresTold,
    ScoringList,
    ScoringWish,
    Verdict,
    clauses_shown,
    department_shown,
    department_told,
    points,
    score_shown,
    scoring_shown,
)
from web.json_http import as_json, from_json

PREFIX = "/api/v1/scores"
PREVIEWERS = (Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)


OPERATIONS = (
    Operation("get", f"{PREFIX}/schemes", "listScoringSchemes", "Scoring schemes in force", by=BEARERS,
              answers=list[SchemeShown],
              query={"month": "For which month, 2026-03; the present one where nothing is given."}),
    Operation("post", f"{PREFIX}/preview", "previewScores", "What a month would have, also by other weights", takes=PreviewWish,
              answers=Preview),
    Operation("get", PREFIX, "listScorings", "Scorings, the newest month first", by=BEARERS, answers=ScoringList,
              query={"scheme": "Only of this scheme."}),
    Operation("post", PREFIX, "proposeScoring", "Score a month that is over, or a longer span of frozen months",
              takes=ScoringWish, answers=Numbered, status=201),
    Operation("get", f"{PREFIX}/<int:number>", "getScoring", "A scoring with its departments", by=BEARERS, answers=ScoresTold),
    Operation("get", f"{PREFIX}/<int:number>/departments/<org>", "getDepartmentScore", "A department with its lines",
              by=BEARERS, answers=DepartmentTold),
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
              by=BEARERS, answers=PeriodTold,
              query={"half": "1 or 2; the whole year where nothing is given.", "area": "Only this area."}),
    Operation("get", f"{PREFIX}/entries", "listScoreEntries", "Points entered by hand", by=BEARERS, answers=list[EntryRow],
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
        return as_json([SchemeShown(one.code, one.version, one.scheme.model_dump(mode="json"))
                      for one in self._scoring.book.all(month)])

    def preview(self) -> Response:
        person, wish = require(self._actor(), *PREVIEWERS), from_json(PreviewWish, request.get_data())
        month, book = month_of(wish.month), self._scoring.book
        scheme = book.in_force(wish.scheme, month).scheme if wish.content is None else tried(book, wish.content, wish.scheme)
        scores, facts = self._scoring.service.preview(wish.scheme, scheme, month, person.area or wish.area)
        places = ranked({score.org: score.total for score in scores})
        return as_json(Preview([score_shown(score, places.get(score.org), facts[score.org].figures.get("accepted", 0))
                              for score in scores]))

    def listed(self) -> Response:
        found = self._scoring.queries.listed(self._actor(), request.args.get("scheme", ""))
        return as_json(ScoringList([scoring_shown(row) for row in found]))

    def propose(self) -> Response:
        wish = from_json(ScoringWish, request.get_data())
        service, longer = self._scoring.service, _longer(wish.month)
        if longer is None:
            number = service.propose(wish.scheme, month_of(wish.month), self._actor(), wish.area)
        else:
            number = service.propose_period(wish.scheme, *longer, self._actor(), wish.area)
        return as_json(Numbered(number), 201)

    def one(self, number: int) -> Response:
        actor, queries = self._actor(), self._scoring.queries
        row, rows = queries.find(number, actor), queries.departments(number, actor)
        present = self._scoring.service.present(row)
        differing = {one.org: points(present.get(one.org)) for one in rows if present.get(one.org) != one.total}
        return as_json(ScoresTold(scoring_shown(row), [department_shown(one) for one in rows], differing,
                                  clauses_shown(row.rules)))

    def department(self, number: int, org: str) -> Response:
        actor, queries = self._actor(), self._scoring.queries
        row, lines = queries.department(number, org, actor)
        scoring = queries.find(number, actor)
        return as_json(department_told(scoring, row, lines, queries.appeals(actor, number, org=org)))

    def confirm(self, number: int) -> Response:
        self._scoring.service.confirm(number, self._actor())
        return as_json(Numbered(number))

    def freeze(self, number: int) -> Response:
        self._scoring.service.freeze(number, self._actor())
        return as_json(Numbered(number))

    def withdraw(self, number: int) -> Response:
        self._scoring.service.withdraw(number, from_json(ReasonGiven, request.get_data()).reason, self._actor())
        return as_json(Numbered(number))

    def appeal(self, number: int) -> Response:
        wish = from_json(AppealWish, request.get_data())
        return as_json(Numbered(self._scoring.appeals.file(number, wish.line, wish.reason, self._actor())), 201)

    def decide(self, number: int) -> Response:
        verdict = from_json(Verdict, request.get_data())
        self._scoring.appeals.decide(number, verdict.granted, verdict.reason, self._actor())
        return as_json(Numbered(number))

    def year(self, scheme: str, year: int) -> Response:
        given, queries, actor = request.args, self._scoring.queries, self._actor()
        asked = (scheme, year, _half(given), given.get("area", ""))
        found, standing = queries.over_period(actor, *asked), queries.of_period(actor, *asked)
        rows = [score_shown(score, place) for score, place in found.scores]
        return as_json(PeriodTold(found.scheme, found.first, found.last, found.months, found.expected, rows,
                                  None if standing is None else standing.id))

    def entries(self) -> Response:
        given = request.args
        first, last = (_day(given.get(name, ""), name) for name in ("from", "to"))
        queries = self._scoring.queries
        return as_json(queries.entries(self._actor(), given.get("scheme", ""), first, last, org=given.get("org", "")))

    def enter(self) -> Response:
        return as_json(Numbered(self._scoring.entries.enter(from_json(EntryWish, request.get_data()), self._actor())), 201)

    def take_back(self, number: int) -> Response:
        self._scoring.entries.take_back(number, from_json(ReasonGiven, request.get_data()).reason, self._actor())
        return as_json(Numbered(number))

    def _actor(self) -> Actor | None:
        return self._actor_of(request)


def month_of(text: str) -> date:
    """The first day of a month. Raises InvalidInput."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput("score_month_unreadable", key="month", value=text[:32]) from None


def _longer(text: str) -> tuple[int, int] | None:
    """(year, half; 0 the whole) of 2026-H1 or 2026; None for a month."""
    year, _, rest = text.partition("-")
    return None if rest.isdecimal() else (int(year), int(rest.removeprefix("H") or 0))


def tried(book: SchemeBook, content: Mapping[str, Any], code: str) -> Scheme:
    """A scheme somebody tries. Raises InvalidInput naming field and remedy."""
    try:
        return book.schemes.checked(content, code)
    except ConfigError as refusal:
        raise InvalidInput("scheme_invalid", **refusal.details) from refusal


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=name, value=text[:32], accepted="2011-12-31") from None


def _half(given: Mapping[str, str]) -> int:
    half = given.get("half", "0")
    return int(half) if half in ("0", "1", "2") else -1


