"""The back-test says of cards of acts what the live engine says under the other rules, on the same deliveries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from sqlalchemy import select

from alerts.backtest import service
from alerts.backtest.service import BacktestCancelled, Backtester, CardLine, Period, Result
from alerts.card_rows import newest_by_key
from alerts.models import cards as card_table
from bootstrap import Services, build_services
from cases.events import CaseEvent, EventData, EventKind
from config.ladders import load_presets
from config.settings import load_settings
from config.versions import Kind
from core.access import Actor, Role
from core.clock import FrozenClock
from core.instants import DAY_US, HOUR_US, from_us, to_us
from feeds import simulated_acts
from tests.bench.workload import city_events

BEGINS, MIDDLE = datetime(2025, 3, 3, tzinfo=UTC), date(2025, 3, 11)
NOW = datetime(2025, 5, 20, 3, 0, tzinfo=UTC)
HISTORY_US = 30 * DAY_US
ADMINISTRATOR = Actor("anna", frozenset({Role.ADMINISTRATOR}))
ABSENT = ("fee_above_standard", "published_differs")  # acts the place does not punish before the edit
Content = dict[str, Any]
Deliveries = list[tuple[int, list[CaseEvent]]]
Cards = dict[str, tuple[int, int, bool, str, str]]  # level, instant, waits for a person, rule, organisation


# The log: a city with many faults, delivered late, out of order and corrected ----------------------------------------

@pytest.fixture(scope="module")
def deliveries() -> Deliveries:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_acts, "FAULTY", 0.5)
        events = [*city_events(1_500, cases_per_day=60), *faulty_cases()]
    batches: dict[int, list[CaseEvent]] = {}
    for event in events:
        for version in (event, *corrected(event)):
            batches.setdefault(arrival(version), []).append(version)
    return sorted(batches.items())


def faulty_cases() -> Iterator[CaseEvent]:
    """Cases in which everything goes wrong: papers, steps, fees, extension, publication, refusal, the organisation itself."""
    for number in range(60):
        filed = to_us(BEGINS) + (number % 12 * 24 + number) * HOUR_US

        def event(hours: int, kind: EventKind, *, org: str = "shuili", actor: str | None = None, step: str | None = None,
                  number: int = number, filed: int = filed, **data: Any) -> CaseEvent:
            return CaseEvent(source="hall", source_event_id=f"{number}/{kind.value}/{step}", kind=kind, case_no=f"F-{number}",
                             area="360500", claimed_at=filed + hours * HOUR_US, org=org, item="shuili-02", actor=actor,
                             step=step, data=EventData(**data))

        yield event(0, EventKind.RECEIVED, org="nongye" if number % 5 == 0 else "shuili", materials=("shenqing", "wuxu"))
        if number % 3 == 0:
            yield event(20, EventKind.NOT_ACCEPTED)
            continue
        yield event(20, EventKind.ACCEPTED, promised_limit="9wd", materials=("shenqing", "tuzhi"))
        yield event(24, EventKind.STEP, actor="甲", step="承办")
        yield event(26, EventKind.STEP, actor="甲", step="批准", post="承办人")
        yield event(30, EventKind.FEE_CHARGED, fee_code="buchang", amount_fen=101, quantity=1)
        yield event(100, EventKind.EXTENSION_REQUESTED)
        yield event(101, EventKind.EXTENDED, approved_days=5)
        if number % 2:
            yield event(150, EventKind.STEP, actor="乙", step="审核")


def arrival(event: CaseEvent) -> int:
    """Most events arrive at night, some a day or two late, a few of them when they are history."""
    drawn = crc32(f"{event.source_event_id}/{event.source_version}".encode()) % 100
    delay = 35 * 24 if drawn < 2 else 60 if drawn < 6 else 30 if drawn < 14 else 0
    return (event.claimed_at + delay * HOUR_US) // DAY_US * DAY_US + DAY_US


def corrected(event: CaseEvent) -> Iterator[CaseEvent]:
    """Some wrong fees and refusals are reported again, right."""
    if crc32(event.case_no.encode()) % 4:
        return
    if event.kind is EventKind.FEE_CHARGED:
        yield msgspec.structs.replace(event, source_version=2, data=msgspec.structs.replace(
            event.data, amount_fen=1, receipt_no="1"))
    elif event.kind is EventKind.NOT_ACCEPTED:
        yield msgspec.structs.replace(event, source_version=2, data=msgspec.structs.replace(event.data, reason="材料不符"))


# Rules before and after ----------------------------------------------------------------------------------------------

def before() -> Content:
    content = load_presets()["kechuang"].model_dump(mode="json")
    return {**content, "acts": [rule for rule in content["acts"] if rule["act"] not in ABSENT]}


def rule(content: Content, act: str) -> Content:
    return next(one for one in content["acts"] if one["act"] == act)


def later_late_data(content: Content) -> None:
    rule(content, "late_data")["parameters"] = {"hours": 48}


def another_level(content: Content) -> None:
    rule(content, "wrong_post")["level"] = 3


def without_confirmation(content: Content) -> None:
    rule(content, "same_person")["confirm"] = False


def one_removed(content: Content) -> None:
    content["acts"] = [one for one in content["acts"] if one["act"] != "step_skipped"]


def two_added(content: Content) -> None:
    shipped = load_presets()["kechuang"].model_dump(mode="json")
    content["acts"] += [one for one in shipped["acts"] if one["act"] in ABSENT]


def from_the_middle(content: Content) -> None:
    for act in ("fee_uncharged", "refused_without_reason", "late_data"):
        rule(content, act)["effective_from"] = MIDDLE.isoformat()


def stricter_from_the_middle(content: Content) -> None:
    """Late data of some days make a warning, of the days after a red card a person confirms: a card that grows may worsen."""
    mild = rule(content, "late_data")
    content["acts"].append({**mild, "id": "kechuang.later_late_data", "level": 3, "confirm": True,
                            "effective_from": MIDDLE.isoformat()})
    mild["effective_until"] = (MIDDLE - timedelta(days=1)).isoformat()


def for_one_organisation(content: Content) -> None:
    rule(content, "late_data")["orgs"] = ["shuili"]


def earlier_extension(content: Content) -> None:
    """A rule of clocks from which a fault of an act follows."""
    for one in content["rules"]:
        if one["watches"] in ("promised", "statutory"):
            one["extension_notice"] = "8wd"


def every_act_rule(content: Content) -> None:
    for edit in EDITS[:-2]:
        edit(content)


def everything(content: Content) -> None:
    for edit in EDITS[:-1]:
        edit(content)


EDITS: tuple[Callable[[Content], None], ...] = (
    later_late_data, another_level, without_confirmation, one_removed, two_added, from_the_middle, for_one_organisation,
    earlier_extension, everything)


def after(edit: Callable[[Content], None]) -> Content:
    content = deepcopy(before())
    edit(content)
    return content


# Live and predicted --------------------------------------------------------------------------------------------------

def services_under(content: Content, url: str, folder: Path) -> Services:
    rules = folder / "rules"
    rules.mkdir(parents=True)
    (rules / "kechuang.yaml").write_text(json.dumps(content), encoding="utf-8")
    return build_services(load_settings({
        "database.url": url, "journal.key": "j" * 32, "security.secret_key": "s" * 32, "areas.default_preset": "kechuang",
        "paths.rules_dir": str(rules), "security.two_administrators": "off", "journal.anchor_dir": str(folder / "anchors"),
        "feeds.drop_dir": str(folder / "drop")}), FrozenClock(BEGINS))


def deliver(services: Services, deliveries: Deliveries) -> None:
    clock: Any = services.clock
    for at, events in deliveries:
        clock.move_to(from_us(at))
        services.recorder.record(events)
    clock.move_to(NOW)


def live(services: Services) -> Cards:
    """Cards of acts that stand, by key. They were confirmed by nobody, so each still says whether it waits for a person."""
    c = card_table.c
    with services.database.read() as conn:
        rows = conn.execute(select(c.key, c.level, c.opened_at, c.disposition, c.rule, c.org, c.closed_reason)
                            .where(c.origin == "act")).all()
    standing = [row for row in rows if not (row.closed_reason or "").startswith("withdrawn")]
    assert len({row.key for row in standing}) == len(standing)
    return {row.key: (row.level, row.opened_at, row.disposition == "to_confirm", row.rule, row.org) for row in standing}


Edit = Callable[[Content], None]


@pytest.fixture(scope="module")
def live_under(deliveries: Deliveries, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Edit], Cards]:
    """The cards of the live engine had the edited rules always been in force."""
    known: dict[Any, Cards] = {}

    def cards_under(edit: Edit) -> Cards:
        if edit not in known:
            folder = tmp_path_factory.mktemp(edit.__name__)
            services = services_under(after(edit), f"sqlite:///{folder / 'live.db'}", folder)
            deliver(services, deliveries)
            known[edit] = live(services)
            services.database.dispose()
        return known[edit]

    return cards_under


@pytest.fixture
def recorded(fresh_database_url: str, tmp_path: Path, deliveries: Deliveries) -> Iterator[Services]:
    services = services_under(before(), fresh_database_url, tmp_path / "before")
    deliver(services, deliveries)
    yield services
    services.database.dispose()


def backtest(services: Services, content: Content | None, period: Period | None = None, **options: Any) -> Result:
    """Against the present rules; alone when there is no content."""
    previews, every = services.previews, Period(0, services.clock.now_us())
    tester = Backtester(services.database, chunk=300, acts_history_us=HISTORY_US)
    if content is None:
        return tester.run(previews.present(), period or every, lines_max=10**6, **options)
    edited = previews.edited(Kind.RULES, "kechuang", content)
    return tester.run(edited, period or every, previews.present(edited.scope), lines_max=10**6, **options)


def acts_of(lines: Sequence[CardLine], *changes: str) -> Cards:
    return {f"act:{line.kind}:{line.case_id}:{line.subject}": (line.level, line.opened_at, line.confirm, line.rule, line.org)
            for line in lines if line.origin == "act" and line.change in changes}


# Tests ---------------------------------------------------------------------------------------------------------------

def test_alone_it_finds_the_cards_the_live_engine_raised(recorded: Services) -> None:
    result, held = backtest(recorded, None), live(recorded)
    codes = Counter(line.kind for line in result.lines if line.origin == "act")
    assert acts_of(result.lines, "same") == held
    assert result.act_changes["same"] == len(held) > 300
    assert len(codes) >= 12, codes
    assert any(len(moments) > 1 for moments in moments_of_late_data(recorded))  # cards that grew are among them
    assert min(codes[act] for act in ("late_data", "wrong_post", "same_person", "material_unlisted", "step_skipped",
                                      "refused_without_reason", "fee_without_receipt")) >= 10, codes


def moments_of_late_data(services: Services) -> list[set[int]]:
    """For every card of late data the instants at which what it lists was received."""
    with services.database.read() as conn:
        found = newest_by_key(conn, [key for key in live(services) if key.startswith("act:late_data:")])
    return [{row["received_at"] for row in card.top.facts["late_events"]} for card in found.values()]


def test_every_edit_is_predicted_card_by_card(recorded: Services, live_under: Callable[[Edit], Cards]) -> None:
    held = live(recorded)
    for edit in (*EDITS, stricter_from_the_middle):
        expected, result = live_under(edit), backtest(recorded, after(edit))
        both = expected.keys() & held.keys()
        assert acts_of(result.lines, "new") == {key: expected[key] for key in expected.keys() - held.keys()}, edit
        assert acts_of(result.lines, "gone") == {key: held[key] for key in held.keys() - expected.keys()}, edit
        assert acts_of(result.lines, "changed") == {key: expected[key] for key in both if expected[key][:3] != held[key][:3]}
        assert result.act_changes["same"] == sum(expected[key][:3] == held[key][:3] for key in both)
        assert any(result.act_changes[change] for change in ("new", "gone", "changed")), edit


def test_departments_and_levels_are_counted_with_the_cards_of_clocks(recorded: Services) -> None:
    held, clocks = live(recorded), Backtester(recorded.database).run(recorded.previews.present(), Period(0, to_us(NOW)))
    result = backtest(recorded, after(everything))
    by_org = Counter((org, level) for level, _at, _confirm, _rule, org in held.values())
    assert result.by_org_before == clocks.by_org + by_org
    assert result.cards_before == clocks.cards + Counter(level for level, *_ in held.values())
    assert sum(result.by_org.values()) == sum(result.cards.values())


def test_only_faults_of_the_period_count(recorded: Services) -> None:
    period = Period(to_us(datetime(2025, 3, 8, tzinfo=UTC)), to_us(datetime(2025, 3, 12, tzinfo=UTC)))
    found = acts_of(backtest(recorded, None, period).lines, "same")
    assert found == {key: card for key, card in live(recorded).items() if period.from_us <= card[1] <= period.to_us}
    assert found


def test_two_processes_find_the_same_and_a_chunk_can_be_cancelled(recorded: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, content, cancelled = backtest(recorded, after(everything)), after(everything), iter([False, True])
    with pytest.raises(BacktestCancelled):
        backtest(recorded, content, is_cancelled=lambda: next(cancelled))
    monkeypatch.setattr(service, "WORTH_PROCESSES", 1)
    shared = backtest(recorded, content)
    assert (shared.act_changes, shared.changes, shared.by_org, shared.replayed) == (
        alone.act_changes, alone.changes, alone.by_org, alone.replayed)
    assert sorted(shared.lines, key=repr) == sorted(alone.lines, key=repr)


def test_what_was_edited_and_confirmed_is_what_is_compared_with(recorded: Services) -> None:
    """The present rules are those of the day of the fault, not of today."""
    recorded.editing.propose(Kind.RULES, "kechuang", after(every_act_rule), effective_from=date(2025, 1, 1), reason="试",
                             actor=ADMINISTRATOR)
    recorded.rejudger.work()
    assert acts_of(backtest(recorded, None).lines, "same") == live(recorded)
