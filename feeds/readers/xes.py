"""XES event logs (IEEE 1849), read as a stream: one trace in memory at a time.

Hardened: a DOCTYPE, an entity declaration or an external reference ends the reading, nesting and the length of one piece
are bounded. Everything complete before a break is kept, the events of an unfinished trace too. UTF-8, UTF-16 and Latin-1 are
expat's own; a declared Chinese encoding and that of Western Windows are decoded here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
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
_NOWHERE = -9  # depth of an element that is not open
_DECODED_HERE = {**dict.fromkeys(("gbk", "gb2312", "gb18030", "x-gbk", "cp936"), "gb18030"),
                 **dict.fromkeys(("windows-1252", "cp1252"), "cp1252")}
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
_Attributes = dict[str, str]
_Handlers = tuple[Callable[[str, list[str]], None], Callable[[str], None]]


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
    encoding = ""
    for number, chunk in enumerate(chunks):
        declared = _DECLARED.search(chunk[:512]) if number == 0 else None
        if declared and (encoding := _DECODED_HERE.get(declared[1].decode().lower(), "")):
            decoder = codecs.getincrementaldecoder(encoding)("strict")
        if decoder is None:
            yield chunk
            continue
        try:
            yield decoder.decode(chunk)
        except UnicodeDecodeError as failure:
            yield failure.object[:failure.start].decode(encoding, "replace")
            raise Refusal("wrong_encoding", problem=f"declared {encoding}: {failure.reason}") from failure


class _Log:
    """Feeds expat and collects the rows of what `_Traces` hears from it."""

    def __init__(self, limits: FeedLimits) -> None:
        self._limits = limits
        self._parser = expat.ParserCreate()
        self._traces = _Traces(limits, lambda: self._parser.CurrentLineNumber)
        self._fed_bytes = self._elements_before = self._silent_bytes = 0
        self._prepare()

    def _prepare(self) -> None:
        parser: Any = self._parser
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self._traces.handlers()
        parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = _refuse_doctype, _refuse_entity
        parser.UnparsedEntityDeclHandler, parser.ExternalEntityRefHandler = _refuse_entity, _refuse_external

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
        """Raises Refusal when the log ends too early or has no traces."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as failure:
            raise self._broken(failure, b"", 0) from failure
        if not self._traces.number:
            raise Refusal("xml_no_traces")

    def taken(self) -> list[Row | Broken]:
        """The rows since the last call."""
        rows, self._traces.rows = self._traces.rows, []
        return rows

    def break_off(self) -> None:
        """Keep what the unfinished trace has told so far."""
        self._traces.hand_on_unfinished()

    def rejection(self, refusal: Refusal) -> Rejection:
        """Where the reading ended."""
        byte = refusal.byte if isinstance(refusal, StreamBroken) else max(self._parser.CurrentByteIndex, 0)
        return Rejection(refusal.as_outcome(), self._parser.CurrentLineNumber, byte, self._traces.open_element)

    def _refuse_silence(self, size: int) -> None:
        """Expat gathers an unfinished piece in memory: a piece, or a record, must not grow for ever."""
        if self._traces.elements != self._elements_before:
            self._elements_before, self._silent_bytes = self._traces.elements, 0
            return
        self._silent_bytes += size
        if self._silent_bytes > self._limits.max_line_bytes:
            raise Refusal("xml_token_too_long", problem=f"{self._silent_bytes} bytes without a new record or element")

    def _broken(self, failure: expat.ExpatError, piece: bytes | str, start: int) -> Refusal:
        reason = expat.errors.messages[failure.code]
        is_encoding = failure.code in _ENCODING_ERRORS or _is_foreign_byte(piece, self._parser.ErrorByteIndex - start)
        return Refusal("wrong_encoding" if is_encoding else "xml_broken",
                       problem=f"line {failure.lineno}, column {failure.offset}: {reason}")


class _Traces:
    """Elements in, rows out. `rows` are those of finished traces, `number` counts these, `elements` grows with every record
    and with every element outside of traces: the sign that the log goes on."""

    def __init__(self, limits: FeedLimits, line: Callable[[], int]) -> None:
        self._most_events, self._line = limits.max_trace_events, line
        self.rows: list[Row | Broken] = []
        self.number = self.elements = 0
        self._case: _Attributes = {}
        self._events: list[tuple[int, _Attributes]] = []
        self._told: _Attributes | None = None
        self._trace_line = self._order = 0
        self._is_open = False

    def handlers(self) -> _Handlers:  # noqa: C901 - three small functions that share their locals
        """The two functions expat calls for every element. Locals instead of attributes: they run millions of times."""
        depth, trace_depth, event_depth, event_line = 0, _NOWHERE, _NOWHERE, 0
        event: _Attributes = {}
        local_names = _LocalNames()

        def start(tag: str, attributes: list[str]) -> None:
            nonlocal depth, trace_depth
            depth += 1
            if depth == event_depth + 1:
                _note(event, attributes)
            elif depth == trace_depth + 1:
                start_in_trace(tag, attributes)
            elif trace_depth == _NOWHERE:
                self.elements += 1
                if local_names[tag] == "trace":
                    trace_depth = depth
                    self._open_trace()
            if depth > _MAX_DEPTH:
                raise Refusal("xml_too_deep", problem=f"more than {_MAX_DEPTH} levels")

        def start_in_trace(tag: str, attributes: list[str]) -> None:
            nonlocal event_depth, event_line, event
            if local_names[tag] == "event":
                event_depth, event_line, event = depth, self._line(), {}
            else:
                _note(self._case, attributes)

        def end(_tag: str) -> None:
            nonlocal depth, trace_depth, event_depth
            if depth == event_depth:
                event_depth = _NOWHERE
                self._add(event_line, event)
            elif depth == trace_depth:
                trace_depth = _NOWHERE
                self._close_trace()
            depth -= 1

        return start, end

    @property
    def open_element(self) -> str:
        """Which trace is open, and which event of it would be the next."""
        return _element(self.number + 1, self._order + len(self._events) + 1) if self._is_open else ""

    def hand_on_unfinished(self) -> None:
        """Rows of a trace that will not end."""
        if self._is_open:
            self._hand_on()

    def _open_trace(self) -> None:
        self._trace_line, self._order, self._case, self._told, self._is_open = self._line(), 0, {}, None, True

    def _add(self, line: int, event: _Attributes) -> None:
        self.elements += 1
        self._events.append((line, event))
        if len(self._events) >= self._most_events:
            self._hand_on()

    def _close_trace(self) -> None:
        self._hand_on()
        self.number += 1
        self._is_open = False

    def _hand_on(self) -> None:
        case = self._told
        if case is None:
            case = self._told = {CASE_PREFIX + key: value for key, value in self._case.items()}
            self.rows.append(Row(self._trace_line, case, None, 0, case, _element(self.number + 1)))
        for line, event in self._events:
            self._order += 1
            own = "\x1f".join([*event, *event.values()])
            self.rows.append(Row(line, {**case, **event}, own, self._order, case, _element(self.number + 1, self._order)))
        self._events = []


def _element(trace: int, event: int = 0) -> str:
    """Counted from 1, as `(//trace)[3]/event[2]` of an XML editor counts them."""
    return f"trace {trace}, event {event}" if event else f"trace {trace}"


class _LocalNames(dict[str, str]):
    """Tags without their prefix, remembered; a log with endless different tags is not."""

    def __missing__(self, tag: str) -> str:
        local = tag.rpartition(":")[2]
        if len(self) < _MAX_ATTRIBUTES:
            self[tag] = local
        return local


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
