"""Questions to the deep history over HTTP: ask, see how far it is, give it up. Every question is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor
from core.api_document import READERS, Operation
from core.errors import NotAuthenticated
from evaluation.history.asking import BY_MOST, SPLITS, Subject, address_of, answered, asked_of
from evaluation.history.questions import Answer, HistoryQuestions
from evaluation.history.watching import check_ticket
from web.json_http import as_json

PREFIX = "/api/v1/history"
LOOK = "history_question"


class HistoryTold(msgspec.Struct, frozen=True):
    """What GET /api/v1/history answers: rows of values in the order of `columns`, codes as they are recorded; months by their
    first day, durations in days of 24 hours. `head`: the last journal row the store knows; `is_cut`: rows were left out."""

    subject: str
    dated: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    head: int
    is_cut: bool
    took_ms: int


class HistoryProgress(msgspec.Struct, frozen=True):
    """How far a question is, as DuckDB guesses."""

    percent: float


_SPLITS = "; ".join(f"{subject.value}: {', '.join(SPLITS[subject])}" for subject in (Subject.CASES, Subject.EVENTS))
OPERATIONS = (
    Operation("get", PREFIX, "askHistory", "A question to the deep history over any period; within what one may see; logged",
              by=READERS, answers=HistoryTold, query={
                  "subject": f"One of {', '.join(Subject)}; rates where nothing is given.",
                  "by": f"At most {BY_MOST}, apart by commas. Of {_SPLITS}; rates and durations as cases.",
                  "from": "First day, 2021-01-01; from the beginning where nothing is given.", "to": "Last day, included.",
                  "dated": "opened or closed: by which of their dates cases and durations belong to the period.",
                  "area": "Only this area.", "org": "Only this department.", "item": "Only this item.",
                  "kinds": "Only these kinds of events, apart by commas.",
                  "quantiles": "Of durations, 0 to 1, apart by commas; 0.5,0.9 where nothing is given.",
                  "ticket": "16 to 64 hexadecimal digits of your own, by which you ask how far it is and give it up."}),
    Operation("get", f"{PREFIX}/<ticket>", "getHistoryProgress", "How far a question of one's own is",
              by=READERS, answers=HistoryProgress),
    Operation("post", f"{PREFIX}/<ticket>/cancel", "cancelHistoryQuestion", "Give a question of one's own up",
              answers=HistoryProgress),
)
Looked = Callable[[str, str, Actor, str], None]


def create_blueprint(questions: HistoryQuestions, looked: Looked, actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/history. Who may: dashboard/gate.py; what of it: the query itself."""
    blueprint = Blueprint("history", __name__)

    def person() -> Actor:
        actor = actor_of(request)
        if actor is None:
            raise NotAuthenticated("sign_in_required")
        return actor

    @blueprint.get(PREFIX)
    def ask() -> Response:
        return as_json(_asked(questions, looked, person(), request.args.to_dict()))

    @blueprint.get(f"{PREFIX}/<ticket>")
    def progress(ticket: str) -> Response:
        return as_json(HistoryProgress(questions.watches.percent(person().name, check_ticket(ticket))))

    @blueprint.post(f"{PREFIX}/<ticket>/cancel")
    def cancel(ticket: str) -> Response:
        actor = person()
        percent = questions.watches.percent(actor.name, check_ticket(ticket))
        questions.watches.stop(actor.name, ticket)
        return as_json(HistoryProgress(percent))

    return blueprint


def _asked(questions: HistoryQuestions, looked: Looked, actor: Actor, given: dict[str, str]) -> HistoryTold:
    asked, ticket = asked_of(given), check_ticket(given.get("ticket", ""))
    looked(LOOK, address_of(given), actor, request.remote_addr or "")
    told: Answer = answered(questions, asked, actor, ticket)
    return HistoryTold(asked.subject.value, asked.dated.value, told.columns, told.rows, told.head, told.is_cut, told.took_ms)
