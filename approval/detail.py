"""A hosted case as pages and interfaces see it: plain data, read by approval.queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from approval.corrections import Told
from approval.flow import Flow
from approval.matters import Act, is_owed
from cases.fold import Fold


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of a work list. Instants are microseconds UTC; `due_at` is of the promised limit, None while it is stopped
    and once it has ended. `is_held`: a project with a part that came to nothing, about which its lead unit has to decide."""

    case_no: str
    rev: int
    title: str
    item: str
    org: str
    applicant: str
    channel: str
    state: str
    light: str
    step: str
    since: int
    claimed_by: str
    claimed_name: str
    due_at: int | None
    is_part: bool
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A material of a case; `source_case` and `consent` of one that was given before (approval.reuse)."""

    code: str
    place: int
    state: str
    form: str
    sha256: str | None
    file_name: str
    media_type: str
    size: int
    at: int
    by_name: str
    promised_at: int | None = None
    source_case: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class StepPaperKept:
    """A document of the handling; `is_current`: of the visit that is open; `dropped_by`: who took it back as a wrong one."""

    step: str
    code: str
    sha256: str
    file_name: str
    media_type: str
    size: int
    at: int
    by_name: str
    is_current: bool
    dropped_by: str = ""


class PaymentState(StrEnum):
    """entered: waits for a second person. booked: the fees are settled by it. refused: it was none, its reference is free.
    reversing: booked, and somebody asks to take it back. reversed: taken back, its reference is free."""

    ENTERED = "entered"
    BOOKED = "booked"
    REFUSED = "refused"
    REVERSING = "reversing"
    REVERSED = "reversed"


class ReversalRequest(msgspec.Struct, frozen=True):
    """Who asked to take a payment back and why, and what the second person said; `reversed_by` "" while nobody has decided."""

    reversal_reason: str
    reversal_answer: str
    asked_by: str
    asked_name: str
    asked_at: int | None
    reversed_by: str
    reversed_name: str
    reversed_at: int | None


@dataclass(frozen=True, slots=True)
class PaymentKept:
    """Money taken outside (approval.cashier); `fees` are ids, `sha256` is of the scan of its slip. From `reversal_reason` on:
    who asked to take it back and why, and who decided on that (approval.reversals); `earlier_requests` were not agreed to."""

    id: int
    fees: tuple[int, ...]
    kind: str
    reference: str
    amount_fen: int
    paid_on: str
    state: str
    receipt_no: str
    entered_by: str
    entered_name: str
    entered_at: int
    decided_by: str
    decided_name: str
    decided_at: int | None
    words: str
    sha256: str | None
    file_name: str
    media_type: str
    size: int
    reversal_reason: str
    reversal_answer: str
    asked_by: str
    asked_name: str
    asked_at: int | None
    reversed_by: str
    reversed_name: str
    reversed_at: int | None
    earlier_requests: tuple[ReversalRequest, ...] = ()

    @property
    def requests(self) -> tuple[ReversalRequest, ...]:
        """Every request to take it back, the first one first."""
        last = (ReversalRequest(self.reversal_reason, self.reversal_answer, self.asked_by, self.asked_name, self.asked_at,
                                self.reversed_by, self.reversed_name, self.reversed_at),) if self.asked_by else ()
        return self.earlier_requests + last


def earlier_requests(row: Any) -> tuple[ReversalRequest, ...]:
    """As a row of the payments keeps them."""
    return msgspec.json.decode(row.earlier_requests, type=tuple[ReversalRequest, ...])


@dataclass(frozen=True, slots=True)
class Receipt:
    """A paper given out."""

    code: str
    kind: str
    number: str
    issued_at: int


class LicenceState(StrEnum):
    """Where a licence stands; one past its last day is still `valid` here, its day says the rest."""

    VALID = "valid"
    REVOKED = "revoked"      # 撤销
    CANCELLED = "cancelled"  # 注销


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as it stands. Days are those of the area's wall clock; `valid_until` is the last one, None for 长期.
    `is_drawn`: this program made it, else only its number is known here."""

    number: str
    name: str
    holder: str
    identity_no: str
    medium: str
    is_drawn: bool
    valid_from: date
    valid_until: date | None
    issued_at: int
    state: str
    ended_at: int | None
    ground: str

    def is_good(self, today: date) -> bool:
        """Whether its holder may rely on it that day."""
        return self.state == LicenceState.VALID and (self.valid_until is None or today <= self.valid_until)


