"""Findings in words: the figures put into the sentence of each sign, and the words of the card a finding becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alerts.detectors.base import Figure, Finding, Judged, Kind
from core.instants import date_of

_TINY = 0.0001
Say = Callable[..., str]           # key, values → sentence (a language's texts or a page's words)
NameOf = Callable[[str], str]


def sentence(detector: str, figure: Figure, parameters: Mapping[str, Any], say: Say, item_name: NameOf | None = None) -> str:
    """One sign with its figures, and by how much they are out of the ordinary."""
    values = values_of(figure, parameters, say)
    if item_name is not None and "item" in values:
        values["item"] = item_name(str(values["item"]))
    if "what" in values:
        values["what"] = say(f"detector_volume.{values['what']}")
    said = say(f"detector.{detector}.sign.{figure.sign}", **values)
    if figure.test == Judged.VALUE and figure.chance is None:
        return said
    tail = say(f"detector_test.{figure.test}", **values)
    is_chinese = any("\u4e00" <= sign <= "\u9fff" for sign in tail)
    return f"{said}，{tail}" if is_chinese else f"{said}; {tail}"


def values_of(figure: Figure, parameters: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """All that a sentence may name: figures, facts, parameters; shares also as per cent (`…_pct`)."""
    values: dict[str, Any] = {name: _plain(value) for name, value in parameters.items()}
    shares = {name: value for name, value in parameters.items() if isinstance(value, float) and value <= 1}
    values |= {f"{name}_pct": percent(value) for name, value in shares.items()}
    values |= figure.facts
    values |= {"k": f"{figure.k:,}", "n": f"{figure.n:,}", "units": figure.units, "value": _plain(figure.value),
               "value_pct": percent(figure.value), "threshold": _plain(figure.threshold),
               "threshold_pct": percent(figure.threshold), "mean_pct": percent(figure.mean or 0.0),
               "chance": chance(figure.chance, say)}
    return values


def percent(value: float) -> str:
    """12.3 %, without needless zeros."""
    return f"{value * 100:.1f}".rstrip("0").rstrip(".") + " %"


def chance(value: float | None, say: Say) -> str:
    """0.0012; below a ten-thousandth it is only said to be tiny."""
    if value is None:
        return "–"
    return say("finding.tiny") if value < _TINY else f"{value:.4f}".rstrip("0").rstrip(".")


def months(first_day: int, last_day: int, say: Say) -> str:
    """2024-04 for a whole month, else first to last."""
    first, last = date_of(first_day), date_of(last_day)
    is_month = first.day == 1 and (last.year, last.month) == (first.year, first.month) and date_of(last_day + 1).day == 1
    return f"{first:%Y-%m}" if is_month else say("finding.months", first=first.isoformat(), last=last.isoformat())


class FindingWording:
    """Words of a finding's card in both languages; `texts` by language."""

    def __init__(self, texts: Mapping[str, Any], org_name: NameOf, item_name: NameOf) -> None:
        self._texts, self._org_name, self._item_name = texts, org_name, item_name

    def card_words(self, finding: Finding, parameters: dict[str, object]) -> dict[str, str]:
        """Title, short reason and demand as members of an occasion's evidence, Chinese and English."""
        words: dict[str, str] = {}
        for language, ending in (("zh", ""), ("en", "_en")):
            say = self._texts[language].get
            name = f"{finding.detector} {say(f'detector.{finding.detector}.name')}"
            words[f"title{ending}"] = say("finding.card_title", name=name, subject=self.subject(finding))
            words[f"demanded_action{ending}"] = say("finding.demanded")
            first = sentence(finding.detector, finding.figures[0], parameters, say, self._item_name)
            words[f"late_text{ending}"] = say("finding.card_late", sign=first)
        return words

    def subject(self, finding: Any) -> str:
        """The unit, or the person or case with its unit."""
        org = self._org_name(finding.org) if finding.org else ""
        if finding.subject_kind == Kind.UNIT:
            return org
        return " ".join(filter(None, (org, finding.subject)))


def sentences(detector: str, figures: Sequence[Figure], parameters: Mapping[str, Any], say: Say,
              item_name: NameOf | None = None) -> list[str]:
    return [sentence(detector, figure, parameters, say, item_name) for figure in figures]


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
