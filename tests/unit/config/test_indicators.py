"""The catalogue of indicators that is shipped, and what is refused in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.indicators import INDICATORS_FILE, Unit, load_indicators
from core.errors import ConfigError, NotFound
from evaluation.assembly import check_figures
from evaluation.models import ASKED_FIGURES, FIGURES, SUBJECTS_APART


@pytest.fixture
def changed(tmp_path: Path):
    def change(old: str, new: str) -> Path:
        text = INDICATORS_FILE.read_text("utf-8")
        assert old in text
        path = tmp_path / "indicators.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path
    return change


def test_every_base_figure_that_is_counted_is_described_and_no_other():
    figures = load_indicators().figures
    assert set(figures) == {*FIGURES, *ASKED_FIGURES}
    check_figures(figures)


def test_every_base_figure_is_used_by_an_indicator_or_told_for_itself():
    found = load_indicators()
    used = {name for one in found.indicators.values() for name in one.names}
    told = {"withdrawn", *(f"warnings_{subject}" for subject in SUBJECTS_APART)}  # in tables of their own
    assert set(found.figures) - used == told


def test_every_indicator_has_words_of_its_own_in_both_languages():
    found = list(load_indicators().indicators.values())
    for language in ("zh", "en"):
        labels = [one.label.in_language(language) for one in found]
        assert len(set(labels)) == len(labels)
        assert all(one.definition.in_language(language) for one in found)


def test_all_but_counts_have_a_denominator_and_a_minimum():
    for one in load_indicators().indicators.values():
        assert (one.denominator is None) is (one.unit is Unit.COUNT), one.code
        assert one.unit is Unit.COUNT or one.minimum >= 1, one.code


def test_no_denominator_is_no_value():
    found = load_indicators()
    nothing = dict.fromkeys(found.figures, 0)
    for one in found.indicators.values():
        assert one.worked_out(nothing)[2] == (None if one.denominator is not None else 0), one.code


def test_an_indicator_by_hand():
    cards = load_indicators().find("cards_per_1000")
    figures = dict.fromkeys(cards.names, 0) | {"yellow": 5, "revoked_yellow": 1, "red": 2, "accepted": 1_200}
    assert cards.worked_out(figures) == (6, 1_200, 5.0)
    assert cards.formula == "(yellow − revoked_yellow + red − revoked_red) ÷ accepted × 1000"
    assert [cards.is_small(n) for n in (None, 0, 19, 20)] == [True, True, True, False]


@pytest.mark.parametrize(("old", "new", "words"), [
    ("numerator: early, denominator: concluded", "numerator: earli, denominator: concluded",
     ("indicators.early_rate.numerator", "column 1", "no base figure 'earli'")),
    ("numerator: early + on_due_day", "numerator: early + + on_due_day",
     ("on_time_rate", "column 9", "add a name or a number")),
    ("unit: share, better: lower, numerator: late", "unit: count, better: lower, numerator: late",
     ("overdue_rate.unit", "a count has no denominator")),
    ("better: lower, numerator: late", "better: least, numerator: late", ("overdue_rate.better",)),
    ("minimum: 20", "minimum: 0", ("minimum",))])
def test_what_is_wrong_is_named_with_file_line_key_and_remedy(changed, old, new, words):
    with pytest.raises(ConfigError) as refused:
        load_indicators(changed(old, new))
    told = str(refused.value)
    assert all(word in told for word in ("indicators.yaml", "line=", "remedy=", *words)), told


def test_a_figure_nobody_counts_is_refused(changed):
    described = load_indicators(changed("  received_instant:\n    label", "  smiles:\n    definition: {zh: 笑, en: smiles}\n"
                                        "    day: card\n    unit: card\n    label: {zh: 笑, en: smiles}\n"
                                        "  received_instant:\n    label"))
    with pytest.raises(ConfigError, match="smiles"):
        check_figures(described.figures)


def test_an_indicator_nobody_knows_is_told_with_those_there_are():
    with pytest.raises(NotFound) as refused:
        load_indicators().find("beauty")
    assert "early_rate" in refused.value.details["accepted"]


@pytest.mark.parametrize(("code", "zh", "en"), [
    ("accepted", "件", "cases"), ("warnings", "张", "cards"), ("early_rate", "%", "%"), ("promised_speed", "%", "%"),
    ("mean_days", "工作日/件", "working days per case"), ("reply_time", "工作日/次答复", "working days per reply"),
    ("cards_per_1000", "张/千件", "cards per 1,000 cases"), ("correction_rate", "次/百件", "notices per 100 cases")])
def test_what_a_formula_gives_is_told_in_words(code, zh, en):
    found = load_indicators().find(code).measure
    assert (found.zh, found.en) == (zh, en)


@pytest.mark.parametrize(("old", "new", "words"), [
    ("numerator: early + on_due_day", "numerator: early + used_days",
     ("on_time_rate.numerator", "column 7", "adds unlike things: case and working_day", "of one unit only")),
    ("numerator: statutory_days − statutory_used", "numerator: statutory_days − (warnings − 1)",
     ("statutory_speed.numerator", "column 28", "subtracts unlike things: card and 1")),
    ("unit: share, better: lower, numerator: late", "unit: working_days, better: lower, numerator: late",
     ("overdue_rate.unit", "gives 1, which is no working_days", "divide working days by what took them")),
    ("unit: share, better: lower, numerator: special", "unit: share, better: lower, numerator: corrections",
     ("special_share.unit", "gives notice ÷ case, which is no share", "divide like by like")),
    ("unit: per_1000", "unit: share", ("cards_per_1000.unit", "gives card ÷ case")),
    ("unit: count, better: lower, numerator: warnings", "unit: count, better: lower, numerator: warnings × yellow",
     ("warnings.unit", "gives card × card, which is no count")),
    ("    unit: notice", "    unit: letter", ("figures.corrections.unit", "no unit 'letter'", "describe it under units"))])
def test_a_formula_whose_units_do_not_agree_is_refused(changed, old, new, words):
    with pytest.raises(ConfigError) as refused:
        load_indicators(changed(old, new))
    told = str(refused.value)
    assert all(word in told for word in ("indicators.yaml", "line=", "remedy=", *words)), told


def test_hours_are_worked_out_of_minutes():
    hours = load_indicators().find("acknowledgement_time")
    figures = {"acknowledgement_minutes": 330, "acknowledged": 2}
    assert hours.worked_out(figures) == (330, 2, pytest.approx(2.75))
    assert hours.hits(figures) == (330, 2)
    assert (hours.formula, hours.measure.en) == ("acknowledgement_minutes ÷ acknowledged ÷ 60", "working hours per card")


def test_a_median_is_read_from_the_classes_of_its_spread():
    found = load_indicators()
    median = found.find("median_days")
    counts = dict.fromkeys(median.names, 0)
    assert median.worked_out(counts) == (None, 0, None)
    counts |= {"took_2": 3, "took_4": 1}
    assert median.worked_out(counts) == (None, 4, 2)
    assert median.hits(counts) == (8, 4)
    assert (median.formula, median.measure.zh, median.is_small(4)) == ("median(took)", "工作日", True)
    assert [found.figures[name].label.zh for name in ("took_7", "took_more")] == ["用时（工作日） 6–7", "用时（工作日） ≥ 181"]


def test_a_median_may_be_told_per_hundred(changed):
    found = load_indicators(changed("unit: share, better: lower, median", "unit: per_100, better: lower, median"))
    median = next(one for one in found.indicators.values() if one.spread is not None and one.scale == 100)
    counts = {**dict.fromkeys(median.names, 0), "of_promise_90": 4}
    _, cases, value = median.worked_out(counts)
    assert (cases, value) == (4, pytest.approx(85.5, abs=5))
    assert median.hits(counts) == (pytest.approx(value / 100 * 4), 4), "before it is scaled, as of every indicator"


@pytest.mark.parametrize(("old", "new", "words"), [
    ("median: took", "median: tock", ("median_days.median", "no spread 'tock'", "one of took")),
    ("unit: working_days, better: lower, median", "unit: share, better: lower, median", ("median_days.unit", "working_day")),
    ("  of_promise:\n", "  of_law:\n", ("spreads.of_law", "nothing is kept of a spread 'of_law'"))])
def test_a_median_of_nothing_kept_is_refused(changed, old, new, words):
    with pytest.raises(ConfigError) as refused:
        load_indicators(changed(old, new))
    assert all(word in str(refused.value) for word in ("line=", "remedy=", *words)), refused.value
