"""A scheme while it is edited: values of the form put into its content, parts and rules added and left out. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput

KINDS = ("cards", "share", "scale", "manual")
LEVELS = ("warning", "yellow", "red")
MAY_BE_EMPTY = ("most", "further", "minimum", "bonus_most")
_TAGS = frozenset({"cards", "share", "faulty", "shortening", "scale", "manual"})
_CODE = re.compile(r"[^a-z0-9]+")


def with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what the fields hold, by path (`rules.early.at`). Paths that lead nowhere are passed over."""
    made: dict[str, Any] = copy.deepcopy(dict(content))
    for path, value in values.items():
        *steps, last = path.split(".")
        place: Any = made
        for step in steps:
            place = _inside(place, step)
        if isinstance(place, dict) and (steps or last in made or last in MAY_BE_EMPTY):
            place[last] = _read(last, value)
    return made


def with_part(content: Mapping[str, Any], label: str, label_en: str, points: str) -> dict[str, Any]:
    """Another part. Raises InvalidInput without a name."""
    made = copy.deepcopy(dict(content))
    code = _free(_named(label, label_en), made["parts"])
    made["parts"][code] = {"label": {"zh": label.strip(), "en": label_en.strip() or label.strip()}, "points": points or "0"}
    return made


def with_rule(content: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Another rule of one of the kinds that can be composed here. Raises InvalidInput without a name."""
    made = copy.deepcopy(dict(content))
    zh, en, kind = str(given.get("label") or ""), str(given.get("label_en") or ""), str(given.get("kind"))
    rule: dict[str, Any] = {"kind": kind, "part": given.get("part"), "points": given.get("points") or "0",
                            "label": {"zh": zh.strip(), "en": en.strip() or zh.strip()}}
    if kind == "cards":
        rule |= {"level": given.get("level"), "in_a_row": given.get("in_a_row") or 1}
    elif kind == "share":
        rule |= {"indicator": given.get("indicator"), "at": given.get("at") or "0.1", "step": given.get("step") or "0.1"}
    elif kind == "scale":
        rule |= {"indicator": given.get("indicator"), "zero": given.get("at") or "0", "full": given.get("step") or "1"}
    else:
        rule |= {"open": True}
    made["rules"][_free(_named(zh, en), made["rules"])] = rule
    return made


def without(content: Mapping[str, Any], kind: str, code: str) -> dict[str, Any]:
    """The content without a rule, or without a part and what was taken from it; vetoes that named it alone go too."""
    made = copy.deepcopy(dict(content))
    gone = {code} if kind == "rules" else {name for name, rule in made["rules"].items() if rule["part"] == code}
    made[kind].pop(code, None)
    made["rules"] = {name: rule for name, rule in made["rules"].items() if name not in gone}
    kept = [{**veto, "rules": [one for one in veto.get("rules") or () if one not in gone]} for veto in made.get("vetoes") or ()]
    made["vetoes"] = [veto for veto in kept if veto["rules"] or (veto.get("part") and veto["part"] in made["parts"])]
    return made


def place_of_error(key: str) -> str:
    """The path of the field an error is about: the kinds of rules are no steps of it."""
    steps = key.split(".")
    return ".".join(step for at, step in enumerate(steps) if not (at == 2 and step in _TAGS and steps[0] == "rules"))


def _inside(place: Any, step: str) -> Any:
    if isinstance(place, list):
        return place[int(step)] if step.isdecimal() and int(step) < len(place) else None
    return place.get(step) if isinstance(place, dict) else None


def _read(name: str, value: Any) -> Any:
    if name == "coefficients":
        pairs = [part.partition("=") for part in str(value or "").replace("，", ",").split(",") if part.strip()]
        return {org.strip(): number.strip() for org, _, number in pairs}
    if isinstance(value, str):
        value = value.strip()
    return None if value in ("", None) and name in MAY_BE_EMPTY else value


def _named(zh: str, en: str) -> str:
    if not zh.strip():
        raise InvalidInput("score_field_missing", key="label", field="label")
    code = _CODE.sub("_", (en or "").lower()).strip("_")[:32]
    return code if code[:1].isalpha() else "added"


def _free(code: str, taken: Mapping[str, Any]) -> str:
    number, name = 2, code
    while name in taken or name == "bonus":
        name, number = f"{code}_{number}", number + 1
    return name
