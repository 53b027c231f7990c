"""Published bulletins on this site: kept as the inside told them, once every file is here and is what it was told to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from approval.materials import Materials
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound, TooLarge
from core.instants import DAY_US
from exchange.envelopes import BulletinFile, BulletinTold, Envelope, read
from exchange.outer.models import bulletins
from portal.bulletins import PublishedBulletin, PublishedLine, written_on
from portal.parts import Say

_B = bulletins.c
_LINE: Any = (_B.id, _B.area, _B.month, _B.title, _B.number, _B.published_at, _B.withdrawn_at, _B.reason)


@dataclass(frozen=True, slots=True)
class BulletinRules:
    """The largest file, and for how many days after its publication one is shown."""

    file_max_bytes: int
    shown_days: int


class Bulletins:
    """The writing side; all but `forget_old` is within the caller's transaction."""

    def __init__(self, database: Database, materials: Materials, clock: Clock, rules: BulletinRules) -> None:
        self._database, self._materials, self._clock, self._rules = database, materials, clock, rules

    def apply(self, conn: Connection, envelope: Envelope) -> None:
        """Raises NotFound, InvalidInput or TooLarge for a file that is not as it was told; the bulletin is then tried again."""
        told = read(envelope.body, BulletinTold)
        for file in told.files:
            self._check(file)
        # The inside went back to a copy and gave the number to another bulletin: no two are shown under one number.
        conn.execute(delete(bulletins).where((_B.id == told.id) | (_B.number == told.number)))
        conn.execute(insert(bulletins).values(
            id=told.id, area=told.area, month=told.month, title=told.title, number=told.number,
            published_at=told.published_at, withdrawn_at=told.withdrawn_at, reason=told.reason, told=envelope.body,
            told_at=envelope.created_at, seq=envelope.seq))

    def is_old(self, conn: Connection, envelope: Envelope) -> bool:
        """Whether the same bulletin, or another of its number, was told since."""
        told = read(envelope.body, BulletinTold)
        row = conn.execute(select(_B.told_at, _B.seq).where((_B.id == told.id) | (_B.number == told.number)).order_by(
            _B.told_at.desc(), _B.seq.desc())).first()
        return row is not None and (row.told_at, row.seq) > (envelope.created_at, envelope.seq)

    def forget_old(self) -> int:
        """Those published longer ago than they are shown; their files go with the next sweep. Returns how many."""
        before = self._clock.now_us() - self._rules.shown_days * DAY_US
        with self._database.transaction() as conn:
            return conn.execute(delete(bulletins).where(_B.published_at < before)).rowcount

    def _check(self, file: BulletinFile) -> None:
        """Whatever is opened is compared with its digest (approval.materials)."""
        if file.size > self._rules.file_max_bytes:
            raise TooLarge("exchange_bulletin_too_large", kind=file.kind, size=file.size, most=self._rules.file_max_bytes)
        with self._materials.open(file.sha256) as content:
            if content.seek(0, 2) != file.size:
                raise InvalidInput("exchange_file_damaged", name=f"{file.sha256[:12]}.{file.kind}")


class Shelf:
    """portal.bulletins.Shelf on what the inside told. `words` are those of the request."""

    def __init__(self, database: Database, materials: Materials, zone: tzinfo, words: Callable[[], Say]) -> None:
        self._database, self._materials, self._zone, self._words = database, materials, zone, words

    def years(self) -> list[str]:
        year = func.substr(_B.month, 1, 4)
        with self._database.read() as conn:
            return list(conn.scalars(select(year).distinct().order_by(year.desc())))

    def listed(self, year: str) -> list[PublishedLine]:
        with self._database.read() as conn:
            rows = conn.execute(select(*_LINE).where(_B.month.startswith(year, autoescape=True)).order_by(
                _B.month.desc(), _B.area, _B.id.desc()))
            return [self._line(row) for row in rows]

    def find(self, number: int) -> PublishedBulletin:
        row, told = self._told(number)
        corrections = told.corrections.get(self._words().language, ())
        return PublishedBulletin(self._line(row), told.paper, corrections,
                                 written_on(told.compared_at, self._zone, "%Y-%m-%d %H:%M"),
                                 {file.kind: file.sha256 for file in told.files})

    def file(self, number: int, kind: str) -> tuple[str, bytes]:
        _, told = self._told(number)
        file = next((one for one in told.files if one.kind == kind), None)
        if file is None or told.withdrawn_at is not None:
            raise NotFound("bulletin_not_found", id=number)
        with self._materials.open(file.sha256) as content:
            return told.number, content.read()

    def _told(self, number: int) -> tuple[Row[Any], BulletinTold]:
        with self._database.read() as conn:
            row = conn.execute(select(*_LINE).where(_B.id == number)).first()
            told = conn.scalar(select(_B.told).where(_B.id == number))
        if row is None or told is None:
            raise NotFound("bulletin_not_found", id=number)
        return row, read(told, BulletinTold)

    def _line(self, row: Row[Any]) -> PublishedLine:
        return PublishedLine(row.id, row.area, row.month, row.title, row.number, written_on(row.published_at, self._zone),
                             written_on(row.withdrawn_at, self._zone), row.reason)
