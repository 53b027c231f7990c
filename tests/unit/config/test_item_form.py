"""What the form of an item asks, and what is said of an answer that does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.item_form import FormField, check_form, form_faults, number_of
from core.errors import InvalidInput

FORM = {one.code: one for one in (
    FormField(code="area", name="挖掘面积", kind="number", unit="平方米", at_least=1, at_most=1000),
    FormField(code="begin", name="开工日期", kind="date"),
    FormField(code="grade", name="道路等级", kind="choice", choices=("主干路", "支路")),
    FormField(code="note", name="说明", required=False))}
GIVEN = {"area": "1,000", "begin": "2026-03-16", "grade": "支路", "note": ""}


def test_what_fits_is_taken():
    check_form(FORM, GIVEN)
    check_form(FORM, {code: value for code, value in GIVEN.items() if code != "note"})


@pytest.mark.parametrize(("changed", "code"), [
    ({"area": ""}, "form_field_missing"), ({"area": "  "}, "form_field_missing"), ({"area": "很大"}, "form_field_no_number"),
    ({"area": "nan"}, "form_field_no_number"), ({"area": "0.5"}, "form_field_out_of_range"),
    ({"area": "1000.1"}, "form_field_out_of_range"), ({"begin": "2026-02-30"}, "form_field_no_date"),
    ({"begin": "20260316"}, "form_field_no_date"), ({"grade": "小路"}, "form_field_no_choice"),
    ({"note": "长" * 2001}, "form_field_too_long"), ({"colour": "红"}, "form_field_unknown")])
def test_what_does_not_fit_is_named(changed: dict[str, str], code: str):
    faults = form_faults(FORM, GIVEN | changed)
    assert {name: fault.code for name, fault in faults.items()} == {next(iter(changed)): code}


def test_everything_that_is_wrong_is_said_at_once_and_the_first_is_raised():
    assert list(form_faults(FORM, {})) == ["area", "begin", "grade"]
    with pytest.raises(InvalidInput) as refusal:
        check_form(FORM, {})
    assert refusal.value.details == {"key": "fields.area", "name": "挖掘面积"}


@pytest.mark.parametrize(("written", "number"), [
    ("12", 12), ("-3.5", -3.5), ("1,200", 1200), (" 7 ", 7), ("5.", 5), ("", None), (".", None), ("1e6", None), ("٣", None),
    ("--5", None), ("inf", None), ("1.2.3", None)])
def test_numbers_are_read_as_people_write_them(written: str, number: float | None):
    assert number_of(written) == number


@pytest.mark.parametrize("field", [
    {"kind": "choice"}, {"kind": "choice", "choices": ("甲",)}, {"choices": ("甲", "乙")}, {"unit": "米"}, {"at_least": 1},
    {"code": "Area"}, {"code": "1a"}, {"name": ""}])
def test_a_field_that_contradicts_itself_is_refused(field: dict[str, Any]):
    with pytest.raises(ValidationError):
        FormField(**{"code": "a", "name": "甲", **field})
