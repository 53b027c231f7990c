"""All thirty over real logs and the simulated city: none raises, and honest units are mostly left in peace."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bootstrap import Services, build_services
from config.settings import load_settings
from core.clock import FrozenClock, SwitchedClock
from core.instants import DAY_US, HOUR_US, day_of, from_us
from feeds.importer import import_file
from feeds.mapping import find_mapping
from feeds.quarantine import Delivery
from feeds.records import Parsed
from feeds.simulated_city import SimulatedCity
from feeds.simulated_gaming import bad_habits_of


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = load_settings({"database.url": f"sqlite:///{tmp_path}/record.db", "journal.key_path": str(tmp_path / "key"),
                              "journal.anchor_dir": str(tmp_path / "anchors")})
    built = build_services(settings, SwitchedClock(FrozenClock(from_us(day_of(date(2024, 3, 1)) * DAY_US))))
    yield built
    built.database.dispose()


def _run(services: Services, first: date, last: date) -> Any:
    detection = services.detectors.detection
    return detection.run(detection.period_of(day_of(first), day_of(last)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mapping", "first", "last", "least_rows"), [
    ("receipt_wabo/08_receipt.xes.gz", "receipt_wabo", date(2011, 1, 1), date(2011, 12, 31), 8_000),
    ("bpic15_m1_m2/BPIC15_1.xes.gz", "bpic15", date(2012, 1, 1), date(2012, 12, 31), 10_000)])
def test_real_logs_give_findings_in_a_sane_bound_and_no_detector_raises(
        services: Services, data_dir: Path, name: str, mapping: str, first: date, last: date, least_rows: int) -> None:
    import_file(data_dir / name, find_mapping(mapping), services.ingest)
    report = _run(services, first, last)
    assert report.failed == []
    assert report.rows_read > least_rows
    by_detector = Counter(finding.detector for finding in report.findings)
    assert 1 <= len(by_detector) <= 12
    assert all(count <= 40 for count in by_detector.values())
    again = _run(services, first, last)
    assert (again.found, again.changed, again.ended) == (0, 0, 0)


@pytest.mark.slow
def test_the_simulated_citys_bad_habits_are_found_and_few_honest_units_are(services: Services) -> None:
    habits = bad_habits_of(services.settings.demo.bad_habits, services.catalogue)
    _live(services, habits, day_of(date(2024, 4, 1)), day_of(date(2024, 5, 1)))
    report = _run(services, date(2024, 4, 1), date(2024, 4, 30))
    assert report.failed == []
    found: dict[str, set[str]] = defaultdict(set)
    for finding in report.findings:
        found[finding.org].add(finding.detector)
    expected = {"late_entry": "G1", "night": "G13", "at_once": "G11", "rounding": "G30", "decided_first": "G4",
                "specials": "G7"}
    missed = {habit for org, habit in habits.items() if habit in expected and expected[habit] not in found[org]}
    assert missed == set()
    assert sum(org not in habits for org in found) <= len(services.catalogue.organisations) // 4


def _live(services: Services, habits: dict[str, str], first: int, last: int) -> None:
    """A month of the city, delivered every two hours as feeds would."""
    calendar, clock = services.areas.default.calendar, services.clock
    city = SimulatedCity(services.catalogue, calendar, 20070423, 300, first, habits)
    at, end = calendar.to_utc(first * DAY_US), calendar.to_utc(last * DAY_US)
    while at < end:
        until = at + 2 * HOUR_US
        clock.switch_to(FrozenClock(from_us(until)))  # type: ignore[attr-defined]
        by_source: dict[str, list[Parsed]] = defaultdict(list)
        for event in city.events_between(at, until):
            by_source[event.source].append(Parsed(event))
        for source, batch in by_source.items():
            services.ingest.take(Delivery(source, name=city.sources[source]), batch)
        at = until
