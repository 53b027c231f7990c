"""The axes of a card and what follows from them, pure: the shown state, when it closes, when it asks for attention again.

Condition (facts), acknowledgement (people), disposition (what is done about it), suppression, appeal and closure are axes of
their own; the shown state is derived from them by `display_state` alone. Names follow ISA-18.2 (RTN: returned to normal).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from cases.events import ClockKind, ClockRef

# Promised, statutory and own limit of one case are one occurrence that worsens; every other clock is its own.
CASE_LIMITS = frozenset({ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.OWN})


class Level(IntEnum):
    """How bad: 预警, 黄牌, 红牌."""

    WARNING = 1
    YELLOW = 2
    RED = 3

    @property
    def wire(self) -> str:
        return self.name.lower()


class State(StrEnum):
    """What a screen shows of a card."""

    NORMAL = "normal"        # not an alarm: waits for confirmation, or over and signed while a reply is still owed
    UNACK = "unack"
    ACKED = "acked"
    RTN_UNACK = "rtn_unack"  # the condition is over, nobody has acknowledged it yet
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    CLOSED = "closed"


class Origin(StrEnum):
    """What raised a card."""

    CLOCK = "clock"
    ACT = "act"
    FINDING = "finding"
    ORDER = "order"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    ONSITE = "onsite"


class Subject(StrEnum):
    """What a card is for: a limit of the case itself, one of its steps or special procedures, a consultation or complaint, or
    what somebody did or left undone (acts, findings, orders, what cameras saw, cards by hand)."""

    LIMIT = "limit"
    STEP = "step"
    SPECIAL = "special"
    CONSULTATION = "consultation"
    COMPLAINT = "complaint"
    CONDUCT = "conduct"


_SUBJECTS: dict[str, Subject] = {
    ClockKind.STEP: Subject.STEP, ClockKind.SPECIAL: Subject.SPECIAL, ClockKind.CONSULTATION: Subject.CONSULTATION,
    ClockKind.COMPLAINT: Subject.COMPLAINT, ClockKind.COMPLAINT_INTAKE: Subject.COMPLAINT}


def subject_of(origin: str, clock_kind: str) -> Subject:
    """What a card of this origin is for."""
    if origin == Origin.COMPLAINT:
        return Subject.COMPLAINT
    return _SUBJECTS.get(clock_kind, Subject.LIMIT) if origin == Origin.CLOCK else Subject.CONDUCT


# The condition of these is a standing fact that the engine ends. An act once done stays done: there the accepted reply of
# the department is what ends it.
STANDING_ORIGINS = frozenset({Origin.CLOCK, Origin.ORDER})


class Disposition(StrEnum):
    """What is done about a card (domain.md §5.3, wall.md §4)."""

    TO_CONFIRM = "to_confirm"    # 待发: a person has to confirm it before anybody is told
    TO_SIGN = "to_sign"
    SIGNED = "signed"
    UNDER_ORDER = "under_order"
    REPLIED = "replied"
    WRITTEN_OFF = "written_off"
    REVOKED = "revoked"          # 撤牌: two persons found it unjustified
    DISMISSED = "dismissed"
    CANCELLED = "cancelled"      # 取消: later facts took back everything it said


ENDED = frozenset({Disposition.WRITTEN_OFF, Disposition.REVOKED, Disposition.DISMISSED, Disposition.CANCELLED})


NEVER_WERE = frozenset({Disposition.DISMISSED, Disposition.CANCELLED})  # nobody counts them


class Signing(StrEnum):
    """How far a card is acknowledged. `half`: a red card with one of its two signatures."""

    NONE = "none"
    HALF = "half"
    FULL = "full"


class Suppression(StrEnum):
    """Why a card is kept quiet."""

    NONE = "none"
    SHELVED = "shelved"                # 暂挂, by a person, until an instant
    BY_DESIGN = "by_design"            # 依法停计: the law stops it, until an instant
    OUT_OF_SERVICE = "out_of_service"  # 停用, by a person, until an instant


class Appeal(StrEnum):
    """The department contests the card."""

    NONE = "none"
    FILED = "filed"
    UPHELD = "upheld"
    REJECTED = "rejected"
    PASSED_UP = "passed_up"


class Closing(StrEnum):
    """Why a card closed. Withdrawn, revoked, written off and dismissed add the reason after a colon."""

    CONDITION_ENDED = "condition_ended"
    ACKNOWLEDGED = "acknowledged"
    LOADED_AS_HISTORY = "loaded_as_history"
    WITHDRAWN = "withdrawn"
    REPLY_ACCEPTED = "reply_accepted"
    WRITTEN_OFF = "written_off"
    REVOKED = "revoked"
    DISMISSED = "dismissed"


RE_ARMING = frozenset({Closing.CONDITION_ENDED.value, Closing.ACKNOWLEDGED.value})


def card_key(clock: ClockRef) -> str:
    """The occurrence a passage of this clock belongs to."""
    if clock.kind in CASE_LIMITS:
        return f"limit:{clock.case_id}"
    return f"{clock.kind.value}:{clock.case_id}:{clock.ordinal}"


_QUIET = {Suppression.SHELVED: State.SHELVED, Suppression.BY_DESIGN: State.SUPPRESSED,
          Suppression.OUT_OF_SERVICE: State.OUT_OF_SERVICE}
_PENDING = frozenset({Disposition.UNDER_ORDER, Disposition.REPLIED})


def display_state(*, condition: bool, signing: Signing, disposition: Disposition = Disposition.TO_SIGN,
                  suppression: Suppression = Suppression.NONE) -> State:
    """The shown state of a card. Total: every combination has one answer."""
    if disposition in ENDED:
        return State.CLOSED
    if disposition is Disposition.TO_CONFIRM:
        return State.NORMAL
    if suppression is not Suppression.NONE:
        return _QUIET[suppression]
    is_signed = signing is Signing.FULL
    if condition:
        return State.ACKED if is_signed else State.UNACK
    return State.NORMAL if is_signed else State.RTN_UNACK


def reply_that_stands(asked_at: int | None, from_at: int | None, issued_at: int | None, replied_at: int | None,
                      reply_due_at: int | None) -> tuple[int | None, int | None]:
    """(since when it was owed, when it was given) of the reply of a card; one nobody had asked for counts from the issue. One
    that was rejected, or overtaken by another demand (whose term runs `from_at`), does not stand, whatever ends the card."""
    if replied_at is None or reply_due_at is not None or (from_at is not None and replied_at < from_at):
        return None, None
    return asked_at if asked_at is not None and asked_at <= replied_at else issued_at, replied_at


def signature_that_stands(told_at: int | None, issued_at: int | None, acked_at: int | None) -> tuple[int | None, int | None]:
    """(since when the department knew of the card as it is now, when it was acknowledged); one signed before it was issued, or
    before it grew worse, is not."""
    since = told_at if told_at is not None else issued_at
    return (since, acked_at) if since is not None and acked_at is not None and acked_at >= since else (None, None)


def is_pending(disposition: Disposition, appeal: Appeal, *, reply_owed: bool) -> bool:
    """Whether somebody still owes something on the card, so that the end of its condition does not end the card."""
    return disposition in _PENDING or reply_owed or appeal in (Appeal.FILED, Appeal.PASSED_UP, Appeal.UPHELD)


def closing_reason(*, level: int, condition: bool, acked: bool, is_history: bool, is_pending: bool = False) -> Closing | None:
    """Why a card whose passages still stand closes now; None while it stays.

    A warning nobody needs any more goes by itself; a yellow or red card waits for a person, unless it was raised from a
    log loaded long after the fact. A card on which a reply or a decision is owed waits for that.
    """
    if condition:
        return None
    if is_history:
        return Closing.LOADED_AS_HISTORY
    if not is_pending and (acked or level == Level.WARNING):
        return Closing.CONDITION_ENDED
    return None


def asks_again(*, level_before: int, level: int, condition_before: bool, condition: bool) -> bool:
    """Whether an acknowledgement given before no longer covers what the card says now."""
    return level > level_before or (condition and not condition_before)
