"""The records of a delivery read into events: the few of most deliveries here, many by a second process, so that this one
goes on recording what others sent. That process may also work out what recording them would change (docs/adr/0022)."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from cases.drafting import Drafts
from cases.events import CaseEvent
from core.companion import Answering, Companion, CompanionLost, has_second_processor
from core.turns import waiting
from feeds.limits import FeedLimits
from feeds.public_event import EventReader
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed

log = logging.getLogger(__name__)
_ANSWERING = f"{__name__}:answering"


class Drafting(msgspec.Struct, frozen=True, array_like=True):
    """What the second process works ahead with: `maker` is `module:function`, which over there makes it from `setup`, or raises
    why it cannot be of use."""

    maker: str
    setup: bytes

    def __repr__(self) -> str:
        """Without the setup, in which a password may stand."""
        return f"{type(self).__name__}({self.maker!r})"


class WorksAhead(Protocol):
    """What such a function makes (cases.drafting.Drafter)."""

    def drafts(self, events: Sequence[CaseEvent | None], now_us: int) -> Drafts:
        """What recording these events at that instant would change."""


class Delivered(NamedTuple):
    """A delivery as read. `drafts` are of these records, where any were made."""

    parsed: list[Parsed]
    drafts: Drafts | None = None


class _Setup(msgspec.Struct, array_like=True):
    default_area: str
    max_attributes: int
    drafting: Drafting | None


class _Question(msgspec.Struct, array_like=True):
    source: str
    records: Sequence[bytes]
    first_line: int
    drafted_at: int | None = None  # microseconds UTC; None: no drafts


_Answer = list[tuple[CaseEvent | None, Rejection | None]]
_encode = msgspec.msgpack.Encoder().encode
_decode_setup, _decode_question = msgspec.msgpack.Decoder(_Setup).decode, msgspec.msgpack.Decoder(_Question).decode
_decode_answer = msgspec.msgpack.Decoder(_Answer).decode
_decode_drafts = msgspec.msgpack.Decoder(Drafts | str | None).decode  # a text: why there are none
_USELESS_MOST = 3  # deliveries in a row whose drafts did not hold, before none are made for a while
_NO_DRAFTS = "deliveries are not worked out ahead (%s); tried again in %.0f s"


class DeliveryReader:
    """Reads whole deliveries; safe to share between threads. The second process is started with the first delivery of many
    events and stays; while it starts, or after it was lost, everything is read here."""

    def __init__(self, reader: EventReader, limits: FeedLimits, drafting: Drafting | None = None) -> None:
        self._reader, self._limits, self._drafting = reader, limits, drafting
        self._least = limits.read_apart_from if has_second_processor() else 0
        self._lock, self._patience_s = threading.Lock(), limits.reading_timeout_s
        self._companion: Companion | None = None
        self._greeting: Iterator[bytes] = iter(())
        self._is_ready, self._started, self._not_before = False, 0.0, 0.0
        self._last_drafts: Drafts | None = None
        self._useless, self._no_drafts_before, self._trouble = 0, 0.0, ""

    def read(self, source: str, records: Sequence[bytes], first_line: int, now_us: int | None = None) -> Delivered:
        """Record i stands on line `first_line` + i. `now_us`: they are about to be recorded, and drafts of that are welcome."""
        most = self._limits.max_line_bytes
        if not 0 < self._least <= len(records) or any(len(raw) > most for raw in records):
            return self._read_here(source, records, first_line)
        answer, drafts = self._answered(_Question(source, records, first_line, now_us))
        if answer is None:
            return self._read_here(source, records, first_line)
        return Delivered([Parsed(event, rejection, raw, first_line + index)
                          for index, ((event, rejection), raw) in enumerate(zip(answer, records, strict=True))], drafts)

    def close(self) -> None:
        """End the second process."""
        with self._lock:
            self._give_up()

    # Here ---------------------------------------------------------------------------------------------------------

    def _read_here(self, source: str, records: Sequence[bytes], first_line: int) -> Delivered:
        return Delivered([self._parsed(source, raw, first_line + index) for index, raw in enumerate(records)])

    def _parsed(self, source: str, raw: bytes, line: int) -> Parsed:
        most = self._limits.max_line_bytes
        if len(raw) <= most:
            return self._reader.parse(source, raw, line)
        refusal = Refusal("line_too_long", problem=f"{len(raw)} bytes, at most {most}")
        shown = raw[:self._limits.max_quarantined_chars].decode("utf-8", "replace")
        return Parsed(None, Rejection(refusal.as_outcome(), line), shown, line)

    # By the second process ----------------------------------------------------------------------------------------

    def _answered(self, question: _Question) -> tuple[_Answer | None, Drafts | None]:
        """What it read, None where it cannot be asked now; and its drafts."""
        with waiting(), self._lock:
            try:
                companion = self._ready_companion()
                return (None, None) if companion is None else self._asked(companion, question)
            except CompanionLost as lost:
                self._give_up()
                # What it was lost by may come again at once.
                self._not_before = time.monotonic() + self._patience_s
                log.warning("the process that reads deliveries is lost (%s); for %.0f s they are read here", lost.cause,
                            self._patience_s)
                return None, None
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
        return _Setup(self._reader.default_area, self._reader.max_attributes, self._drafting)

    def _asked(self, companion: Companion, question: _Question) -> tuple[_Answer, Drafts | None]:
        if not self._wants_drafts():
            question.drafted_at = None
        pieces = companion.ask(_encode(question))
        answer = _decode_answer(next(pieces))
        self._last_drafts = self._taken(pieces, len(answer))
        return answer, self._last_drafts

    def _taken(self, pieces: Iterator[bytes], records: int) -> Drafts | None:
        """The rest of an answer. Whatever becomes of that: what was read is here."""
        drafts: Drafts | str | None = None
        try:
            for piece in pieces:
                drafts = _decode_drafts(piece)
        except (CompanionLost, msgspec.DecodeError) as failure:
            self._give_up()
            drafts = str(failure)
        if isinstance(drafts, Drafts) and len(drafts.numbers) != records:
            drafts = f"{len(drafts.numbers)} of {records} records numbered"
        if not isinstance(drafts, str):
            return drafts
        if drafts != self._trouble:  # an old one is not said every minute
            log.warning(_NO_DRAFTS, drafts, self._patience_s)
        self._trouble, self._no_drafts_before = drafts, time.monotonic() + self._patience_s
        return None

    def _wants_drafts(self) -> bool:
        """Not for a while where they do not hold: another process writes too."""
        if self._last_drafts is not None and self._last_drafts.taken is not None:
            self._useless = 0 if self._last_drafts.taken else self._useless + 1
            self._last_drafts = None
        if self._useless >= _USELESS_MOST:
            self._useless, self._no_drafts_before = 0, time.monotonic() + self._patience_s
        return self._drafting is not None and time.monotonic() >= self._no_drafts_before


def answering(setup: bytes) -> Answering:
    """What the second process does: reads the records of the questions it is asked, and works ahead where it is to."""
    given = _decode_setup(setup)
    reader = EventReader(given.default_area, given.max_attributes)
    ahead = None if given.drafting is None else _made(given.drafting)  # one that cannot be made is no reason not to read

    def answer(question: bytes) -> Iterator[bytes]:
        asked = _decode_question(question)
        parsed = [reader.parse(asked.source, raw, asked.first_line + index) for index, raw in enumerate(asked.records)]
        yield _encode([(one.event, one.rejection) for one in parsed])
        if ahead is not None and asked.drafted_at is not None:
            yield _encode(_drafts(ahead, [one.event for one in parsed], asked.drafted_at))

    return answer


def _made(drafting: Drafting) -> WorksAhead | str:
    module, _, name = drafting.maker.partition(":")
    try:
        make: Callable[[bytes], WorksAhead] = getattr(importlib.import_module(module), name)
        return make(drafting.setup)
    except Exception as failure:  # noqa: BLE001 - said with the first delivery
        return f"{type(failure).__name__}: {failure}"


def _drafts(ahead: WorksAhead | str, events: Sequence[CaseEvent | None], now_us: int) -> Drafts | str:
    if isinstance(ahead, str):
        return ahead
    try:
        return ahead.drafts(events, now_us)
    except Exception as failure:  # noqa: BLE001 - what was read is of use without, and the cause is told over there
        return f"{type(failure).__name__}: {failure}"
