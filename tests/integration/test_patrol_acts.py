"""The patrol over cards of acts: the fault found again in the journal, by the item and the ladder the card was issued under."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from alerts.models import cards
from alerts.occasions import Occasion, Origin
from alerts.patrol.findings import Finding, Found
from alerts.patrol.queries import Patrol
from bootstrap import Services
from cases.events import CaseEvent, CaseFacts, EventData, EventKind, case_id_of
from config.ladders import load_presets
from config.versions import Kind
from core.instants import HOUR_US
from tests.integration.test_act_cards import ACCEPTED, TODAY, TOO_MUCH, K, event
from tests.integration.test_backtest_acts import Deliveries, deliver, deliveries, services_under
from tests.integration.test_config_versions import built_on, confirmed

__all__ = ["deliveries"]
ACT = cards.c.origin == "act"
CASE = CaseFacts(case_id_of("360500", "2026-1"), "2026-1", "360500", "shuili", "shuili-02", "方案")


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = built_on(fresh_database_url, tmp_path)
    clock: Any = built.clock
    built.recorder.record([ACCEPTED, TOO_MUCH], judged_at=clock.now_us())
    yield built
    built.database.dispose()


def patrolled(services: Services) -> tuple[Patrol, dict[Finding, Found]]:
    done = services.patroller.patrol("anna")
    listed = services.patroller.queries.findings(done.id, limit=1000)
    assert len(listed) == done.findings
    return done, {one.code: one for one in listed}


def rewritten(services: Services, old: str, new: str) -> None:
    """The evidence of the card with something in it replaced, as no program would."""
    with services.database.transaction() as conn:
        evidence = conn.execute(select(cards.c.evidence).where(ACT)).scalar_one()
        assert old in evidence
        conn.execute(update(cards).where(ACT).values(evidence=evidence.replace(old, new)))


def test_a_sound_card_of_an_act_is_recomputed_and_passed_in_silence(services: Services) -> None:
    done, found = patrolled(services)
    assert (done.cards, found) == (1, {})


def test_a_card_whose_fault_the_journal_no_longer_shows_is_found(services: Services) -> None:
    with services.database.transaction() as conn:  # the engine withdraws such a card: look at one that kept standing
        kept = conn.execute(select(cards.c.evidence).where(ACT)).scalar_one()
    services.recorder.record([event(K.FEE_CHARGED, -100, version=2, fee_code="buchang", amount_fen=100, quantity=1,
                                    receipt_no="1")], judged_at=services.clock.now_us())
    with services.database.transaction() as conn:
        conn.execute(update(cards).where(ACT).values(evidence=kept))
    _done, found = patrolled(services)

    assert set(found) == {Finding.UNJUSTIFIED}
    detail = found[Finding.UNJUSTIFIED].detail
    assert (detail["act"], detail["subject"], detail["now_at"]) == ("fee_above_standard", "buchang", None)


def test_a_card_worse_than_its_own_ladder_says_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        conn.execute(update(cards).where(ACT).values(rule_version="chengdu"))
    rewritten(services, '"level":3', '"level":4')
    _done, found = patrolled(services)
    assert (found[Finding.UNJUSTIFIED].detail["issued_level"], found[Finding.UNJUSTIFIED].detail["level"]) == (4, 3)


def test_a_card_for_another_instant_than_the_act_is_found(services: Services) -> None:
    rewritten(services, f'"at":{TOO_MUCH.claimed_at},"due_at"', f'"at":{TODAY},"due_at"')
    _done, found = patrolled(services)
    assert (found[Finding.MOVED].detail["issued_at"], found[Finding.MOVED].detail["now_at"]) == (TODAY, TOO_MUCH.claimed_at)


def test_a_fault_whose_instant_later_events_moved_is_as_it_was_told(services: Services) -> None:
    """A paper nobody lists is a fault of the reception, and of the acceptance as soon as there is one."""
    clock: Any = services.clock
    other = [CaseEvent(source="hall", source_event_id=f"2/{kind}", kind=kind, case_no="2026-2", area="360500",
                       claimed_at=TODAY + hours * HOUR_US, org="shuili", item="shuili-02",
                       data=EventData(materials=("shenqing", "wuxu"), applicant="某某公司"))
             for kind, hours in ((K.RECEIVED, -3), (K.ACCEPTED, -2))]
    for one in other:
        services.recorder.record([one], judged_at=clock.now_us())
        clock.advance(timedelta(minutes=1))
    with services.database.read() as conn:
        [told_at] = conn.scalars(select(cards.c.opened_at).where(cards.c.rule == "kechuang.material_unlisted"))
    assert told_at == other[0].claimed_at
    assert patrolled(services)[1] == {}


@pytest.mark.parametrize(("old", "new"), [("kechuang@", "kechuang@lost-"), ('"item_version":"', '"item_version":"lost-')])
def test_a_card_of_a_version_nobody_has_any_more_is_found(services: Services, old: str, new: str) -> None:
    rewritten(services, old, new)
    _done, found = patrolled(services)
    assert Finding.VERSION_UNKNOWN in found


def test_a_fault_without_a_card_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        conn.execute(delete(cards))
    _done, found = patrolled(services)
    missing = found[Finding.MISSING].detail
    assert (missing["act"], missing["subject"], missing["level"]) == ("fee_above_standard", "buchang", 3)


def test_it_is_judged_by_the_item_it_was_issued_under(services: Services) -> None:
    """The fee was raised since, so by the item of today the charge is right: the engine withdrew the card. By that of the card
    it was not."""
    with services.database.transaction() as conn:
        kept = conn.execute(select(cards.c.evidence).where(ACT)).scalar_one()
    _number, content = services.editing.present(Kind.ITEM, "shuili-02")
    content["fees"] = [{**fee, "standard_fen": 1000} for fee in content["fees"]]
    confirmed(services, Kind.ITEM, "shuili-02", content)
    with services.database.transaction() as conn:
        withdrawn = conn.execute(select(cards.c.evidence).where(ACT)).scalar_one()
        conn.execute(update(cards).where(ACT).values(evidence=kept))
    done, found = patrolled(services)

    assert '"withdrawn":"' in withdrawn
    assert (done.cards, found) == (1, {})


def test_it_is_judged_by_the_ladder_it_was_issued_under(services: Services) -> None:
    _number, content = services.editing.present(Kind.RULES, "kechuang")
    content["acts"] = [rule for rule in content["acts"] if rule["act"] != "fee_above_standard"]
    confirmed(services, Kind.RULES, "kechuang", content)
    assert patrolled(services)[1] == {}


def test_data_that_came_late_are_looked_up_in_the_journal(services: Services) -> None:
    services.recorder.record([late_step("a"), late_step("b")])
    done, found = patrolled(services)
    assert (done.cards, found) == (2, {})
    with services.database.transaction() as conn:
        of_late = cards.c.rule == "kechuang.late_data"
        evidence = conn.execute(select(cards.c.evidence).where(of_late)).scalar_one()
        changed = evidence.replace('"source_event_id":"', '"source_event_id":"never-')
        conn.execute(update(cards).where(of_late).values(evidence=changed))
    _done, found = patrolled(services)
    assert found[Finding.UNJUSTIFIED].detail["act"] == "late_data"


def late_step(number: str) -> CaseEvent:
    step = event(K.EXTENSION_REQUESTED, -90)
    return CaseEvent(source="hall", source_event_id=f"late-{number}", kind=EventKind.EXTENSION_REQUESTED, case_no="2026-1",
                     area="360500", claimed_at=step.claimed_at, org="shuili", item="shuili-02")


@pytest.mark.parametrize("origin", [Origin.MANUAL, Origin.COMPLAINT, Origin.ORDER, Origin.FINDING, Origin.ONSITE])
def test_what_does_not_follow_from_the_journal_is_counted_as_not_recomputed(services: Services, origin: Origin) -> None:
    with services.uow() as uow:
        services.alerts.raise_occasions(uow, [Occasion(
            key=f"{origin.value}:T-1", origin=origin, case=CASE, rule="by hand", rule_version="1", level=2, at=uow.now_us,
            evidence={"title": "说明"})])
    done, found = patrolled(services)
    assert (done.cards, done.beyond, found) == (1, 1, {})


def test_of_a_city_full_of_faults_it_doubts_no_sound_card(deliveries: Deliveries, tmp_path: Path) -> None:
    """Deliveries late, out of order and corrected: what is found is an end that was told after a card it lies before, nothing
    else."""
    content = load_presets()["kechuang"].model_dump(mode="json")
    city = services_under(content, f"sqlite:///{tmp_path / 'city.db'}", tmp_path)
    deliver(city, deliveries)
    city.sweeper.sweep_all()
    done, found = patrolled(city)
    city.database.dispose()

    assert done.cards > 500
    assert set(found) <= {Finding.END_BEFORE_CARD}
