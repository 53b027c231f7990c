"""The marks at the end of a paper beside its words: the QR code leading to its check, and the seal (印章) over the signature.

Both lie on the lines of the signature: two left free, the name, the date.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import segno

from core.errors import ConfigError

QR_MM, SEAL_MM = 24.0, 40.0
# 印章居中下压发文机关署名和成文日期, whose middle is a little below its own; its top within a line of the text (7.3.5.1).
SEAL_ABOVE_MIDDLE_MM = 3.0
SEAL_BYTES_MAX = 1 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


def qr_picture(address: str) -> bytes:
    """A PNG, the same for the same address; a quarter of it may be lost (creased, stamped over) and it is still read."""
    made = BytesIO()
    segno.make(address, error="q", micro=False).save(made, kind="png", scale=8, border=2)
    return made.getvalue()


class Seals:
    """Pictures of seals by unit: `<code of the unit>.png` in a folder, red on a transparent ground. None without a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises ConfigError for a file that is no PNG or too large."""
        self._pictures = {path.stem: _picture(path) for path in sorted(folder.glob("*.png"))} if folder is not None else {}

    def of(self, unit: str) -> bytes | None:
        return self._pictures.get(unit)


def _picture(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_PNG) or len(content) > SEAL_BYTES_MAX:
        raise ConfigError("seal_unusable", file=str(path), most_kib=SEAL_BYTES_MAX // 1024, remedy="save it as a smaller PNG")
    return content
