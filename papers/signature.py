"""What a file says of itself: by the signature inside a PDF and public certificates alone, without register or database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.child import Children
from core.errors import UpstreamError
from papers.keys import KeyRing

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
