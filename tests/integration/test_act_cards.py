"""From a posted event to the card of an act: raised at once, told once, withdrawn when the facts say otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from alerts.card_commands import CardCommand, CardRef
from alerts.card_rows import newest_by_key
from alerts.models import cards
from bootstrap import Services, build_services
from cases.areas import Area
from cases.events import CaseEvent, EventData, EventKind, case_id_of
from cases.models import case_table, clocks
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock
from core.instants import to_us

K = EventKind
NOW = datetime(2026, 3, 12, 2, 0, tzinfo=UTC)  # a Thursday, 10:00 in Shanghai
TODAY = to_us(NOW)
MINUTE = 60_000_000
OFFICER = Actor("li", frozenset({Role.DUTY_OFFICER}))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = build_services(load_settings({
        "database.url": f"sqlite:///{tmp_path / 'acts.db'}", "journal.key": "j" * 32, "security.secret_key": "s" * 32,
        "journal.anchor_dir": str(tmp_path / "anchors"), "feeds.drop_dir": str(tmp_path / "drop")}), FrozenClock(NOW))
    yield built
    built.database.dispose()


def event(kind: EventKind, minute: int, *, actor: str | None = None, step: str | None = None, version: int = 1,
          **data: object) -> CaseEvent:
    """An event of one case of 水土保持方案审批, that many minutes from ten o'clock."""
    return CaseEvent(source="hall", source_event_id=f"{kind.value}/{step}", source_version=version, kind=kind, case_no="2026-1",
                     area="360500", claimed_at=TODAY + minute * MINUTE, org="shuili", item="shuili-02", actor=actor, step=step,
                     data=EventData(**data))


ACCEPTED = event(K.ACCEPTED, -200, applicant="某某公司", title="方案")
TOO_MUCH = event(K.FEE_CHARGED, -100, fee_code="buchang", amount_fen=101, quantity=1, receipt_no="1")


def told(services: Services) -> list[tuple[str, int, str | None]]:
    with services.database.read() as conn:
        rows = conn.execute(select(cards.c.rule, cards.c.level, cards.c.closed_reason).order_by(cards.c.rule)).all()
    return [(row.rule, row.level, row.closed_reason) for row in rows]


def test_a_fee_above_the_standard_is_a_red_card_that_says_so(services: Services) -> None:
    services.recorder.record([ACCEPTED, TOO_MUCH])
    assert told(services) == [("kechuang.fee_above_standard", 3, None)]
    with services.database.read() as conn:
        card = conn.execute(select(cards)).one()
    assert (card.origin, card.opened_at, card.org) == ("act", TOO_MUCH.claimed_at, "shuili")
    [seen] = services.alert_queries.active().cards
    assert seen.late_text == "超标准收费：水土保持补偿费"
    detail = services.case_queries.find_case("2026-1", TODAY)
    assert detail is not None
    assert [(fault.code, fault.about) for fault in detail.faults] == [("fee_above_standard", "水土保持补偿费")]


def test_delivered_again_it_changes_nothing_and_a_correction_withdraws_it(services: Services) -> None:
    services.recorder.record([ACCEPTED, TOO_MUCH])
    services.recorder.record([ACCEPTED, TOO_MUCH])
    assert len(told(services)) == 1
    right = event(K.FEE_CHARGED, -100, version=2, fee_code="buchang", amount_fen=100, quantity=1, receipt_no="1")
    services.recorder.record([right])
    (card,) = told(services)
    assert card[2] is not None
    assert card[2].startswith("withdrawn")


