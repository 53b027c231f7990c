"""The record of one case as plain data: where it stands and everything its events say.

It is stored with the case, so that the next event costs one step, not a replay; new fields go to the end.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from cases.act_facts import Extension, Fee, StepDone
from cases.events import Due
from core.instants import MINUTE_US

CORRECTION, PREREQUISITE, REOPENING = "correction", "prerequisite", "reopening"
NO_SPECIALS = frozenset({CORRECTION, PREREQUISITE, REOPENING})  # stops that are no special procedure


class State(StrEnum):
    """Where a case stands (domain.md §3.1)."""

    NONE = "none"
    SUBMITTED = "submitted"
    PRE_ACCEPTED = "pre_accepted"
    RECEIVED = "received"
    CORRECTING = "correcting"
    ACCEPTED = "accepted"
    SUSPENDED = "suspended"
    DECIDED = "decided"
    CONCLUDED = "concluded"
    COLLECTED = "collected"
    NOT_ACCEPTED = "not_accepted"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    VOIDED = "voided"
    LODGED = "lodged"      # a consultation or complaint, waiting
    HANDLING = "handling"  # a complaint that was accepted
    ANSWERED = "answered"


class Moment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An instant with the offset its source wrote it in."""

    at: int
    utc_offset: int = 480

    @property
    def local(self) -> int:
        """Microseconds on the wall clock of the source."""
        return self.at + self.utc_offset * MINUTE_US


class Stop(msgspec.Struct, array_like=True, gc=False):
    """One suspension of the case's clock: a special procedure, a correction after acceptance, a wait for another case, or the
    time between a conclusion and its withdrawal."""

    kind: str
    start: Moment
    end: Moment | None = None
    number: str = ""
    approved_days: int | None = None


class StepDue(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step that carries a due date of its own, and when it was done."""

    step: str
    done: Moment
    due: Due


class Visit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A span in which a step was worked at and which a step back withdrew: its time counts on when the step is done again."""

    step: str
    start: Moment
    end: Moment


class Promise(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Papers a case was accepted without (容缺): since when they are awaited, until when, and when the last of them came."""

    codes: tuple[str, ...]
    made: Moment
    due: Due | None = None
    kept: Moment | None = None


class Fold(msgspec.Struct, array_like=True, gc=False):
    """Everything the events of one case say, in the order of their claimed times."""

    state: State = State.NONE
    area: str = ""
    case_no: str = ""
    source: str = ""
    org: str = ""
    item: str = ""
    item_version: str = ""
    title: str = ""
    applicant: str = ""
    submitted: Moment | None = None
    received: Moment | None = None
    answered: Moment | None = None   # the online filing was answered
    accepted: Moment | None = None
    decided: Moment | None = None
    closed: Moment | None = None
    collected: Moment | None = None
    closed_by: str = ""
    extension_days: int = 0
    promised_due: Due | None = None
    statutory_due: Due | None = None
    own_due: Due | None = None
    promised_limit: str = ""
    statutory_limit: str = ""
    stops: list[Stop] = []
    steps: list[StepDue] = []
    violations: list[tuple[str, int]] = []
    events: int = 0
    last_key: tuple[int, int, str] = (-(1 << 62), 0, "")
    corrected: bool = False  # a higher version was met, so a lower one that comes later must not be applied
    # What acts are judged by (cases.act_facts).
    path: list[StepDone] = []
    refused: Moment | None = None
    is_reasoned: bool = False
    materials: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    fees: list[Fee] = []
    extensions: list[Extension] = []
    extension_asked: int | None = None
    hearing: Moment | None = None
    forwarded: Moment | None = None
    delivered: Moment | None = None
    licensed: Moment | None = None
    certificate_no: str = ""
    published: Moment | None = None
    lodged: Moment | None = None  # a consultation or complaint
    matter: str = ""
    taken: Moment | None = None
    visits: list[Visit] = []      # what steps back withdrew
    promises: list[Promise] = []  # papers to follow
    hearing_asked: Moment | None = None
    pinned: int | None = None     # number of the item's version a hosted case goes by, whatever comes into force since
    decided_after: int = 0        # how many steps stood when it was decided
    channel: str = ""             # by which it was filed, where a source says so
    rated: Moment | None = None   # the last rating
    score: int | None = None
    applicant_kind: str = ""      # person or company, where a source says so
    fees_reversed: list[Fee] = []  # those whose payment was taken back, and that are not settled anew

    @property
    def is_open(self) -> bool:
        return self.closed is None
