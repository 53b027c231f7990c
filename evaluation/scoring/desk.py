"""What the writing side of the scoring works with, and how each of its acts is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from cases.areas import Areas
from config.changelog import Action, ChangeLog
from core.access import Actor
from core.errors import InvalidInput, NotFound
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.scoring.book import SchemeBook
from evaluation.scoring.evidence import EvidenceReader
from evaluation.scoring.gathering import FactsReader
from evaluation.scoring.models import scorings
from evaluation.scoring.rows import ScoringRow, scoring_rows
from evaluation.scoring.telling import ScoreTeller

TOPIC = "scores"
KIND = "score"  # of the change log
REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts. `needs_two`: whether a second person must confirm a publication."""

    units: UnitOfWorkFactory
    book: SchemeBook
    reader: FactsReader
    evidence: EvidenceReader
    areas: Areas
    changes: ChangeLog
    needs_two: Callable[[Connection], bool]
    teller: ScoreTeller


def find(conn: Connection, number: int, person: Actor) -> ScoringRow:
    """A scoring somebody acts upon: of his area. Raises NotFound."""
    found = scoring_rows(conn, scorings.c.id == number)
    if not found or person.area not in ("", found[0].area):
        raise NotFound("scoring_not_found", id=number)
    return found[0]


def note(changes: ChangeLog, uow: UnitOfWork, person: Actor, found: ScoringRow, action: Action, words: str,
         after: Mapping[str, Any] | None = None) -> None:
    """A line of the sealed change log, and a message to the world."""
    told = {"scoring": found.id, "state": found.state, "scheme_version": found.version, **(after or {})}
    changes.append(uow, person, KIND, f"{found.scheme}/{found.period}"[:128], found.rev, action, words, None, told)
    uow.outbox(TOPIC, str(found.id), found.rev, {"scheme": found.scheme, "month": found.period, "area": found.area,
                                                 "action": action.value})


def checked_words(text: str) -> str:
    """A reason without the blanks around it. Raises InvalidInput for none, or too many."""
    told = text.strip()
    if not told:
        raise InvalidInput("reason_missing", key="reason")
    if len(told) > REASON_MAX:
        raise InvalidInput("reason_too_long", key="reason", most=REASON_MAX)
    return told
