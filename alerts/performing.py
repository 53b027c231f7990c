"""A command from its arrival to its answer: who may, what it lacks, the card at its revision, the table, the handler."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from alerts.attachments import missing
from alerts.card_commands import (
    NAME_MAX,
    CardCommand,
    CardRef,
    CardResult,
    CommandResult,
    CommandType,
    Decision,
    check_command,
    earlier_result,
    remember,
)
from alerts.card_rows import by_id, newest_by_key, under_order
from alerts.cards import Card
from alerts.handling import Doing
from alerts.lifecycle import Disposition, Level, Signing, State
from alerts.occasions import Occasion, Origin
from alerts.rules import CardRules
from alerts.transitions import JUDGES, NEEDED, OVERRIDABLE, ROLES, axes_of, may_override, refusal
from alerts.wire import CardWriter
from cases.events import CaseFacts
from core.access import Actor, require
from core.errors import InvalidInput, NotPermitted, TooLarge
from core.limits import parse_limit
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

if TYPE_CHECKING:
    from alerts.service import CardService

MANUAL_RULE, MANUAL_VERSION = "manual", "manual"


class Performing:
    """Carries commands out."""

    def __init__(self, cards: CardService, units: UnitOfWorkFactory, writer: CardWriter, rules: CardRules,
                 area_of: Callable[[str], str | None]) -> None:
        self._cards, self._units, self._writer, self._rules, self._area_of = cards, units, writer, rules, area_of

    def execute(self, command: CardCommand, actor: Actor | None) -> CommandResult:
        person, kind = self._admit(command, actor)
        with self._units() as uow:
            return self._answer(uow, command, kind, person)

    def execute_in(self, uow: UnitOfWork, command: CardCommand, actor: Actor | None) -> CommandResult:
        person, kind = self._admit(command, actor)
        return self._answer(uow, command, kind, person)

    # Before anything is read --------------------------------------------------------------------------------------

    def _admit(self, command: CardCommand, actor: Actor | None) -> tuple[Actor, CommandType]:
        kind = check_command(command, self._rules)
        person = require(actor, *ROLES[kind])
        for name in NEEDED.get(kind, ()):
            if not getattr(command, name).strip():
                raise InvalidInput("field_missing", field=name, type=kind.value)
        if command.reply_limit:
            parse_limit(command.reply_limit)
        if kind is CommandType.DECIDE_APPEAL and command.decision not in list(Decision):
            raise InvalidInput("decision_unknown", decision=command.decision[:NAME_MAX])
        if len(command.order_no) > NAME_MAX:
            raise TooLarge("comment_too_long", field="order_no", length=len(command.order_no), max=NAME_MAX)
        if len(command.attachments) > self._rules.attachments_per_reply:
            raise TooLarge("too_many_attachments", count=len(command.attachments), max=self._rules.attachments_per_reply)
        return person, kind

    # Inside the transaction ---------------------------------------------------------------------------------------

    def _answer(self, uow: UnitOfWork, command: CardCommand, kind: CommandType, actor: Actor) -> CommandResult:
        earlier = earlier_result(uow, command, actor)
        if earlier is not None:
            return earlier
        result = self._issue(uow, command, actor) if kind is CommandType.ISSUE else self._perform(uow, command, kind, actor)
        remember(uow, command, actor, result)
        return result

    def _perform(self, uow: UnitOfWork, command: CardCommand, kind: CommandType, actor: Actor) -> CommandResult:
        known = by_id(uow.conn, [ref.id for ref in command.cards])
        do = Doing(command, actor, uow.now_us, lambda card: missing(uow.conn, card.id, command.attachments))
        changed, results = [], []
        for ref in command.cards:
            card = known.get(ref.id)
            if card is None or not may_see_card(actor, card):
                results.append(self._refused(ref.id, 0, State.CLOSED, "card_not_found", id=ref.id))
                continue
            result, is_changed = self._one(card, ref, kind, do)
            results.append(result)
            changed += [card] if is_changed else []
        self._cards.save(uow, changed)
        if kind is CommandType.REPLY:
            self._end_orders(uow, {card.order_no for card in changed if card.order_no})
        return CommandResult(ok=all(result.ok for result in results), results=results)

    def _end_orders(self, uow: UnitOfWork, numbers: set[str]) -> None:
        """What was overdue with an order is over with its last answer: one card of several does not answer for the others."""
        owed = {card.order_no for card in under_order(uow.conn, numbers) if card.disposition is Disposition.UNDER_ORDER}
        self._cards.end_occasions(uow, {f"order:{number}": uow.now_us for number in sorted(numbers - owed)})

    def _one(self, card: Card, ref: CardRef, kind: CommandType, do: Doing) -> tuple[CardResult, bool]:
        """The card's result, and whether the card changed."""
        if kind is CommandType.ACKNOWLEDGE and card.acked_rev is not None and card.acked_rev >= ref.rev:
            return self._already(card), False
        refused = refusal(kind, axes_of(card))
        if refused == "already_acknowledged":
            return self._already(card), False
        if refused == OVERRIDABLE and may_override(do.actor, do.reason):
            refused = None
        if refused is None and card.rev != ref.rev and kind is not CommandType.COMMENT:
            refused = "card_changed"
        refused = refused or self._cards.handling.carry_out(kind, card, do)
        if refused == "signed_by_you":
            return self._done(card, already=True, **self._writer.message("waits_for_second")), False
        if refused is not None:
            return self._refused(card.id, card.rev, card.state, refused), False
        is_half = kind is CommandType.ACKNOWLEDGE and card.signing is Signing.HALF
        return self._done(card, **(self._writer.message("waits_for_second") if is_half else {})), True

    def _issue(self, uow: UnitOfWork, command: CardCommand, actor: Actor) -> CommandResult:
        """A card by hand (人工发牌). One issued by an officer alone waits for confirmation."""
        key = f"manual:{uuid.uuid5(uuid.NAMESPACE_OID, f'{actor.name}/{command.command_id}')}"
        self._cards.raise_occasions(uow, [_manual(command, actor, key, uow.now_us, self._area(command, actor))])
        card = newest_by_key(uow.conn, [key])[key]
        return CommandResult(ok=True, results=[self._done(card)])

    def _area(self, command: CardCommand, actor: Actor) -> str:
        """Where the department of a card by hand is; somebody with rights in one area speaks of that one."""
        area = command.area or actor.area or self._area_of(command.org)
        if not area:
            raise InvalidInput("card_org_unknown", org=command.org[:NAME_MAX])
        return area

    # Words --------------------------------------------------------------------------------------------------------

    def _done(self, card: Card, *, already: bool = False, **said: Any) -> CardResult:
        """`said` are the members `message` and `words`, where there is something to say."""
        return CardResult(card.id, True, card.rev, card.state.value, self._writer.acknowledgement(card), already=already,
                          **said)

    def _already(self, card: Card) -> CardResult:
        signed = self._writer.acknowledgement(card)
        said = self._writer.message("already_acknowledged", by=signed.by if signed else "", at=signed.at if signed else "")
        return self._done(card, already=True, **said)

    def _refused(self, card_id: int, rev: int, state: State, error: str, **args: object) -> CardResult:
        return CardResult(card_id, False, rev, state.value, error=error, **self._writer.message(error, rev=rev, **args))


def may_see_card(actor: Actor, card: Card) -> bool:
    """A department does not know of cards that nobody has confirmed, nor of those dismissed."""
    return actor.may_see(card.case.area, card.case.org) and (card.is_issued or actor.only_org is None)


def _manual(command: CardCommand, actor: Actor, key: str, now_us: int, area: str) -> Occasion:
    try:
        level = Level[command.level.upper()]
    except KeyError:
        raise InvalidInput("level_unknown", name=command.level[:NAME_MAX], accepted="warning, yellow or red") from None
    if not actor.may_see(area, command.org):
        raise NotPermitted("not_permitted")
    case = CaseFacts(0, command.case_no, area, command.org, command.item, command.title)
    return Occasion(key=key, origin=Origin.MANUAL, case=case, rule=MANUAL_RULE, rule_version=MANUAL_VERSION, level=level,
                    at=now_us, needs_confirmation=not actor.has(*JUDGES), reply_limit=command.reply_limit,
                    evidence={"title": command.title, "text": command.text, "basis": command.basis, "issued_by": actor.name,
                              "demanded_action": command.text})
