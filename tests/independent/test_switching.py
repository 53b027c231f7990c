"""Switching a city from 科创 to 榆林 changes exactly the cards that a plain loop over the raw log predicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.models import cards
from bootstrap import Services, build_services
from cases.areas import Area
from config.ladders import RULES_DIR
from config.settings import load_settings
from core.clock import FrozenClock
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import find_mapping
from feeds.readers.files import read_records
from tests.independent import plain
from tests.independent.plain import Case

NOW = datetime(2012, 3, 1, 11, 0, tzinfo=UTC)
TODAY = date(2012, 3, 1)
LOG = Path("receipt_wabo") / "08_receipt.xes.gz"
Rungs = Callable[[Case], Iterator[tuple[int, date]]]


# The plain loop: a rung passes at the end of its day, if the case is still open then --------------------------------

def kechuang(case: Case) -> Iterator[tuple[int, date]]:
    """Warned three days before the promise (halfway when it is no longer than that), yellow past it, red past the law."""
    if case.promised is not None:
        days = (case.promised - case.opened).days
        if days > 3:
            yield 1, case.promised - timedelta(days=3)
        elif days > 0:
            yield 1, case.opened + timedelta(days=days // 2)
        yield 2, case.promised
    if case.statutory is not None:
        yield 3, case.statutory


def yulin(case: Case) -> Iterator[tuple[int, date]]:
    """Yellow when nine tenths of the promise are used, red past it, red past the law."""
    if case.promised is not None:
        days = (case.promised - case.opened).days
        yield 2, case.opened + timedelta(days=days * 9 // 10 if days >= 0 else -(-days * 9 // 10))
        yield 3, case.promised
    if case.statutory is not None:
        yield 3, case.statutory


def predicted(cases: list[Case], ladder: Rungs) -> dict[str, int]:
    """Case number → the worst level it ever reached."""
    levels: dict[str, int] = {}
    for case in cases:
        for level, day in ladder(case):
            if day < TODAY and (case.closed is None or case.closed > day):
                levels[case.number] = max(levels.get(case.number, 0), level)
    return levels


# The product --------------------------------------------------------------------------------------------------------

def old_enough(folder: Path) -> Path:
    """The rules as shipped, but 榆林's (of 2012) in force as early as 科创's, so that both judge the whole log."""
    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    for path in RULES_DIR.glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("effective_from: 2012-01-01", "effective_from: 2004-07-01")
        (rules / path.name).write_text(text, encoding="utf-8")
    return rules


def recorded(data_dir: Path, folder: Path, preset: str) -> dict[str, int]:
    services = build_services(load_settings({
        "database.url": f"sqlite:///{folder / preset}.db", "journal.key": "j" * 32, "security.secret_key": "s" * 32,
        "paths.rules_dir": str(old_enough(folder)), "journal.anchor_dir": str(folder / "anchors"),
        "feeds.drop_dir": str(folder / "drop")}), FrozenClock(NOW))
    with services.uow() as uow:
        services.areas.save(uow, Area("receipt_wabo", "荷兰", "mf", "Europe/Amsterdam", preset))
    _record(services, data_dir)
    with services.database.read() as conn:
        found = {row.case_no: row.level for row in conn.execute(select(cards.c.case_no, cards.c.level))}
    services.database.dispose()
    return found


def _record(services: Services, data_dir: Path) -> None:
    mapping, limits = find_mapping("receipt_wabo"), FeedLimits()
    mapper = Mapper(mapping, LOG.name, limits)
    with (data_dir / LOG).open("rb") as stream:
        events = [parsed.event for parsed in mapper.parse(read_records(stream, mapping.shape, limits)) if parsed.event]
    mapper.close()
    for start in range(0, len(events), 2000):
        services.recorder.record(events[start:start + 2000])
    services.sweeper.sweep_all()


@pytest.fixture(scope="module")
def log(data_dir: Path) -> list[Case]:
    if not (data_dir / LOG).exists():
        pytest.skip(f"no receipt_wabo log under {data_dir}")
    return plain.read_receipt_xes(data_dir / LOG)


def test_switching_changes_exactly_the_cards_predicted(log: list[Case], data_dir: Path, tmp_path: Path) -> None:
    before, after = recorded(data_dir, tmp_path, "kechuang"), recorded(data_dir, tmp_path, "yulin")
    assert before == predicted(log, kechuang)
    assert after == predicted(log, yulin)
    changed = {number for number in before.keys() | after.keys() if before.get(number) != after.get(number)}
    expected_before, expected_after = predicted(log, kechuang), predicted(log, yulin)
    assert changed == {number for number in expected_before.keys() | expected_after.keys()
                       if expected_before.get(number) != expected_after.get(number)}
    assert len(changed) > 50
