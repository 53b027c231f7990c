"""The shipped mappings on real logs, against a plain reading of the same files without any product code."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import func, select

from cases.areas import Area, Areas
from cases.chain import ChainKeys
from cases.models import journal
from cases.service import Recorder
from config.calendars import load_calendars
from config.ladders import load_presets
from core.clock import SystemClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.instants import date_of, local_day
from core.unit_of_work import UnitOfWorkFactory
from feeds.importer import ImportReport, import_file
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import find_mapping
from feeds.queries import FeedQueries
from feeds.readers.files import fitting, open_file, read_records

Fact = tuple[str, str, str]  # case, kind, date as written
BPIC_KINDS = {"08_AWB45_025": "correction_notified", "08_AWB45_045": "correction_received", "06_VD_035": "extended"}


class _NoItems:
    """A catalogue without items: the logs bring their own due dates."""

    def find_item(self, _code: str) -> None:
        return None


@pytest.fixture
def record_in(fresh_database_url: str) -> Iterator[tuple[Database, Ingest]]:
    database, clock = Database(fresh_database_url), SystemClock()
    database.create_all()
    areas = Areas(load_calendars(), load_presets(), Area("city", "市", "cn", "Asia/Shanghai", "kechuang"))
    units = UnitOfWorkFactory(database, clock, InProcessDoorbell())
    recorder = Recorder(units, ChainKeys(b"k" * 32), areas, _NoItems())
    yield database, Ingest(recorder, units, clock, areas, FeedLimits())
    database.dispose()


@pytest.fixture
def mapped() -> Callable[[str, Path], Counter[Fact]]:
    """What a mapping makes of a file: how often each (case, kind, date) occurs. Nothing may be refused."""

    def read(name: str, path: Path) -> Counter[Fact]:
        limits, facts = FeedLimits(), Counter[Fact]()
        with open_file(path) as stream:
            mapping = fitting(find_mapping(name), stream, limits)
            mapper = Mapper(mapping, path.name, limits)
            for parsed in mapper.parse(read_records(stream, mapping.shape, limits)):
                assert parsed.event is not None, parsed
                assert parsed.note is None, parsed
                event = parsed.event
                day = date_of(local_day(event.claimed_at, event.utc_offset)).isoformat()
                facts[event.case_no, event.kind.value, day] += 1
        mapper.close()
        return facts

    return read


def _plain_traces(path: Path) -> Iterator[tuple[dict[str, str], list[dict[str, str]]]]:
    with gzip.open(path) as stream:
        root = ElementTree.parse(stream).getroot()
    for trace in (child for child in root if child.tag.endswith("trace")):
        events = [child for child in trace if child.tag.endswith("event")]
        yield _values(trace), [_values(event) for event in events]


def _values(element: ElementTree.Element) -> dict[str, str]:
    return {child.attrib["key"]: child.attrib["value"] for child in element if "value" in child.attrib}


def _plain_facts(path: Path, start: str, end: str, kinds: dict[str, str]) -> Counter[Fact]:
    facts = Counter[Fact]()
    for case, events in _plain_traces(path):
        name = case["concept:name"]
        facts[name, "accepted", case[start][:10]] += 1
        if end in case:
            facts[name, "concluded", case[end][:10]] += 1
        for event in events:
            facts[name, kinds.get(event["concept:name"], "step"), event["time:timestamp"][:10]] += 1
    return facts


def test_receipt_wabo_says_what_a_plain_reading_says(data_dir: Path, mapped: Callable[[str, Path], Counter[Fact]]) -> None:
    path = data_dir / "receipt_wabo" / "08_receipt.xes.gz"
    plain = _plain_facts(path, "startdate", "enddate", {})
    assert mapped("receipt_wabo", path) == plain
    assert sum(plain.values()) == 1434 + 1329 + 8577


@pytest.mark.parametrize("number", [1, 2])
def test_bpic15_says_what_a_plain_reading_says(data_dir: Path, mapped: Callable[[str, Path], Counter[Fact]],
                                               number: int) -> None:
    path = data_dir / "bpic15_m1_m2" / f"BPIC15_{number}.xes.gz"
    assert mapped("bpic15", path) == _plain_facts(path, "startDate", "endDate", BPIC_KINDS)


def test_the_due_dates_of_receipt_wabo_are_the_written_ones(data_dir: Path) -> None:
    path = data_dir / "receipt_wabo" / "08_receipt.xes.gz"
    plain = {case["concept:name"]: (case["enddate_planned"][:10], case["deadline"][:10], case.get("group", "(none)"))
             for case, _events in _plain_traces(path)}
    mapping, limits = find_mapping("receipt_wabo"), FeedLimits()
    mapper, read = Mapper(mapping, path.name, limits), {}
    with path.open("rb") as stream:
        for parsed in mapper.parse(read_records(stream, mapping.shape, limits)):
            event = parsed.event
            if event and event.data.promised_due and event.data.statutory_due and event.data.own_due:
                days = [date_of(local_day(due.at, due.utc_offset)).isoformat()
                        for due in (event.data.promised_due, event.data.statutory_due, event.data.own_due)]
                assert days[1] == days[2]
                read[event.case_no] = (days[0], days[1], event.org)
    assert read == plain


def test_every_form_of_receipt_wabo_gives_the_same_events(data_dir: Path,
                                                          mapped: Callable[[str, Path], Counter[Fact]]) -> None:
    folder = data_dir / "receipt_wabo"
    xes = mapped("receipt_wabo", folder / "08_receipt.xes.gz")
    assert mapped("receipt_wabo", folder / "receipt.csv") == xes
    assert mapped("receipt_wabo", folder / "cases.csv.gz") + mapped("receipt_wabo", folder / "events.csv.gz") == xes
    tables = mapped("receipt_wabo_cases", folder / "cases.csv.gz") + mapped("receipt_wabo_events", folder / "events.csv.gz")
    assert tables == xes


def test_every_form_of_bpic15_gives_the_same_events(data_dir: Path, mapped: Callable[[str, Path], Counter[Fact]],
                                                    tmp_path: Path) -> None:
    """The flat file of process mining tools, and the two tables of a flat copy, written here from the XES."""
    log = data_dir / "bpic15_m1_m2" / "BPIC15_2.xes.gz"
    traces = list(_plain_traces(log))
    flat = [{**{f"case:{name}": value for name, value in case.items()}, **event} for case, events in traces for event in events]
    cases = [_under_plain_names(case) for case, _events in traces]
    events = [{"case_id": case["concept:name"], "seq": str(seq), **_under_plain_names(event)}
              for case, told in traces for seq, event in enumerate(told)]
    xes = mapped("bpic15", log)
    assert mapped("bpic15", _write_csv(tmp_path / "BPIC15_2.csv", flat)) == xes
    assert (mapped("bpic15", _write_csv(tmp_path / "BPIC15_2_cases.csv", cases))
            + mapped("bpic15", _write_csv(tmp_path / "BPIC15_2_events.csv.gz", events))) == xes


def _under_plain_names(values: dict[str, str]) -> dict[str, str]:
    names = {"org:resource": "resource", "time:timestamp": "timestamp"}
    names["concept:name"] = "activity" if "time:timestamp" in values else "case_id"
    return {names.get(name, name): value for name, value in values.items()}


def _write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with gzip.open(path, "wt", encoding="utf-8", newline="") if path.suffix == ".gz" else path.open(
            "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_traffic_fines_closes_what_the_mapping_says_it_closes(data_dir: Path,
                                                              mapped: Callable[[str, Path], Counter[Fact]]) -> None:
    path = data_dir / "traffic_fines" / "traffic_fines.csv.gz"
    plain = Counter[str]()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            dismissed = (row["activity"], row["dismissal"]) in {("Send Appeal to Prefecture", "#"), ("Appeal to Judge", "G")}
            kinds = {"Create Fine": "accepted", "Payment": "concluded", "Send for Credit Collection": "concluded"}
            plain["voided" if dismissed else kinds.get(row["activity"], "step")] += 1
    kinds = Counter[str]()
    for (_case, kind, _day), times in mapped("traffic_fines", path).items():
        kinds[kind] += times
    assert kinds == plain


def _load(ingest: Ingest, name: str, path: Path) -> ImportReport:
    return import_file(path, find_mapping(name), ingest)


def test_a_log_is_recorded_once_whatever_form_it_comes_in(data_dir: Path, record_in: tuple[Database, Ingest]) -> None:
    database, ingest = record_in
    folder = data_dir / "receipt_wabo"
    assert _load(ingest, "receipt_wabo_cases", folder / "cases.csv.gz").account.accepted == 1434 + 1329
    log = _load(ingest, "receipt_wabo", folder / "08_receipt.xes.gz")
    assert (log.account.accepted, log.account.duplicates) == (8577, 1434 + 1329)
    flat = _load(ingest, "receipt_wabo", folder / "receipt.csv")
    assert (flat.account.accepted, flat.account.duplicates, flat.exit_code) == (0, 11340, 0)
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(journal)).scalar() == 11340


def test_two_municipalities_with_common_case_numbers_stay_apart(data_dir: Path, record_in: tuple[Database, Ingest],
                                                                tmp_path: Path) -> None:
    database, ingest = record_in
    for number in (1, 2):
        _load(ingest, "bpic15", _first_traces(data_dir / "bpic15_m1_m2" / f"BPIC15_{number}.xes.gz", tmp_path))
    renamed = tmp_path / "BPIC15_4.xes"
    renamed.write_bytes((tmp_path / "BPIC15_1.xes").read_bytes())
    report = _load(ingest, "bpic15", renamed)
    assert (report.account.duplicates, report.exit_code) == (0, 0)
    with database.read() as conn:
        found = conn.execute(select(journal.c.area, func.count(journal.c.case_id.distinct())).group_by(journal.c.area))
        assert dict(iter(found)) == {"BPIC15_1": 20, "BPIC15_2": 20, "BPIC15_4": 20}


def test_a_municipality_not_seen_may_say_other_things_of_its_cases(data_dir: Path, record_in: tuple[Database, Ingest],
                                                                   tmp_path: Path) -> None:
    """Long kinds of permits, other procedures, attributes that are new or missing: nothing of it is refused."""
    _database, ingest = record_in
    text = _first_traces(data_dir / "bpic15_m1_m2" / "BPIC15_1.xes.gz", tmp_path).read_text(encoding="utf-8")
    other = tmp_path / "BPIC15_5.xes"
    text = re.sub(r'key="parts" value="[^"]*"', f'key="parts" value="{"Bouw, Überbau, " * 200}"', text)
    text = re.sub(r'<string key="(caseProcedure|activityNameEN)" [^>]*/>', "", text)
    text = re.sub(r'key="termName"', 'key="termNaam"', text).replace('value="G"', 'value="T"')
    other.write_text(text, encoding="utf-8")
    report = _load(ingest, "bpic15", other)
    assert (report.account.rejected, report.unread, report.exit_code) == (0, {}, 0)
    assert report.account.accepted > 20


def test_refused_records_are_kept_and_accounted_for(record_in: tuple[Database, Ingest], tmp_path: Path) -> None:
    database, ingest = record_in
    path = tmp_path / "fines.csv"
    path.write_text("case_id,activity,resource,timestamp,article,vehicleclass,dismissal\n"
                    "A1,Create Fine,=cmd,2001-01-01,157,A,NIL\nA1,Flee,,2001-01-02,,,\nA1,Payment\n", encoding="utf-8")
    for times in (1, 2):
        report = _load(ingest, "traffic_fines", path)
        assert report.account.reasons == {"code_unknown": 1, "field_count": 1}
        page = FeedQueries(database, ingest.limits).quarantined()
        assert [(one.code, one.times, one.raw[:2]) for one in page.records] == [
            ("field_count", times, "A1"), ("code_unknown", times, '{"')]
    health = FeedQueries(database, ingest.limits).health_of("traffic_fines", SystemClock().now_us())
    assert (health.accepted, health.duplicates, health.rejected, health.open_quarantined) == (1, 1, 4, 2)


def _first_traces(path: Path, folder: Path, most: int = 20) -> Path:
    """The beginning of a log as a plain XES file of the same name."""
    with gzip.open(path) as stream:
        head, *traces = stream.read().split(b"<trace>")[:most + 1]
    target = folder / path.name.removesuffix(".gz")
    target.write_bytes(head + b"".join(b"<trace>" + trace for trace in traces) + b"</log>")
    return target
