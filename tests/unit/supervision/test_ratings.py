"""A bad rating becomes a duty, once, wherever the watch was stopped."""

from __future__ import annotations

from cases.events import CaseEvent, EventData, EventKind
from core.instants import to_us
from supervision.complaints.queries import WantedComplaints
from tests.staff import NOW, OWN_ORG
from tests.unit.supervision.office import INSPECTOR, Office


def rate(office: Office, score: int, place: int) -> None:
    office.services.recorder.record([CaseEvent(
        source="hall", source_event_id=f"rated-{place}", kind=EventKind.RATED, case_no="A-1", area="360500",
        claimed_at=to_us(NOW), order=place, data=EventData(score=score, channel="window"))])


def duties(office: Office) -> list[tuple[str, str, str]]:
    rows, _ = office.desk.complaint_queries.listed(INSPECTOR, WantedComplaints(kind="rating"), office.clock.now_us())
    return [(row.org, row.about_case, row.state) for row in rows]


def test_each_bad_rating_is_one_duty_of_the_cases_unit(office: Office):
    office.site.record_case("A-1", OWN_ORG)
    office.desk.watch()
    for place, score in enumerate((5, 2, 3, 1), 1):
        rate(office, score, place)
    office.desk.watch()
    office.desk.watch()

    assert duties(office) == [(OWN_ORG, "A-1", "handling")] * 2


def test_ratings_from_before_the_installation_are_history(office: Office):
    office.site.record_case("A-1", OWN_ORG)
    rate(office, 1, 1)
    office.desk.watch()

    assert duties(office) == []


def test_a_repeated_delivery_is_no_second_duty(office: Office):
    office.site.record_case("A-1", OWN_ORG)
    office.desk.watch()
    rate(office, 1, 1)
    rate(office, 1, 1)
    office.desk.watch()

    assert len(duties(office)) == 1
