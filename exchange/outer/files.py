"""What the public site of its own can say of files without the inside: pictures of those handed in here, signatures of papers.

The register of papers is inside. What is at hand here are the public certificates an administrator has put into
`papers.key_dir`, so that the signature inside a PDF can be checked, and nothing else.
"""

from __future__ import annotations

from approval.materials import Materials
from approval.previews import Previews
from core.child import Children
from core.errors import InvalidInput, NotFound
from papers.keys import KeyRing
from papers.signature import Finding, check_signature
from portal.desk import FileVerdict


class OuterFiles:
    """`keys` has certificates only."""

    def __init__(self, materials: Materials, previews: Previews, keys: KeyRing, children: Children) -> None:
        self._materials, self.previews, self._keys, self._children = materials, previews, keys, children

    @property
    def can_check(self) -> bool:
        return bool(self._keys.certificates())

    def check(self, content: bytes) -> FileVerdict:
        """By the signature inside. Raises InvalidInput for what is no PDF, NotFound without certificates and for a file
        without a signature of ours: only the register could tell more, and that is asked by the code."""
        if not self.can_check:
            raise NotFound("paper_check_elsewhere")
        if not content.startswith(b"%PDF-"):
            raise InvalidInput("paper_check_pdf_only", key="file")
        told = check_signature(content, self._keys, self._children)
        if told.finding is Finding.UNKNOWN:
            raise NotFound("paper_signature_missing")
        return FileVerdict(told.finding.value, told.by.value, told.number, told.key, told.is_added_to)

    def pages(self, sha256: str, media_type: str) -> int:
        """None of a file that was handed in elsewhere, or has left this site."""
        try:
            self._materials.store.open(sha256).close()
        except NotFound:
            return 0
        return self.previews.pages(sha256, media_type)
