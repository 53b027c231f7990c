"""Proposals of liability on record: made from card and journal, decided by a person, counted by the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from alerts.card_rows import by_id
from alerts.cards import Card
from cases.journal import events_of_cases
from core.access import Actor, Role, require
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import DAY_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from supervision.liability import Evidence, Exemption, Fault, Grade, Post, Proposal, Proposed, persons_of, propose
from supervision.models import faults, liabilities

YEAR_US = 365 * DAY_US
DECIDERS = (Role.INSPECTOR, Role.LEADER)


class LiabilityState(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CHANGED = "changed"
    REJECTED = "rejected"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person who asks for a proposal knows beyond the record. `fault` is guessed from the card when empty."""

    fault: Fault | None = None
    changed_by: Post | None = None
    noticed_by_reviewer: bool = False
    damage: bool = False
    exemption: Exemption | None = None


@dataclass(frozen=True, slots=True)
class LiabilityRow:
    """A proposal and what became of it."""

    id: int
    card_id: int
    case_no: str
    area: str
    org: str
    state: str
    proposed_at: int
    proposed_by: str
    proposal: Proposal
    decision: tuple[Proposed, ...]
    decided_name: str
    decided_at: int | None
    reason: str


class LiabilityService:
    """Writes and reads of liability; nothing here acts on a person."""

    def __init__(self, units: UnitOfWorkFactory, database: Database) -> None:
        self._units, self._database = units, database

    def propose(self, card_id: int, circumstances: Circumstances, actor: Actor | None) -> int:
        """A proposal for the case of a card. Returns its number. Raises NotFound, or Conflict while one is undecided."""
        officer = require(actor, *DECIDERS)
        with self._units() as uow:
            card = by_id(uow.conn, [card_id]).get(card_id)
            if card is None or officer.area not in ("", card.case.area):
                raise NotFound("card_not_found", id=card_id)
            waits = uow.conn.scalar(select(liabilities.c.id).where(liabilities.c.card_id == card_id,
                                                                   liabilities.c.state == LiabilityState.PROPOSED.value))
            if waits is not None:
                raise Conflict("liability_undecided", id=waits)
            return self._insert(uow, card, propose(_evidence(uow.conn, card, circumstances, uow.now_us)), officer)

    def _insert(self, uow: UnitOfWork, card: Card, proposal: Proposal, officer: Actor) -> int:
        number = int(uow.conn.scalar(select(func.coalesce(func.max(liabilities.c.id), 0))) or 0) + 1
        uow.conn.execute(insert(liabilities).values(
            id=number, card_id=card.id, case_id=card.case.case_id, case_no=card.case.case_no, area=card.case.area,
            org=card.case.org, state=LiabilityState.PROPOSED.value, proposed_at=uow.now_us, proposed_by=officer.name,
            proposal=msgspec.json.encode(proposal).decode()))
        return number

    def decide(self, liability_id: int, actor: Actor | None, verdict: str, reason: str,
               persons: Sequence[Proposed] | None = None) -> None:
        """accept, change (with the persons as decided) or reject; every one with a reason. Once only."""
        officer = require(actor, *DECIDERS)
        if verdict not in (LiabilityState.ACCEPTED, LiabilityState.CHANGED, LiabilityState.REJECTED):
            raise InvalidInput("verdict_unknown", verdict=verdict[:32], accepted="accepted, changed, rejected")
        if len(reason.strip()) < 2 or (verdict == LiabilityState.CHANGED and persons is None):
            raise InvalidInput("order_field_missing", field="reason" if len(reason.strip()) < 2 else "persons")
        with self._units() as uow:
            row = uow.conn.execute(select(liabilities).where(liabilities.c.id == liability_id).with_for_update()).first()
            if row is None or officer.area not in ("", row.area):
                raise NotFound("liability_not_found", id=liability_id)
            if row.state != LiabilityState.PROPOSED:
                raise Conflict("liability_decided", id=liability_id)
            proposal = msgspec.json.decode(row.proposal, type=Proposal)
            held = _held(verdict, proposal, persons)
            uow.conn.execute(update(liabilities).where(liabilities.c.id == liability_id).values(
                state=verdict, decision=msgspec.json.encode(held).decode(), decided_by=officer.name,
                decided_name=officer.display_name or officer.name, decided_at=uow.now_us, reason=reason.strip()))
            _count(uow, liability_id, row.org, held)

    def of_card(self, card_id: int) -> list[LiabilityRow]:
        """Proposals about a card, oldest first."""
        return self._rows(liabilities.c.card_id == card_id)

    def find(self, liability_id: int, actor: Actor | None) -> LiabilityRow:
        """One proposal. Raises NotFound, also where this person decides about another area."""
        officer = require(actor, *DECIDERS)
        found = self._rows(liabilities.c.id == liability_id)
        if not found or officer.area not in ("", found[0].area):
            raise NotFound("liability_not_found", id=liability_id)
        return found[0]

    def listed(self, actor: Actor, limit: int = 100) -> list[LiabilityRow]:
        """The latest proposals of whatever this person may decide about."""
        require(actor, *DECIDERS)
        area = actor.area
        return self._rows(*([liabilities.c.area == area] if area else []), limit=limit)

    def _rows(self, *conditions: Any, limit: int = 100) -> list[LiabilityRow]:
        with self._database.read() as conn:
            found = conn.execute(select(liabilities).where(*conditions).order_by(liabilities.c.id.desc()).limit(limit)).all()
        return [LiabilityRow(row.id, row.card_id, row.case_no, row.area, row.org, row.state, row.proposed_at, row.proposed_by,
                             msgspec.json.decode(row.proposal, type=Proposal),
                             msgspec.json.decode(row.decision, type=tuple[Proposed, ...]) if row.decision else (),
                             row.decided_name or "", row.decided_at, row.reason or "") for row in found]


