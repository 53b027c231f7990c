"""Published bulletins for the public site: each is compared with what was last told of it, as cases are.

Only what everybody may read leaves the inside: the paper as it was issued, which tells no small numbers, and its files. Who
made and signed it stays inside.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from config.indicators import Indicators
from core.clock import Clock
from core.errors import NotFound, SupervisionError, TooLarge
from core.instants import DAY_US, SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from evaluation.bulletins.assembly import Bulletins
from evaluation.bulletins.queries import BulletinRow
from evaluation.bulletins.service import FILES, FileName
from exchange.envelopes import BulletinFile, BulletinTold, written
from exchange.inner.models import exchange_bulletins
from exchange.inner.outgoing import put
from papers.fonts import FontsMissing
from papers.queries import PaperQueries
from portal.parts import Say
from portal.shelf import corrected_figures, public_paper

log = logging.getLogger(__name__)
AT_ONCE = 20  # of one round; the next one goes on
_t = exchange_bulletins.c


@dataclass(frozen=True, slots=True)
class BulletinRules:
    """The largest file, and for how many days after its publication a bulletin is shown at the public site."""

    file_max_bytes: int = 20 * 1024 * 1024
    shown_days: int = 3660


@dataclass(frozen=True, slots=True)
class Published:
    """Where published bulletins come from; `says` are the words of each language, for the names of corrected figures."""

    bulletins: Bulletins
    register: PaperQueries
    indicators: Indicators
    says: Callable[[], Mapping[str, Say]]


class BulletinTelling:
    """`clock` is the machine's own. One that cannot be told, or not whole, is looked at again after `retry_s` seconds."""

    def __init__(self, units: UnitOfWorkFactory, published: Published, clock: Clock, retry_s: float,
                 rules: BulletinRules) -> None:
        self._units, self._published, self._clock, self._rules = units, published, clock, rules
        self._retry_us = int(retry_s * SECOND_US)
        self._waits: dict[int, tuple[str, int]] = {}  # bulletin → its mark, and when to look again
        self.untold: set[int] = set()  # those a fault of ours keeps from being told whole

    def compose(self) -> int:
        """Tell what is not told yet. Returns how many that were."""
        return sum(self._compose_one(number, mark) for number, mark in self._changed()[:AT_ONCE])

    def tell_anew(self, conn: Connection) -> None:
        """All of them, under a numbering of its own."""
        self._waits.clear()
        self.untold.clear()
        conn.execute(delete(exchange_bulletins))

    def content_of(self, number: int, file: BulletinFile) -> bytes:
        """The file that was told. Raises NotFound for another one, and of a bulletin that was withdrawn meanwhile; the public
        site then keeps the telling without showing it, so the bulletin is told anew."""
        try:
            _, content = self._published.bulletins.service.published_file(number, file.kind)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise NotFound("exchange_file_unknown", name=f"{number}.{file.kind}")
        except SupervisionError:
            self._tell_later(number)
            raise
        return content

    # Inside -------------------------------------------------------------------------------------------------------

    def _changed(self) -> list[tuple[int, str]]:
        since = self._units.clock.now_us() - self._rules.shown_days * DAY_US
        marks = self._published.bulletins.queries.published_marks(since)
        self.untold.intersection_update(marks)  # one that is shown no more lacks nothing
        with self._units.database.read() as conn:
            told = {row.id: row.mark for row in conn.execute(select(_t.id, _t.mark))}
        return [(number, mark) for number, mark in marks.items()
                if told.get(number) != mark and not self._is_waited_for(number, mark)]

    def _tell_later(self, number: int) -> None:
        with self._units() as uow:
            mark = uow.conn.scalar(select(_t.mark).where(_t.id == number))
            uow.conn.execute(delete(exchange_bulletins).where(_t.id == number))
        known, _ = self._waits.get(number, ("", 0))  # of one that lacks a file no mark is kept
        self._waits[number] = (mark or known, self._clock.now_us() + self._retry_us)

    def _is_waited_for(self, number: int, mark: str) -> bool:
        known, again_at = self._waits.get(number, ("", 0))
        return known == mark and self._clock.now_us() < again_at

    def _compose_one(self, number: int, mark: str) -> bool:
        """What could not be made whole is told as far as it is, and looked at again."""
        told, is_whole = self._told(number)
        if is_whole:
            self._waits.pop(number, None)
        else:
            self._waits[number] = (mark, self._clock.now_us() + self._retry_us)
        if told is None:
            return False
        # When it was last compared is no news: each look of that job would tell one anew that waits for a file.
        digest = hashlib.sha256(written(msgspec.structs.replace(told, compared_at=None))).hexdigest()
        with self._units() as uow:
            is_news = uow.conn.scalar(select(_t.sha256).where(_t.id == number)) != digest
            _note(uow.conn, number, mark if is_whole else "", digest)
            if is_news:
                put(uow.conn, self._clock.now_us(), "bulletin", f"bulletin {number}", told)
        return is_news

    def _told(self, number: int) -> tuple[BulletinTold | None, bool]:
        """And whether it is whole."""
        try:
            told, is_whole = self._composed(number)
        except Exception:  # a fault of one bulletin keeps no other from being told
            log.exception("bulletin %d cannot be told to the public site", number)
            self.untold.add(number)
            return None, False
        (self.untold.discard if is_whole else self.untold.add)(number)
        return told, is_whole

    def _composed(self, number: int) -> tuple[BulletinTold, bool]:
        given = self._published
        row, corrections = given.bulletins.queries.find_published(number)
        files, is_whole = ((), True) if row.ended_at is not None else self._files(row)
        return BulletinTold(
            row.id, row.area, row.month, row.title, row.number or "", row.published_at or 0, row.ended_at, row.reason,
            public_paper(row, given.register),
            {language: corrected_figures(corrections, given.indicators, say) for language, say in given.says().items()},
            row.checked_at, files), is_whole

    def _files(self, row: BulletinRow) -> tuple[tuple[BulletinFile, ...], bool]:
        """Also whether all are there that can be. Fonts may be missing for good, and that is told to administrators elsewhere:
        nothing waits for them."""
        files, is_whole = [], True
        for kind in FILES:
            try:
                files.append(self._file(row.id, kind))
            except FontsMissing:
                continue
            except SupervisionError as failure:
                log.warning("bulletin %d goes without its %s: %s", row.id, kind, failure)
                is_whole = False
        return tuple(files), is_whole

    def _file(self, number: int, kind: FileName) -> BulletinFile:
        """Raises TooLarge, and what the service does when it cannot be made."""
        _, content = self._published.bulletins.service.published_file(number, kind)
        if len(content) > self._rules.file_max_bytes:
            raise TooLarge("exchange_bulletin_too_large", kind=kind, size=len(content), most=self._rules.file_max_bytes)
        return BulletinFile(kind, hashlib.sha256(content).hexdigest(), len(content))


def _note(conn: Connection, number: int, mark: str, digest: str) -> None:
    """What was told last of a bulletin."""
    if conn.execute(update(exchange_bulletins).where(_t.id == number).values(mark=mark, sha256=digest)).rowcount == 0:
        conn.execute(insert(exchange_bulletins).values(id=number, mark=mark, sha256=digest))
