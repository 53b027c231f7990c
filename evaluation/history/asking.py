"""What an analyst asks the deep history for, as words of an address, a form or a command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from core.access import Actor
from core.errors import InvalidInput
from evaluation.exports.slices import kinds_of
from evaluation.history.questions import (
    SPLITS_OF_CASES,
    SPLITS_OF_EVENTS,
    Answer,
    By,
    Dated,
    HistoryQuestions,
    Question,
)

Word = TypeVar("Word", bound=StrEnum)
FIELDS = ("subject", "by", "from", "to", "dated", "area", "org", "item", "kinds", "quantiles")
BY_MOST, QUANTILES_MOST, CODE_MOST = 4, 9, 128
USUAL_QUANTILES = (0.5, 0.9)


class Subject(StrEnum):
    """What is counted."""

    RATES = "rates"          # concluded cases: early, on the due day, late, and the shares of the catalogue
    CASES = "cases"
    DURATIONS = "durations"
    EVENTS = "events"


SPLITS: Mapping[Subject, tuple[By, ...]] = {
    subject: SPLITS_OF_EVENTS if subject is Subject.EVENTS else SPLITS_OF_CASES for subject in Subject}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A whole question. `dated` is of cases, by which of their dates they belong to a period; of rates it is the conclusion."""

    subject: Subject
    question: Question
    dated: Dated
    quantiles: tuple[float, ...] = USUAL_QUANTILES


def asked_of(given: Mapping[str, str]) -> Asked:
    """Empty words ask for everything. Raises InvalidInput that names the field and what it takes."""
    subject = _one(given, "subject", Subject, Subject.RATES)
    usual = Dated.OPENED if subject is Subject.CASES else Dated.CLOSED
    dated = _one(given, "dated", Dated, usual) if subject in (Subject.CASES, Subject.DURATIONS) else usual
    since, until = _date(given, "from"), _date(given, "to")
    if since and until and until < since:
        raise InvalidInput("range_backwards", first=since.isoformat(), last=until.isoformat())
    kinds = kinds_of(_listed(given, "kinds"))
    if kinds and subject is not Subject.EVENTS:
        raise InvalidInput("history_kinds_of_events")
    area, org, item = (given.get(name, "").strip()[:CODE_MOST] for name in ("area", "org", "item"))
    return Asked(subject=subject, dated=dated, quantiles=_quantiles(given), question=Question(
        by=_splits(given, subject), since=since, until=until, area=area, org=org, item=item, kinds=kinds))


def answered(questions: HistoryQuestions, asked: Asked, actor: Actor | None = None, ticket: str = "") -> Answer:
    """The answer, of what the asker may see (None: of everything). Raises what the questions raise."""
    question = asked.question
    if asked.subject is Subject.EVENTS:
        return questions.events(question, actor, ticket)
    if asked.subject is Subject.RATES:
        return questions.rates(question, actor, ticket)
    if asked.subject is Subject.CASES:
        return questions.cases(question, asked.dated, actor, ticket)
    return questions.durations(question, asked.quantiles, asked.dated, actor, ticket)


def address_of(given: Mapping[str, str]) -> str:
    """The same question as a query of an address."""
    return urlencode({name: given[name] for name in FIELDS if given.get(name)})


def _splits(given: Mapping[str, str], subject: Subject) -> tuple[By, ...]:
    known, wanted = SPLITS[subject], _listed(given, "by")
    for text in wanted:
        if text not in known:
            raise InvalidInput("history_by_unknown", value=text[:32], accepted=", ".join(known))
    if len(set(wanted)) != len(wanted) or len(wanted) > BY_MOST:
        raise InvalidInput("history_by_many", most=BY_MOST)
    return tuple(By(text) for text in wanted)


def _quantiles(given: Mapping[str, str]) -> tuple[float, ...]:
    texts = _listed(given, "quantiles")
    try:
        found = tuple(float(text) for text in texts)
    except ValueError:
        found = (-1.0,)
    if len(found) > QUANTILES_MOST or not all(0 <= one <= 1 for one in found):
        raise InvalidInput("history_quantiles_unreadable", value=given.get("quantiles", "")[:64], most=QUANTILES_MOST)
    return found or USUAL_QUANTILES


def _one(given: Mapping[str, str], name: str, words: type[Word], usual: Word) -> Word:
    text = given.get(name, "").strip()
    if text and text not in set(words):
        raise InvalidInput("history_word_unknown", key=name, value=text[:32], accepted=", ".join(words))
    return words(text) if text else usual


def _date(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput("date_unreadable", option=name, value=text[:32], accepted="2011-12-31") from None


def _listed(given: Mapping[str, str], name: str) -> list[str]:
    return [one for part in given.get(name, "").split(",") if (one := part.strip())]
