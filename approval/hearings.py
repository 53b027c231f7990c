"""Hearings (听证): asked for by the applicant or a party, held by the unit before it decides (行政许可法 Art. 46-48)."""

from __future__ import annotations

from approval.desk import Desk, Hosted
from approval.intake import APPLICANT
from approval.matters import Act, checked_words
from cases.acts import was_heard
from cases.events import EventKind
from config.catalogue import Item
from core.access import Actor
from core.errors import Conflict, InvalidInput


class Hearings:
    """The two acts. Each is one transaction."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ask(self, case_no: str, reason: str = "", actor: Actor | None = None, station: str = "",
            rev: int | None = None) -> None:
        """听证申请, by the applicant (`actor` None) or noted for him by any post of the case. From now on its clock runs.

        Raises InvalidInput where the item foresees no hearing, Conflict for a second request.
        """
        told = checked_words(reason, "reason", required=False)
        with self._desk.acting(Act.ASK_HEARING, case_no, rev) as (uow, case):
            if actor is not None:
                self._desk.any_post(uow, case, actor)
            if not may_be_heard(self._desk.own_item(case)):
                raise InvalidInput("hearing_not_foreseen", key="reason", case_no=case_no)
            if case.fold.hearing_asked is not None or case.fold.hearing is not None:
                raise Conflict("hearing_once", case_no=case_no)
            self._desk.tell(uow, case, EventKind.HEARING_REQUESTED, actor or APPLICANT, station=station, reason=told)

    def hold(self, case_no: str, rev: int, record: str, actor: Actor, station: str = "") -> None:
        """听证: it took place; `record` is what its minutes say. Raises Conflict when it was held already."""
        told = checked_words(record, "record")
        with self._desk.acting(Act.HOLD_HEARING, case_no, rev) as (uow, case):
            if not may_be_heard(self._desk.own_item(case)):
                raise InvalidInput("hearing_not_foreseen", key="words", case_no=case_no)
            if case.fold.hearing is not None:
                raise Conflict("hearing_once", case_no=case_no)
            wanted = case.flow.find(case.step).entitled if case.step else case.flow.posts_of_conclusion()
            post = self._desk.post(uow, case, actor, wanted)
            self._desk.tell(uow, case, EventKind.HEARING_HELD, actor, step=case.step, station=station, post=post, opinion=told)


def may_be_heard(item: Item) -> bool:
    """Whether the item knows hearings: the law demands one, or one may be asked for."""
    return item.details.hearing or "hearing" in item.special


def check_heard(case: Hosted, item: Item, at_us: int) -> None:
    """Raises Conflict when a hearing is due and was not held: no decision before it."""
    is_due = item.details.hearing or case.fold.hearing_asked is not None
    if is_due and not was_heard(case.fold, at_us):
        raise Conflict("hearing_due", case_no=case.case_no)
