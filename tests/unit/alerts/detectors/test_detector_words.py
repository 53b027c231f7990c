"""Every detector has its words, every sentence can be said with what a finding has, and the parameters are checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.detectors.base import Figure, Finding, Kind
from alerts.detectors.registry import DETECTORS, shapes
from alerts.detectors.wording import FindingWording, months, sentence, values_of
from config.detectors import DETECTORS_FILE, load_detector_settings
from config.texts import load_texts
from core.errors import ConfigError
from core.instants import day_of
from tests.unit.alerts.detectors.logs import MONTH, SETTINGS

TEXTS = load_texts()
FOLDER = Path(__file__).resolve().parents[4] / "alerts" / "detectors"
# What watches that judge by themselves add to a figure.
OWN_FACTS = {"known", "what", "days", "constant", "hours", "hall", "hall_late", "item", "bound", "digit", "counts", "minutes"}
SIGNS = [(detector.id, sign.code) for detector in DETECTORS for sign in detector.signs]


def test_there_are_thirty_in_order_and_each_says_what_it_reads() -> None:
    assert [detector.id for detector in DETECTORS] == [f"G{n}" for n in range(1, 31)]
    assert all(detector.needs and detector.signs for detector in DETECTORS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_can_be_said_with_what_a_finding_has(language: str) -> None:
    texts = TEXTS[language]
    for detector, sign in SIGNS:
        figure = Figure(sign, "norm", 17, 43, 0.395, 0.1, 1e-7)
        parameters = SETTINGS.default[detector].model_dump(mode="json")
        known = values_of(figure, parameters, texts.get).keys() | OWN_FACTS
        assert texts.places(f"detector.{detector}.sign.{sign}") <= known, (detector, sign)
        assert texts.has(f"finding_sign.{detector}.{sign}")
        assert all(texts.has(f"detector.{detector}.{part}") for part in ("name", "looks_for", "why", "cannot"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_fact_of_an_evidence_row_has_its_words(language: str) -> None:
    """The facts are the keywords given to `hit` and `show` in the modules of the detectors."""
    calls = re.compile(r"self\.(?:hit|show|_hit)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
    names = {name for path in FOLDER.glob("*.py") if path.name != "base.py"
             for call in calls.findall(path.read_text(encoding="utf-8"))
             for name in re.findall(r",\s+(\w+)=", call)}
    assert {"hours", "reviewer", "joined_days"} <= names
    assert [name for name in sorted(names) if not TEXTS[language].has(f"finding_fact.{name}")] == []


def test_the_figures_stand_in_the_sentence() -> None:
    figure = Figure("afterwards", "norm", 17, 43, 17 / 43, 0.05, 3e-12)
    parameters = SETTINGS.default["G1"].model_dump(mode="json")
    said = sentence("G1", figure, parameters, TEXTS["zh"].get)
    assert said.startswith("43 件办结件中有 17 件在办结入库前后 5 分钟内才补录受理")
    assert "占 39.5 %，一般不超过 5 %" in said
    assert said.endswith("< 0.0001")


def test_a_card_has_its_words_in_both_languages() -> None:
    figure = Figure("late_entry", "norm", 9, 40, 0.225, 0.1, 0.001)
    finding = Finding("G1", "v", 1, "360500", "fagai", Kind.UNIT, "fagai", [figure],
                      [], 9, [])
    wording = FindingWording(TEXTS, lambda org: f"<{org}>", lambda item: item)
    words = wording.card_words(finding, SETTINGS.default["G1"].model_dump(mode="json"))
    assert words["title"] == "G1 补录（事后录入）：<fagai>"
    assert words["title_en"] == "G1 Entered after the fact: <fagai>"
    assert {"demanded_action", "demanded_action_en"} <= words.keys()
    assert words["late_text"].startswith("40 件")
    assert words["late_text_en"] != words["late_text"]


def test_a_month_is_called_by_its_number_and_other_spans_by_their_days() -> None:
    say = TEXTS["zh"].get
    assert months(day_of(MONTH[0]), day_of(MONTH[1]), say) == "2024-04"
    assert months(day_of(MONTH[0]), day_of(MONTH[1]) - 1, say) == "2024-04-01 至 2024-04-29"


# Parameters -------------------------------------------------------------------------------------------------------

def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DETECTORS_FILE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "detectors.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(("old", "new", "key"), [
    ("late_after_h: 24", "late_after_h: -1", "detectors.G1.late_after_h"),
    ("late_after_h: 24", "late_after_hours: 24", "detectors.G1"),
    ("  G30: {", "  G31: {", "detectors.G31"),
    ("areas: {}", "areas: {x: {G1: {alpha: 7}}}", "areas.x.G1.alpha")])
def test_a_wrong_parameter_is_refused_with_its_place(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_detector_settings(shapes(), _changed(tmp_path, old, new))
    assert str(refusal.value.details["key"]).startswith(key)
    assert refusal.value.details["remedy"]


def test_an_area_may_differ_and_other_values_have_another_version(tmp_path: Path) -> None:
    settings = load_detector_settings(shapes(), _changed(
        tmp_path, "areas: {}", 'areas: {"360502": {G13: {enabled: false}, G1: {late_after_h: 48}}}'))
    assert not settings.of("G13", "360502").enabled
    assert settings.of("G13", "360500").enabled
    here, there = settings.of("G1", "360500"), settings.of("G1", "360502")
    assert settings.version_of(here) == SETTINGS.version_of(SETTINGS.of("G1", "360500"))
    assert settings.version_of(here) != settings.version_of(there)
