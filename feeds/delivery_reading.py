"""The records of a delivery read into events: the few of most deliveries here, many by a second process, so that this one
goes on recording what others sent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence

import msgspec

from cases.events import CaseEvent
from core.companion import Answering, Companion, CompanionLost, has_second_processor
from core.turns import waiting
from feeds.limits import FeedLimits
from feeds.public_event import EventReader
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed

log = logging.getLogger(__name__)
_ANSWERING = f"{__name__}:answering"


class _Setup(msgspec.Struct, array_like=True):
    default_area: str
    max_attributes: int


class _Question(msgspec.Struct, array_like=True):
    source: str
    records: Sequence[bytes]
    first_line: int


_Answer = list[tuple[CaseEvent | None, Rejection | None]]
_encode = msgspec.msgpack.Encoder().encode
_decode_setup, _decode_question = msgspec.msgpack.Decoder(_Setup).decode, msgspec.msgpack.Decoder(_Question).decode
_decode_answer = msgspec.msgpack.Decoder(_Answer).decode


class DeliveryReader:
    """Reads whole deliveries; safe to share between threads. The second process is started with the first delivery of many
    events and stays; while it starts, or after it was lost, everything is read here."""

    def __init__(self, reader: EventReader, limits: FeedLimits) -> None:
        self._reader, self._limits = reader, limits
        self._least = limits.read_apart_from if has_second_processor() else 0
        self._lock, self._patience_s = threading.Lock(), limits.reading_timeout_s
        self._companion: Companion | None = None
        self._greeting: Iterator[bytes] = iter(())
        self._is_ready, self._started, self._not_before = False, 0.0, 0.0

    def parse(self, source: str, records: Sequence[bytes], first_line: int) -> list[Parsed]:
        """Record i stands on line `first_line` + i."""
        most = self._limits.max_line_bytes
        if not 0 < self._least <= len(records) or any(len(raw) > most for raw in records):
            return self._parsed_here(source, records, first_line)
        answer = self._answered(_Question(source, records, first_line))
        if answer is None:
            return self._parsed_here(source, records, first_line)
        return [Parsed(event, rejection, raw, first_line + index)
                for index, ((event, rejection), raw) in enumerate(zip(answer, records, strict=True))]

    def close(self) -> None:
        """End the second process."""
        with self._lock:
            self._give_up()

    # Here ---------------------------------------------------------------------------------------------------------

    def _parsed_here(self, source: str, records: Sequence[bytes], first_line: int) -> list[Parsed]:
        return [self._parsed(source, raw, first_line + index) for index, raw in enumerate(records)]

    def _parsed(self, source: str, raw: bytes, line: int) -> Parsed:
        most = self._limits.max_line_bytes
        if len(raw) <= most:
            return self._reader.parse(source, raw, line)
        refusal = Refusal("line_too_long", problem=f"{len(raw)} bytes, at most {most}")
        shown = raw[:self._limits.max_quarantined_chars].decode("utf-8", "replace")
        return Parsed(None, Rejection(refusal.as_outcome(), line), shown, line)

    # By the second process ----------------------------------------------------------------------------------------

    def _answered(self, question: _Question) -> _Answer | None:
        """What it read; None where it cannot be asked now."""
        with waiting(), self._lock:
            try:
                companion = self._ready_companion()
                return None if companion is None else _asked(companion, _encode(question))
            except CompanionLost as lost:
                self._give_up()
                # What it was lost by may come again at once.
                self._not_before = time.monotonic() + self._patience_s
                log.warning("the process that reads deliveries is lost (%s); for %.0f s they are read here", lost.cause,
                            self._patience_s)
                return None
            except BaseException:
                self._give_up()  # nobody knows how far its answer was taken
                raise

    def _give_up(self) -> None:
        companion, self._companion, self._is_ready = self._companion, None, False
        if companion is not None:
            companion.close()

    def _ready_companion(self) -> Companion | None:
        """The running one. It is started when first asked for, and ready once it has answered to nothing."""
        if self._companion is None:
            if time.monotonic() >= self._not_before:
                self._started = time.monotonic()
                self._companion = Companion(_ANSWERING, _encode(self._setup()), self._patience_s)
                self._greeting = self._companion.ask(_encode(_Question("", (), 1)))
            return None
        if not self._is_ready:
            if not self._companion.has_answer():
                if time.monotonic() - self._started > self._patience_s:
                    raise CompanionLost(f"not ready after {self._patience_s:g} s")
                return None
            list(self._greeting)
            self._is_ready = True
        return self._companion

    def _setup(self) -> _Setup:
        return _Setup(self._reader.default_area, self._reader.max_attributes)


def _asked(companion: Companion, question: bytes) -> _Answer:
    return [read for piece in companion.ask(question) for read in _decode_answer(piece)]


def answering(setup: bytes) -> Answering:
    """What the second process does: reads the records of the questions it is asked."""
    given = _decode_setup(setup)
    reader = EventReader(given.default_area, given.max_attributes)

    def answer(question: bytes) -> Iterator[bytes]:
        asked = _decode_question(question)
        parsed = [reader.parse(asked.source, raw, asked.first_line + index) for index, raw in enumerate(asked.records)]
        yield _encode([(one.event, one.rejection) for one in parsed])

    return answer
