"""结果证照: what a granted case puts into its applicant's hand, for how long it is good, and how it ends before its time.

A licence is issued by the act that concludes its case, or not at all. The data kept of it are those a directory of electronic
licences asks for (GB/T 36902, GB/T 36903: name, number, holder and his code, issuing organ, day of issue, term). It ends by
itself with its last day (行政许可法 Art. 50), or by a decision in writing: 撤销 when it should not have been given (Art. 69),
注销 when there is nothing left of it (Art. 70).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from approval.desk import Desk, Hosted
from approval.detail import Licence, LicenceState
from approval.handling import HandlingRules
from approval.intake import give
from approval.matters import Act, checked_words
from approval.models import hosted_licences
from approval.receipts import ReceiptKind
from cases.events import EventKind
from config.catalogue import Item
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import date_of, day_of
from core.statements import Statement
from core.unit_of_work import UnitOfWork

NUMBER_MAX, TERM_MAX_YEARS = 64, 100
_L = hosted_licences.c
_TAKEN = Statement(select(_L.id).where(_L.org == bindparam("of_org"), _L.number == bindparam("of_number")))
_OF_CASE = Statement(select(hosted_licences).where(_L.case_id == bindparam("of_case")).order_by(_L.id))
ENDINGS = (LicenceState.REVOKED, LicenceState.CANCELLED)


class Licences:
    """Issues and ends licences. `rules` name the posts that may end one."""

    def __init__(self, desk: Desk, rules: HandlingRules) -> None:
        self._desk, self._rules = desk, rules

    def issue(self, uow: UnitOfWork, case: Hosted, actor: Actor, until: date | None = None, number: str = "") -> str:
        """Within the transaction that concludes the case; returns the number, "" for an item that gives none.

        `until` is the last day, by default as many months on as the item says. With a `number` the licence was made elsewhere
        (preprinted, or by the system of a higher level) and only entered here. Raises InvalidInput; Conflict for a number used
        twice.
        """
        item = self._desk.own_item(case)
        if not item.details.licence or case.fold.refused is not None:
            if number.strip() or until is not None:
                raise InvalidInput("licence_not_foreseen", key="certificate_no" if number.strip() else "until", item=item.name)
            return ""
        today = self._desk.today(case.row.area, uow.now_us)
        last = _last_day(item, today, until)
        given = checked_number(number)
        told = given or self._drawn(uow, case, item, today, last)
        self._enter(uow, case, item, told, today, last, actor, is_drawn=not given)
        return told

    def end(self, case_no: str, rev: int, number: str, how: str, ground: str, actor: Actor, station: str = "") -> None:
        """撤销 or 注销, with its ground, by whoever may decide on it; the holder is told in writing."""
        told = checked_words(ground, "reason")
        if how not in ENDINGS:
            raise InvalidInput("licence_ending_unknown", key="kind", kind=how[:20])
        with self._desk.acting(Act.END_LICENCE, case_no, rev) as (uow, case):
            post = self._desk.post(uow, case, actor, self._rules.extension_posts)
            if not self.end_in(uow, case, LicenceState(how), told, actor, station, post, number):
                raise NotFound("licence_not_valid", case_no=case_no, number=number[:NUMBER_MAX])

    def end_in(self, uow: UnitOfWork, case: Hosted, how: LicenceState, ground: str, actor: Actor, station: str = "",
               post: str = "", number: str = "") -> int:
        """The same within a transaction of the caller's; without a number all that are valid. Returns how many ended."""
        ending = [one for one in of_case(uow.conn, case.row.case_id)
                  if one.state == LicenceState.VALID and number in ("", one.number)]
        for licence in ending:
            uow.conn.execute(update(hosted_licences).where(_L.case_id == case.row.case_id, _L.number == licence.number).values(
                state=how.value, ended_at=uow.now_us, ended_by=actor.name, ground=ground))
            paper = give(self._desk, uow, case, ReceiptKind.LICENCE_ENDED, told={
                "licence": licence.name, "licence_no": licence.number, "reason": ground,
                "ending": self._desk.receipts.word(f"receipt.licence_ending.{how.value}")})
            self._desk.tell(uow, case, EventKind.LICENCE_ENDED, actor, station=station, post=post, reason=ground,
                            result=how.value, certificate_no=licence.number, document_no=paper)
        return len(ending)

    # Inside -------------------------------------------------------------------------------------------------------

    def _drawn(self, uow: UnitOfWork, case: Hosted, item: Item, today: date, last: date | None) -> str:
        word, holder = self._desk.receipts.word, _holder(case)
        term = word("receipt.term.until", first=_written(today), last=_written(last)) if last is not None else \
            word("receipt.term.open", first=_written(today))
        return give(self._desk, uow, case, ReceiptKind.LICENCE, told={
            "licence": name_of_licence(item, word), "identity_no": holder.get("identity_no") or "—", "term": term,
            "medium": word(f"receipt.medium.{item.details.licence}")}, entries=_particulars(case))

    def _enter(self, uow: UnitOfWork, case: Hosted, item: Item, number: str, today: date, last: date | None, actor: Actor,
               *, is_drawn: bool) -> None:
        if _TAKEN.first(uow.conn, of_org=case.org, of_number=number) is not None:  # one transaction writes at a time
            raise Conflict("licence_number_taken", key="certificate_no", number=number)
        uow.conn.execute(insert(hosted_licences).values(
            org=case.org, number=number, case_id=case.row.case_id, name=name_of_licence(item, self._desk.receipts.word),
            holder=case.row.applicant, identity_no=str(_holder(case).get("identity_no", "")), medium=item.details.licence,
            is_drawn=is_drawn, valid_from=day_of(today), valid_until=None if last is None else day_of(last),
            issued_at=uow.now_us, issued_by=actor.name, state=LicenceState.VALID.value, ended_by="", ground=""))


