"""Files that come with a department's reply or appeal: checked, kept once, opened only by who may see the card.

A file is named by the SHA-256 of its content, so a reply can be shown to have carried exactly these bytes. The bytes stay in
the database: one backup holds the record and what was said in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from alerts.models import attachments
from core.access import Actor
from core.database import Database
from core.errors import Conflict, NotFound
from core.unit_of_work import UnitOfWorkFactory
from core.uploads import KINDS, checked_type, clean_name


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """`types` are endings of core.uploads.KINDS; `max_bytes` is of one file, `per_card` counts files."""

    max_bytes: int = 10 * 1024 * 1024
    per_card: int = 20
    types: tuple[str, ...] = tuple(KINDS)


class Attachment(msgspec.Struct, frozen=True):
    """A file without its bytes. `uploaded_at` is microseconds UTC."""

    card_id: int
    sha256: str
    name: str
    media_type: str
    size: int
    uploaded_by: str
    uploaded_name: str
    uploaded_at: int


_FACTS = [attachments.c[name] for name in Attachment.__struct_fields__]


class AttachmentStore:
    """Takes files in and gives them out. Who may see the card is checked by the caller (alerts/http.py)."""

    def __init__(self, units: UnitOfWorkFactory, database: Database, rules: AttachmentRules) -> None:
        self._units, self._database, self.rules = units, database, rules

    def keep(self, card_id: int, name: str, content: bytes, actor: Actor) -> Attachment:
        """Keep a file with a card; the same bytes twice are one file, under the name they first had.

        Raises InvalidInput (no name, empty, type not accepted, content not of its type), TooLarge and Conflict (card full).
        """
        clean = clean_name(name)
        media_type = checked_type(clean, content, self.rules.types, self.rules.max_bytes)
        digest = hashlib.sha256(content).hexdigest()
        with self._units() as uow:
            known = _find(uow.conn, card_id, digest)
            if known is not None:
                return known
            self._check_room(uow.conn, card_id)
            made = Attachment(card_id, digest, clean, media_type, len(content), actor.name, actor.display_name, uow.now_us)
            uow.conn.execute(insert(attachments).values(**msgspec.structs.asdict(made), content=content))
        return made

    def of_card(self, card_id: int) -> list[Attachment]:
        """What came with a card, oldest first."""
        wanted = select(*_FACTS).where(attachments.c.card_id == card_id)
        with self._database.read() as conn:
            return [_read(row) for row in conn.execute(wanted.order_by(attachments.c.uploaded_at, attachments.c.sha256))]

    def open(self, card_id: int, sha256: str) -> tuple[Attachment, bytes]:
        """A file with its bytes. Raises NotFound."""
        wanted = select(*_FACTS, attachments.c.content).where(attachments.c.card_id == card_id, attachments.c.sha256 == sha256)
        with self._database.read() as conn:
            row = conn.execute(wanted).first()
        if row is None:
            raise NotFound("attachment_not_found", name=sha256[:12])
        return _read(row), bytes(row.content)

    def _check_room(self, conn: Connection, card_id: int) -> None:
        count = conn.execute(select(func.count()).where(attachments.c.card_id == card_id)).scalar_one()
        if count >= self.rules.per_card:
            raise Conflict("attachments_full", max=self.rules.per_card)


def missing(conn: Connection, card_id: int, digests: Iterable[str]) -> list[str]:
    """Those of the digests that no file of the card has."""
    wanted = list(digests)
    if not wanted:
        return []
    known = conn.execute(select(attachments.c.sha256).where(attachments.c.card_id == card_id)).scalars().all()
    return [digest for digest in wanted if digest not in set(known)]


def _find(conn: Connection, card_id: int, digest: str) -> Attachment | None:
    row = conn.execute(select(*_FACTS).where(attachments.c.card_id == card_id, attachments.c.sha256 == digest)).first()
    return None if row is None else _read(row)


def _read(row: Any) -> Attachment:
    return Attachment(*(row._mapping[name] for name in Attachment.__struct_fields__))