def _evidence(conn: Connection, card: Card, told: Circumstances, now_us: int) -> Evidence:
    events = events_of_cases(conn, [card.case.case_id]).get(card.case.case_id, []) if card.case.case_id else []
    persons = persons_of(sorted(events, key=lambda event: event.sort_key))
    return Evidence(fault=told.fault or fault_of(card), level=card.level, persons=persons, changed_by=told.changed_by,
                    noticed_by_reviewer=told.noticed_by_reviewer, damage=told.damage, exemption=told.exemption,
                    faults_before=_faults_before(conn, [person.name for person in persons], now_us))


def fault_of(card: Card) -> Fault:
    """What the card's key says: an act is a fault of procedure, all else a term that passed."""
    return Fault.PROCEDURE if card.key.startswith(("act:", "finding:")) else Fault.OVERDUE


def _faults_before(conn: Connection, persons: Sequence[str], now_us: int) -> dict[str, int]:
    within_a_year = faults.c.person.in_(persons) & (faults.c.at > now_us - YEAR_US)
    rows = conn.execute(select(faults.c.person, func.count()).where(within_a_year).group_by(faults.c.person)).all()
    return {person: int(count) for person, count in rows}


def _held(verdict: str, proposal: Proposal, persons: Sequence[Proposed] | None) -> tuple[Proposed, ...]:
    if verdict == LiabilityState.REJECTED:
        return ()
    return proposal.persons if persons is None or verdict == LiabilityState.ACCEPTED else tuple(persons)


def _count(uow: UnitOfWork, liability_id: int, org: str, held: Sequence[Proposed]) -> None:
    rows = [{"liability_id": liability_id, "person": one.person, "org": org, "responsibility": one.responsibility.value,
             "level": one.grade.value, "at": uow.now_us} for one in held if one.grade is not Grade.NONE]
    if rows:
        uow.conn.execute(insert(faults), rows)
