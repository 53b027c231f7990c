"""Issuing papers: number and register in the caller's transaction, the files after it.

Drawing takes a tenth of a second and more, and there is one writer at a time: so the transaction that issues a paper keeps
what it says, and the files are made from that afterwards, by whoever asks first or by the job that looks for papers without
files. A crash in between costs nothing but the moment. A file that was made is the paper for ever: a signed one could not be
made a second time.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import takewhile
from typing import Any, Literal

import msgspec
from sqlalchemy import func, or_, select, text, update

from core.errors import NotFound, SupervisionError, Unavailable
from core.statements import inserting
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from papers.draughtsman import Draughtsman, drawn
from papers.fonts import Fonts
from papers.marks import Seals
from papers.models import paper_enclosures, paper_files, paper_signatures, papers
from papers.numbering import take_number, written
from papers.official import OfficialPaper
from papers.signing import Signing, Statement

log = logging.getLogger(__name__)
FileKind = Literal["docx", "pdf"]
RETRY_AFTER_S = 10
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "pdf": "application/pdf"}
_KEEP = text("INSERT INTO paper_files (sha256, media_type, size, content, at) "
             "VALUES (:sha256, :media_type, :size, :content, :at) ON CONFLICT DO NOTHING")
_ENTERED = ("number", "kind", "issuer", "year", "place", "title", "area", "org", "subject", "issued_at", "content")
_SIGNED = inserting(paper_signatures, "number", "file", "sha256", "key_id", "signature", "at")
_ENCLOSED = inserting(paper_enclosures, "number", "file", "sha256", "at")
_paper = msgspec.json.Decoder(OfficialPaper)


@dataclass(frozen=True, slots=True)
class Series:
    """Who issues a paper of which kind, and the word before its number (`prefix`), by which it is counted."""

    issuer: str
    kind: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Issue:
    """What the register keeps beside the paper: the unit addressed, and what it was written about (`order:7`)."""

    area: str
    org: str
    subject: str


class PaperService:
    """The writing side of the register. Without `signing` nothing is signed: the register alone tells what is ours."""

    def __init__(self, units: UnitOfWorkFactory, fonts: Fonts, seals: Seals | None = None,
                 signing: Signing | None = None) -> None:
        self._units, self.fonts, self._seals, self.signing = units, fonts, seals or Seals(), signing

    def seal(self, uow: UnitOfWork, unit: str) -> str:
        """The SHA-256 of the picture of a unit's seal, kept with the papers that bear it; "" where it has none."""
        picture = self._seals.of(unit)
        if picture is None:
            return ""
        sha256 = hashlib.sha256(picture).hexdigest()
        uow.conn.execute(_KEEP, {"sha256": sha256, "media_type": "image/png", "size": len(picture), "content": picture,
                                 "at": uow.now_us})
        return sha256

    def issue(self, uow: UnitOfWork, series: Series, about: Issue, day: date,
              compose: Callable[[str], OfficialPaper]) -> OfficialPaper:
        """Take the next number, compose the paper with it and enter it, all in the caller's transaction: in the register it
        stands when that ends."""
        place = take_number(uow.conn, series.prefix, series.kind, day.year)
        paper = compose(written(series.prefix, day.year, place))
        uow.later(papers, _ENTERED, (
            paper.number, series.kind, series.issuer, day.year, place, paper.title, about.area, about.org, about.subject,
            uow.now_us, msgspec.json.encode(paper).decode()))
        return paper

    def file(self, number: str, kind: FileKind) -> bytes:
        """The file of an issued paper, made now if it was not yet. Raises NotFound; FontsMissing for a PDF; Unavailable
        (`paper_not_made`) when it cannot be made at present: the paper is issued all the same and its file follows."""
        row = self._row(number)
        found = self._kept(_sha256_of(row, kind))
        if found is not None:
            return found
        try:
            return self._made(row, kind)
        except SupervisionError:
            raise
        except Exception as failure:
            log.exception("paper %s could not be drawn", number)
            raise Unavailable("paper_not_made", number=number, retry_after=RETRY_AFTER_S) from failure

    def enclosure(self, number: str, kind: str, make: Callable[[], bytes]) -> bytes:
        """The file given out with an issued paper, made now if it was not yet, kept and signed like the paper's own.

        Raises NotFound for a paper nobody issued.
        """
        e = paper_enclosures.c
        row = self._row(number)
        with self._units.database.read() as conn:
            known = conn.scalar(select(e.sha256).where(e.number == number, e.file == kind))
        found = self._kept(known)
        if found is not None:
            return found
        if known is not None:  # signed and lost: a copy made today would be another file
            raise NotFound("paper_file_lost", number=number)
        return self._enclosed(row, kind, make())

    def _enclosed(self, row: Any, kind: str, content: bytes) -> bytes:
        """Entered; when another process was first, what it made."""
        e, sha256 = paper_enclosures.c, hashlib.sha256(content).hexdigest()
        with self._units() as uow:
            first = uow.conn.scalar(select(e.sha256).where(e.number == row.number, e.file == kind).with_for_update())
            if first is not None:
                return self._kept(first) or content
            _ENCLOSED.run(uow.conn, number=row.number, file=kind, sha256=sha256, at=uow.now_us)
            uow.conn.execute(_KEEP, {"sha256": sha256, "media_type": XLSX_TYPE, "size": len(content), "content": content,
                                     "at": uow.now_us})
            self._sign(uow, row, kind, sha256)
        return content

    def make_files(self, most: int = 20, draughtsman: Draughtsman | None = None,
                   is_left: Callable[[], bool] = lambda: False) -> int:
        """Draw the files of papers that have none yet, in the process of a draughtsman or in this one, until it is left: those
        that failed before come last, the one tried longest ago first, so that they never keep others waiting, nor one another.
        Returns how many papers are complete now."""
        p = papers.c
        turn = (p.problem.is_not(None), func.coalesce(p.tried_at, 0), p.issued_at, p.number)
        with self._units.database.read() as conn:
            waiting = conn.execute(select(papers).where(or_(p.docx_sha256.is_(None), p.pdf_sha256.is_(None)))
                                   .order_by(*turn).limit(most)).all()
        return sum(self._complete(row, draughtsman) for row in takewhile(lambda _row: not is_left(), waiting))

    def _complete(self, row: Any, draughtsman: Draughtsman | None) -> bool:
        """Both files, as far as they can be made, in one transaction."""
        made: dict[FileKind, bytes] = {}
        try:
            for kind, draw in self._sheets(row, draughtsman):
                made[kind] = draw()
        except Exception as failure:
            log.warning("paper %s: %s", row.number, failure, exc_info=not isinstance(failure, SupervisionError))
            self._enter(row, made)
            self._note(row.number, str(failure) or type(failure).__name__)
            return False
        self._enter(row, made)
        return True

    def _sheets(self, row: Any, draughtsman: Draughtsman | None) -> list[tuple[FileKind, Callable[[], bytes]]]:
        kinds: list[FileKind] = [kind for kind in ("docx", "pdf") if _sha256_of(row, kind) is None]
        if draughtsman is None:
            return [(kind, partial(self._drawn, row, kind)) for kind in kinds]
        sheets = draughtsman.draw(row.content, kinds, row.org, self._seal_of(row))
        return [(kind, sheet.opened) for kind, sheet in zip(kinds, sheets, strict=True)]

    def _enter(self, row: Any, made: Mapping[FileKind, bytes]) -> dict[FileKind, bool]:
        """Keep and sign what was drawn; whether each is the paper's file now: another process may have been first."""
        kept: dict[FileKind, bool] = {}
        with self._units() as uow:
            for kind, content in made.items():
                sha256 = hashlib.sha256(content).hexdigest()
                is_first = uow.conn.execute(update(papers).where(
                    papers.c.number == row.number, papers.c[f"{kind}_sha256"].is_(None)).values(
                        {f"{kind}_sha256": sha256, "problem": None, "tried_at": None})).rowcount == 1
                kept[kind] = is_first or sha256 == _sha256_of(row, kind)
                if kept[kind]:
                    uow.conn.execute(_KEEP, {"sha256": sha256, "media_type": MEDIA_TYPES[kind], "size": len(content),
                                             "content": content, "at": uow.now_us})
                if is_first:
                    self._sign(uow, row, kind, sha256)
        return kept

    def _made(self, row: Any, kind: FileKind) -> bytes:
        """Drawn, signed and entered; when another process was first, what it made."""
        content = self._drawn(row, kind)
        if self._enter(row, {kind: content})[kind]:
            return content
        found = self._kept(_sha256_of(self._row(row.number), kind))
        if found is None:  # signed and lost: a copy made today would be another file
            raise NotFound("paper_file_lost", number=row.number)
        return found

    def _drawn(self, row: Any, kind: FileKind) -> bytes:
        return drawn(row.content, kind, row.org, self._seal_of(row), self.fonts, self.signing)

    def _seal_of(self, row: Any) -> bytes | None:
        return self._kept(_paper.decode(row.content).seal or None)

    def _sign(self, uow: UnitOfWork, row: Any, kind: str, sha256: str) -> None:
        if self.signing is None:
            return
        made = self.signing.state(Statement(row.number, kind, sha256, row.subject))
        _SIGNED.run(uow.conn, number=row.number, file=kind, sha256=sha256, key_id=made.key_id, signature=made.value,
                    at=uow.now_us)

    def _row(self, number: str) -> Any:
        with self._units.database.read() as conn:
            row = conn.execute(select(papers).where(papers.c.number == number)).first()
        if row is None:
            raise NotFound("paper_not_found", number=number)
        return row

    def _kept(self, sha256: str | None) -> bytes | None:
        if sha256 is None:
            return None
        with self._units.database.read() as conn:
            found = conn.scalar(select(paper_files.c.content).where(paper_files.c.sha256 == sha256))
        return bytes(found) if found is not None else None

    def _note(self, number: str, problem: str) -> None:
        with self._units() as uow:
            uow.conn.execute(update(papers).where(papers.c.number == number).values(problem=problem, tried_at=uow.now_us))


def _sha256_of(row: Any, kind: str) -> str | None:
    found: str | None = row.docx_sha256 if kind == "docx" else row.pdf_sha256
    return found
