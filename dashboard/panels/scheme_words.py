"""What a rule, a grade or a veto does, in a sentence; also while somebody still types it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from config.indicators import Indicator, Indicators, Unit
from config.scoring import BONUS
from dashboard.words import Words
from evaluation.wording import value_text

FEW_ACTS = 3  # named; of more the number
FIGURES_MAX = 12  # before or after the point; what is longer is shown as it was typed, and refused beside its field
Node = Mapping[str, Any]


def sentences(content: Node, indicators: Indicators, t: Words) -> dict[str, str]:
    """By path: what each rule, grade and veto of the content does."""
    told = {f"rules.{code}": rule_words(rule, indicators, t) for code, rule in content["rules"].items()}
    told |= {f"grades.{at}": grade_words(content["grades"], at, t) for at in range(len(content["grades"]))}
    return told | {f"vetoes.{at}": veto_words(veto, content, t) for at, veto in enumerate(content.get("vetoes") or ())}


def rule_words(rule: Node, indicators: Indicators, t: Words) -> str:
    """The rule's own sentence, and what bounds it."""
    told = [_OF_KIND[rule["kind"]](rule, indicators, t)]
    if rule.get("minimum") not in ("", None):
        told.append(t("scheme_says.minimum", n=rule["minimum"]))
    if rule.get("most") not in ("", None):
        told.append(t("scheme_says.most", points=number(rule["most"])))
    return t("scheme_says.and").join(told)


def _cards(rule: Node, _indicators: Indicators, t: Words) -> str:
    what, origins = t(f"level.{rule['level']}"), "、".join(t(f"origin.{one}") for one in rule.get("origins") or ())
    if origins:
        what = t("scheme_says.cards_of", level=what, origins=origins)
    acts = rule.get("acts") or ()
    if acts:
        what = t("scheme_says.cards_about", cards=what, acts=_acts(acts, t))
    in_a_row = str(rule.get("in_a_row") or 1)
    key = "cards" if in_a_row == "1" else "cards_in_a_row"
    return t(f"scheme_says.{key}", what=what, n=in_a_row, verb=_verb(rule, t), points=number(rule["points"]))


def _share(rule: Node, indicators: Indicators, t: Words) -> str:
    known = indicators.indicators.get(rule.get("indicator") or "")
    name = known.label.in_language(t.language) if known else str(rule.get("indicator") or "—")
    return _steps(name, rule, known, t)


def _faulty(rule: Node, _indicators: Indicators, t: Words) -> str:
    return _steps(t("scheme_says.faulty", acts=_acts(rule.get("acts") or (), t)), rule, None, t)


def _shortening(rule: Node, _indicators: Indicators, t: Words) -> str:
    return _steps(t("scheme_says.shortening"), rule, None, t)


def _steps(name: str, rule: Node, indicator: Indicator | None, t: Words) -> str:
    further = rule["points"] if rule.get("further") in ("", None) else rule["further"]
    return t("scheme_says.steps", name=name, at=_value(rule["at"], indicator, t), step=_value(rule["step"], indicator, t),
             verb=_verb(rule, t), points=number(rule["points"]), further=number(further))


def _scale(rule: Node, indicators: Indicators, t: Words) -> str:
    known = indicators.indicators.get(rule.get("indicator") or "")
    name = known.label.in_language(t.language) if known else str(rule.get("indicator") or "—")
    return t("scheme_says.scale", name=name, zero=_value(rule.get("zero", 0), known, t), points=number(rule["points"]),
             full=_value(rule.get("full", 1), known, t))


def _manual(rule: Node, _indicators: Indicators, t: Words) -> str:
    told = t(f"scheme_says.{'open' if rule.get('open') else 'fixed'}", verb=_verb(rule, t), points=number(rule["points"]))
    return t("scheme_says.and").join([told, *([t("scheme_says.yearly")] if rule.get("yearly") else [])])