def test_every_order_of_delivery_ends_in_the_same_cards(services: Services, tmp_path: Path) -> None:
    steps = [event(K.STEP, -90, actor="甲", step="承办"), event(K.STEP, -80, actor="甲", step="批准")]
    expected = None
    for number, order in enumerate(permutations([ACCEPTED, TOO_MUCH, *steps])):
        numbered = [msgspec.structs.replace(one, case_no=f"c{number}", source_event_id=f"c{number}/{one.source_event_id}")
                    for one in order]
        for one in numbered:
            services.recorder.record([one])
        with services.database.read() as conn:
            rows = conn.execute(select(cards.c.rule, cards.c.level).where(
                cards.c.case_no == f"c{number}", cards.c.closed_at.is_(None)).order_by(cards.c.rule)).all()
        found = [tuple(row) for row in rows]
        expected = expected or found
        assert found == expected
    assert expected == [("kechuang.fee_above_standard", 3), ("kechuang.same_person", 2), ("kechuang.step_skipped", 2)]


def test_the_rule_of_the_place_decides_what_it_costs(services: Services) -> None:
    with services.uow() as uow:
        services.areas.save(uow, Area("360500", "市本级", "cn", "Asia/Shanghai", "chengdu"))
    services.recorder.record([ACCEPTED, event(K.STEP, -90, actor="甲", step="批准", post="承办人")])
    assert told(services) == [("chengdu.step_skipped", 3, None), ("chengdu.step_skipped", 3, None),
                              ("chengdu.wrong_post", 3, None)]


def test_what_needs_a_person_waits_to_be_confirmed(services: Services) -> None:
    steps = [event(K.STEP, -90, actor="甲", step="承办"), event(K.STEP, -80, actor="甲", step="审核")]
    services.recorder.record([ACCEPTED, *steps])
    with services.database.read() as conn:
        card = conn.execute(select(cards.c.rule, cards.c.disposition)).one()
    assert tuple(card) == ("kechuang.same_person", "to_confirm")


def test_a_card_does_not_speak_in_codes(services: Services) -> None:
    services.recorder.record([ACCEPTED, event(K.SPECIAL_STARTED, -90, special_kind="site_survey", approved_days=5)])

    words = {card.rule: card.late_text for card in services.alert_queries.active().cards}
    assert words == {name: name for name in words}
    assert words


def test_data_a_day_late_are_a_warning_and_history_is_none(services: Services) -> None:
    late = event(K.ACCEPTED, -30 * 60, applicant="某某公司")
    services.recorder.record([late], judged_at=TODAY)
    assert told(services) == []
    services.recorder.record([event(K.RECEIVED, -31 * 60)])
    assert told(services) == [("kechuang.late_data", 1, None)]


def late(kind: EventKind, hours: int, **more: object) -> CaseEvent:
    return event(kind, -60 * hours, **more)  # type: ignore[arg-type]


def late_cards(services: Services) -> list[tuple[int, int, str]]:
    """(number, revision, words) of each open card of an act."""
    return [(card.id, card.rev, card.late_text) for card in services.alert_queries.active().cards if card.origin == "act"]


def listed(services: Services, card_id: int) -> list[str]:
    found = services.alert_queries.find(card_id)
    assert found is not None
    return [row["event_kind"] for row in found.evidence[-1]["facts"]["late_events"]]


def test_a_tardy_batch_is_one_card_of_the_case_that_says_how_many_and_how_late(services: Services) -> None:
    services.recorder.record([late(K.RECEIVED, 50), late(K.ACCEPTED, 40), late(K.STEP, 30, actor="甲", step="承办"),
                              late(K.STEP, 26, actor="乙", step="审核")])
    assert late_cards(services) == [(1, 1, "数据迟报：4 条，最长 50 小时")]
    assert listed(services, 1) == ["received", "accepted", "step", "step"]
    detail = services.case_queries.find_case("2026-1", TODAY)
    assert detail is not None
    assert [(fault.code, len(fault.late)) for fault in detail.faults] == [("late_data", 4)]


