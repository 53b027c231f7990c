"""What happens to a case: the canonical events feeds deliver, and the domain events this package tells upwards.

The event kinds are the message family of the approval exchanges (domain.md §3, §8): every source's own codes are mapped
to them by a mapping file, and nothing below the feeds knows any other vocabulary.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b

import msgspec


class EventKind(StrEnum):
    """The canonical kinds, in the order of a case's life."""

    SUBMITTED = "submitted"                      # 申办
    PRE_ACCEPTED = "pre_accepted"                # 预受理
    RECEIVED = "received"                        # 收件
    ACCEPTED = "accepted"                        # 受理
    NOT_ACCEPTED = "not_accepted"                # 不予受理
    CORRECTION_NOTIFIED = "correction_notified"  # 补正告知
    CORRECTION_RECEIVED = "correction_received"  # 补正受理
    STEP = "step"                                # 环节
    SPECIAL_STARTED = "special_started"          # 特别程序开始
    SPECIAL_ENDED = "special_ended"              # 特别程序结束
    EXTENDED = "extended"                        # 延期
    DECIDED = "decided"                          # 决定
    CONCLUDED = "concluded"                      # 办结
    COLLECTED = "collected"                      # 领取
    WITHDRAWN = "withdrawn"                      # 撤回
    RETURNED = "returned"                        # 退件
    VOIDED = "voided"                            # 作废
    EXTENSION_REQUESTED = "extension_requested"  # 延期申请
    FORWARDED = "forwarded"                      # 转报
    FEE_CHARGED = "fee_charged"                  # 收费
    FEE_REVERSED = "fee_reversed"                # 收费冲正
    HEARING_REQUESTED = "hearing_requested"      # 听证申请
    HEARING_HELD = "hearing_held"                # 听证
    REASSIGNED = "reassigned"                    # 改派
    DELIVERED = "delivered"                      # 送达
    LICENCE_ISSUED = "licence_issued"            # 电子证照出证
    LICENCE_ENDED = "licence_ended"              # 证照终止 (撤销, 注销)
    PUBLISHED = "published"                      # 结果公开
    TICKET_CALLED = "ticket_called"              # 叫号
    RATED = "rated"                              # 评价
    ROLLED_BACK = "rolled_back"                  # 回退
    REOPENED = "reopened"                        # 重办
    SUPPLEMENTED = "supplemented"                # 容缺补齐
    COUNTERSIGNED = "countersigned"              # 会签
    HELD = "held"                                # 待前置
    RELEASED = "released"                        # 前置完成
    MIGRATED = "migrated"                        # 版本迁移
    # A consultation or complaint is a case of its own with a number of its own.
    CONSULTED = "consulted"                      # 咨询
    ANSWERED = "answered"                        # 答复
    COMPLAINED = "complained"                    # 投诉
    COMPLAINT_ACCEPTED = "complaint_accepted"    # 投诉受理
    COMPLAINT_EXTENDED = "complaint_extended"    # 投诉延期
    COMPLAINT_ANSWERED = "complaint_answered"    # 投诉办结


# `order` of an event made from what a log says of the case as a whole: it stands after the log's own events of that instant
# and is no event of the log itself (the end of a log is the time of its last event).
AFTER_THE_LOG = 2**31 - 1

CLOSING_KINDS = frozenset({EventKind.CONCLUDED, EventKind.NOT_ACCEPTED, EventKind.WITHDRAWN, EventKind.RETURNED,
                           EventKind.VOIDED, EventKind.ANSWERED, EventKind.COMPLAINT_ANSWERED})


class ClockKind(StrEnum):
    """What a clock watches. `own` is a due date the feed itself states beside promised and statutory."""

    PROMISED = "promised"
    STATUTORY = "statutory"
    OWN = "own"
    STEP = "step"
    PRE_ACCEPTANCE = "pre_acceptance"
    SPECIAL = "special"
    CONSULTATION = "consultation"
    COMPLAINT = "complaint"
    DELIVERY = "delivery"
    ACCEPTANCE = "acceptance"              # papers in hand → accepted, refused or told what is missing
    CORRECTION = "correction"              # papers in hand → the notice that says what is missing
    FORWARDING = "forwarding"              # reviewed → passed on to the organ above
    LICENCE = "licence"                    # concluded → electronic licence
    COMPLAINT_INTAKE = "complaint_intake"  # complained → accepted or refused
    DEFERRED = "deferred"                  # papers promised later (容缺) → in hand
    HEARING = "hearing"                    # a hearing is due, by law or because one was asked for → held