_OF_KIND = {"cards": _cards, "share": _share, "faulty": _faulty, "shortening": _shortening, "scale": _scale, "manual": _manual}


def grade_words(grades: Sequence[Node], at: int, t: Words) -> str:
    """The band of a grade: from its points to those of the better one."""
    least = number(grades[at]["at_least"])
    return t("scheme_says.grade", least=least, below=number(grades[at - 1]["at_least"])) if at else t(
        "scheme_says.grade_best", least=least)


def veto_words(veto: Node, content: Node, t: Words) -> str:
    """Cause, effect and period of a clause."""
    return t("scheme_says.veto", cause=_cause(veto, content, t), effect=_effect(veto, content, t),
             period=t(f"scheme_says.period.{veto.get('period') or 'whole'}"))


def _cause(veto: Node, content: Node, t: Words) -> str:
    names = [label_of(content["rules"][code], t) or code for code in veto.get("rules") or () if code in content["rules"]]
    if names:
        return t("scheme_says.veto_rules", rules="、".join(names))
    part = content["parts"].get(veto.get("part") or "")
    return t("scheme_says.veto_part", part=label_of(part, t), points=number(veto.get("at_most") or 0)) if part else "—"


def _effect(veto: Node, content: Node, t: Words) -> str:
    grade = next((label_of(one, t) or one["code"] for one in content["grades"] if one["code"] == veto.get("grade")), "")
    told = [t("scheme_says.veto_grade", grade=grade)] if grade else []
    if veto.get("most") not in ("", None):
        told.append(t("scheme_says.veto_most", points=number(veto["most"])))
    return t("scheme_says.and").join(told) or "—"


def label_of(node: Node, t: Words) -> str:
    label = node.get("label") or {}
    return str(label.get("en" if t.language == "en" else "zh") or label.get("zh") or "")


def number(value: Any) -> str:
    """As few places as it has; what is no number as it was typed."""
    given = _decimal(value)
    return str(value or "—") if given is None else f"{given.normalize():f}"


def _decimal(value: Any) -> Decimal | None:
    """None for what is no number a scheme could have: 1e999999 written out would be a million figures."""
    try:
        given = Decimal(str(value))
    except InvalidOperation:
        return None
    return given if given.is_finite() and abs(given.adjusted()) <= FIGURES_MAX else None


def place_words(path: str, content: Node, t: Words) -> str:
    """Where a field is: its row by its name, and what the field is called."""
    group, *rest = path.split(".")
    named = t.first(f"scheme_field.{path.replace('.', '_')}", f"scheme_field.{(rest or [group])[-1]}", f"scheme_field.{group}",
                    "scheme_field.row")
    rows: Any = content.get(group)
    row = rows.get(rest[0]) if rest and isinstance(rows, Mapping) else None
    if rest and isinstance(rows, list) and rest[0].isdecimal() and int(rest[0]) < len(rows):
        row = rows[int(rest[0])]
    if not isinstance(row, Mapping) or not t.has(f"scheme_place.{group}"):
        return named
    return t(f"scheme_place.{group}", name=label_of(row, t) or t("scheme_field.unnamed"), field=named)


def _verb(rule: Node, t: Words) -> str:
    return t(f"scheme_says.{'adds' if rule['part'] == BONUS else 'takes'}")


def _acts(acts: Sequence[str], t: Words) -> str:
    names = "、".join(t(f"violation.{act}") for act in acts[:FEW_ACTS])
    return t("scheme_says.acts_more", acts=names, n=len(acts)) if len(acts) > FEW_ACTS else names or "—"


def _value(value: Any, indicator: Indicator | None, t: Words) -> str:
    """A bound in the unit of what is measured; a share where nothing is named."""
    given = _decimal(value)
    if given is None:
        return str(value or "—")
    if indicator is None or indicator.unit is Unit.SHARE:
        return f"{number(given * 100)} %"
    return value_text(indicator, float(given), t)
