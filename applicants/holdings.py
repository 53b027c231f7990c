"""What an account holds: the cases it filed or was linked to, and drafts that may be continued on another device."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from applicants.models import applicant_cases, applicant_drafts, applicants
from applicants.service import SEAL_PURPOSE
from core.clock import Clock
from core.errors import NotFound
from core.sealing import Sealer
from core.statements import Statement
from core.unit_of_work import UnitOfWorkFactory

CASES_SHOWN = 100
FILED, LINKED = "filed", "linked"
_C = applicant_cases.c
_TOLD_BY = Statement(select(applicants.c.told_by).join(applicant_cases, _C.applicant_id == applicants.c.id).where(
    _C.case_no == bindparam("number")).order_by(_C.origin, _C.added_at).limit(1))


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft begun for an item; `updated_at` is microseconds UTC of the machine's clock."""

    item: str
    key: str
    updated_at: int


class Holdings:
    """Knows numbers of cases and keys of drafts, and nothing of what is in them."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, key: bytes) -> None:
        self._units, self._clock, self._sealer = units, clock, Sealer(key, SEAL_PURPOSE)

    def add_case(self, number: str, case_no: str, origin: str) -> None:
        """A second time changes nothing."""
        c = applicant_cases.c
        with self._units() as uow:
            is_there = uow.conn.scalar(select(c.case_no).where(c.applicant_id == number, c.case_no == case_no))
            if is_there is None:
                uow.conn.execute(insert(applicant_cases).values(applicant_id=number, case_no=case_no, origin=origin,
                                                                added_at=self._clock.now_us()))

    def cases(self, number: str) -> list[str]:
        """Numbers, the newest first."""
        c = applicant_cases.c
        with self._units.database.read() as conn:
            return list(conn.scalars(select(c.case_no).where(c.applicant_id == number)
                                     .order_by(c.added_at.desc(), c.case_no.desc()).limit(CASES_SHOWN)))

    def has_case(self, number: str, case_no: str) -> bool:
        c = applicant_cases.c
        with self._units.database.read() as conn:
            return conn.scalar(select(c.case_no).where(c.applicant_id == number, c.case_no == case_no)) is not None

    def keep_draft(self, number: str, item: str, key: str) -> None:
        """The draft of that item, from now on this one."""
        d = applicant_drafts.c
        with self._units() as uow:
            uow.conn.execute(delete(applicant_drafts).where(d.applicant_id == number, d.item == item))
            uow.conn.execute(insert(applicant_drafts).values(
                applicant_id=number, item=item, sealed_key=self._sealer.seal(key.encode(), f"draft/{number}/{item}"),
                updated_at=self._clock.now_us()))

    def drop_draft(self, number: str, item: str) -> None:
        d = applicant_drafts.c
        with self._units() as uow:
            uow.conn.execute(delete(applicant_drafts).where(d.applicant_id == number, d.item == item))

    def drafts(self, number: str) -> list[KeptDraft]:
        """The newest first."""
        d = applicant_drafts.c
        with self._units.database.read() as conn:
            rows = conn.execute(select(d.item, d.sealed_key, d.updated_at).where(d.applicant_id == number)
                                .order_by(d.updated_at.desc())).all()
        return [KeptDraft(row.item, self._sealer.open(row.sealed_key, f"draft/{number}/{row.item}").decode(), row.updated_at)
                for row in rows]

    def draft(self, number: str, item: str) -> KeptDraft:
        """Raises NotFound."""
        found = next((one for one in self.drafts(number) if one.item == item), None)
        if found is None:
            raise NotFound("draft_not_found")
        return found

    def told_by(self, conn: Connection, case_no: str) -> str:
        """How the owner of a case wants to be told of it, as this transaction sees it; "" where nobody said. Of several
        accounts, that which filed it."""
        return _TOLD_BY.value(conn, number=case_no) or ""