def test_more_late_data_grow_the_open_card_and_ask_nobody_again(services: Services) -> None:
    services.recorder.record([late(K.RECEIVED, 30), late(K.ACCEPTED, 29)])
    services.alerts.execute(CardCommand(command_id="a-1", cards=[CardRef(1, 1)], comment="知悉"), OFFICER)
    services.clock.move_to(NOW + timedelta(hours=10))
    services.recorder.record([late(K.STEP, 28, actor="甲", step="承办"), event(K.STEP, 590, actor="乙", step="审核")])
    services.recorder.record([late(K.STEP, 28, actor="甲", step="承办")])  # delivered again: known
    [card] = services.alert_queries.active().cards
    assert (card.id, card.state, card.level, card.late_text) == (1, "acked", "warning", "数据迟报：3 条，最长 38 小时")
    assert listed(services, 1) == ["received", "accepted", "step"]


def test_after_the_card_ended_late_data_are_a_new_occurrence_with_what_is_new(services: Services) -> None:
    services.recorder.record([late(K.ACCEPTED, 30)])
    services.alerts.execute(CardCommand(command_id="a-1", cards=[CardRef(1, 1)], comment="知悉"), OFFICER)
    with services.uow() as uow:
        card = newest_by_key(uow.conn, [f"act:late_data:{case_id_of('360500', '2026-1')}:"]).popitem()[1]
        card.close("written_off: 已整改", uow.now_us)
        services.alerts.save(uow, [card])
    same_instant = late(K.STEP, 30, actor="甲", step="承办")  # a source that writes days only
    services.recorder.record([same_instant])
    assert [(number, words) for number, _rev, words in late_cards(services)] == [(2, "数据迟报：1 条，最长 30 小时")]
    assert listed(services, 2) == ["step"]


def test_a_correction_of_late_data_is_no_further_late_event_and_a_refold_keeps_them(services: Services) -> None:
    services.recorder.record([late(K.ACCEPTED, 30, applicant="某某公司")])
    services.recorder.record([late(K.ACCEPTED, 30, version=2, applicant="某公司")])
    services.recorder.record([event(K.RECEIVED, -31 * 60)])
    assert [words for _no, _rev, words in late_cards(services)] == ["数据迟报：2 条，最长 31 小时"]
    assert services.recounter.recount().differences == []


def test_what_a_place_looks_away_from_is_not_on_its_card(services: Services) -> None:
    """Hours of the rule and the age of history hold for each event, not for the worst or oldest of them."""
    services.recorder.record([late(K.RECEIVED, 24 * 40), late(K.ACCEPTED, 26)])
    [(number, _rev, words)] = late_cards(services)
    assert (listed(services, number), words) == (["accepted"], "数据迟报：1 条，最长 26 小时")


def test_a_recount_finds_the_faults_told_and_the_facts_agree(services: Services) -> None:
    services.recorder.record([ACCEPTED, TOO_MUCH])
    assert services.recounter.recount().differences == []
    with services.database.transaction() as conn:
        conn.execute(case_table.update().values(acts=""))
    assert [difference.counter for difference in services.recounter.recount(repair=True).differences] == ["case_acts"]
    assert services.recounter.recount().differences == []


def test_papers_nobody_answers_wake_and_go_up_the_ladder(tmp_path: Path, services: Services) -> None:
    services.recorder.record([event(K.RECEIVED, -5, applicant="某某公司")])
    kinds = select(clocks.c.kind, clocks.c.level)
    with services.database.read() as conn:
        assert conn.execute(kinds).all() == []  # asleep: most are answered within hours
    services.clock.move_to(NOW + timedelta(hours=7))
    services.sweeper.sweep_all()
    with services.database.read() as conn:
        assert [tuple(row) for row in conn.execute(kinds)] == [("acceptance", 0)]
    services.clock.move_to(NOW + timedelta(days=8))
    services.sweeper.sweep_all()
    assert told(services) == [("kechuang.acceptance", 2, None)]
    services.recorder.record([event(K.ACCEPTED, 8 * 24 * 60)])
    with services.database.read() as conn:
        assert conn.execute(select(cards.c.condition)).scalar_one() in (False, 0)
