"""Reads the signatures of a PDF in a process of its own: the file on standard input, SHA-256 of certificates as arguments.

Prints one line of JSON: whether a signature by one of these certificates is there, whether what it covers is as it was signed,
whether it covers the whole file, and the subject of the document. Run by core.child; imports nothing of this program.
"""

import hashlib
import json
import logging
import sys
from io import BytesIO
from typing import Any


def main() -> None:
    logging.disable(logging.CRITICAL)
    known = set(sys.argv[1:])
    print(json.dumps(read(sys.stdin.buffer.read(), known)))


def read(content: bytes, known: set[str]) -> dict[str, Any]:
    """`known` are SHA-256 of certificates."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(BytesIO(content), strict=False)
    answer = {"is_ours": False, "is_intact": False, "is_whole": False, "number": _subject(reader)}
    for signature in reader.embedded_signatures:
        certificate = hashlib.sha256(signature.signer_cert.dump()).hexdigest()
        if certificate in known:
            return {**answer, "is_ours": True, "certificate": certificate, **_state(signature)}
    return answer


def _state(signature: Any) -> dict[str, Any]:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(signature, context, skip_diff=True)
    return {"is_intact": bool(status.intact and status.valid),
            "is_whole": status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
            "signed_at": status.signer_reported_dt.isoformat() if status.signer_reported_dt else ""}


def _subject(reader: Any) -> str:
    try:
        return str(reader.trailer_view["/Info"]["/Subject"])[:80]
    except (KeyError, TypeError, ValueError):
        return ""


if __name__ == "__main__":
    main()
