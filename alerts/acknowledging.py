"""What an acknowledgement asks and answers, and the guards before it. `CardService.acknowledge` puts them together."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select

from alerts.cards import Card
from alerts.lifecycle import State
from alerts.models import commands
from alerts.rules import CardRules
from alerts.wire import Acknowledgement, CardWriter
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, TooLarge
from core.unit_of_work import UnitOfWork

ACKNOWLEDGERS = (Role.DUTY_OFFICER, Role.INSPECTOR, Role.ADMINISTRATOR)
COMMAND_ID_MAX = 64


class CardRef(msgspec.Struct, frozen=True):
    """A card at the revision the person saw."""

    id: int
    rev: int


class AcknowledgeCommand(msgspec.Struct, frozen=True, kw_only=True):
    """Sign for cards. `command_id` is made by the client, once per intention, and repeated until answered."""

    command_id: str
    cards: list[CardRef]
    comment: str = ""
    type: str = "acknowledge"


class CardResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one card: its present revision and state; when not ok, why, in a code and in words."""

    id: int
    ok: bool
    rev: int
    state: str
    acked: Acknowledgement | None = None
    already: bool = False
    error: str | None = None
    message: str | None = None


class CommandResult(msgspec.Struct, frozen=True):
    """`ok` when every card is acknowledged now."""

    ok: bool
    results: list[CardResult]


_RESULT = msgspec.json.Decoder(CommandResult)


def check_command(command: AcknowledgeCommand, rules: CardRules) -> None:
    """Raises InvalidInput or TooLarge, naming the field."""
    if command.type != "acknowledge":
        raise InvalidInput("command_unknown", type=command.type[:COMMAND_ID_MAX])
    if not 0 < len(command.command_id) <= COMMAND_ID_MAX:
        raise InvalidInput("command_id_invalid", length=len(command.command_id), max=COMMAND_ID_MAX)
    if not command.cards or len({ref.id for ref in command.cards}) != len(command.cards):
        raise InvalidInput("cards_invalid", count=len(command.cards))
    if len(command.cards) > rules.cards_per_command:
        raise TooLarge("too_many_cards", count=len(command.cards), max=rules.cards_per_command)
    if len(command.comment) > rules.comment_max:
        raise TooLarge("comment_too_long", length=len(command.comment), max=rules.comment_max)


def earlier_result(uow: UnitOfWork, command: AcknowledgeCommand, actor: Actor) -> CommandResult | None:
    """The answer this command got before. Raises Conflict when the id was used by somebody else."""
    row = uow.conn.execute(select(commands.c.actor, commands.c.result).where(
        commands.c.command_id == command.command_id)).first()
    if row is None:
        return None
    if row.actor != actor.name:
        raise Conflict("command_id_used", command_id=command.command_id)
    return _RESULT.decode(row.result)


def remember(uow: UnitOfWork, command: AcknowledgeCommand, actor: Actor, result: CommandResult) -> None:
    uow.conn.execute(insert(commands).values(command_id=command.command_id, actor=actor.name, at=uow.now_us,
                                             result=msgspec.json.encode(result).decode()))


def refusal_of(card: Card | None, ref: CardRef, writer: CardWriter) -> CardResult | None:
    """Why this card cannot be acknowledged at the revision the person saw; None when it can.

    Two people may sign for the same card at the same moment: the first wins, the second is told that it is done
    already. A card that changed otherwise (it worsened) has to be looked at again.
    """
    if card is None:
        return _refused(ref.id, 0, State.CLOSED, "card_not_found", writer.said("card_not_found", id=ref.id))
    if card.rev == ref.rev and card.closed_at is None and not card.is_acked:
        return None
    if card.acked_rev is not None and card.acked_rev >= ref.rev:
        return _already(card, writer)
    if card.closed_at is not None:
        return _refused(card.id, card.rev, card.state, "card_closed", writer.said("card_closed"))
    return _refused(card.id, card.rev, card.state, "card_changed", writer.said("card_changed", rev=card.rev))


def _already(card: Card, writer: CardWriter) -> CardResult:
    signed = writer.acknowledgement(card)
    said = writer.said("already_acknowledged", by=signed.by if signed else "", at=signed.at if signed else "")
    return CardResult(card.id, True, card.rev, card.state.value, signed, already=True, message=said)


def _refused(card_id: int, rev: int, state: State, error: str, message: str) -> CardResult:
    return CardResult(card_id, False, rev, state.value, error=error, message=message)
