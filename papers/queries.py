"""Reads of the register of issued papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select

from core.access import OF_ONE_UNIT, Actor
from core.database import Database
from core.errors import NotFound
from papers.models import paper_enclosures, papers
from papers.official import OfficialPaper

PAGE_MAX = 200
_HEAD: Any = papers.c["number", "kind", "issuer", "year", "place", "title", "area", "org", "subject", "issued_at",
                      "docx_sha256", "pdf_sha256", "problem"]


@dataclass(frozen=True, slots=True)
class PaperRow:
    """An entry of the register. A file without a hash is still to be made; `problem` says why when it could not be."""

    number: str
    kind: str
    issuer: str
    year: int
    place: int
    title: str
    area: str
    org: str
    subject: str
    issued_at: int
    docx_sha256: str | None
    pdf_sha256: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: empty means every one."""

    kind: str = ""
    org: str = ""
    year: int = 0
    text: str = ""


class PaperQueries:
    """Reads; a person bound to a unit or an area sees its papers only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, actor: Actor, wanted: Wanted, limit: int = 100, offset: int = 0) -> tuple[list[PaperRow], int]:
        """Entries, newest first, and how many there are in all."""
        conditions = [*_seen_by(actor), *_asked(wanted)]
        with self._database.read() as conn:
            total = int(conn.scalar(select(func.count()).select_from(papers).where(*conditions)) or 0)
            rows = conn.execute(select(*_HEAD).where(*conditions).order_by(papers.c.issued_at.desc(), papers.c.number.desc())
                                .limit(min(limit, PAGE_MAX)).offset(offset)).all()
        return [PaperRow(*row) for row in rows], total

    def find(self, number: str, actor: Actor) -> PaperRow:
        """Raises NotFound, also for a paper of somebody else's unit."""
        with self._database.read() as conn:
            row = conn.execute(select(*_HEAD).where(papers.c.number == number, *_seen_by(actor))).first()
        if row is None:
            raise NotFound("paper_not_found", number=number)
        return PaperRow(*row)

    def about(self, subject: str) -> list[PaperRow]:
        """The papers written about one thing, oldest first."""
        with self._database.read() as conn:
            return [PaperRow(*row) for row in conn.execute(select(*_HEAD).where(papers.c.subject == subject)
                                                           .order_by(papers.c.issued_at))]

    def enclosures(self, number: str) -> dict[str, str]:
        """SHA-256 of each file given out with a paper beside its own two, by its kind; those made so far."""
        e = paper_enclosures.c
        with self._database.read() as conn:
            return {row.file: row.sha256 for row in conn.execute(select(e.file, e.sha256).where(e.number == number))}

    def content(self, number: str) -> OfficialPaper:
        """What a paper says. Raises NotFound."""
        with self._database.read() as conn:
            found = conn.scalar(select(papers.c.content).where(papers.c.number == number))
        if found is None:
            raise NotFound("paper_not_found", number=number)
        return msgspec.json.decode(found, type=OfficialPaper)


def _seen_by(actor: Actor) -> list[Any]:
    """A department user sees what is addressed to his unit; a person bound to an area, that area's."""
    conditions: list[Any] = []
    if not actor.roles - OF_ONE_UNIT:
        conditions.append(papers.c.org == actor.org)
    area = actor.area
    return [*conditions, papers.c.area == area] if area else conditions


def _asked(wanted: Wanted) -> list[Any]:
    conditions: list[Any] = []
    if wanted.kind:
        conditions.append(papers.c.kind == wanted.kind)
    if wanted.org:
        conditions.append(papers.c.org == wanted.org)
    if wanted.year:
        conditions.append(papers.c.year == wanted.year)
    if wanted.text:
        found = papers.c.title.contains(wanted.text, autoescape=True) | papers.c.number.contains(wanted.text, autoescape=True)
        conditions.append(found)
    return conditions
