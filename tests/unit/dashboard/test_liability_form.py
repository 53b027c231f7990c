"""A decision other than proposed: rows as a person filled them in become who answers how, or say what is missing."""

from __future__ import annotations

import json

import pytest
from plotly.utils import PlotlyJSONEncoder

from core.errors import InvalidInput
from dashboard.panels import liability_form
from dashboard.panels.liability_form import circumstances_of, persons_from
from dashboard.words import Words
from supervision.liability import Exemption, Fault, Grade, Post, Proposed, Responsibility

LI = Proposed("李承办", Post.HANDLER, Responsibility.DIRECT, Grade.SERIOUS, ("warning", "demerit"), (("red_card", {}),))
SUN = Proposed("孙审核", Post.REVIEWER, Responsibility.MAIN, Grade.GENERAL, ("admonition",), (("yellow_card", {}),))


def columns(*rows):
    return list(zip(*rows, strict=True))


def test_rows_become_persons_with_the_reasons_of_their_proposal():
    li = ("李承办", "handler", "direct", "general", ["admonition"])
    sun = ("孙审核", "reviewer", "main", "none", [])
    zhou = (" 周批准 ", "approver", "important", "general", [])
    empty = (None, None, None, None, [])

    held = persons_from(columns(li, sun, zhou, empty), (LI, SUN))

    assert [(one.person, one.grade, one.forms) for one in held] == [
        ("李承办", Grade.GENERAL, ("admonition",)),
        ("周批准", Grade.GENERAL, ("admonition", "written_self_criticism", "circular"))]
    assert held[0].reasons == LI.reasons
    assert [code for code, _ in held[1].reasons] == ["decided"]


def test_a_row_that_lacks_something_names_the_person_and_the_part(zh):
    with pytest.raises(InvalidInput) as refused:
        persons_from(columns(("周批准", "approver", None, "general", [])), ())

    assert refused.value.details == {"person": "周批准", "part": "responsibility"}
    assert liability_form.told(refused.value, zh) == "“周批准”一行缺少“责任”，请补充"


def test_a_form_belongs_to_its_grade(zh):
    with pytest.raises(InvalidInput) as refused:
        persons_from(columns(("李承办", "handler", "direct", "general", ["dismissal"])), (LI,))

    assert liability_form.told(refused.value, zh) == "“李承办”的追究方式“开除”与程度“一般”不符，请改选"


def test_what_is_known_beyond_the_record_reaches_the_proposal():
    known = circumstances_of("falsified", "reviewer", "cooperated", ["damage"])

    assert (known.fault, known.changed_by, known.exemption) == (Fault.FALSIFIED, Post.REVIEWER, Exemption.COOPERATED)
    assert (known.damage, known.noticed_by_reviewer) == (True, False)
    assert circumstances_of(None, None, None, []).fault is None


def test_the_form_shows_who_is_proposed_and_a_row_for_somebody_else(zh):
    drawn = json.dumps(liability_form.change_rows((LI, SUN), zh), cls=PlotlyJSONEncoder, ensure_ascii=False)

    assert drawn.count('"liability": "person"') == 3
    assert "李承办" in drawn
    assert "另一人" in drawn


@pytest.fixture(scope="module")
def zh():
    from config.texts import load_texts

    return Words("zh", load_texts()["zh"].tree)
