"""通知申请人: what happens to a case is told to its applicant by SMS or mail, once, and it is on record whether it arrived.

A reaction inside the transaction of the act: the row of the notice is committed with what it tells of. Sending, trying
again and giving up are those of all notices (alerts.notices.sender). Where nobody can be told, the row says so with its reason.

Parts of a project are not told of: their applicant knows the project only, and is told of that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from alerts.notices.rows import Notice, withheld, write_later
from alerts.notices.words import NoticeState, Reason
from alerts.roster.contacts import Channel
from applicants.contacts import Contact, read_contact
from approval.desk import Hosted
from approval.events import ApplicantConcerned, Occasion
from cases.areas import Areas
from core.errors import InvalidInput
from core.instants import date_of
from core.unit_of_work import UnitOfWork
from core.working_calendar import CalendarNotPublished

APPLICANT = "applicant"
PREFIX = "case_"
NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class CaseWords:
    """Where the words of a notice come from: sentences by key, names of unit and item, and the address of the public site."""

    say: Callable[..., str]
    org_name: Callable[[str], str]
    item_name: Callable[[str], str]
    site: str


class _Reached(msgspec.Struct):
    phone: str = ""
    email: str = ""


class _Particulars(msgspec.Struct):
    """What is read here of an application."""

    applicant: _Reached = msgspec.field(default_factory=_Reached)


_decode = msgspec.json.Decoder(_Particulars).decode


class CaseNotices:
    """`ways` are the channels that are on; `told_by` gives how the account of a case wants to be told ("" where nobody said).

    `correction_days`: working days a correction notice names as the time for it; 0 names none.
    """

    def __init__(self, areas: Areas, words: CaseWords, ways: Collection[Channel], told_by: Callable[[Connection, str], str],
                 correction_days: int) -> None:
        self._areas, self._words, self._ways, self._told_by = areas, words, ways, told_by
        self._correction_days = correction_days

    def tell(self, uow: UnitOfWork, concerned: Sequence[ApplicantConcerned]) -> None:
        """A row for each, sent or withheld with its reason; written at the end of the transaction."""
        drafts = [self._draft(uow, one) for one in concerned if one.case.row.password_hash]
        if drafts:
            write_later(uow, drafts)

    # Inside -------------------------------------------------------------------------------------------------------

    def _draft(self, uow: UnitOfWork, told: ApplicantConcerned) -> Notice:
        case, wish = told.case, self._told_by(uow.conn, told.case.case_no)
        contact, reason = self._way(case, wish)
        channel = Channel.EMAIL if contact is not None and contact.kind == "email" else Channel.SMS
        subject, body = self._text(uow, told)
        draft = Notice(
            what=f"{PREFIX}{told.occasion.value}", card_id=0, card_rev=0, level=0, area=case.row.area, org=case.org,
            addressee=APPLICANT, username="", name=covered_name(case.row.applicant), channel=channel.value,
            address="" if contact is None else contact.address, state=NoticeState.QUEUED, reason=reason, subject=subject,
            body=body, created_at=uow.now_us, next_at=uow.now_us, case_no=case.case_no, step=told.key[:64])
        return draft if reason == Reason.ADDRESSEE else withheld(draft, reason, uow.now_us)

    def _way(self, case: Hosted, wish: str) -> tuple[Contact | None, Reason]:
        """The contact of the application that fits the wish, else the one there is; or why there is none."""
        known = contacts_of(case.row.particulars)
        if wish == "none":
            return None, Reason.DECLINED
        if not known:
            return None, Reason.NO_ADDRESS
        wanted = sorted(known, key=lambda one: one.kind != ("email" if wish == "email" else "phone"))
        found = next((one for one in wanted if _channel(one) in self._ways), None)
        return (found, Reason.ADDRESSEE) if found is not None else (wanted[0], Reason.CHANNEL_OFF)

    def _text(self, uow: UnitOfWork, told: ApplicantConcerned) -> tuple[str, str]:
        words, row = self._words, told.case.row
        values = {"org": words.org_name(row.org), "item": words.item_name(row.item), "case_no": row.case_no,
                  "link": f"{words.site}/public/case/", "due": "", **told.told}
        key = told.occasion.value
        if told.occasion is Occasion.SPECIAL and values["due"]:
            key = "special_due"
        if told.occasion is Occasion.CORRECTION and self._correction_days:
            calendar = self._areas.for_area(row.area)
            with suppress(CalendarNotPublished):  # no date is better than a wrong one
                last = calendar.add_working_days(calendar.today(uow.now_us), self._correction_days)
                key, values["due"] = "correction_due", date_of(last).isoformat()
        return (words.say(f"applicant_message.subject.{told.occasion.value}", **values),
                words.say(f"applicant_message.body.{key}", **values))


def contacts_of(particulars: str) -> list[Contact]:
    """The number and address an application names, those that can be one."""
    applicant = _decode(particulars).applicant
    found = []
    for text in filter(None, (applicant.phone, applicant.email)):
        try:
            found.append(read_contact(text))
        except InvalidInput:
            continue
    return found


def covered_name(name: str) -> str:
    """王** of a person: the delivery log is read by people who do not handle the case. A unit's name stands open."""
    return f"{name[:1]}**" if len(name) <= 4 else name[:NAME_MAX]


def _channel(contact: Contact) -> Channel:
    return Channel.EMAIL if contact.kind == "email" else Channel.SMS
