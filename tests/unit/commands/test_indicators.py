"""`app.py indicators`: one line per group and indicator, numbers counted by hand."""

from __future__ import annotations

import csv
import json
from io import StringIO

import pytest

OCTOBER = ("--from", "2018-10-01", "--to", "2018-10-31")


def test_csv_has_a_line_per_department_and_indicator(on_loaded):
    done = on_loaded("indicators", *OCTOBER, "--only", "accepted,early_rate,on_time_rate", "--format", "csv")
    rows = list(csv.DictReader(StringIO(done.out)))

    assert done.code == 0
    assert [(row["key"], row["indicator"], row["value"]) for row in rows] == [
        ("'=Formula", "accepted", "1"), ("'=Formula", "early_rate", ""), ("'=Formula", "on_time_rate", ""),
        ("Land", "accepted", "3"), ("Land", "early_rate", "0.333333"), ("Land", "on_time_rate", "1.0"),
        ("Water", "accepted", "1"), ("Water", "early_rate", ""), ("Water", "on_time_rate", "")]


def test_json_has_the_base_figures_and_what_was_corrected(on_loaded):
    told = json.loads(on_loaded("indicators", *OCTOBER, "--by", "none", "--only", "early_rate", "--format", "json").out)

    assert (told["from"], told["by"], told["basis"]) == ("2018-10-01", "none", "event")
    assert told["corrected_rows"] > 0
    assert told["figures"] == [{"key": "", "label": "", "indicator": "early_rate", "numerator": 1, "denominator": 3,
                                "value": 0.333333, "is_small": True, "base": {"early": 1, "concluded": 3}}]


def test_json_of_persons_has_what_was_corrected_of_their_department(on_loaded):
    def told(*more: str) -> dict[str, object]:
        asked = ("--by", "person", "--org", "Land", "--only", "early_rate", "--format", "json", *more)
        return json.loads(on_loaded("indicators", *OCTOBER, *asked).out)  # type: ignore[no-any-return]

    of_department = json.loads(on_loaded("indicators", *OCTOBER, "--by", "none", "--org", "Land", "--only", "early_rate",
                                         "--format", "json").out)
    assert told()["corrected_rows"] == of_department["corrected_rows"] > 0
    assert told("--basis", "acceptance")["corrected_rows"] is None


def test_the_catalogue_is_printed_with_its_formulas(on_loaded):
    done = on_loaded("indicators", "--list")
    assert "early_rate\t提前办结率\t%\tearly ÷ concluded\n" in done.out


@pytest.mark.parametrize(("arguments", "code"), [
    (("--from", "2018-10-01"), "date_unreadable"), ((*OCTOBER, "--only", "beauty"), "indicator_unknown"),
    (("--from", "2018-10-31", "--to", "2018-10-01"), "range_backwards")])
def test_a_question_that_cannot_be_answered_is_refused(on_loaded, arguments, code):
    done = on_loaded("indicators", *arguments)
    assert (done.code, done.out) == (1, "")
    assert code in done.err