def of_case(conn: Connection, case_id: int) -> list[Licence]:
    """The licences of a case, oldest first; more than one where a part of a project was done again."""
    return [licence_of(row) for row in _OF_CASE.rows(conn, of_case=case_id)]


def licence_of(row: Any) -> Licence:
    """A row of hosted_licences."""
    return Licence(row.number, row.name, row.holder, row.identity_no, row.medium, bool(row.is_drawn), date_of(row.valid_from),
                   None if row.valid_until is None else date_of(row.valid_until), row.issued_at, row.state, row.ended_at,
                   row.ground)


def name_of_licence(item: Item, word: Any) -> str:
    """What the item's guide calls its result, else the item's own name."""
    return item.details.guide.result or str(word("receipt.licence_of", item=item.name))


def months_on(day: date, months: int) -> date:
    """The last day of a term of so many months from `day` on: 2026-03-16 and 12 months give 2027-03-15. Where the last month
    has no such day, it ends with that month (民法典 Art. 202): 2026-01-31 and one month give 2026-02-28."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = monthrange(year, month)[1]
    return date(year, month, last) if day.day > last else date(year, month, day.day) - timedelta(1)


def checked_number(number: str) -> str:
    """Raises InvalidInput for one that cannot be a number."""
    told = number.strip()
    if len(told) > NUMBER_MAX:
        raise InvalidInput("licence_number_too_long", key="certificate_no", most=NUMBER_MAX)
    return told


def _last_day(item: Item, today: date, until: date | None) -> date | None:
    """The item's term is the longest there is: a shorter one may be given, never a longer one."""
    months = item.details.guide.valid_months
    longest = months_on(today, months) if months else date(today.year + TERM_MAX_YEARS, 12, 31)
    if until is None:
        return longest if months else None
    if not today <= until <= longest:
        raise InvalidInput("licence_term_out_of_range", key="until", first=today.isoformat(), last=longest.isoformat())
    return until


def _holder(case: Hosted) -> Mapping[str, Any]:
    told: Mapping[str, Any] = msgspec.json.decode(case.row.particulars)["applicant"]
    return told


def _particulars(case: Hosted) -> list[str]:
    """What the form said, under the names its fields had: that is what was permitted."""
    told = msgspec.json.decode(case.row.particulars)
    return [f"{told.get('form', {}).get(code, code)}：{value}" for code, value in told["fields"].items() if value]


def _written(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
