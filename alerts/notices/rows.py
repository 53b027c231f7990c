"""Notices in and out of their table, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
from sqlalchemy import func, select

from alerts.notices.models import notices
from alerts.notices.words import NoticeState, Reason
from core.database import bulk_insert, look_up
from core.statements import Statement
from core.unit_of_work import Rows, UnitOfWork

_LAST = Statement(select(func.max(notices.c.id)))


class Notice(msgspec.Struct, kw_only=True):
    """A row of the table, in the order of its columns. Instants are microseconds UTC."""

    id: int = 0
    uid: str = ""
    what: str
    card_id: int
    card_rev: int
    level: int
    area: str
    org: str
    addressee: str
    username: str
    name: str
    channel: str
    address: str
    state: str
    reason: str
    step: str = ""
    language: str = "zh"
    subject: str = ""
    body: str = ""
    data: str = "{}"
    created_at: int
    next_at: int | None = None
    attempts: int = 0
    claims: int = 0
    leased_until: int | None = None
    lease: str = ""
    error: str = ""
    ended_at: int | None = None
    read_at: int | None = None
    paper: str = ""
    case_no: str = ""

    @property
    def is_withheld(self) -> bool:
        return self.state == NoticeState.WITHHELD


COLUMNS = Notice.__struct_fields__


def uid_of(notice: Notice) -> str:
    """Names the notice by what it tells whom: the same however often its event is delivered."""
    told = (notice.what, notice.card_id, notice.card_rev, notice.step, notice.addressee, notice.username or notice.name,
            notice.channel, notice.reason if notice.is_withheld else "",
            *(about for about in (notice.paper, notice.case_no) if about))
    return blake2b("\x1f".join(map(str, told)).encode(), digest_size=16).hexdigest()


def write(uow: UnitOfWork, new: Sequence[Notice]) -> list[Notice]:
    """Insert those that are not there yet, numbered; returns them."""
    by_uid: dict[str, Notice] = {}
    for notice in new:
        notice.uid = uid_of(notice)
        by_uid.setdefault(notice.uid, notice)
    known = {uid for (uid,) in look_up(uow.conn, ("uid",), notices, "uid", list(by_uid))}
    fresh = [notice for uid, notice in by_uid.items() if uid not in known]
    last = uow.keep(notices, lambda conn: int(_LAST.value(conn) or 0))
    for number, notice in enumerate(fresh, last + 1):
        notice.id = number
    uow.kept[notices] = last + len(fresh)
    bulk_insert(uow.conn, notices, COLUMNS, [msgspec.structs.astuple(notice) for notice in fresh])
    return fresh


def write_later(uow: UnitOfWork, new: Sequence[Notice]) -> None:
    """The same at the end of the transaction, with those of the acts that share it: where nobody asks before which are new."""
    uow.gathered(write_later, Rows, _write_gathered).rows += new


def _write_gathered(uow: UnitOfWork, notices_told: Rows) -> None:
    write(uow, notices_told.rows)


def withheld(notice: Notice, reason: Reason, now_us: int) -> Notice:
    """The notice as one that is not sent."""
    notice.state, notice.reason, notice.ended_at, notice.next_at = NoticeState.WITHHELD, reason, now_us, None
    return notice
