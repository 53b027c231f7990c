"""What the tests of the feeds share: a fake record, an ingest on an empty SQLite file, and a mapping of a made-up source."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from cases.areas import Area, Areas
from cases.drafting import Drafts
from cases.events import DUPLICATE, OK, CaseEvent, Outcome, event_id_of
from config.calendars import load_calendars
from config.ladders import Preset, load_presets
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from feeds.ingest import Also, Ingest
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import SourceMapping, find_mapping, read_mapping
from feeds.queries import FeedQueries
from feeds.readers.files import read_records
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed

PERMITS = """
name: permits
title: {zh: 许可, en: Permits}
formats: [csv, jsonl, xes]
area: {code: {value: city}, timezone: Asia/Shanghai, calendar: cn, preset: kechuang}
case:
  no: case_no
  org: {column: office, absent: (none)}
event:
  at: at
  code: what
  step: what
  actor: who
  kinds:
    open: accepted
    look: step
    close: concluded
"""


def refused(code: str = "code_unknown", raw: str = '{"what": "dance"}') -> Parsed:
    """A record that was refused in line 7."""
    return Parsed(None, Rejection(Refusal(code, "what", "dance").as_outcome(), 7), raw, 7)


class FakeRecorder:
    """Remembers what it was given; a repeated delivery is a duplicate; a case number in `poison` makes it raise
    `poisoned_by`."""

    def __init__(self) -> None:
        self.database: Database | None = None
        self.events: list[CaseEvent] = []
        self.judged_at: list[int | None] = []
        self.poison: set[str] = set()
        self.poisoned_by: Exception = ValueError("poisoned")
        self.failure: Exception | None = None
        self._ids: set[bytes] = set()

    def record(self, events: Sequence[CaseEvent], judged_at: int | None = None, also: Also | None = None,
               drafts: Drafts | None = None) -> list[Outcome]:
        if self.failure is not None:
            raise self.failure
        if any(event.case_no in self.poison for event in events):
            raise self.poisoned_by
        self.judged_at.append(judged_at)
        outcomes = [self._one(event) for event in events]
        if also is not None and self.database is not None:
            with self.database.transaction() as conn:
                also(conn, outcomes)
        return outcomes

    def _one(self, event: CaseEvent) -> Outcome:
        event_id = event_id_of(event.source, event.source_event_id, event.source_version)
        if event_id in self._ids:
            return DUPLICATE
        self._ids.add(event_id)
        self.events.append(event)
        return OK


@pytest.fixture
def recorder() -> FakeRecorder:
    return FakeRecorder()


@pytest.fixture
def database(fresh_sqlite_url: str) -> Iterator[Database]:
    database = Database(fresh_sqlite_url)
    database.create_all()
    yield database
    database.dispose()


@pytest.fixture
def limits() -> FeedLimits:
    return FeedLimits(batch_size=10, max_line_bytes=4096, retry_after_s=7)


@pytest.fixture(scope="session")
def calendars() -> dict[str, WorkingCalendar]:
    return load_calendars()


@pytest.fixture(scope="session")
def presets() -> Mapping[str, Preset]:
    return load_presets()


@pytest.fixture
def ingest(recorder: FakeRecorder, database: Database, frozen_clock: FrozenClock, limits: FeedLimits,
           calendars: dict[str, WorkingCalendar], presets: Mapping[str, Preset]) -> Ingest:
    areas = Areas(calendars, presets, Area("city", "市", "cn", "Asia/Shanghai", "kechuang"))
    recorder.database = database
    return Ingest(recorder, UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell()), frozen_clock, areas, limits)


@pytest.fixture
def queries(database: Database, ingest: Ingest) -> FeedQueries:
    return FeedQueries(database, ingest.limits)


@pytest.fixture
def write_mapping(tmp_path: Path) -> Callable[[str], SourceMapping]:
    """`write_mapping(yaml)` → the mapping read from a file with that text."""

    def write(text: str) -> SourceMapping:
        path = tmp_path / "permits.yaml"
        path.write_text(text, encoding="utf-8")
        return read_mapping(path)

    return write


@pytest.fixture
def permits(write_mapping: Callable[[str], SourceMapping]) -> SourceMapping:
    return write_mapping(PERMITS)


@pytest.fixture
def parse(limits: FeedLimits) -> Callable[..., list[Parsed]]:
    """`parse(bytes, mapping)` → every record of a file with that content; the mapping may be named."""

    def read(content: bytes, mapping: SourceMapping | str, name: str = "permits.csv") -> list[Parsed]:
        known = find_mapping(mapping) if isinstance(mapping, str) else mapping
        mapper = Mapper(known, name, limits, None, "360500")
        try:
            return list(mapper.parse(read_records(BytesIO(content), known.shape, limits)))
        finally:
            mapper.close()

    return read


@pytest.fixture
def told() -> Callable[[list[Parsed]], list[str]]:
    """`told(parsed)` → one short text per record: `case_no kind` of an event, `line N code` of a refusal."""

    def tell(parsed: list[Parsed]) -> list[str]:
        return [f"{one.event.case_no} {one.event.kind.value}" if one.event else _refusal(one) for one in parsed]

    return tell


def _refusal(parsed: Parsed) -> str:
    assert parsed.rejection is not None
    return f"{parsed.rejection.position} {parsed.rejection.outcome.code}".strip()


@pytest.fixture
def xes() -> Callable[..., bytes]:
    """`xes(*traces, head=…)` → an XES log; a trace is XML text."""

    def write(*traces: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>', encoding: str = "utf-8") -> bytes:
        return f'{head}<log xmlns="http://www.xes-standard.org/">{"".join(traces)}</log>'.encode(encoding)

    return write


@pytest.fixture
def packed() -> Callable[[bytes], bytes]:
    return lambda content: gzip.compress(content, mtime=0)