@dataclass(frozen=True, slots=True)
class PartSeen:
    """A part of a project as it stands."""

    node: str
    stage: str
    item: str
    org: str
    after: tuple[str, ...]
    silent: bool
    state: str
    case_no: str | None
    opened_at: int | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class HostedDetail:
    """A hosted case whole. `fold` is what its journal says of it, `may` the acts this person may do now, `earlier` the steps
    it may be sent back to, `held_posts` his posts in its unit, `takes_money` whether one of them is a cashier's; `told` is the
    correction notice that waits for its answer; `cosigners` are those who signed a step that stands without being the last;
    `reads_project`: this person may also read the project it is a part of."""

    head: Waiting
    flow: Flow
    fold: Fold
    particulars: dict[str, Any]
    papers: list[Paper]
    fees: list[dict[str, Any]]
    extension: dict[str, Any] | None
    receipts: list[Receipt]
    parts: list[PartSeen]
    signed: list[dict[str, Any]]
    licences: list[Licence]
    step_papers: list[StepPaperKept]
    project_no: str | None
    told: Told | None = None
    payments: tuple[PaymentKept, ...] = ()
    cosigners: frozenset[str] = frozenset()
    may: frozenset[Act] = frozenset()
    earlier: tuple[str, ...] = ()
    held_posts: tuple[str, ...] = ()
    takes_money: bool = False
    reads_project: bool = False

    @property
    def due_fees(self) -> list[dict[str, Any]]:
        """The fees for which money may be taken: owed still, and no payment of them waits for its second person."""
        return [fee for fee in self.fees if self.fee_standing(fee) == "due"]

    def fee_standing(self, fee: Mapping[str, Any]) -> str:
        """A fee as its payer is told: due, paid, waived; waits: a payment made outside is entered and waits for its second
        person; lapsed: it was not paid, and nobody owes it any more."""
        state = str(fee["state"])
        if state != "due":
            return state
        if not is_owed(self.fold, fee["code"]):
            return "lapsed"
        waits = any(one.state == PaymentState.ENTERED and fee["id"] in one.fees for one in self.payments)
        return "waits" if waits else state

    @property
    def deferred(self) -> list[str]:
        """The papers that are still to follow."""
        return list(dict.fromkeys(paper.code for paper in self.papers if paper.state == "deferred"))

    @property
    def following(self) -> str:
        """The step after the open one, as the fields of this application have it; "" after the last."""
        return self.flow.following(self.head.step, self.particulars["fields"])

    @property
    def decides(self) -> bool:
        """Whether the decision falls with the open step."""
        return self.flow.decides_at(self.head.step, self.particulars["fields"])

    @property
    def to_sign(self) -> tuple[str, ...]:
        """The posts whose signature the open step still waits for; none of a step that one person does."""
        signers = self.flow.find(self.head.step).signers if self.head.step else ()
        signed = {one["post"] for one in self.signed}
        return tuple(post for post in signers if post not in signed)

    @property
    def is_ended_by_next(self) -> bool:
        """Whether whoever acts next on the open step does it: of one that several sign, the last of them."""
        return len(self.to_sign) < 2

    @property
    def stations(self) -> tuple[str, ...]:
        """The way this application goes, 受理 and 办结 included: the steps its form leaves out are not on it."""
        return self.flow.stations(self.particulars["fields"])
