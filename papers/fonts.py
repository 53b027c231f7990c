"""Finding Chinese fonts and making them small enough to be quick.

The standard's own faces (方正小标宋, 仿宋_GB2312, 黑体, 楷体) are sold, so the PDF is set in the free Noto fonts of Debian
unless an installation names its own files. A collection with 65,000 glyphs takes half a second to open and as long again to
cut, for every paper and face. So each face has two copies. The large one has every character of GB 2312, the outlines written
out in full; it is made once for an installation. From it the small one is cut, with the characters papers here are made of; a
paper with others makes it grow, which moves bytes and nothing else. What a paper embeds does not depend on the copy it was cut
from: equal papers stay equal to the byte.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

from core.errors import Unavailable
from papers.outlines import UnusualOutline, write_out

PACKAGE = "fonts-noto-cjk"
FOLDERS = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"), Path("/usr/share/fonts/truetype/noto"),
           Path("/usr/local/share/fonts"))
SIMPLIFIED = 2  # the face for mainland China in Noto's collections (JP, KR, SC, TC, HK)
FACES = {"body": "NotoSerifCJK-Regular.ttc", "title": "NotoSerifCJK-Bold.ttc", "heading": "NotoSansCJK-Regular.ttc"}
ALWAYS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset(
    "〔〕—…·“”‘’№○●〇、。，：；？！（）《》「」【】％０１２３４５６７８９　年月日号第附件抄送印发")
_ROWS, _CELLS = range(0xB0, 0xF8), range(0xA1, 0xFF)  # of GB 2312, where its 6763 characters stand
EVERYDAY = frozenset(b"".join(bytes((row, cell)) for row in _ROWS for cell in _CELLS).decode("gb2312", "ignore"))
_UNUSED_TABLES = ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx"]


class FontsMissing(Unavailable):
    """No Chinese font was found; names the file and the package that brings it."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font file, and which font of it when it is a collection."""

    path: Path
    number: int = 0


class Fonts:
    """The faces by use: `body`, `title`, `heading`.

    `own` names an installation's own files by use. `common` are characters every small copy has. The copies are kept in
    `folder` between runs, or without one in a temporary folder that goes with the process.
    """

    def __init__(self, own: Mapping[str, Path] | None = None, common: Collection[str] = (), folder: Path | None = None,
                 places: Collection[Path] = FOLDERS) -> None:
        self._own, self._places, self._folder = dict(own or {}), tuple(places), folder
        self._common = ALWAYS | frozenset(common)
        self._lock = threading.Lock()
        self._copies: dict[Face, tuple[Path, frozenset[str]]] = {}

    def file(self, use: str, text: str) -> Path:
        """A font file for that use that has every character of `text` its face has. Raises FontsMissing."""
        face, needed = self._face(use), frozenset(text)
        with self._lock:
            path, characters = self._copies.get(face, (None, self._common))
            if path is None or not needed <= characters or not path.is_file():
                characters |= needed
                path = self._copy(face, characters)
                self._copies[face] = (path, characters)
            return path

    def told(self) -> tuple[Mapping[str, Path], str, Path | None]:
        """(own files by use, characters every small copy has, folder): what the same fonts are made of in another process."""
        return self._own, "".join(sorted(self._common)), self._folder

    def missing(self) -> list[str]:
        """The files that were looked for and not found; empty when papers can be drawn."""
        named = {use: str(path) for use, path in self._own.items() if not path.is_file()}
        return [named.get(use, name) for use, name in FACES.items()
                if use in named or (use not in self._own and self._found(name) is None)]

    def _face(self, use: str) -> Face:
        own = self._own.get(use)
        path = own if own is not None else self._found(FACES[use])
        if path is None or not path.is_file():
            raise FontsMissing("fonts_missing", file=str(path or FACES[use]), package=PACKAGE, retry_after=3600)
        return Face(path) if own is not None else Face(path, SIMPLIFIED)

    def _found(self, name: str) -> Path | None:
        return next((folder / name for folder in self._places if (folder / name).is_file()), None)

    def _copy(self, face: Face, characters: frozenset[str]) -> Path:
        """The small copy with these characters, from the folder when an earlier run left it there."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="papers-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{face.path.stem}-{_print_of(face, characters)}.otf"
        if not target.is_file():
            is_everyday = characters < ALWAYS | EVERYDAY
            source = Face(self._copy(face, ALWAYS | EVERYDAY)) if is_everyday else face
            _write_copy(source, characters, target)
        return target


def _print_of(face: Face, characters: frozenset[str]) -> str:
    """Changes with the font file, too: an upgrade of the package must not leave old copies in use."""
    size = face.path.stat().st_size
    return hashlib.sha256(f"{face.path}\x1f{face.number}\x1f{size}\x1f{''.join(sorted(characters))}".encode()).hexdigest()[:16]


def _write_copy(face: Face, characters: frozenset[str], target: Path) -> None:
    """Written whole under another name first: another process may be looking for it."""
    try:
        font = _cut(face, characters)
        write_out(font)
    except UnusualOutline:
        font = _cut(face, characters, by_font_tools=True)
    draft = target.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    font.save(draft)
    font.close()
    draft.replace(target)


def _cut(face: Face, characters: frozenset[str], *, by_font_tools: bool = False) -> TTFont:
    """The face with these characters alone; its outlines still call their subroutines, unless fontTools writes them out."""
    # The box of every outline together is kept as the whole face has it: measuring it anew takes half the time.
    font = TTFont(face.path, fontNumber=face.number if face.path.suffix == ".ttc" else -1, lazy=True, recalcTimestamp=False,
                  recalcBBoxes=False)
    options = subset.Options(notdef_outline=True, layout_features=[], name_IDs=["*"], desubroutinize=True)
    options.drop_tables += _UNUSED_TABLES
    if "CFF " in font and not by_font_tools:
        _leave_outlines(font["CFF "])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(character) for character in characters])
    cutter.subset(font)
    return font


def _leave_outlines(table: Any) -> None:
    """fontTools would take every outline apart, to look for glyphs made of others (here none are) and to write it out."""
    table.closure_glyphs = lambda _cutter: None
    table.prune_post_subset = lambda _font, _options: True


default_fonts = Fonts()
