"""Drafts of the public site of its own, in its own database: the same promises as approval/drafts.py."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Container
from typing import IO

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select, update

from approval.materials import Materials, Upload
from approval.matters import Draft
from core.clock import Clock
from core.database import Database
from core.errors import NotFound, TooLarge
from core.instants import DAY_US
from exchange.outer.models import drafts

CONTENT_MAX = 100_000
_decode = msgspec.json.Decoder(Draft).decode


class OuterDrafts:
    """portal.desk.DraftBox; each call is one transaction."""

    def __init__(self, database: Database, materials: Materials, clock: Clock, kept_days: int) -> None:
        self._database, self._materials, self._clock, self._kept_days = database, materials, clock, kept_days

    def begin(self, item: str) -> str:
        """A new draft; returns its key, which is kept nowhere."""
        return self.keep(Draft(item, {}))

    def keep(self, draft: Draft) -> str:
        """A draft with this content under a new key."""
        key = secrets.token_urlsafe(32)
        with self._database.transaction() as conn:
            conn.execute(insert(drafts).values(key_hash=_hash(key), item=draft.item, content=_written(draft),
                                               updated_at=self._clock.now_us()))
        return key

    def find(self, key: str) -> Draft:
        """Raises NotFound."""
        with self._database.read() as conn:
            return _found(conn, key)

    def save(self, key: str, values: dict[str, str]) -> None:
        """Keep what the form says. Raises TooLarge."""
        self._change(key, lambda draft: replace(draft, values={name[:64]: value for name, value in values.items()}))

    def attach(self, key: str, code: str, name: str, content: bytes | IO[bytes], asked: Container[str] | None = None) -> Upload:
        """Keep a file with it. The same bytes for the same paper are one file. `asked`: the papers asked for now (None: every
        one); files for others take no room, since they will not be handed in. Raises TooLarge."""
        self.find(key)
        upload = self._materials.keep(code, name, content)
        self._change(key, lambda draft: self._with_room(draft.with_upload(upload), asked))
        return upload

    def detach(self, key: str, code: str, sha256: str) -> None:
        """Take a file out again. Raises InvalidInput when it is not there."""
        self._change(key, lambda draft: draft.without_upload(code, sha256))

    def discard(self, key: str) -> None:
        """It was filed, or is not wanted any more."""
        with self._database.transaction() as conn:
            conn.execute(delete(drafts).where(drafts.c.key_hash == _hash(key)))

    def forget_old(self) -> int:
        """Drafts nobody went on with."""
        oldest = self._clock.now_us() - self._kept_days * DAY_US
        with self._database.transaction() as conn:
            return conn.execute(delete(drafts).where(drafts.c.updated_at < oldest)).rowcount

    def _with_room(self, draft: Draft, asked: Container[str] | None) -> Draft:
        self._materials.check_room(draft.uploads if asked is None else draft.only(asked).uploads)
        return draft

    def _change(self, key: str, edit: Callable[[Draft], Draft]) -> None:
        """What it is now is edited, by one at a time: another file may have come since the browser was shown it."""
        with self._database.transaction() as conn:
            text = _written(edit(_found(conn, key, is_locked=True)))
            if len(text) > CONTENT_MAX:
                raise TooLarge("draft_too_large", most=CONTENT_MAX)
            conn.execute(update(drafts).where(drafts.c.key_hash == _hash(key)).values(
                content=text, updated_at=self._clock.now_us()))


def use_up(conn: Connection, key: str) -> Draft:
    """Take a draft away within the caller's transaction. Raises NotFound when somebody was quicker."""
    draft = _found(conn, key)
    if conn.execute(delete(drafts).where(drafts.c.key_hash == _hash(key))).rowcount != 1:
        raise NotFound("draft_not_found")
    return draft


def _found(conn: Connection, key: str, *, is_locked: bool = False) -> Draft:
    query = select(drafts.c.content).where(drafts.c.key_hash == _hash(key))
    content = conn.scalar(query.with_for_update() if is_locked else query)
    if content is None:
        raise NotFound("draft_not_found")
    return _decode(content)


def _written(draft: Draft) -> str:
    return msgspec.json.encode(draft).decode()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
