"""What the alerts tell upwards about cards: published in the unit of work of the change, after the card is written.

`bootstrap.reactions` says who reacts. `actor` is the account behind it, "system" for the engine. Instants are
microseconds UTC; `at` of a timer's event is the theoretical instant, not that of the sweep that noticed it.
"""

from __future__ import annotations

import msgspec


class CardBrief(msgspec.Struct, frozen=True):
    """The card as it is after the event. `names_camera`: its evidence says that a camera saw something. `notify`: whom its
    evidence names to be told; None: its ladder says."""

    id: int
    rev: int
    key: str
    origin: str
    level: int
    state: str
    area: str
    org: str
    item: str
    case_id: int
    case_no: str
    rule: str
    rule_version: str
    demanded_action: str
    reply_due_at: int | None
    names_camera: bool
    notify: tuple[str, ...] | None = None


class CardStanding(msgspec.Struct, frozen=True, gc=False):
    """A card as it was just written, for whoever counts cards. `counts`: it was issued, and neither dismissed nor taken back by
    later facts; one that two persons revoked counts, and is told apart. `replied_at`: the department's reply that stands, and
    `asked_at` since when it was owed; `signed_at`: when it was acknowledged, and `told_at` since when the department knew of it
    as it is; None without one. `subject` says what it is for (lifecycle.Subject)."""

    id: int
    case_id: int
    area: str
    org: str
    item: str
    level: int
    level_at: int
    counts: bool
    is_revoked: bool
    asked_at: int | None = None
    replied_at: int | None = None
    told_at: int | None = None
    signed_at: int | None = None
    subject: str = ""


class CardsWritten(msgspec.Struct, frozen=True, gc=False):
    """Every card of one writing, whatever happened to it and whether or not anybody is told."""

    cards: tuple[CardStanding, ...]


class CardEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event of a card carries."""

    card: CardBrief
    actor: str
    at: int
    reason: str = ""


class CardToConfirm(CardEvent, frozen=True):
    """A card waits for a person to confirm or dismiss it; nobody outside the desk is told."""


class CardOpened(CardEvent, frozen=True):
    """A card was issued: raised by the engine, confirmed by a person, or fired again within the re-arm window."""


class CardWorsened(CardEvent, frozen=True):
    """Its level rose. It lost its acknowledgement, and its shelving if it was shelved."""


class CardAskedAgain(CardEvent, frozen=True):
    """It lost its acknowledgement without worsening: its condition came back, nobody acted in time, or a person took it back.

    `acknowledged_by` is who had signed.
    """

    acknowledged_by: str = ""


class CardAcknowledged(CardEvent, frozen=True):
    """It is fully acknowledged (a red card: by both)."""


class CardShelved(CardEvent, frozen=True):
    """It is kept quiet until `until`."""

    until: int


class CardKeptQuiet(CardEvent, frozen=True):
    """It is out of service or stopped by law (`why`: out_of_service, by_design) until `until`; then it asks again."""

    why: str
    until: int


class CardUnshelved(CardEvent, frozen=True):
    """The shelving is over: it ran out, a person ended it, or the card worsened."""


class ConditionEnded(CardEvent, frozen=True):
    """The facts behind it are over; the card may still wait for people."""


class OrderDispatched(CardEvent, frozen=True):
    order_no: str


class ReplyRequested(CardEvent, frozen=True):
    """The department owes a reply until the card's reply_due_at."""


class ReplyReceived(CardEvent, frozen=True):
    """`order_no` is empty when the card is under no order."""

    order_no: str = ""
    text: str = ""
    attachments: tuple[str, ...] = ()


class ReplyAccepted(CardEvent, frozen=True):
    order_no: str = ""


class ReplyRejected(CardEvent, frozen=True):
    order_no: str = ""


class ReviewOverdue(CardEvent, frozen=True):
    """The reply that waits was not reviewed until `at`; the card goes up one level of escalation."""


class ReplyOverdue(CardEvent, frozen=True):
    """The reply that was due at `at` did not come; the card goes up one level of escalation."""


class OrderOverdue(CardEvent, frozen=True):
    """The order that was due at `at` was not answered; a red card `order:<no>` is raised with it."""

    order_no: str


class AppealFiled(CardEvent, frozen=True):
    pass


class AppealDecided(CardEvent, frozen=True):
    """`decision` is uphold, reject or pass_up."""

    decision: str


class RevocationProposed(CardEvent, frozen=True):
    pass


class RevocationRejected(CardEvent, frozen=True):
    pass


class CardRevoked(CardEvent, frozen=True):
    """Two persons found it unjustified; `proposed_by` is the first of them."""

    proposed_by: str


class CardClosed(CardEvent, frozen=True):
    """It is over and off the screens, for whatever reason (`reason` is the card's closed_reason)."""


class CardEscalated(CardEvent, frozen=True):
    """It went up to `escalation`, by hand or because a reply or a decision is overdue."""

    escalation: int


CARD_EVENTS: tuple[type[CardEvent], ...] = (
    CardToConfirm, CardOpened, CardWorsened, CardAskedAgain, CardAcknowledged, CardShelved, CardKeptQuiet, CardUnshelved,
    ConditionEnded, OrderDispatched, ReplyRequested, ReplyReceived, ReplyAccepted, ReplyRejected, ReviewOverdue, ReplyOverdue,
    OrderOverdue, AppealFiled, AppealDecided, RevocationProposed, RevocationRejected, CardRevoked, CardClosed, CardEscalated)
