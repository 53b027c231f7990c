"""What the fold keeps for judging acts: steps as they were done, fees, papers, refusals, extensions, deliveries.

Kept small, because the fold is rewritten with every event: no step is kept of a case without an item, since its flow is not
known to anybody, and a path longer than any flow is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cases.events import CaseEvent, EventKind

if TYPE_CHECKING:
    from cases.fold import Fold, Moment

MAX_PATH = 24   # steps kept; the longest flow of a catalogue has a third of them
MAX_FEES = 20
REFUSED = "refused"


class StepDone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A step as it was done: by whom, at which post, when (microseconds UTC and the offset as written)."""

    step: str
    actor: str
    post: str
    at: int
    utc_offset: int = 480


class Fee(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fee as charged. Money in fen; None where the source did not say."""

    code: str
    amount_fen: int | None
    quantity: int | None
    receipt_no: str
    waiver: str
    at: int


class Extension(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Days granted beyond the limit, and when they were asked for (the grant itself when nobody told the request)."""

    asked_at: int
    granted_at: int
    days: int


def note_step(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    if fold.item and len(fold.path) < MAX_PATH:
        done = StepDone(event.step or "", event.actor or "", event.data.post or "", moment.at, moment.utc_offset)
        fold.path = [*fold.path, done]


def note_papers(fold: Fold, event: CaseEvent) -> None:
    """The papers received, or asked for by a correction notice, and those promised later."""
    data = event.data
    if event.kind is EventKind.CORRECTION_NOTIFIED:
        fold.asked = _joined(fold.asked, data.materials)
    else:
        fold.materials = _joined(fold.materials, data.materials)
    fold.deferred = _joined(fold.deferred, data.deferred)


def _joined(known: tuple[str, ...], new: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(sorted({*known, *new})) if new else known


def note_outcome(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """Granted or refused, and whether a refusal gives its reason: a reason told with any of its events will do."""
    data = event.data
    is_refusal = event.kind is EventKind.NOT_ACCEPTED or data.result == REFUSED
    if is_refusal:
        fold.refused = fold.refused or moment
    elif fold.refused is None:
        return
    fold.is_reasoned = fold.is_reasoned or bool(data.reason)


def note_fee(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """One that is entered anew after its payment was taken back counts from when it was paid first: it came in late by a
    mistake of the desk, and is no fee taken after the end."""
    data, code = event.data, event.data.fee_code or ""
    before = next((fee for fee in fold.fees_reversed if fee.code == code), None)
    if before is not None:
        fold.fees_reversed = [fee for fee in fold.fees_reversed if fee is not before]
    if len(fold.fees) < MAX_FEES:
        fold.fees = [*fold.fees, Fee(code, data.amount_fen, data.quantity, data.receipt_no or "", data.waiver or "",
                                     moment.at if before is None else before.at)]


def note_fee_reversal(fold: Fold, event: CaseEvent, _moment: Moment) -> None:
    """A payment that was entered by mistake was none; one nobody told of takes nothing back."""
    known = (event.data.fee_code or "", event.data.receipt_no or "")
    taken = next((fee for fee in fold.fees if (fee.code, fee.receipt_no) == known), None)
    if taken is not None:
        fold.fees = [fee for fee in fold.fees if fee is not taken]
        fold.fees_reversed = [*fold.fees_reversed, taken]


def note_request(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.extension_asked = fold.extension_asked or moment.at


def note_extension(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """A grant answers the request before it; asked for again, it is a second extension."""
    days = event.data.approved_days or 0
    fold.extension_days += days
    asked_at = moment.at if fold.extension_asked is None else fold.extension_asked
    fold.extensions = [*fold.extensions, Extension(asked_at, moment.at, days)]
    fold.extension_asked = None


def note_hearing_request(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.hearing_asked = fold.hearing_asked or moment


def note_hearing(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.hearing = fold.hearing or moment


def note_forwarding(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.forwarded = fold.forwarded or moment


def note_delivery(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.delivered = fold.delivered or moment


def note_licence(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    fold.licensed = fold.licensed or moment
    fold.certificate_no = event.data.certificate_no or fold.certificate_no


def note_publication(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.published = fold.published or moment


def note_nothing(_fold: Fold, _event: CaseEvent, _moment: Moment) -> None:
    """A ticket or another handler says nothing about limits or acts of the case itself."""


def note_rating(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """The last one counts; a rating without a score says nothing."""
    if event.data.score is not None:
        fold.rated, fold.score = moment, event.data.score


# A consultation or complaint --------------------------------------------------------------------------------------

def note_matter(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """Only what begins as one is one: a complaint told under the number of an application does not turn it into another."""
    if fold.state == "none":
        fold.lodged = moment
        fold.matter = "consultation" if event.kind is EventKind.CONSULTED else "complaint"


def note_intake(fold: Fold, _event: CaseEvent, moment: Moment) -> None:
    fold.taken = fold.taken or moment


def note_answer(fold: Fold, event: CaseEvent, moment: Moment) -> None:
    """An answer ends a consultation or complaint; it is no end of an application that somebody gave it to."""
    if fold.lodged is not None and fold.closed is None:
        fold.closed, fold.closed_by = moment, event.kind.value


ACT_FACTS = {
    EventKind.EXTENSION_REQUESTED: note_request, EventKind.EXTENDED: note_extension, EventKind.FORWARDED: note_forwarding,
    EventKind.FEE_CHARGED: note_fee, EventKind.FEE_REVERSED: note_fee_reversal,
    EventKind.HEARING_REQUESTED: note_hearing_request,
    EventKind.HEARING_HELD: note_hearing, EventKind.REASSIGNED: note_nothing,
    EventKind.DELIVERED: note_delivery, EventKind.LICENCE_ISSUED: note_licence,
    EventKind.LICENCE_ENDED: note_nothing, EventKind.PUBLISHED: note_publication,
    EventKind.COUNTERSIGNED: note_nothing,
    EventKind.TICKET_CALLED: note_nothing, EventKind.RATED: note_rating, EventKind.CONSULTED: note_matter,
    EventKind.ANSWERED: note_answer, EventKind.COMPLAINED: note_matter, EventKind.COMPLAINT_ACCEPTED: note_intake,
    EventKind.COMPLAINT_EXTENDED: note_extension, EventKind.COMPLAINT_ANSWERED: note_answer,
}
