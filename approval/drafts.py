"""Applications not filed yet: kept under a key only the applicant's browser has, and forgotten after a while."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Container
from typing import IO

import msgspec
from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update

from approval.materials import Materials, Upload
from approval.matters import Draft
from approval.models import hosted_drafts
from core.errors import NotFound, TooLarge
from core.instants import DAY_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

CONTENT_MAX = 100_000


_decode = msgspec.json.Decoder(Draft).decode
_encode = msgspec.json.Encoder().encode


class Drafts:
    """Each call is one transaction. A key is 256 random bits; its hash is what is kept."""

    def __init__(self, units: UnitOfWorkFactory, materials: Materials, kept_days: int) -> None:
        self._units, self._materials, self._kept_days = units, materials, kept_days

    def begin(self, item: str) -> str:
        """A new draft; returns its key, which is kept nowhere."""
        key = secrets.token_urlsafe(32)
        with self._units() as uow:
            uow.conn.execute(insert(hosted_drafts).values(
                key_hash=_hash(key), item=item, content=_encode(Draft(item, {})).decode(), updated_at=uow.now_us))
        return key

    def find(self, key: str) -> Draft:
        """Raises NotFound."""
        with self._units.database.read() as conn:
            content = conn.scalar(select(hosted_drafts.c.content).where(hosted_drafts.c.key_hash == _hash(key)))
        if content is None:
            raise NotFound("draft_not_found")
        return _decode(content)

    def save(self, key: str, values: dict[str, str]) -> None:
        """Keep what the form says. Raises TooLarge."""
        self._change(key, lambda draft: replace(draft, values={name[:64]: value for name, value in values.items()}))

    def attach(self, key: str, code: str, name: str, content: bytes | IO[bytes], asked: Container[str] | None = None) -> Upload:
        """Keep a file with it. The same bytes for the same paper are one file. `asked`: the papers asked for now (None: every
        one); files for others take no room, since they will not be handed in. Raises TooLarge."""
        self.find(key)
        upload = self._materials.keep(code, name, content)
        self.add(key, upload, asked)
        return upload

    def add(self, key: str, upload: Upload, asked: Container[str] | None = None) -> None:
        """Put a file that is kept already with it, `asked` as above. Raises TooLarge when there is no room for it."""
        self._change(key, lambda draft: self._with_room(draft.with_upload(upload), asked))

    def detach(self, key: str, code: str, sha256: str) -> None:
        """Take a file out again. Raises InvalidInput when it is not there."""
        self._change(key, lambda draft: draft.without_upload(code, sha256))

    def discard(self, key: str) -> None:
        """It was filed, or is not wanted any more."""
        with self._units() as uow:
            uow.conn.execute(delete(hosted_drafts).where(hosted_drafts.c.key_hash == _hash(key)))

    def forget_old(self) -> int:
        """Delete drafts nobody has touched for so long; how many."""
        with self._units() as uow:
            oldest = uow.now_us - self._kept_days * DAY_US
            return uow.conn.execute(delete(hosted_drafts).where(hosted_drafts.c.updated_at < oldest)).rowcount

    def _with_room(self, draft: Draft, asked: Container[str] | None) -> Draft:
        self._materials.check_room(draft.uploads if asked is None else draft.only(asked).uploads)
        return draft

    def _change(self, key: str, edit: Callable[[Draft], Draft]) -> None:
        """What it is now is edited, by one at a time: another file may have come since the browser was shown it."""
        with self._units() as uow:
            is_it = hosted_drafts.c.key_hash == _hash(key)
            content = uow.conn.scalar(select(hosted_drafts.c.content).where(is_it).with_for_update())
            if content is None:
                raise NotFound("draft_not_found")
            text = _encode(edit(_decode(content))).decode()
            if len(text) > CONTENT_MAX:
                raise TooLarge("draft_too_large", most=CONTENT_MAX)
            uow.conn.execute(update(hosted_drafts).where(is_it).values(content=text, updated_at=uow.now_us))


def use_up(uow: UnitOfWork, key: str) -> None:
    """Take a draft away within the caller's transaction. Raises NotFound when somebody was quicker."""
    gone = uow.conn.execute(delete(hosted_drafts).where(hosted_drafts.c.key_hash == _hash(key)))
    if gone.rowcount != 1:
        raise NotFound("draft_not_found")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
