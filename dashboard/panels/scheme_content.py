"""A scheme while it is composed: values of the form put into its content, and what its buttons do to it. Pure.

Fields are named by the path of what they hold (`rules.early.at`, `grades.0.label.zh`). Codes of what is new may be edited: the
form goes on calling it by the code it was drawn with, and `with_values` renames it last, wherever it is named.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from config.scoring import BONUS, CODE, Scheme
from core.errors import InvalidInput

LEVELS = ("warning", "yellow", "red")
MAY_BE_EMPTY = ("most", "further", "minimum", "bonus_most", "grade", "part")
FLAGS = ("open", "yearly")
ZERO_WHERE_EMPTY = ("floor", "at_most")
NAMED = ("parts", "rules")  # by code; grades and vetoes stand in a list
_TAGS = frozenset({"cards", "share", "faulty", "shortening", "scale", "manual"})
_CODE = re.compile(CODE)
Content = dict[str, Any]

# What each kind of rule begins with, beside name, part and points; and all it is made of.
KINDS: Mapping[str, Mapping[str, Any]] = {
    "cards": {"level": "red", "in_a_row": 1, "origins": [], "acts": []},
    "share": {"indicator": "early_rate", "at": "0.1", "step": "0.1", "further": None, "minimum": None},
    "scale": {"indicator": "satisfaction", "zero": "0", "full": "1", "minimum": None},
    "faulty": {"acts": [], "at": "0.01", "step": "0.01", "further": None},
    "shortening": {"at": "0.3", "step": "0.1", "further": None},
    "manual": {"open": False, "yearly": False}}
_OF_EVERY_KIND = ("label", "part", "points", "most", "source")


def with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> Content:
    """The content with what the fields hold. Raises InvalidInput for a code that is taken, missing or no code."""
    made = overlaid(content, values)
    _check_grades(made)
    return _renamed(made, renamings(values))


def overlaid(content: Mapping[str, Any], values: Mapping[str, Any]) -> Content:
    """The same under the codes the form was drawn with. Paths that lead nowhere are passed over."""
    made: Content = copy.deepcopy(dict(content))
    codes = [grade["code"] for grade in made.get("grades") or ()]
    for path, value in values.items():
        *steps, last = path.split(".")
        place: Any = made
        for step in steps:
            place = _inside(place, step)
        is_code = last == "code" and bool(steps) and steps[0] in NAMED
        if isinstance(place, dict) and not is_code and (steps or last in Scheme.model_fields):
            place[last] = _read(last, value)
    _follow_grades(made, dict(zip(codes, (grade["code"] for grade in made.get("grades") or ()), strict=True)))
    return made


def renamings(values: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(parts or rules, code as drawn) → the code as it is now."""
    found: dict[tuple[str, str], str] = {}
    for path, value in values.items():
        steps = path.split(".")
        if len(steps) == 3 and steps[0] in NAMED and steps[2] == "code" and str(value or "").strip() != steps[1]:
            found[steps[0], steps[1]] = str(value or "").strip()
    return found


def _renamed(content: Content, new: Mapping[tuple[str, str], str]) -> Content:
    for (group, old), code in new.items():
        others = [new.get((group, one), one) for one in content[group] if one != old]
        _check_code(code, [*others, *([BONUS] if group == "parts" else [])], f"{group}.{old}.code")
    for group in NAMED:
        content[group] = {new.get((group, code), code): one for code, one in content[group].items()}
    for rule in content["rules"].values():
        rule["part"] = new.get(("parts", rule["part"]), rule["part"])
    for veto in content.get("vetoes") or ():
        veto["rules"] = [new.get(("rules", code), code) for code in veto.get("rules") or ()]
        veto["part"] = new.get(("parts", veto.get("part") or ""), veto.get("part"))
    return content


def _check_grades(content: Content) -> None:
    """What names a grade follows its code: of two with one code nobody could tell later which of them was meant."""
    codes = [str(grade.get("code") or "") for grade in content.get("grades") or ()]
    for at, code in enumerate(codes):
        _check_code(code, codes[:at], f"grades.{at}.code")


def _check_code(code: str, others: Collection[str], key: str) -> None:
    if code in others:
        raise InvalidInput("scheme_code_taken", key=key, value=code)
    if not code:
        raise InvalidInput("score_field_missing", key=key, field="code")
    if not _CODE.fullmatch(code):  # the paths of fields are made of codes: a point in one would lead nowhere
        raise InvalidInput("scheme_code_unreadable", key=key, value=code[:40])


def _follow_grades(content: Content, new: Mapping[str, str]) -> None:
    """What names a grade goes with its code."""
    content["told"] = [new.get(code, code) for code in content.get("told") or ()]
    for veto in content.get("vetoes") or ():
        veto["grade"] = new.get(veto.get("grade") or "", veto.get("grade"))


# Buttons ----------------------------------------------------------------------------------------------------------------


def pressed(content: Mapping[str, Any], act: str, group: str, at: str) -> tuple[Content, str]:
    """(the content after a button, the path of the row to open). `at`: a code or a number; of a new rule its part."""
    made: Content = copy.deepcopy(dict(content))
    made["vetoes"] = list(made.get("vetoes") or ())
    if act == "add":
        return made, f"{group}.{_ADD[group](made, at)}"
    if act == "up":
        _move_up(made, group, at)
        return made, f"{group}.{at}"
    if act == "drop":
        return without(made, group, at), ""
    return made, f"{group}.{at}" if act == "open" else ""


