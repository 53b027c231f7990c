"""The back-test says what the live engine says, on the same data: real logs and the simulated city, whatever the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from alerts.backtest import service
from alerts.backtest.previews import Previews
from alerts.backtest.service import BacktestCancelled, Backtester, CardLine, Period, Result
from alerts.backtest.watches import EVERYTHING, Scope, World
from alerts.models import cards as card_table
from bootstrap import Services, build_services
from cases.events import CaseEvent, Due, EventData, EventKind
from config.settings import load_settings
from core.clock import FrozenClock
from core.instants import HOUR_US, to_us
from feeds.limits import FeedLimits
from feeds.mapper import Mapper
from feeds.mapping import find_mapping
from feeds.readers.files import read_records
from tests.bench.workload import by_case, city_events

PRESETS = ("kechuang", "chengdu", "yulin")
LOGS = {"receipt_wabo": ("receipt_wabo", "08_receipt.xes.gz", datetime(2012, 3, 1, tzinfo=UTC)),
        "bpic15": ("bpic15_m1_m2", "BPIC15_1.xes.gz", datetime(2015, 8, 1, tzinfo=UTC))}
CITY_NOW = datetime(2025, 3, 27, 3, 0, tzinfo=UTC)
Told = dict[str, tuple[int, int, int, str]]


def services_on(url: str, folder: Path, now: datetime, preset: str = "kechuang") -> Services:
    return build_services(load_settings({
        "database.url": url, "journal.key": "j" * 32, "security.secret_key": "s" * 32, "areas.default_preset": preset,
        "security.two_administrators": "off", "journal.anchor_dir": str(folder / "anchors"),
        "feeds.drop_dir": str(folder / "drop")}), FrozenClock(now))


def log_events(name: str, data_dir: Path) -> list[CaseEvent]:
    folder, file, _now = LOGS[name]
    mapping, limits = find_mapping(name), FeedLimits()
    mapper = Mapper(mapping, file, limits)
    with (data_dir / folder / file).open("rb") as stream:
        events = [parsed.event for parsed in mapper.parse(read_records(stream, mapping.shape, limits))]
    mapper.close()
    return by_case([event for event in events if event is not None])


def with_limits(event: CaseEvent) -> CaseEvent:
    """BPIC 15 states no limits: let acceptance state some, so that its many stops and extensions count."""
    if event.kind is not EventKind.ACCEPTED or not event.source.startswith("bpic15"):
        return event
    data = msgspec.structs.replace(event.data, promised_limit="40wd", statutory_limit="8wh" if event.order % 3 else "56cd")
    return msgspec.structs.replace(event, data=data)


def record(services: Services, events: Sequence[CaseEvent]) -> None:
    """Whole cases at a time, so that no card is raised that the next batch takes back."""
    batch: list[CaseEvent] = []
    for event in events:
        if len(batch) >= 2_000 and event.case_no != batch[-1].case_no:
            services.recorder.record(batch)
            batch = []
        batch.append(event)
    services.recorder.record(batch)
    services.sweeper.sweep_all()


def live_cards(services: Services) -> Told:
    """What the live engine holds: (level, first instant, instant of the level, rule version) by occurrence."""
    c = card_table.c
    with services.database.read() as conn:
        rows = conn.execute(select(c.key, c.level, c.opened_at, c.level_at, c.rule_version, c.closed_reason)
                            .where(c.origin == "clock")).all()
    return {row.key: (row.level, row.opened_at, row.level_at, row.rule_version) for row in rows
            if not (row.closed_reason or "").startswith("withdrawn")}


def told(lines: Sequence[CardLine]) -> Told:
    def key(line: CardLine) -> str:
        limit = line.kind in ("promised", "statutory", "own")
        return f"limit:{line.case_id}" if limit else f"{line.kind}:{line.case_id}:{line.ordinal}"
    return {key(line): (line.level, line.opened_at, line.level_at, line.rule_version) for line in lines}


def backtest(services: Services, world: World, present: World | None = None) -> Result:
    period = Period(0, services.clock.now_us())
    return Backtester(services.database, chunk=700).run(world, period, present, lines_max=10**6)


def present_world(services: Services) -> World:
    return World(services.areas, services.catalogue, EVERYTHING)


@pytest.fixture(scope="module")
def city() -> list[CaseEvent]:
    return by_case(city_events(12_000, cases_per_day=150))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize("name", LOGS)
def test_on_a_real_log_it_raises_the_cards_of_the_live_engine(name: str, data_dir: Path, folder: Path) -> None:
    events, found = [*map(with_limits, log_events(name, data_dir))], 0
    for preset in PRESETS:
        services = services_on(f"sqlite:///{folder / f'{preset}.db'}", folder, LOGS[name][2], preset)
        record(services, events)
        result = backtest(services, present_world(services))
        live = live_cards(services)
        services.database.dispose()
        assert told(result.lines) == live, preset
        found += len(live)
        assert result.scalar == 0
    assert found > 1_000


@pytest.mark.parametrize("preset", PRESETS)
def test_on_the_simulated_city_it_raises_the_cards_of_the_live_engine(fresh_database_url: str, folder: Path, preset: str,
                                                                      city: list[CaseEvent]) -> None:
    services = services_on(fresh_database_url, folder, CITY_NOW, preset)
    record(services, city)
    result, live = backtest(services, present_world(services)), live_cards(services)
    services.database.dispose()

    kinds = Counter(line.kind for line in result.lines)
    assert told(result.lines) == live
    assert {"promised", "special", "pre_acceptance"} <= set(kinds)


@pytest.mark.parametrize("preset", PRESETS)
def test_papers_promised_and_hearings_due_are_judged_as_the_live_engine_judges_them(folder: Path, preset: str) -> None:
    services = services_on(f"sqlite:///{folder / 'own.db'}", folder, CITY_NOW, preset)
    record(services, [event for number in range(12) for event in promises_and_hearings(number)])
    result, live = backtest(services, present_world(services)), live_cards(services)
    services.database.dispose()
    assert told(result.lines) == live
    assert {"deferred", "hearing"} <= {line.kind for line in result.lines}


@pytest.mark.parametrize("preset", PRESETS)
def test_powers_whose_limits_end_with_the_decision_roll_or_are_months_are_judged_alike(folder: Path, preset: str) -> None:
    services = services_on(f"sqlite:///{folder / 'own.db'}", folder, CITY_NOW, preset)
    record(services, [event for number in range(30) for event in decided_late(number)])
    result, live = backtest(services, present_world(services)), live_cards(services)
    services.database.dispose()
    assert told(result.lines) == live
    assert {"promised", "pre_acceptance", "acceptance"} <= {line.kind for line in result.lines}


def decided_late(number: int) -> list[CaseEvent]:
    """Penalties, petitions and proposals of the autumn before, decided near their limits, ended long after, some stopped."""
    item, org = (("chengguan-81", "chengguan"), ("xinfang-81", "xinfang"), ("fagai-82", "fagai"))[number % 3]
    day = 24 * HOUR_US
    opened = to_us(datetime(2024, 9, 2, 2, 0, tzinfo=UTC)) + number * 31 * HOUR_US
    first = EventKind.SUBMITTED if number % 2 else EventKind.RECEIVED
    story = [(first, 0, EventData()), (EventKind.ACCEPTED, 10 + number % 12, EventData())]
    if number % 5 == 0:
        story += [(EventKind.SPECIAL_STARTED, 30, EventData(special_kind="hearing", document_no="1", approved_days=9)),
                  (EventKind.SPECIAL_ENDED, 36, EventData(document_no="1"))]
    if number % 4:
        story += [(EventKind.DECIDED, 60 + 2 * number, EventData(result="granted")), (EventKind.CONCLUDED, 150, EventData())]
    return [CaseEvent(source="made", source_event_id=f"{number}/{place}", kind=kind, case_no=f"P-{number}", area="360500",
                      claimed_at=opened + after * day, order=place, org=org, item=item, data=data)
            for place, (kind, after, data) in enumerate(story)]


def promises_and_hearings(number: int) -> list[CaseEvent]:
    """Cases like one another whose papers come, and whose hearings are held, ever later, or never."""
    opened, day = to_us(datetime(2025, 1, 6, 2, 0, tzinfo=UTC)) + number * 7 * HOUR_US, 24 * HOUR_US
    due = None if number % 3 == 0 else Due(opened + (5 + number) * day)
    told_of = [(EventKind.ACCEPTED, 0, EventData(materials=("shenqing",), deferred=("changdi",), deferred_due=due)),
               (EventKind.HEARING_REQUESTED, 1 + number, EventData())]
    if number % 4:
        told_of += [(EventKind.SUPPLEMENTED, 3 * number + 2, EventData(materials=("changdi",))),
                    (EventKind.HEARING_HELD, 4 * number + 14, EventData())]
    return [CaseEvent(source="made", source_event_id=f"{number}/{place}", kind=kind, case_no=f"M-{number}", area="360500",
                      claimed_at=opened + after * day, order=place, org="gongxin", item="gongxin-01", data=data)
            for place, (kind, after, data) in enumerate(told_of)]


def test_another_preset_raises_what_the_live_engine_would_have_raised_under_it(folder: Path, city: list[CaseEvent]) -> None:
    """And the difference is exactly the one between the two sets."""
    one = services_on(f"sqlite:///{folder / 'one.db'}", folder, CITY_NOW, "kechuang")
    other = services_on(f"sqlite:///{folder / 'other.db'}", folder, CITY_NOW, "yulin")
    record(one, city)
    record(other, city)
    before, after = live_cards(one), live_cards(other)
    tested = Previews(one.database, one.areas, one.catalogue, one.editing).preset_everywhere("yulin")

    alone, compared = backtest(one, tested), backtest(one, tested, present_world(one))
    one.database.dispose()
    other.database.dispose()

    assert told(alone.lines) == after
    lines: dict[str, list[CardLine]] = {}
    for line in compared.lines:
        lines.setdefault(line.change, []).append(line)
    assert set(told(lines["new"])) == after.keys() - before.keys()
    assert set(told(lines["gone"])) == before.keys() - after.keys()
    assert set(told(lines["changed"])) == {key for key in before.keys() & after.keys() if before[key][:3] != after[key][:3]}
    assert compared.cards == Counter(level for level, *_ in after.values())
    assert compared.cards_before == Counter(level for level, *_ in before.values())


def test_departments_and_levels_are_counted(folder: Path, city: list[CaseEvent]) -> None:
    services = services_on(f"sqlite:///{folder / 'city.db'}", folder, CITY_NOW)
    record(services, city)
    result = backtest(services, present_world(services))
    with services.database.read() as conn:
        rows = conn.execute(select(card_table.c.org, card_table.c.level, card_table.c.closed_reason)
                            .where(card_table.c.origin == "clock")).all()
    services.database.dispose()

    assert result.by_org == Counter((row.org, row.level) for row in rows
                                    if not (row.closed_reason or "").startswith("withdrawn"))


def test_only_cards_raised_or_worsened_in_the_period_count(folder: Path, city: list[CaseEvent]) -> None:
    services = services_on(f"sqlite:///{folder / 'city.db'}", folder, CITY_NOW)
    record(services, city)
    from_us, to = (to_us(datetime(2025, 3, day, tzinfo=UTC)) for day in (17, 20))
    period = Period(from_us, to)
    result = Backtester(services.database).run(present_world(services), period, None, lines_max=10**6)
    at_the_end = Backtester(services.database).run(present_world(services), Period(0, to), None, lines_max=10**6)
    services.database.dispose()

    assert told(result.lines) == {key: card for key, card in told(at_the_end.lines).items() if card[2] >= from_us}
    assert 0 < len(result.lines) < len(at_the_end.lines)


def test_after_edits_every_case_is_judged_by_its_own_versions(fresh_database_url: str, folder: Path,
                                                             city: list[CaseEvent]) -> None:
    """Cases that had ended keep theirs, a scope narrows what is looked at, and the arrays know it all."""
    services = services_on(fresh_database_url, folder, datetime(2025, 3, 18, 3, 0, tzinfo=UTC))
    record(services, [event for event in city if event.claimed_at <= services.clock.now_us()])
    edit_rules(services, date(2025, 3, 10))
    clock: Any = services.clock
    clock.move_to(CITY_NOW)
    record(services, city)
    result, live = backtest(services, present_world(services)), live_cards(services)
    item = next(line.item for line in result.lines)
    narrowed = backtest(services, World(services.areas, services.catalogue, Scope(item=item)))
    services.database.dispose()

    found = told(result.lines)
    assert {key: value[:3] for key, value in found.items()} == {key: value[:3] for key, value in live.items()}
    assert {value[3] for value in found.values()} == {"kechuang@2018.1", "kechuang@2018.1+1"}
    assert told(narrowed.lines) == told([line for line in result.lines if line.item == item])


def edit_rules(services: Services, since: date) -> None:
    from config.versions import Kind
    from core.access import Actor, Role
    _number, content = services.editing.present(Kind.RULES, "kechuang")
    content["rules"][0]["rungs"][1]["offset_days"] = 1
    services.editing.propose(Kind.RULES, "kechuang", content, effective_from=since, reason="试",
                             actor=Actor("anna", frozenset({Role.ADMINISTRATOR})))
    services.rejudger.work()


def test_progress_is_told_and_it_can_be_cancelled(folder: Path, city: list[CaseEvent]) -> None:
    services = services_on(f"sqlite:///{folder / 'city.db'}", folder, CITY_NOW)
    record(services, city)
    seen: list[tuple[int, int]] = []
    period, world = Period(0, services.clock.now_us()), present_world(services)
    result = Backtester(services.database, chunk=500).run(world, period, progress=lambda *step: seen.append(step))
    assert seen[-1] == (result.total, result.total)
    assert [read for read, _ in seen][:2] == [500, 1000]

    with pytest.raises(BacktestCancelled):
        Backtester(services.database, chunk=500).run(world, period, is_cancelled=lambda: len(seen) > 0)
    services.database.dispose()


def test_two_processes_find_what_one_finds(fresh_database_url: str, folder: Path, city: list[CaseEvent],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    services = services_on(fresh_database_url, folder, CITY_NOW)
    record(services, city)
    world = present_world(services)
    tested = Previews(services.database, services.areas, services.catalogue, services.editing).preset_everywhere("yulin")
    period, seen = Period(0, services.clock.now_us()), list[int]()
    alone = Backtester(services.database).run(tested, period, world, lines_max=10**6)
    monkeypatch.setattr(service, "WORTH_PROCESSES", 1)
    shared = Backtester(services.database, chunk=300, processes=2).run(
        tested, period, world, lines_max=10**6, progress=lambda read, _of: seen.append(read))
    with pytest.raises(BacktestCancelled):
        Backtester(services.database, processes=2).run(tested, period, world, is_cancelled=lambda: True)
    services.database.dispose()

    assert (shared.cards, shared.cards_before, shared.changes, shared.by_org) == (
        alone.cards, alone.cards_before, alone.changes, alone.by_org)
    assert sorted(shared.lines, key=repr) == sorted(alone.lines, key=repr)
    assert shared.cases == alone.cases == seen[-1]
