"""What makes a file ours: the X.509 signature inside the PDF, and beside every file one by Ed25519 over what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from papers.keys import KeyRing, Signature
from papers.official import OfficialPaper
from papers.pdf_file import Drawn


@dataclass(frozen=True, slots=True)
class Statement:
    """What an Ed25519 signature says: this file of this paper about this matter has this SHA-256."""

    number: str
    file: str
    sha256: str
    subject: str

    def as_bytes(self) -> bytes:
        """The bytes that are signed; no part may contain a line break."""
        return "\n".join(("yangguang-paper-1", self.number, self.file, self.sha256, self.subject, "")).encode()


class Signing:
    """`is_visible`: a reader shows the signature where the seal stands."""

    def __init__(self, keys: KeyRing, *, is_visible: bool = True) -> None:
        self.keys, self._is_visible = keys, is_visible

    def told(self) -> tuple[Path | None, str, bool]:
        """(folder of the keys, owner, whether a reader shows the signature): what signs alike in another process."""
        return self.keys.folder, self.keys.owner, self._is_visible

    def pdf(self, drawn: Drawn, unit: str, paper: OfficialPaper) -> bytes:
        """The PDF signed for that unit. Raises ConfigError when its certificate cannot be used."""
        from papers.pdf_signature import sign  # pyHanko takes a second to load; only who makes files waits for it

        at = drawn.seal_at if self._is_visible and paper.seal else None
        return sign(drawn.content, self.keys.certificate_file(unit), paper.issuer, at)

    def state(self, statement: Statement) -> Signature:
        """The signature of a statement by the newest key."""
        return self.keys.sign(statement.as_bytes())

    def is_genuine(self, statement: Statement, signature: Signature) -> bool:
        """Raises NotFound for a key nobody has any more."""
        return self.keys.check(statement.as_bytes(), signature)
