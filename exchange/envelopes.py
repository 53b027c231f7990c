"""What travels between the two ends, as JSON. Instants are microseconds UTC, sizes bytes.

An envelope has an id that is its own for ever (what came twice is known by it), a number in its direction, and the subject
whose envelopes keep their order. What it says is in `body`, one of the structures below by `kind`.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

from approval.materials import Upload
from approval.matters import Application
from approval.payments.matters import Order
from core.errors import InvalidInput
from papers.official import OfficialPaper
from portal.bulletins import CorrectedFigure
from portal.desk import CaseView, Figures, FileKind, PaperFacts, Problem
from supervision.complaints.matters import Filing, Reporter

Told = TypeVar("Told")


class Envelope(msgspec.Struct, frozen=True):
    """One thing said, in one direction."""

    seq: int
    id: str
    kind: str
    subject: str
    created_at: int
    body: str


# Inwards ----------------------------------------------------------------------------------------------------------

class Filed(msgspec.Struct, frozen=True):
    """application: `verifier` proves the password without telling it; the inside gives it back with every view."""

    number: str
    application: Application
    verifier: str
    sent_at: int


class Correction(msgspec.Struct, frozen=True):
    """correction: everything that was asked for, or all he will bring."""

    case_no: str
    uploads: tuple[Upload, ...]
    rest_withheld: bool = False
    fields: dict[str, str] = {}
    words: str = ""


class Withdrawal(msgspec.Struct, frozen=True):
    """withdrawal."""

    case_no: str
    reason: str


class HearingAsked(msgspec.Struct, frozen=True):
    """hearing: the applicant asks for one (听证申请)."""

    case_no: str
    reason: str


class Rating(msgspec.Struct, frozen=True):
    """rating."""

    case_no: str
    score: int
    words: str


class Payment(msgspec.Struct, frozen=True):
    """payment: what the gateway of the public site says was paid. Money in fen."""

    case_no: str
    order: Order
    receipt_no: str


class Letter(msgspec.Struct, frozen=True):
    """letter: a consultation or complaint, and who wrote it."""

    filing: Filing
    reporter: Reporter


class Follow(msgspec.Struct, frozen=True):
    """follow: somebody asks for a case that was filed elsewhere, e.g. at a window, by its number and password."""

    case_no: str
    password: str
    verifier: str


# Outwards ---------------------------------------------------------------------------------------------------------

class Answer(msgspec.Struct, frozen=True):
    """answer: what became of the envelope `to`. `given` is the number it got inside: of a case or of a letter."""

    to: str
    problem: Problem | None = None
    given: str = ""


class PaperFile(msgspec.Struct, frozen=True):
    """A file of a paper given out; it travels beside the envelope under its digest."""

    code: str
    kind: FileKind
    sha256: str
    size: int


class CaseTold(msgspec.Struct, frozen=True):
    """case: a case as its applicant sees it now."""

    view: CaseView
    verifier: str
    number: str
    at: int
    files: tuple[PaperFile, ...] = ()


class Facts(msgspec.Struct, frozen=True):
    """papers: what anybody may check of papers given out; nothing about a person."""

    papers: tuple[PaperFacts, ...]


class BulletinFile(msgspec.Struct, frozen=True):
    """A file of a bulletin; it travels beside the envelope under its digest."""

    kind: Literal["pdf", "docx", "xlsx"]
    sha256: str
    size: int


class BulletinTold(msgspec.Struct, frozen=True):
    """bulletin: a published one as anybody may read it; of one withdrawn only that it was, and why. `corrections` are there in
    each language."""

    id: int
    area: str
    month: str
    title: str
    number: str
    published_at: int
    withdrawn_at: int | None
    reason: str
    paper: OfficialPaper | None
    corrections: dict[str, tuple[CorrectedFigure, ...]]
    compared_at: int | None
    files: tuple[BulletinFile, ...]


# Requests and answers ---------------------------------------------------------------------------------------------

class Take(msgspec.Struct, frozen=True):
    """Everything up to `after` of that epoch is kept by the asker, whose last envelope had the id `last`; at most so many
    envelopes and bytes more."""

    epoch: str
    after: int
    last: str
    most: int
    most_bytes: int


class Batch(msgspec.Struct, frozen=True):
    """`upto` and `last` are number and id of the last one looked at; `waiting` is how many more there are."""

    epoch: str
    envelopes: tuple[Envelope, ...]
    upto: int
    last: str = ""
    waiting: int = 0


class Give(msgspec.Struct, frozen=True):
    """Feedback, numbered without gaps within its epoch."""

    epoch: str
    envelopes: tuple[Envelope, ...]
    figures: Figures | None = None


class Given(msgspec.Struct, frozen=True):
    """What the receiver has committed: number and id of the last one, of which epoch; `own` is the receiver's. `failed` names
    envelopes that could not be applied; they hold up no other, and `unapplied` is how many are kept. `payments` are orders
    nobody could settle there, the oldest, by its number, for so many minutes."""

    epoch: str
    applied: int
    last: str
    own: str
    failed: tuple[str, ...] = ()
    payments: int = 0
    payment_minutes: int = 0
    payment_no: str = ""
    unapplied: int = 0


def written(told: Any) -> bytes:
    """As it travels."""
    return msgspec.json.encode(told)


def read(content: bytes | str, kind: type[Told]) -> Told:
    """Raises InvalidInput for what is not of that form."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as failure:
        raise InvalidInput("exchange_unreadable", what=f"{kind.__name__}: {str(failure)[:200]}") from failure
