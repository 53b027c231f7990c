"""Steps with conditions, steps several sign, and where a step may be sent back to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from approval.flow import When
from approval.handling import Result
from approval.matters import Act
from core.errors import ConfigError, Conflict, InvalidInput, NotPermitted
from tests.hosting import APPROVER, HANDLER, HEAD, ORG, REVIEWER, Hall, staff

ITEM = "gongxin-04"
DETAILS = f"""  {ITEM}:
    step_limits: {{承办: 1wd, 审核: 1wd, 批准: 1wd}}
    form:
      - {{code: amount, name: 投资额, kind: number, unit: 元, required: false}}
    conditions: {{审核: {{field: amount, at_least: 100000}}}}
    signers: {{批准: [批准人, 分管领导]}}
    returns: {{批准: [承办]}}
"""


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, details=DETAILS)
    yield made
    made.services.database.dispose()


def accepted(hall: Hall, **fields: str) -> str:
    case_no = hall.file(ITEM, fields=fields)
    hall.approval.intake.accept(case_no, hall.rev(case_no), staff("hall", "谢芳", "fagai"))
    return case_no


# Conditions -------------------------------------------------------------------------------------------------------

def test_a_step_whose_condition_does_not_hold_is_left_out_and_that_is_no_fault(hall: Hall):
    case_no = accepted(hall, amount="99,999")
    hall.do(case_no, HANDLER)
    assert hall.detail(case_no).head.step == "批准"
    assert hall.detail(case_no).stations == ("受理", "承办", "批准", "办结")
    hall.do(case_no, APPROVER)
    hall.do(case_no, HEAD)
    hall.approval.ending.conclude(case_no, hall.rev(case_no), "", staff("hall", "谢芳", "fagai"))
    assert (hall.faults(case_no), hall.case(case_no).state) == ([], "concluded")


@pytest.mark.parametrize("fields", [
    {"amount": "100000"}, {}, {"amount": " "}])
def test_nothing_is_left_out_that_is_due_or_not_known(hall: Hall, fields: dict[str, str]):
    case_no = accepted(hall, **fields)
    hall.do(case_no, HANDLER)
    assert hall.detail(case_no).head.step == "审核"


@pytest.mark.parametrize("said", ["", "100,000", "1e6", "nan", "about a million"])
def test_what_is_no_number_leaves_the_step_in(said: str):
    assert When("amount", at_least=100_000).holds({"amount": said})


def test_a_condition_may_name_values():
    kind = When("kind", one_of=("新建", "扩建"))
    assert [kind.holds({"kind": one}) for one in ("新建", "改建", "")] == [True, False, True]


def test_while_nobody_knows_whether_a_step_comes_it_has_no_clock(hall: Hall):
    case_no = accepted(hall, amount="5")
    hall.do(case_no, HANDLER)
    assert "审核" not in hall.clocks(case_no)


# Signing together -------------------------------------------------------------------------------------------------

def at_approval(hall: Hall) -> str:
    case_no = accepted(hall, **({"amount": "5"} if hall.services.catalogue.items[ITEM].details.form else {}))
    hall.do(case_no, HANDLER)
    return case_no


def test_every_post_signs_once_and_the_last_one_does_the_step(hall: Hall):
    case_no = at_approval(hall)
    with pytest.raises(NotPermitted, match="post_missing"):
        hall.do(case_no, REVIEWER)
    hall.do(case_no, HEAD, "同意，请抓紧")
    assert [(one["post"], one["display_name"]) for one in hall.detail(case_no).signed] == [("分管领导", "郑军")]
    assert hall.detail(case_no).head.step == "批准"
    with pytest.raises(Conflict, match="same_person"):
        hall.do(case_no, HEAD)
    hall.do(case_no, APPROVER)
    assert hall.kinds(case_no)[-3:] == ["countersigned", "step", "decided"]
    assert hall.faults(case_no) == []


def test_one_person_with_both_posts_signs_for_one_of_them_only(hall: Hall):
    hall.approval.posts.give(HEAD.name, ORG, ["批准人", "分管领导"])
    case_no = at_approval(hall)
    hall.do(case_no, HEAD)
    with pytest.raises(Conflict, match="same_person"):
        hall.do(case_no, HEAD)


def test_a_step_sent_back_is_signed_anew(hall: Hall):
    case_no = at_approval(hall)
    hall.do(case_no, HEAD)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "承办", "附图不清", APPROVER)
    hall.do(case_no, HANDLER)
    assert hall.detail(case_no).signed == []
    hall.do(case_no, HEAD)
    hall.do(case_no, APPROVER)
    assert hall.faults(case_no) == []


def test_the_list_of_who_has_signed_or_whose_post_has_is_rid_of_it(hall: Hall):
    second = staff("second_head", "钱军", ORG)
    hall.approval.posts.give(second.name, ORG, ["分管领导"])
    case_no = at_approval(hall)
    hall.do(case_no, HEAD)
    waiting = {who.name: [row.case_no for row in hall.approval.queries.work(who)] for who in (HEAD, second, APPROVER)}
    assert waiting == {HEAD.name: [], second.name: [], APPROVER.name: [case_no]}
    assert Act.COMPLETE not in hall.detail(case_no, second).may
    with pytest.raises(NotPermitted, match="post_missing"):
        hall.do(case_no, second)


def test_who_signed_a_step_does_no_later_one_unless_his_signature_was_withdrawn(tmp_path: Path):
    """一人多岗: also where another signed last and is the one the journal names."""
    hall = Hall(tmp_path, details=f"  {ITEM}:\n    signers: {{审核: [审核人, 分管领导]}}\n")
    second = staff("second_head", "钱军", ORG)
    hall.approval.posts.give(HEAD.name, ORG, ["分管领导", "批准人"])
    hall.approval.posts.give(second.name, ORG, ["分管领导"])
    case_no = at_approval(hall)
    hall.do(case_no, HEAD)
    hall.do(case_no, REVIEWER)
    assert Act.COMPLETE not in hall.detail(case_no, HEAD).may
    assert Act.COMPLETE in hall.detail(case_no, APPROVER).may
    for act in (lambda: hall.do(case_no, HEAD), lambda: hall.approval.handling.claim(case_no, hall.rev(case_no), HEAD)):
        with pytest.raises(Conflict, match="same_person"):
            act()

    hall.later(minutes=5)
    hall.approval.handling.send_back(case_no, hall.rev(case_no), "承办", "附图不清", APPROVER)
    for person in (HANDLER, second, REVIEWER):
        hall.do(case_no, person)
    assert Act.COMPLETE in hall.detail(case_no, HEAD).may
    hall.do(case_no, HEAD)
    assert (hall.kinds(case_no)[-1], hall.faults(case_no)) == ("decided", [])


@pytest.mark.parametrize(("result", "reason"), [("refused", "不符合条件"), ("granted", "不符合条件")])
def test_a_refusal_before_the_last_signature_is_told_to_be_none(hall: Hall, result: Result, reason: str):
    """It used to vanish: the step was granted by whoever signed last."""
    case_no = at_approval(hall)
    with pytest.raises(InvalidInput, match="step_result_with_last"):
        hall.approval.handling.complete(case_no, hall.rev(case_no), "不同意", HEAD, "", result, reason)
    assert hall.detail(case_no).signed == []
    hall.do(case_no, HEAD)
    hall.approval.handling.complete(case_no, hall.rev(case_no), "不同意", APPROVER, "", "refused", "不符合条件")
    assert hall.detail(case_no).fold.refused is not None


def test_lists_and_pages_show_it_to_those_who_sign(hall: Hall):
    case_no = at_approval(hall)
    assert [row.case_no for row in hall.approval.queries.work(HEAD)] == [case_no]
    assert Act.COMPLETE in hall.detail(case_no, HEAD).may
    assert Act.COMPLETE not in hall.detail(case_no, REVIEWER).may


# Ways back --------------------------------------------------------------------------------------------------------

def test_a_step_goes_back_where_the_item_lets_it_and_only_to_steps_that_were(hall: Hall):
    case_no = accepted(hall, amount="200000")
    hall.do(case_no, HANDLER)
    hall.do(case_no, REVIEWER)
    assert hall.detail(case_no).earlier == ("承办",)
    with pytest.raises(InvalidInput, match="step_not_behind"):
        hall.approval.handling.send_back(case_no, hall.rev(case_no), "审核", "再核", APPROVER)


# The file ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("lines", "key"), [
    ("conditions: {盖章: {field: a}}", "conditions.盖章"), ("signers: {办结: [批准人]}", "signers.办结"),
    ("returns: {承办: [审核]}", "returns.承办"), ("conditions: {审核: {feild: a}}", "conditions.审核"),
    ("conditions: {审核: {field: a}}", "conditions.审核.field"),
    ("form: [{code: a, name: 甲}, {code: a, name: 乙}]", "form.1.code"),
    ("form: [{code: a, name: 甲, kind: choice}]", "form.0")])
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, lines: str, key: str):
    with pytest.raises(ConfigError) as failure:
        Hall(tmp_path, details=f"  {ITEM}:\n    {lines}\n")
    assert f"items.{ITEM}.{key}" in failure.value.details["key"]
