"""The patrol finds what the data no longer justifies, ends edited after a card, cards never issued; it changes none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from alerts.alarms import standing_alarms
from alerts.models import cards
from alerts.occasions import Occasion, Origin
from alerts.patrol.service import Finding, Found
from bootstrap import Services
from cases.events import CaseFacts, EventKind
from config.versions import Kind
from core.clock import FrozenClock
from tests.integration.test_config_versions import built_on, confirmed, edited_rules, event, us

CLOCK = cards.c.origin == "clock"  # data that came late has a card of its own


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = built_on(fresh_database_url, tmp_path)
    built.recorder.record([event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00")])  # 7 working days: yellow on 03-11
    later(built, 1)
    yield built
    built.database.dispose()


def later(services: Services, hours: int) -> None:
    clock: Any = services.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(timedelta(hours=hours))


def found(services: Services) -> dict[Finding, Found]:
    done = services.patroller.patrol("anna")
    listed = services.patroller.findings(done.id)
    assert len(listed) == done.findings
    return {one.code: one for one in listed}


def card_rows(services: Services) -> list[Any]:
    with services.database.read() as conn:
        return [tuple(row) for row in conn.execute(select(cards).order_by(cards.c.id))]


def alarm_codes(services: Services) -> list[str]:
    with services.database.read() as conn:
        return [alarm.code for alarm in standing_alarms(conn)]


def test_sound_cards_are_passed_in_silence(services: Services) -> None:
    done = services.patroller.patrol("anna")
    assert (done.cards, done.findings) == (1, 0)
    assert "patrol_abnormal" not in alarm_codes(services)


def test_a_card_of_a_verified_complaint_has_no_clock_to_recompute(services: Services) -> None:
    """A complaint about a case bears its number, and a name that a kind of clock has too."""
    with services.database.read() as conn:
        case_id = conn.execute(select(cards.c.case_id).where(CLOCK)).scalar_one()
    case = CaseFacts(case_id, "A1", "360500", "fagai", "fagai-01", "对A1的投诉")
    with services.uow() as uow:
        services.alerts.raise_occasions(uow, [Occasion(
            key="complaint:T-1", origin=Origin.COMPLAINT, case=case, rule="complaint", rule_version="1", level=2,
            at=uow.now_us, evidence={"title": "投诉查实"})])

    done = services.patroller.patrol("anna")

    assert (done.cards, done.findings) == (1, 0)


def test_an_end_set_earlier_after_the_card_is_found_with_both_entries(services: Services) -> None:
    ended = event(EventKind.CONCLUDED, "A1", "2026-03-16T14:30:00")
    services.recorder.record([ended])
    later(services, 1)
    services.recorder.record([msgspec.structs.replace(ended, source_version=2, claimed_at=us("2026-03-12T09:00:00"))])
    edited = found(services)[Finding.END_EDITED]

    assert (edited.detail["was"], edited.detail["now"]) == (us("2026-03-16T14:30:00"), us("2026-03-12T09:00:00"))
    assert edited.detail["version"] == 2


def test_an_end_entered_after_the_card_that_lies_before_it_is_found(services: Services) -> None:
    with services.database.transaction() as conn:  # the engine withdraws such a card: look at one that kept standing
        kept = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
    services.recorder.record([event(EventKind.CONCLUDED, "A1", "2026-03-05T09:00:00")])
    with services.database.transaction() as conn:
        conn.execute(update(cards).where(CLOCK).values(evidence=kept))
    codes = found(services)

    assert codes[Finding.END_BEFORE_CARD].detail["now"] == us("2026-03-05T09:00:00")
    assert codes[Finding.UNJUSTIFIED].detail["now_at"] is None
    assert "patrol_abnormal" in alarm_codes(services)


def test_a_card_that_should_exist_and_does_not_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        conn.execute(delete(cards))
    missing = found(services)[Finding.MISSING]
    assert (missing.card_id, missing.case_no, missing.detail["level"]) == (None, "A1", 2)


def test_a_moved_instant_is_found(services: Services) -> None:
    with services.database.transaction() as conn:
        evidence = conn.execute(select(cards.c.evidence).where(CLOCK)).scalar_one()
        conn.execute(update(cards).where(CLOCK).values(evidence=evidence.replace(str(us("2026-03-11T10:00:00")),
                                                                    str(us("2026-03-10T10:00:00")))))
    moved = found(services)[Finding.MOVED]
    assert (moved.detail["issued_at"], moved.detail["now_at"]) == (us("2026-03-10T10:00:00"), us("2026-03-11T10:00:00"))


def test_cards_are_recomputed_with_the_version_they_were_issued_under(services: Services) -> None:
    """The case ended before the edit, so its card stands; by the edited ladder it would not."""
    services.recorder.record([event(EventKind.CONCLUDED, "A1", "2026-03-12T10:00:00")])
    later(services, 1)
    confirmed(services, Kind.RULES, "kechuang", edited_rules(services, 5))
    assert found(services) == {}


def test_a_patrol_changes_no_card(services: Services) -> None:
    before = card_rows(services)
    with services.database.transaction() as conn:
        conn.execute(update(cards).values(level=3))
    changed = card_rows(services)
    services.patroller.patrol("anna")
    assert card_rows(services) == changed != before
