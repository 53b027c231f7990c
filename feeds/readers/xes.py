"""XES event logs (IEEE 1849), read as a stream: one trace in memory at a time.

Hardened: a DOCTYPE, an entity declaration or an external reference ends the reading, nesting and the length of one piece
are bounded. Everything complete before a break is kept, the events of an unfinished trace too. UTF-8 and UTF-16 are
expat's own; a declared Chinese encoding is decoded here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, NoReturn
from xml.parsers import expat

from defusedxml.common import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden

from feeds.limits import FeedLimits
from feeds.readers.archive import StreamBroken
from feeds.reasons import Refusal, Rejection
from feeds.records import Broken, Row

CASE_PREFIX = "case:"
_MAX_DEPTH = 64
_MAX_ATTRIBUTES = 2000
_CHINESE = {"gbk", "gb2312", "gb18030", "x-gbk", "cp936"}
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
_Attributes = dict[str, str]


def read_xes(chunks: Iterator[bytes], limits: FeedLimits) -> Iterator[Row | Broken]:
    """A row per trace with its own values (`case:<key>`), then a row per event, which has both."""
    log = _Log(limits)
    try:
        for piece in _decoded(chunks):
            log.feed(piece)
            yield from log.taken()
        log.finish()
    except Refusal as refusal:
        log.break_off()
        yield from log.taken()
        yield Broken(log.rejection(refusal))
        return
    yield from log.taken()


def _decoded(chunks: Iterator[bytes]) -> Iterator[bytes | str]:
    decoder: codecs.IncrementalDecoder | None = None
    for number, chunk in enumerate(chunks):
        declared = _DECLARED.search(chunk[:512]) if number == 0 else None
        if declared and declared[1].decode().lower() in _CHINESE:
            decoder = codecs.getincrementaldecoder("gb18030")("strict")
        if decoder is None:
            yield chunk
            continue
        try:
            yield decoder.decode(chunk)
        except UnicodeDecodeError as failure:
            yield failure.object[:failure.start].decode("gb18030", "replace")
            raise Refusal("wrong_encoding", problem=f"declared {declared}: {failure.reason}") from failure


class _Log:
    """Receives expat's calls and collects the rows of finished traces."""

    def __init__(self, limits: FeedLimits) -> None:
        self._limits = limits
        self._rows: list[Row | Broken] = []
        self._tags: dict[str, str] = {}
        self._depth = 0
        self._trace_depth = self._event_depth = 0
        self._case: _Attributes = {}
        self._events: list[tuple[int, _Attributes]] = []
        self._event: _Attributes | None = None
        self._line = self._trace_line = self._order = 0
        self._traces = self._elements = self._elements_before = self._silent_bytes = 0
        self._told_case = False
        self._fed_bytes = 0
        self._parser = self._new_parser()

    def feed(self, piece: bytes | str) -> None:
        """Parse one piece. Raises Refusal at the first thing that is not allowed or not XML."""
        start = self._fed_bytes
        self._fed_bytes += len(piece)
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as failure:
            raise self._broken(failure, piece, start) from failure
        except (DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden) as failure:
            raise Refusal("xml_forbidden", problem=type(failure).__name__) from failure
        self._refuse_silence(len(piece))

    def finish(self) -> None:
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as failure:
            raise self._broken(failure, b"", 0) from failure
        if not self._traces:
            raise Refusal("xml_no_traces")

    def taken(self) -> list[Row | Broken]:
        """The rows since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def break_off(self) -> None:
        """Keep what the unfinished trace has told so far."""
        if self._trace_depth:
            self._hand_on()

    def rejection(self, refusal: Refusal) -> Rejection:
        byte = refusal.byte if isinstance(refusal, StreamBroken) else max(self._parser.CurrentByteIndex, 0)
        return Rejection(refusal.as_outcome(), self._parser.CurrentLineNumber, byte)

    def _new_parser(self) -> Any:
        parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = _refuse_doctype, _refuse_entity
        parser.UnparsedEntityDeclHandler, parser.ExternalEntityRefHandler = _refuse_entity, _refuse_external
        return parser

    def _start(self, tag: str, attributes: list[str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._event is not None:
            if self._depth == self._event_depth + 1:
                _note(self._event, attributes)
        elif self._trace_depth:
            if self._local(tag) == "event":
                self._event, self._event_depth, self._line = {}, self._depth, self._parser.CurrentLineNumber
            elif self._depth == self._trace_depth + 1:
                _note(self._case, attributes)
        elif self._local(tag) == "trace":
            self._trace_depth, self._trace_line = self._depth, self._parser.CurrentLineNumber
        if self._depth > _MAX_DEPTH:
            raise Refusal("xml_too_deep", problem=f"more than {_MAX_DEPTH} levels")

    def _end(self, _tag: str) -> None:
        if self._event is not None and self._depth == self._event_depth:
            self._events.append((self._line, self._event))
            self._event = None
            if len(self._events) >= self._limits.max_trace_events:
                self._hand_on()
        elif self._trace_depth and self._depth == self._trace_depth:
            self._hand_on()
            self._close_trace()
        self._depth -= 1

    def _hand_on(self) -> None:
        case = {CASE_PREFIX + key: value for key, value in self._case.items()}
        if not self._told_case:
            self._rows.append(Row(self._trace_line, case, None, 0))
            self._told_case = True
        for line, event in self._events:
            self._order += 1
            own = "\x1f".join([*event, *event.values()])
            self._rows.append(Row(line, {**case, **event}, own, self._order))
        self._events = []

    def _close_trace(self) -> None:
        self._traces += 1
        self._trace_depth, self._order, self._told_case, self._case = 0, 0, False, {}

    def _local(self, tag: str) -> str:
        local = self._tags.get(tag)
        if local is None:
            local = tag.rpartition(":")[2]
            if len(self._tags) < 1000:
                self._tags[tag] = local
        return local

    def _refuse_silence(self, size: int) -> None:
        """Expat gathers an unfinished piece in memory: a piece without an end must not grow for ever."""
        if self._elements != self._elements_before:
            self._elements_before, self._silent_bytes = self._elements, 0
            return
        self._silent_bytes += size
        if self._silent_bytes > self._limits.max_line_bytes:
            raise Refusal("xml_token_too_long", problem=f"{self._silent_bytes} bytes without a new element")

    def _broken(self, failure: expat.ExpatError, piece: bytes | str, start: int) -> Refusal:
        reason = expat.errors.messages[failure.code]
        is_encoding = failure.code in _ENCODING_ERRORS or _is_foreign_byte(piece, self._parser.ErrorByteIndex - start)
        return Refusal("wrong_encoding" if is_encoding else "xml_broken",
                       problem=f"line {failure.lineno}, column {failure.offset}: {reason}")


_ENCODING_ERRORS = {expat.errors.codes[text] for text in (
    expat.errors.XML_ERROR_UNKNOWN_ENCODING, expat.errors.XML_ERROR_INCORRECT_ENCODING,
    expat.errors.XML_ERROR_PARTIAL_CHAR)}


def _is_foreign_byte(piece: bytes | str, index: int) -> bool:
    """Whether the parser stopped at a byte beyond ASCII: then the declared encoding is the likely culprit."""
    return isinstance(piece, bytes) and 0 <= index < len(piece) and piece[index] >= 0x80


def _note(into: _Attributes, attributes: list[str]) -> None:
    if len(into) >= _MAX_ATTRIBUTES:
        raise Refusal("attributes_too_many", problem=f"more than {_MAX_ATTRIBUTES} in one element")
    if len(attributes) == 4 and attributes[0] == "key" and attributes[2] == "value":
        into[attributes[1]] = attributes[3]
        return
    named = dict(zip(attributes[::2], attributes[1::2], strict=True))
    if "key" in named and "value" in named:
        into[named["key"]] = named["value"]


def _refuse_doctype(name: str, system: str | None, public: str | None, _internal: int) -> NoReturn:
    raise DTDForbidden(name, system, public)


def _refuse_entity(name: str, *_declared: Any) -> NoReturn:
    raise EntitiesForbidden(name, None, None, None, None, None)


def _refuse_external(context: str, base: str | None, system: str | None, public: str | None) -> NoReturn:
    raise ExternalReferenceForbidden(context, base, system, public)
