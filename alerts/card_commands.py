"""What people ask to be done with cards, in one shape for HTTP and Socket.IO, what they are answered, and the memory that
gives a repeated command its first answer. `handling` does it; `transitions` says what is allowed when, and to whom.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from sqlalchemy import insert, select

from alerts.models import commands
from alerts.rules import CardRules
from alerts.wire import Acknowledgement
from core.access import Actor
from core.errors import Conflict, InvalidInput, TooLarge
from core.unit_of_work import UnitOfWork

COMMAND_ID_MAX = 64
NAME_MAX = 64


class CommandType(StrEnum):
    """Every command there is."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    TAKE_OUT_OF_SERVICE = "take_out_of_service"
    RETURN_TO_SERVICE = "return_to_service"
    STOP_BY_LAW = "stop_by_law"
    RESUME_BY_LAW = "resume_by_law"
    REQUEST_REPLY = "request_reply"
    DISPATCH = "dispatch"
    REPLY = "reply"
    ACCEPT_REPLY = "accept_reply"
    REJECT_REPLY = "reject_reply"
    APPEAL = "appeal"
    DECIDE_APPEAL = "decide_appeal"
    PROPOSE_REVOKE = "propose_revoke"
    CONFIRM_REVOKE = "confirm_revoke"
    REJECT_REVOKE = "reject_revoke"
    WRITE_OFF = "write_off"
    ESCALATE = "escalate"
    COMMENT = "comment"
    ISSUE = "issue"


class Decision(StrEnum):
    """What may become of an appeal (domain.md §5.3: revoke, reject, pass up)."""

    UPHOLD = "uphold"
    REJECT = "reject"
    PASS_UP = "pass_up"


class CardRef(msgspec.Struct, frozen=True):
    """A card at the revision the person saw."""

    id: int
    rev: int


class CardCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One intention. `command_id` is made by the client, once per intention, and repeated until answered.

    Which members a type needs is said by `transitions.NEEDED`. `until`: ISO 8601 with its offset. `reply_limit`: `5wd`, `8wh`
    or `3cd`. `attachments`: SHA-256 of files the card has. `level`, `org`, `area`, `item`, `case_no`, `title` and `basis`
    are of a card issued by hand: `title` is what is found fault with, `text` its description, `basis` the rule it breaks.
    """

    command_id: str
    type: str = CommandType.ACKNOWLEDGE.value
    cards: list[CardRef] = []
    comment: str = ""
    reason: str = ""
    until: str = ""
    reply_limit: str = ""
    text: str = ""
    attachments: list[str] = []
    decision: str = ""
    order_no: str = ""
    level: str = ""
    org: str = ""
    area: str = ""
    item: str = ""
    case_no: str = ""
    title: str = ""
    basis: str = ""


class CardResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one card: its present revision and state; when not ok, why, in a code and in words.

    `message` is in the language of the installation, `words` has it in the others, by language code.
    """

    id: int
    ok: bool
    rev: int
    state: str
    acked: Acknowledgement | None = None
    already: bool = False
    error: str | None = None
    message: str | None = None
    words: dict[str, dict[str, str]] = {}


class CommandResult(msgspec.Struct, frozen=True):
    """`ok` when it was done to every card."""

    ok: bool
    results: list[CardResult]


_RESULT = msgspec.json.Decoder(CommandResult)


def check_command(command: CardCommand, rules: CardRules) -> CommandType:
    """Its type. Raises InvalidInput or TooLarge, naming the field."""
    if command.type not in list(CommandType):
        raise InvalidInput("command_unknown", type=command.type[:COMMAND_ID_MAX])
    if not 0 < len(command.command_id) <= COMMAND_ID_MAX:
        raise InvalidInput("command_id_invalid", length=len(command.command_id), max=COMMAND_ID_MAX)
    kind = CommandType(command.type)
    _check_cards(command, kind, rules)
    for name in ("comment", "reason"):
        _check_length(name, getattr(command, name), rules.comment_max)
    for name in ("text", "basis", "title"):
        _check_length(name, getattr(command, name), rules.text_max)
    return kind


def _check_cards(command: CardCommand, kind: CommandType, rules: CardRules) -> None:
    is_without = kind is CommandType.ISSUE
    if bool(command.cards) == is_without or len({ref.id for ref in command.cards}) != len(command.cards):
        raise InvalidInput("cards_invalid", count=len(command.cards))
    if len(command.cards) > rules.cards_per_command:
        raise TooLarge("too_many_cards", count=len(command.cards), max=rules.cards_per_command)


def _check_length(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise TooLarge("comment_too_long", field=name, length=len(text), max=most)


def earlier_result(uow: UnitOfWork, command: CardCommand, actor: Actor) -> CommandResult | None:
    """The answer this command got before. Raises Conflict when the id was used by somebody else."""
    row = uow.conn.execute(select(commands.c.actor, commands.c.result).where(
        commands.c.command_id == command.command_id)).first()
    if row is None:
        return None
    if row.actor != actor.name:
        raise Conflict("command_id_used", command_id=command.command_id)
    return _RESULT.decode(row.result)


def remember(uow: UnitOfWork, command: CardCommand, actor: Actor, result: CommandResult) -> None:
    uow.conn.execute(insert(commands).values(command_id=command.command_id, actor=actor.name, at=uow.now_us,
                                             result=msgspec.json.encode(result).decode()))