class Due(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A due date as a source states it: instant in microseconds UTC, its own offset in minutes, `day` or `instant`."""

    at: int
    utc_offset: int = 480
    granularity: str = "day"


class EventData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an event may carry beyond its head. `attributes` keeps what a mapping asked to keep of the source.

    `materials` are the codes received, or asked for by a correction notice; `deferred` those promised later (容缺), until the
    day of `deferred_due`. `post` is that of the actor (岗位); `result` is granted or refused. Money is in fen; `certificate_at`
    is microseconds UTC. A phone is kept as a keyed hash only: enough to see that two ratings came from one.
    """

    title: str | None = None
    applicant: str | None = None
    reason: str | None = None
    document_no: str | None = None
    special_kind: str | None = None
    approved_days: int | None = None
    promised_due: Due | None = None
    statutory_due: Due | None = None
    own_due: Due | None = None
    step_due: Due | None = None
    promised_limit: str | None = None   # "7wd"
    statutory_limit: str | None = None  # "20wd"
    parent_org: str | None = None
    attributes: dict[str, str] | None = None
    post: str | None = None
    opinion: str | None = None
    result: str | None = None
    materials: tuple[str, ...] | None = None
    deferred: tuple[str, ...] | None = None
    fee_code: str | None = None
    amount_fen: int | None = None
    quantity: int | None = None
    receipt_no: str | None = None
    waiver: str | None = None           # ground on which a fee was waived
    certificate_no: str | None = None
    certificate_at: int | None = None
    ticket_no: str | None = None
    score: int | None = None            # of a rating: 1 very dissatisfied … 5 very satisfied
    channel: str | None = None
    phone_hash: str | None = None
    device: str | None = None
    topic: str | None = None            # what a consultation or complaint is about
    deferred_due: Due | None = None     # by when the deferred papers are promised
    from_step: str | None = None        # of a step back or a migration: the step that was open
    pinned: int | None = None           # number of the item's version the case goes by from now on
    renamed: dict[str, str] | None = None  # of a migration: what the steps done are called in that version
    plan: int | None = None             # of a migration: the plan it follows
    applicant_kind: str | None = None   # person (自然人) or company (法人)


NO_DATA = EventData()
HOSTED = "hosted"  # the source of cases handled here: no feed may call itself so


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of one case, as its source claims it.

    `claimed_at` is microseconds UTC and `utc_offset` the minutes east in which the source wrote it: the date of the event
    is the date as written. `order` is its place in the source, which decides between equal times. `source_event_id` with
    `source_version` is unique in the source: a repeated delivery changes nothing; a higher version replaces the lower.
    """

    source: str
    source_event_id: str
    source_version: int = 1
    kind: EventKind
    case_no: str
    area: str
    claimed_at: int
    utc_offset: int = 480
    order: int = 0
    org: str | None = None
    item: str | None = None
    item_version: str | None = None
    actor: str | None = None
    station: str | None = None
    step: str | None = None
    data: EventData = NO_DATA

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """Events of a case are judged in this order, whatever the order of their delivery; two sources may number alike."""
        return self.claimed_at, self.order, f"{self.source}\x1f{self.source_event_id}"


def case_id_of(area: str, case_no: str) -> int:
    """The case's own 63-bit number: the same wherever and in whatever order it is met; numbers repeat across areas."""
    digest = blake2b(f"{area}\x1f{case_no}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def event_id_of(source: str, source_event_id: str, source_version: int) -> bytes:
    """16 bytes that stand for (source, source_event_id, source_version) in the journal's unique index."""
    return blake2b(f"{source}\x1f{source_event_id}\x1f{source_version}".encode(), digest_size=16).digest()


class Status(StrEnum):
    """What became of one record (the acknowledgement codes of the exchange)."""

    OK = "ok"
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"
    UNSUITABLE = "unsuitable"
    ERROR = "error"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The acknowledgement of one record; `code` and `detail` are set unless it is ok, `others` is what else is wrong."""

    status: Status
    code: str = ""
    detail: dict[str, str] = {}
    others: tuple[Outcome, ...] = ()


OK = Outcome(Status.OK)
DUPLICATE = Outcome(Status.DUPLICATE, "already_recorded")


# Domain events --------------------------------------------------------------------------------------------------

class ClockRef(msgspec.Struct, frozen=True, gc=False):
    """A clock of a case: several of one kind (steps, special procedures) are numbered by `ordinal`."""

    case_id: int
    kind: ClockKind
    ordinal: int = 0


class CaseFacts(msgspec.Struct, frozen=True, gc=False):
    """What a card says about its case. `source` is the one that reported it last."""

    case_id: int
    case_no: str
    area: str
    org: str
    item: str
    title: str
    source: str = ""


class RungPassed(msgspec.Struct, frozen=True, gc=False):
    """A clock passed a rung of its ladder while running.

    Told once per (clock, rung) in the transaction that claims it, and again only when later facts move its instant or make
    an ended clock run again. `at` is the theoretical instant, not that of the detection; `closed_at` is set when the clock
    had already ended when we learnt of the passage (a log loaded late).
    """

    clock: ClockRef
    case: CaseFacts
    rung: str
    level: int
    rule: str
    rule_version: str
    at: int
    due_at: int | None
    closed_at: int | None
    evidence: dict[str, object]


class RungWithdrawn(msgspec.Struct, frozen=True, gc=False):
    """Facts that arrived later (a suspension, a correction) make a passage told before unjustified."""

    clock: ClockRef
    case: CaseFacts
    rung: str
    reason: str


class ClockEnded(msgspec.Struct, frozen=True, gc=False):
    """A clock with at least one passed rung ended: the condition of its card is over."""

    clock: ClockRef
    case: CaseFacts
    ended_at: int


class CaseUnjudgeable(msgspec.Struct, frozen=True, gc=False):
    """A clock cannot be judged: no limit, no calendar for the year, a rule that raises. An alarm, never a pass."""

    clock: ClockRef
    case: CaseFacts
    reason: str
    detail: str


class CaseJudgeable(msgspec.Struct, frozen=True, gc=False):
    """A clock that could not be judged can be now, or has ended."""

    clock: ClockRef
    case: CaseFacts


class CasesMarked(msgspec.Struct, frozen=True, gc=False):
    """What is kept of these cases for the sums above the record (cases.marking) became another: (case, before, after), "" for
    a case that was not there. Told once per transaction, before anything else of it."""

    moves: tuple[tuple[int, str, str], ...]


class LateEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that reached us late: of which source, what happened (at which step), when it says so, when we received it."""

    source: str
    source_event_id: str
    kind: str
    step: str
    at: int
    received_at: int

    @property
    def delay(self) -> int:
        """How late it came, in microseconds."""
        return self.received_at - self.at


class ActViolated(msgspec.Struct, frozen=True, gc=False):
    """An act of the organ breaks a rule (config.acts.Act), as the case's facts and its item show it.

    Told once when `code` with `subject` (a step, a material, a fee, a field; "" when there is but one) joins the faults of the
    case, in the transaction that learnt of it. `at` is the claimed instant of the act, microseconds UTC. A fault made up of
    events (late data) is told again when it grows: `late` are those that are new, `at` the earliest of them.
    """

    case: CaseFacts
    code: str
    subject: str
    at: int
    evidence: dict[str, object]
    late: tuple[LateEvent, ...] = ()


class ActRedeemed(msgspec.Struct, frozen=True, gc=False):
    """Facts that arrived later (a correction, an event of earlier date) show that there was no fault."""

    case: CaseFacts
    code: str
    subject: str
    reason: str
