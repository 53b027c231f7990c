"""A draw can be repeated by anybody from its seed; results are recorded once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cases.events import CaseEvent, EventKind
from core.access import Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import DAY_US, to_us
from dashboard.demo_accounts import DEMO_PASSWORD
from supervision.sampling import draw
from tests.staff import NOW, OWN_ORG, sign_in
from tests.unit.supervision.office import AREA, INSPECTOR, OFFICER, UNIT, Office, post


def conclude(office: Office, count: int, area: str = "360500", letter: str = "C") -> None:
    for place in range(count):
        no = f"{letter}-{place:03d}"
        office.site.record_case(no, OWN_ORG)
        office.services.recorder.record([CaseEvent(
            source="hall", source_event_id=f"{no}-2", kind=EventKind.CONCLUDED, case_no=no, area=area,
            claimed_at=to_us(NOW) - 20 * DAY_US, org=OWN_ORG)])


def test_the_same_seed_draws_the_same_whatever_the_order_of_the_cases():
    assert draw("ab12", [5, 3, 9, 1], 2) == draw("ab12", [1, 3, 5, 9], 2)
    assert len({tuple(draw(f"{seed:x}", list(range(50)), 5)) for seed in range(40)}) > 30


def test_every_case_is_drawn_about_as_often_as_another():
    times = [0] * 10
    for seed in range(2000):
        for one in draw(f"{seed:x}", list(range(10)), 3):
            times[one] += 1

    assert max(times) - min(times) < 150


def test_a_month_of_a_unit_is_drawn_once_and_can_be_repeated(office: Office):
    conclude(office, 12)
    number = office.desk.samples.draw("2026-02", OWN_ORG, OFFICER)
    [sample] = office.desk.samples.listed(OFFICER)
    calls = office.desk.samples.calls(number, OFFICER)

    assert (sample.population, sample.size, len(calls)) == (12, 3, 3)
    with office.services.database.read() as conn:
        from sqlalchemy import select

        from cases.models import case_table
        everybody = list(conn.scalars(select(case_table.c.case_id).where(case_table.c.case_no.startswith("C-"))))
    assert [call.case_id for call in calls] == draw(sample.seed, everybody, 3)
    with pytest.raises(Conflict, match="sample_drawn_already"):
        office.desk.samples.draw("2026-02", OWN_ORG, OFFICER)


def test_a_result_is_recorded_once_unless_nobody_was_reached(office: Office):
    conclude(office, 4)
    number = office.desk.samples.draw("2026-02", OWN_ORG, OFFICER)
    case_id = office.desk.samples.calls(number, OFFICER)[0].case_id
    office.desk.samples.record(number, case_id, "unreached", "无人接听", OFFICER)
    office.desk.samples.record(number, case_id, "different", "称未收到证照", OFFICER)

    assert office.desk.samples.calls(number, OFFICER)[0].result == "different"
    with pytest.raises(Conflict):
        office.desk.samples.record(number, case_id, "confirmed", "改口", OFFICER)


def test_what_cannot_be_drawn_says_why(office: Office):
    with pytest.raises(NotFound, match="sample_nothing_concluded"):
        office.desk.samples.draw("2026-02", OWN_ORG, OFFICER)
    with pytest.raises(InvalidInput, match="month_unreadable"):
        office.desk.samples.draw("last month", OWN_ORG, OFFICER)
    with pytest.raises(NotPermitted):
        office.desk.samples.draw("2026-02", OWN_ORG, UNIT)


def test_somebody_bound_to_an_area_sees_calls_and_draws_of_it_only(office: Office):
    conclude(office, 4)
    here, elsewhere = replace(OFFICER, area=AREA), replace(OFFICER, area="999999")
    with pytest.raises(NotFound, match="sample_nothing_concluded"):
        office.desk.samples.draw("2026-02", OWN_ORG, elsewhere)
    number = office.desk.samples.draw("2026-02", OWN_ORG, here)
    case_id = office.desk.samples.calls(number, here)[0].case_id

    assert [sample.id for sample in office.desk.samples.listed(here)] == [number]
    assert (office.desk.samples.listed(elsewhere), office.desk.samples.calls(number, elsewhere)) == ([], [])
    with pytest.raises(NotFound, match="sample_call_not_found"):
        office.desk.samples.record(number, case_id, "confirmed", "一致", elsewhere)
    office.desk.samples.record(number, case_id, "confirmed", "一致", here)


def test_the_one_draw_of_a_unit_is_not_made_of_a_part_of_its_cases(office: Office):
    conclude(office, 2)
    conclude(office, 2, "360502", "D")

    with pytest.raises(NotPermitted, match="sample_spans_areas"):
        office.desk.samples.draw("2026-02", OWN_ORG, replace(INSPECTOR, area=AREA))


def test_over_http_an_inspector_of_another_area_reads_no_sample_and_drafts_nothing(office: Office):
    conclude(office, 4)
    number = office.desk.samples.draw("2026-02", OWN_ORG, OFFICER)
    office.services.accounts.create("qu", DEMO_PASSWORD, display_name="区", roles=[Role.INSPECTOR], area="999999")
    client = office.site.app.test_client()
    sign_in(client, "qu")

    assert client.get("/api/v1/samples").json == []
    assert client.get(f"/api/v1/samples/{number}").status_code == 404
    draft = {"kind": "proposal", "org": OWN_ORG, "title": "题目", "problem": "问题", "demand": "要求", "area": AREA}
    answer = post(client, "/api/v1/orders", draft)
    assert (answer.status_code, answer.json["code"]) == (403, "order_area_not_yours")
    assert office.desk.order_queries.counts(INSPECTOR, office.clock.now_us())["drafts"] == 0
    own = post(client, "/api/v1/orders", {**draft, "area": ""})
    assert (own.status_code, own.json["area"]) == (201, "999999")
