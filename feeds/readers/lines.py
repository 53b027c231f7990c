"""Lines of text from a stream of bytes: encoding found or declared, length bounded, every bad line reported.

Found are: a byte order mark, UTF-16 without a mark by its zero bytes, UTF-8, and for sources that may be Chinese GB18030 (which
contains GBK and GB2312) when most of the first bytes beyond ASCII are no UTF-8: nearly all bytes make some Chinese text, so
elsewhere it would turn every accent into one. Many bytes are asked, for a single character may be damaged, or look like the
other encoding by chance. A line that does not fit the encoding is reported, not guessed.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from core.characters import has_control
from feeds.limits import FeedLimits
from feeds.readers.archive import StreamBroken
from feeds.reasons import Refusal, Rejection
from feeds.records import Broken

REPLACEMENT = "\ufffd"  # what a decoder puts where bytes could not be read
_MARKS = ((codecs.BOM_UTF8, None), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_KEPT_OF_A_BAD_LINE = 2000
_LOOKED_AT = 1000


class TextLines:
    """Iterates over the lines, line ends kept. Lines that cannot be handed on wait in `take_broken`; `number` is the
    last line's, from 1."""

    def __init__(self, chunks: Iterator[bytes], limits: FeedLimits, encoding: str = "auto", *,
                 may_be_chinese: bool = True) -> None:
        self._limits, self._chunks, self._declared, self._may_be_chinese = limits, chunks, encoding, may_be_chinese
        self._encoding = None if encoding in ("auto", "utf-16") else encoding
        self._is_rewritten = False
        self._broken: list[Broken] = []
        self.number = 0

    @property
    def encoding(self) -> str:
        """What was found so far; `ascii` while nothing else was needed."""
        return self._encoding or "ascii"

    def __iter__(self) -> Iterator[str]:
        try:
            for raw in self._split():
                self.number += 1
                text = self._text_of(raw)
                if text is not None:
                    yield text
        except StreamBroken as failure:
            self._broken.append(Broken(Rejection(failure.as_outcome(), self.number + 1, failure.byte)))

    def take_broken(self) -> list[Broken]:
        """The refused lines since the last call."""
        broken, self._broken = self._broken, []
        return broken

    @property
    def last_broken_line(self) -> int:
        """The number of the newest refused line that was not taken yet; 0 if there is none."""
        return self._broken[-1].rejection.line if self._broken else 0

    def _text_of(self, raw: bytes | None) -> str | None:
        try:
            return self._checked(raw)
        except Refusal as refusal:
            kept = (raw or b"")[:_KEPT_OF_A_BAD_LINE].decode(self._encoding or "utf-8", "replace").replace("\0", "\\0")
            self._broken.append(Broken(Rejection(refusal.as_outcome(), self.number), kept))
            return None

    def _checked(self, raw: bytes | None) -> str:
        if raw is None:
            raise Refusal("line_too_long", problem=f"more than {self._limits.max_line_bytes} bytes")
        try:
            text = self._decoded(raw)
        except UnicodeDecodeError as failure:
            problem = f"byte {failure.start + 1} of the line is not {self._encoding or 'utf-8'}"
            raise Refusal("wrong_encoding", problem=problem) from failure
        if has_control(text.rstrip("\r\n")):
            raise Refusal("nul_character" if "\0" in text else "control_character")
        if self._is_rewritten and REPLACEMENT in text:
            raise Refusal("wrong_encoding", problem="half of a UTF-16 character")
        return text

    def _decoded(self, raw: bytes) -> str:
        return raw.decode(self._encoding or "ascii")

    def _settle(self, lines: list[bytes]) -> None:
        """Choose the encoding by the first lines that have anything beyond ASCII."""
        if self._encoding is not None:
            return
        foreign = [line for line in lines if not line.isascii()]
        if foreign:
            is_utf8 = not self._may_be_chinese or _looks_like_utf8(foreign)
            self._encoding = "utf-8" if is_utf8 else "gb18030"

    def _split(self) -> Iterator[bytes | None]:
        """Lines with their ends; None for one that was too long, whose bytes were let go as they came."""
        most, rest, is_skipping, end = self._limits.max_line_bytes, b"", False, b""
        for chunk in self._opened():
            rest += chunk
            end = end or _line_end_in(rest)
            *lines, rest = rest.split(end or b"\n")
            self._settle(lines)
            for line in lines:
                yield None if is_skipping or len(line) > most else line + b"\n"
                is_skipping = False
            if len(rest) > most:
                rest, is_skipping = b"", True
        self._settle([rest])
        if rest or is_skipping:
            yield None if is_skipping else rest

    def _opened(self) -> Iterator[bytes]:
        """The content without its mark; UTF-16 is rewritten as UTF-8, so that a line end is one byte everywhere."""
        wide, first = self._recognise(next(self._chunks, b""))
        if wide is None:
            yield first
            yield from self._chunks
            return
        self._is_rewritten = True
        decoder = codecs.getincrementaldecoder(wide)("replace")
        yield decoder.decode(first).encode("utf-8", "replace")
        for chunk in self._chunks:
            yield decoder.decode(chunk).encode("utf-8", "replace")
        yield decoder.decode(b"", True).encode("utf-8", "replace")

    def _recognise(self, first: bytes) -> tuple[str | None, bytes]:
        for mark, wide in _MARKS:
            if first.startswith(mark):
                self._encoding = "utf-8"
                return wide, first[len(mark):]
        if self._declared == "utf-16" or (self._declared == "auto" and _looks_wide(first)):
            self._encoding = "utf-8"
            return "utf-16-be" if first[:1] == b"\0" else "utf-16-le", first
        return None, first


def _line_end_in(text: bytes) -> bytes:
    """A line feed, unless there is none but carriage returns, which old programs for the Mac write; nothing while there is
    neither, or a carriage return whose line feed may be still to come."""
    if b"\n" in text:
        return b"\n"
    return b"\r" if b"\r" in text[:-1] else b""


def _looks_like_utf8(lines: list[bytes]) -> bool:
    """Whether most of the bytes beyond ASCII can be read as UTF-8: damage breaks a few characters, another encoding most."""
    everything = b"\n".join(lines)
    readable = everything.decode("utf-8", "ignore").encode()
    return _foreign_bytes(readable) * 2 > _foreign_bytes(everything)


def _foreign_bytes(text: bytes) -> int:
    return len(text) - len(text.decode("ascii", "ignore"))


def _looks_wide(first: bytes) -> bool:
    """UTF-16 without a mark: nearly every second byte of a header is zero, on one side only."""
    sample = first[:_LOOKED_AT]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    return max(even, odd) > len(sample) * 0.3 and min(even, odd) == 0