def has_row(content: Mapping[str, Any], group: str, at: str) -> bool:
    """Whether a button is of a row that is still there: a second click may come after the row went."""
    rows = content.get(group) or {}
    return at in rows if isinstance(rows, Mapping) else at.isdecimal() and int(at) < len(rows)


def with_department(content: Mapping[str, Any], org: str) -> Content:
    """With a coefficient for that department, which changes nothing yet."""
    made: Content = copy.deepcopy(dict(content))
    made["coefficients"] = {**(made.get("coefficients") or {}), org: "1"}
    return made


def with_kind(content: Mapping[str, Any], code: str, kind: str) -> Content:
    """The rule as one of another kind: what both are made of stays."""
    made: Content = copy.deepcopy(dict(content))
    rule = made["rules"][code]
    kept = {name: rule[name] for name in _OF_EVERY_KIND if name in rule}
    made["rules"][code] = {"kind": kind, **kept, **{name: rule.get(name, given) for name, given in KINDS[kind].items()}}
    return made


def without(content: Mapping[str, Any], group: str, at: str) -> Content:
    """The content without a row. With a part go its rules; a veto without any cause goes too, and what names a grade."""
    made: Content = copy.deepcopy(dict(content))
    if group == "coefficients":
        return made | {group: {org: factor for org, factor in made[group].items() if org != at}}
    if group not in NAMED:
        gone = made[group].pop(int(at)) if int(at) < len(made[group]) else {}
        return _without_grade(made, gone["code"]) if group == "grades" and gone else made
    rules = {at} if group == "rules" else {name for name, rule in made["rules"].items() if rule["part"] == at}
    made[group].pop(at, None)
    made["rules"] = {name: rule for name, rule in made["rules"].items() if name not in rules}
    kept = [{**veto, "rules": [one for one in veto.get("rules") or () if one not in rules]}
            for veto in made.get("vetoes") or ()]
    made["vetoes"] = [veto for veto in kept if veto["rules"] or (veto.get("part") and veto["part"] in made["parts"])]
    return made


def _without_grade(made: Content, code: str) -> Content:
    made["told"] = [one for one in made.get("told") or () if one != code]
    kept = [{**veto, "grade": None if veto.get("grade") == code else veto.get("grade")} for veto in made.get("vetoes") or ()]
    made["vetoes"] = [veto for veto in kept if veto["grade"] is not None or veto.get("most") is not None]
    return made


def _add_part(made: Content, _at: str) -> str:
    code = _free("part", made["parts"])
    made["parts"][code] = {"label": {"zh": "", "en": ""}, "points": "10", "floor": "0"}
    return code


def _add_rule(made: Content, part: str) -> str:
    code = _free("rule", made["rules"])
    made["rules"][code] = {"kind": "cards", "label": {"zh": "", "en": ""}, "part": part, "points": "1", **KINDS["cards"]}
    return code


def _add_grade(made: Content, _at: str) -> str:
    """Above the last, which begins at 0."""
    place = max(0, len(made["grades"]) - 1)
    code = _free("grade", [grade["code"] for grade in made["grades"]])
    made["grades"].insert(place, {"code": code, "label": {"zh": "", "en": ""}, "at_least": ""})
    return str(place)


def _add_veto(made: Content, _at: str) -> str:
    made["vetoes"].append({"label": {"zh": "", "en": ""}, "grade": made["grades"][-1]["code"], "most": None, "rules": [],
                           "part": None, "at_most": "0", "period": "whole"})
    return str(len(made["vetoes"]) - 1)


_ADD: Mapping[str, Callable[[Content, str], str]] = {
    "parts": _add_part, "rules": _add_rule, "grades": _add_grade, "vetoes": _add_veto}


def _move_up(made: Content, group: str, code: str) -> None:
    """A part before the one above it; a rule before the one above it of its part."""
    codes = list(made[group])
    peers = [one for one in codes if group == "parts" or made["rules"][one]["part"] == made["rules"][code]["part"]]
    place = peers.index(code)
    if place:
        a, b = codes.index(peers[place - 1]), codes.index(code)
        codes[a], codes[b] = codes[b], codes[a]
        made[group] = {one: made[group][one] for one in codes}


# Errors -----------------------------------------------------------------------------------------------------------------


def place_of_error(key: str, new: Mapping[tuple[str, str], str] | None = None) -> str:
    """The path of the field an error is about: kinds of rules and places within a list are no steps of it, and what was
    renamed is called as it was drawn."""
    steps = [step for at, step in enumerate(key.split(".")) if not (at == 2 and step in _TAGS and key.startswith("rules."))]
    if steps[0] == "told":
        return steps[0]
    drawn = {(group, code): old for (group, old), code in (new or {}).items()}
    if len(steps) > 1:
        steps[1] = drawn.get((steps[0], steps[1]), steps[1])
    if steps[-1] == "[key]":
        steps[-1] = "code"
    return ".".join(steps if len(steps) > 3 and steps[2] == "label" else steps[:3])


def _inside(place: Any, step: str) -> Any:
    if isinstance(place, list):
        return place[int(step)] if step.isdecimal() and int(step) < len(place) else None
    return place.get(step) if isinstance(place, dict) else None


def _read(name: str, value: Any) -> Any:
    if name in FLAGS:
        return bool(value)
    if name in ("origins", "acts", "rules", "told"):
        return list(value or ())
    text = value.strip() if isinstance(value, str) else value
    if text in ("", None):
        return "0" if name in ZERO_WHERE_EMPTY else None if name in MAY_BE_EMPTY else ""
    return text


def _free(code: str, taken: Any) -> str:
    number = 1
    while f"{code}_{number}" in taken:
        number += 1
    return f"{code}_{number}"
