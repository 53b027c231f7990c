"""The patrol sees what was entered after a card and takes from it what it said, whatever clock the card is of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.patrol.findings import Finding
from bootstrap import Services
from cases.events import CaseEvent, EventData, EventKind
from tests.integration.test_config_versions import built_on, event, us
from tests.integration.test_patrol import found, later


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = built_on(fresh_database_url, tmp_path)
    yield built
    built.database.dispose()


def told(services: Services, *events: CaseEvent) -> None:
    """One delivery, an hour after the last."""
    services.recorder.record(list(events))
    services.sweeper.sweep_all()
    later(services, 1)


def special(kind: EventKind, at: str) -> CaseEvent:
    return msgspec.structs.replace(event(kind, "A1", at), data=EventData(
        special_kind="hearing", document_no="1", approved_days=5 if kind is EventKind.SPECIAL_STARTED else None))


def test_an_acceptance_entered_after_the_card_of_its_own_limit_that_lies_before_it_is_found(services: Services) -> None:
    told(services, event(EventKind.RECEIVED, "A1", "2026-03-02T10:00:00"))  # accept within five working days
    told(services, event(EventKind.ACCEPTED, "A1", "2026-03-03T09:00:00"))
    entered = found(services)[Finding.END_BEFORE_CARD]

    assert (entered.detail["clock"], entered.detail["now"]) == ("acceptance", us("2026-03-03T09:00:00"))
    assert entered.detail["card_at"] > entered.detail["now"]


def test_a_notice_of_correction_entered_so_is_the_end_of_that_limit_too(services: Services) -> None:
    told(services, event(EventKind.RECEIVED, "A1", "2026-03-02T10:00:00"))
    told(services, event(EventKind.CORRECTION_NOTIFIED, "A1", "2026-03-03T09:00:00"))
    assert found(services)[Finding.END_BEFORE_CARD].detail["now"] == us("2026-03-03T09:00:00")


def test_the_end_of_a_special_procedure_set_earlier_after_its_card_is_found(services: Services) -> None:
    ended = special(EventKind.SPECIAL_ENDED, "2026-03-16T09:00:00")
    told(services, event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00"),
         special(EventKind.SPECIAL_STARTED, "2026-03-03T09:00:00"))
    told(services, ended)
    told(services, msgspec.structs.replace(ended, source_version=2, claimed_at=us("2026-03-05T09:00:00")))
    edited = [one for one in listed(services) if one[0] is Finding.END_EDITED]

    assert edited == [(Finding.END_EDITED, "special", us("2026-03-16T09:00:00"), us("2026-03-05T09:00:00"))]


def test_a_procedure_entered_late_that_came_before_the_one_of_the_card_is_no_edit_of_its_end(services: Services) -> None:
    told(services, event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00"),
         special(EventKind.SPECIAL_STARTED, "2026-03-04T09:00:00"))
    told(services, special(EventKind.SPECIAL_ENDED, "2026-03-16T09:00:00"))
    told(services, *(msgspec.structs.replace(one, source_event_id=f"earlier-{one.kind}") for one in (
        special(EventKind.SPECIAL_STARTED, "2026-03-03T09:00:00"), special(EventKind.SPECIAL_ENDED, "2026-03-03T16:00:00"))))
    assert [one for one in listed(services) if one[0] is Finding.END_EDITED] == []


def listed(services: Services) -> list[tuple[Finding, object, object, object]]:
    done = services.patroller.patrol("anna")
    return [(one.code, one.detail.get("clock"), one.detail.get("was"), one.detail.get("now"))
            for one in services.patroller.queries.findings(done.id)]


def test_a_stop_begun_before_what_the_card_says_and_entered_after_it_is_found(services: Services) -> None:
    told(services, event(EventKind.ACCEPTED, "A1", "2026-03-02T10:00:00"))  # 7 working days: yellow on 03-11
    started = special(EventKind.SPECIAL_STARTED, "2026-03-04T09:00:00")
    told(services, started)
    stopped = found(services)[Finding.FACTS_BEFORE_CARD]

    assert stopped.detail["now"] == us("2026-03-04T09:00:00") < stopped.detail["card_at"]
    assert (stopped.detail["event"], stopped.detail["clock"]) == (started.source_event_id, "promised")


def test_an_end_entered_after_the_card_in_its_order_is_passed_in_silence(services: Services) -> None:
    told(services, event(EventKind.RECEIVED, "A1", "2026-03-02T10:00:00"))
    told(services, event(EventKind.ACCEPTED, "A1", "2026-03-16T13:30:00"))
    assert found(services) == {}
