"""Is this file a paper of ours? By its SHA-256 in the register, else by the signature inside a PDF (papers.signature)."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, select

from core.child import Children
from core.database import Database
from core.errors import NotFound
from papers.keys import Signature
from papers.models import paper_enclosures, paper_signatures, papers
from papers.signature import By, Finding, Verdict, check_signature
from papers.signing import Signing, Statement


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
        p, s, e = papers.c, paper_signatures.c, paper_enclosures.c
        enclosed = conn.execute(select(e.number, e.file).where(e.sha256 == sha256)).first()
        is_it = (p.pdf_sha256 == sha256) | (p.docx_sha256 == sha256) if enclosed is None else p.number == enclosed.number
        row = conn.execute(select(p.number, p.subject, p.pdf_sha256, s.key_id, s.signature, s.file).outerjoin(
            paper_signatures, (s.number == p.number) & (s.sha256 == sha256)).where(is_it)).first()
        if row is None:
            return None
        if row.signature is None:
            return Verdict(Finding.GENUINE, By.REGISTER, row.number, row.subject)
        return self._stated(row, sha256, enclosed.file if enclosed is not None else "")

    def _stated(self, row: Any, sha256: str, enclosed: str) -> Verdict:
        kind = enclosed or ("pdf" if row.pdf_sha256 == sha256 else "docx")
        try:
            is_true = self._signing.is_genuine(Statement(row.number, kind, sha256, row.subject),
                                               Signature(row.key_id, row.signature))
        except NotFound:  # the public key is gone: what remains is the register
            return Verdict(Finding.GENUINE, By.REGISTER, row.number, row.subject)
        finding = Finding.GENUINE if is_true else Finding.DOUBTFUL
        return Verdict(finding, By.STATEMENT, row.number, row.subject, row.key_id)
