"""The picture of a case's way, read from its events: done, open, stopped, withdrawn, left, and only what is on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.panels.hosted_flow import steps_of, with_skipped
from tests.editing import carried_out, content_of, published, seen
from tests.hosting import APPROVER, HALL, HANDLER, HEAD, REVIEWER, Hall

ITEM = "gongxin-04"
CONDITION = f"""  {ITEM}:
    form: [{{code: amount, name: 投资额, kind: number, unit: 元, required: false}}]
    conditions: {{审核: {{field: amount, at_least: 100000}}}}
"""


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def picture(hall: Hall, case_no: str) -> list[str]:
    return [f"{step.name} {step.state}" for step in steps_of(hall.detail(case_no).stations, hall.events(case_no))]


def test_after_a_migration_the_picture_has_the_new_names_and_what_was_done_stays_done(hall: Hall):
    case_no = hall.accepted()
    for person in (HANDLER, REVIEWER):
        hall.do(case_no, person)
    to = published(hall, {**content_of(hall), "steps": [
        {**one, "name": {"审核": "复核", "批准": "签发"}.get(one["name"], one["name"])} for one in content_of(hall)["steps"]]})
    steps = {"审核": "复核", "批准": "签发"}
    assert carried_out(hall, to, steps, seen(hall, to, steps).values()).left_out == {}

    assert picture(hall, case_no) == ["受理 done", "承办 done", "复核 done", "签发 open", "办结 waiting"]


def test_the_open_step_follows_what_is_done(hall: Hall):
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    assert picture(hall, case_no) == ["受理 done", "承办 done", "审核 open", "批准 waiting", "办结 waiting"]
    assert steps_of(hall.detail(case_no).stations, hall.events(case_no))[1].who == "林涛"


def test_what_was_withdrawn_says_who_had_done_it(hall: Hall):
    case_no = hall.accepted()
    hall.do(case_no, HANDLER)
    hall.do(case_no, REVIEWER)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "承办", "附图不清", APPROVER)
    assert picture(hall, case_no) == ["受理 done", "承办 open", "审核 waiting", "批准 waiting", "办结 waiting"]
    steps = steps_of(hall.detail(case_no).stations, hall.events(case_no))
    assert [[who for who, _ in step.withdrawn] for step in steps] == [[], ["林涛"], ["高敏"], [], []]


def test_a_stopped_clock_stops_the_open_step_and_a_case_given_up_leaves_the_rest(hall: Hall):
    case_no = hall.accepted()
    hall.approval.handling.start_special(case_no, hall.rev(case_no), "testing", 3, "现场检测", HANDLER)
    assert picture(hall, case_no)[1] == "承办 stopped"
    hall.approval.ending.void(case_no, hall.rev(case_no), "重复申请", HEAD)
    assert picture(hall, case_no) == ["受理 done", "承办 left", "审核 left", "批准 left", "办结 left"]


def test_who_signs_together_is_named_until_the_step_is_sent_back(tmp_path: Path):
    hall = Hall(tmp_path, details=f"  {ITEM}:\n    signers: {{批准: [批准人, 分管领导]}}\n")
    case_no = hall.accepted(ITEM)
    for person in (HANDLER, REVIEWER, HEAD):
        hall.do(case_no, person)
    assert [who for who, _ in steps_of(hall.detail(case_no).stations, hall.events(case_no))[3].signed] == ["郑军"]
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "审核", "附图不清", APPROVER)
    withdrawn = steps_of(hall.detail(case_no).stations, hall.events(case_no))[3]
    assert (withdrawn.signed, [who for who, _ in withdrawn.withdrawn]) == ([], ["郑军"])
    for person in (REVIEWER, APPROVER, HEAD):
        hall.do(case_no, person)
    assert steps_of(hall.detail(case_no).stations, hall.events(case_no))[3].who == "罗勇、郑军"
    hall.services.database.dispose()


def test_a_step_the_form_leaves_out_is_shown_as_not_taken(tmp_path: Path):
    hall = Hall(tmp_path, details=CONDITION)
    case_no = hall.file(ITEM, fields={"amount": "99999"})
    hall.approval.intake.accept(case_no, hall.rev(case_no), HALL)
    hall.do(case_no, HANDLER)
    assert picture(hall, case_no) == ["受理 done", "承办 done", "批准 open", "办结 waiting"]
    whole = with_skipped(steps_of(hall.detail(case_no).stations, hall.events(case_no)), hall.detail(case_no).flow)
    assert [step.state for step in whole] == ["done", "done", "skipped", "open", "waiting"]
    hall.services.database.dispose()
