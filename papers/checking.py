"""Is this file a paper of ours? By its SHA-256 in the register, or by the signature inside a PDF."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from core.child import Children
from core.database import Database
from core.errors import NotFound, UpstreamError
from papers.keys import KeyRing, Signature
from papers.models import paper_signatures, papers
from papers.signing import Signing, Statement

_CHILD = Path(__file__).with_name("signature_child.py")


class Finding(StrEnum):
    """What became of a file since it was issued."""

    GENUINE = "genuine"  # issued here, and not a byte of it has changed
    ALTERED = "altered"  # signed here, and changed or added to afterwards
    UNKNOWN = "unknown"  # not issued here, or nothing is left by which it could be told
    DOUBTFUL = "doubtful"  # in the register, but the register itself contradicts the signature: an alarm, not an answer


class By(StrEnum):
    """What tells it."""

    STATEMENT = "statement"  # the register and the Ed25519 signature over it
    REGISTER = "register"    # the register alone: issued before papers were signed
    SIGNATURE = "signature"  # the X.509 signature inside the PDF
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`number`, `key` and `signed_at` (ISO 8601) as far as known; `is_added_to`: a signed file, and something after it."""

    finding: Finding
    by: By = By.NOTHING
    number: str = ""
    subject: str = ""
    key: str = ""
    signed_at: str = ""
    is_added_to: bool = False


class PaperCheck:
    """For the public page and the command. A PDF from outside is read in a child process only."""

    def __init__(self, database: Database, signing: Signing, children: Children) -> None:
        self._database, self._signing, self._children = database, signing, children

    def check(self, content: bytes) -> Verdict:
        """Raises UpstreamError when the file could not be read to the end (a PDF made to exhaust the reader)."""
        with self._database.read() as conn:
            issued = self._issued(conn, hashlib.sha256(content).hexdigest())
        return issued or check_signature(content, self._signing.keys, self._children)

    def _issued(self, conn: Connection, sha256: str) -> Verdict | None:
        p, s = papers.c, paper_signatures.c
        row = conn.execute(select(p.number, p.subject, p.pdf_sha256, s.key_id, s.signature, s.file).outerjoin(
            paper_signatures, (s.number == p.number) & (s.sha256 == sha256)).where(
                (p.pdf_sha256 == sha256) | (p.docx_sha256 == sha256))).first()
        if row is None:
            return None
        if row.signature is None:
            return Verdict(Finding.GENUINE, By.REGISTER, row.number, row.subject)
        return self._stated(row, sha256)

    def _stated(self, row: Any, sha256: str) -> Verdict:
        kind = "pdf" if row.pdf_sha256 == sha256 else "docx"
        try:
            is_true = self._signing.is_genuine(Statement(row.number, kind, sha256, row.subject),
                                               Signature(row.key_id, row.signature))
        except NotFound:  # the public key is gone: what remains is the register
            return Verdict(Finding.GENUINE, By.REGISTER, row.number, row.subject)
        finding = Finding.GENUINE if is_true else Finding.DOUBTFUL
        return Verdict(finding, By.STATEMENT, row.number, row.subject, row.key_id)


def check_signature(content: bytes, keys: KeyRing, children: Children) -> Verdict:
    """By the signature inside a PDF alone, without a register. Raises UpstreamError as PaperCheck.check does."""
    if not content.startswith(b"%PDF-"):
        return Verdict(Finding.UNKNOWN)
    try:
        told = json.loads(children.run(_CHILD, content, keys.certificate_ids()))
    except UpstreamError as failure:
        if str(failure.details.get("cause", "")).startswith(("signal", "time")):
            raise
        return Verdict(Finding.UNKNOWN)  # no PDF a reader understands
    if not told["is_ours"]:
        return Verdict(Finding.UNKNOWN)
    finding = Finding.GENUINE if told["is_intact"] and told["is_whole"] else Finding.ALTERED
    is_added_to = told["is_intact"] and not told["is_whole"]
    return Verdict(finding, By.SIGNATURE, told["number"], key=told["certificate"][:16], signed_at=told["signed_at"],
                   is_added_to=is_added_to)
