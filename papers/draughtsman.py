"""Draws papers in a process of its own that stays up: fonts and libraries are loaded once, and no request waits for a drawing.

A paper costs a hundred times what its act costs, most of it cutting fonts in Python. Done in the server it holds the one lock
all its threads share; here it runs on whatever the machine has left (`NICENESS`). What comes back is the same to the byte. A
crash, or a drawing that never ends, costs the process and that one paper its turn.

The process reads orders from its standard input and ends with it, so it never outlives the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from core.errors import ConfigError, SupervisionError, UpstreamError
from papers.fonts import Fonts, FontsMissing
from papers.keys import KeyRing
from papers.official import OfficialPaper
from papers.signing import Signing

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 120.0  # the first paper makes the small copies of three large fonts
NICENESS = 10
_ERRORS: Mapping[str, type[SupervisionError]] = {kind.__name__: kind for kind in (FontsMissing, ConfigError)}


class Tools(msgspec.Struct, frozen=True):
    """What the process draws with: the fonts' own files, characters and folder; and how it signs, if it does."""

    own: dict[str, str]
    common: str
    font_dir: str | None
    key_dir: str | None
    owner: str
    is_visible: bool


class Order(msgspec.Struct, frozen=True):
    """A paper as the register keeps it, the kinds of file wanted, the unit that signs and the picture of its seal."""

    content: str
    kinds: tuple[str, ...]
    org: str
    seal: bytes | None


class Sheet(msgspec.Struct, frozen=True):
    """One file, or why it could not be drawn."""

    kind: str
    content: bytes = b""
    error: str = ""  # name of a class of errors, "" for any other
    code: str = ""
    details: dict[str, Any] = {}

    def opened(self) -> bytes:
        """The file. Raises what the drawing raised: an error of this program as itself, any other as RuntimeError."""
        if not self.code:
            return self.content
        if self.error in _ERRORS:
            raise _ERRORS[self.error](self.code, **self.details)
        raise RuntimeError(self.code)


_encode, _sheets = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Sheet]).decode
_order, _tools = msgspec.msgpack.Decoder(Order).decode, msgspec.msgpack.Decoder(Tools).decode
_paper = msgspec.json.Decoder(OfficialPaper).decode


def drawn(content: str, kind: str, org: str, seal: bytes | None, fonts: Fonts, signing: Signing | None) -> bytes:
    """The file of a paper. Raises FontsMissing for a PDF or a chart, ConfigError for a certificate that cannot be used."""
    paper = _paper(content)
    if kind == "docx":
        return paper.as_docx(seal, fonts)
    sheet = paper.draw(fonts, seal)
    return sheet.content if signing is None else signing.pdf(sheet, org, paper)


class Draughtsman:
    """The process as seen from here; begun with the first paper, and anew after it was lost."""

    def __init__(self, fonts: Fonts, signing: Signing | None, timeout_s: float = TIMEOUT_S) -> None:
        own, common, folder = fonts.told()
        keys = (None, "", False) if signing is None else signing.told()
        self._tools = Tools({use: str(path.resolve()) for use, path in own.items()}, common,
                            None if folder is None else str(folder.resolve()),
                            None if keys[0] is None else str(keys[0].resolve()), keys[1], keys[2])
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def draw(self, content: str, kinds: Sequence[str], org: str, seal: bytes | None) -> list[Sheet]:
        """The files in the order of `kinds`. Raises UpstreamError (`child_failed`) when the process was lost."""
        with self._lock:
            process = self._running()
            patience = threading.Timer(self._timeout_s, process.kill)
            patience.daemon = True
            patience.start()
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                _send(process.stdin, _encode(Order(content, tuple(kinds), org, seal)))
                return _sheets(_received(process.stdout))
            except (OSError, EOFError) as failure:
                self._end()
                raise UpstreamError("child_failed", cause=f"exit {process.returncode}") from failure
            finally:
                patience.cancel()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from papers.draughtsman import main; main()"], cwd=ROOT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, env={}, start_new_session=True)  # ends with its input, not by a key at the terminal
            weakref.finalize(self, _put_away, self._process)  # nobody closes what is merely let go of
            assert self._process.stdin is not None
            _send(self._process.stdin, _encode(self._tools))
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _put_away(process)


def _put_away(process: subprocess.Popen[bytes]) -> None:
    """End it, if it has not ended, and close its pipes. Again does no harm."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def main() -> None:
    """In the process: orders in, sheets out, until there are no more."""
    orders, sheets = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no sheet
    os.nice(NICENESS)
    tools = _tools(_received(orders))
    fonts = Fonts({use: Path(path) for use, path in tools.own.items()}, tools.common,
                  None if tools.font_dir is None else Path(tools.font_dir))
    signing = None if tools.key_dir is None else Signing(KeyRing(Path(tools.key_dir), tools.owner), is_visible=tools.is_visible)
    while True:
        try:
            order = _order(_received(orders))
        except EOFError:
            return
        _send(sheets, _encode([_sheet(order, kind, fonts, signing) for kind in order.kinds]))


def _sheet(order: Order, kind: str, fonts: Fonts, signing: Signing | None) -> Sheet:
    try:
        return Sheet(kind, drawn(order.content, kind, order.org, order.seal, fonts, signing))
    except SupervisionError as failure:
        return Sheet(kind, error=type(failure).__name__, code=failure.code, details=failure.details)
    except Exception as failure:  # noqa: BLE001 whatever a library raises is told of this paper; the others go on
        return Sheet(kind, code=str(failure) or type(failure).__name__)


def _send(stream: Any, content: bytes) -> None:
    stream.write(len(content).to_bytes(8) + content)
    stream.flush()


def _received(stream: BinaryIO | Any) -> bytes:
    """Raises EOFError when the other side has gone."""
    length = stream.read(8)
    content: bytes = stream.read(int.from_bytes(length)) if len(length) == 8 else b""
    if len(length) < 8 or len(content) < int.from_bytes(length):
        raise EOFError
    return content
