"""Ladders of signals as data (config/rules/*.yaml → Preset): which lights a clock shows, when, and what is demanded.

Places differ in what a colour means (黄 is "nearly due", "over the promise" or "90 % used"), so presets are data, one
file each, switchable per area. A rung passes at (budget + offset_days) or at (fraction × budget) of the clock's consumed
time, in the clock's own unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from config.acts import Act
from config.documents import Document, Strict, read_document
from config.in_force import LEVELS as LEVELS
from config.in_force import InForce
from config.onsite import PRESENCE, Addressee, OnsiteRule
from core.errors import InvalidInput
from core.limits import Granularity, Limit, parse_limit

RULES_DIR = Path(__file__).parent / "rules"

Watched = Literal["promised", "statutory", "own", "step", "pre_acceptance", "special", "consultation", "complaint",
                  "delivery", "acceptance", "correction", "forwarding", "licence", "complaint_intake",
                  "deferred", "hearing"]
PARAMETERS: dict[str, frozenset[str]] = {Act.LATE_DATA: frozenset({"hours"})}


class Rung(Strict):
    """One threshold of a ladder. Exactly one of `offset_days` and `fraction` is given.

    `notify` says who is told beside those who watch the wall, `reply_limit` (such as 5wd) by when the unit must answer (None:
    no answer is asked for), `confirm` whether a person decides before the card is issued (待发).
    """

    code: str = Field(min_length=1, max_length=16)
    level: Literal[1, 2, 3]
    offset_days: int | None = None
    fraction: float | None = Field(default=None, gt=0, le=1)
    label: str
    label_en: str
    demanded_action: str
    demanded_action_en: str
    notify: tuple[Addressee, ...] = ("liaison",)
    reply_limit: str | None = None
    confirm: bool = False

    @model_validator(mode="after")
    def _has_one_threshold(self) -> Rung:
        if (self.offset_days is None) == (self.fraction is None):
            raise ValueError("give exactly one of offset_days and fraction")
        return self

    @property
    def level_name(self) -> str:
        """warning, yellow or red."""
        return LEVELS[self.level]


class Rule(InForce, Strict):
    """A ladder for one kind of clock.

    `limit` is the budget where neither item nor feed states one. `granularity` says how this place judges that budget
    and the approved length of a special procedure (absent: days by day, hours by instant); an item's own limits bring
    theirs along.
    """

    id: str = Field(min_length=1, max_length=64)
    watches: Watched
    name: str
    name_en: str
    legal_basis: str
    source: str
    demanded_action: str
    limit: str | None = None
    granularity: Granularity | None = None
    extension_notice: str | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    rungs: tuple[Rung, ...] = Field(min_length=1)

    @property
    def default_limit(self) -> Limit | None:
        return parse_limit(self.limit, self.granularity) if self.limit is not None else None


class ActRule(InForce, Strict):
    """What one kind of fault costs in a place. An act without a rule raises no card there.

    `items` and `orgs` narrow the rule to some items or organisations (empty: all). `parameters` are the act's own numbers:
    late_data knows `hours`.
    """

    id: str = Field(min_length=1, max_length=64)
    act: Act
    level: Literal[1, 2, 3]
    name: str
    name_en: str
    legal_basis: str
    source: str
    demanded_action: str
    demanded_action_en: str
    notify: tuple[Addressee, ...] = ("liaison",)
    reply_limit: str | None = None
    confirm: bool = False
    items: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    parameters: dict[str, int] = {}
    effective_from: date | None = None
    effective_until: date | None = None

    @property
    def level_name(self) -> str:
        """warning, yellow or red."""
        return LEVELS[self.level]

    def covers(self, org: str, item: str) -> bool:
        """Whether the rule speaks of that organisation and item."""
        return (not self.orgs or org in self.orgs) and (not self.items or item in self.items)


class Preset(InForce, Strict):
    """The ladders of one city, versioned. `effective_until` None: until further notice."""

    id: str
    name: str
    name_en: str
    version: str
    effective_from: date
    effective_until: date | None = None
    source: str
    rules: tuple[Rule, ...] = Field(min_length=1)
    acts: tuple[ActRule, ...] = ()
    onsite: tuple[OnsiteRule, ...] = ()

    def rule_for(self, watches: str, day: date | None = None) -> Rule | None:
        """The rule for that kind of clock in force on `day` (any day when None); None when it is not watched."""
        return next((rule for rule in self.rules
                     if rule.watches == watches and (day is None or rule.holds_on(day))), None)

    def act_rules(self, act: str, day: date) -> list[ActRule]:
        """The rules for that fault in force on `day`, whomever they speak of."""
        return [rule for rule in self.acts if rule.act == act and rule.holds_on(day)] if self.holds_on(day) else []

    def act_rule(self, act: str, day: date, org: str, item: str) -> ActRule | None:
        """The rule for that fault in force on `day`, one that names the organisation or item first; None: no card."""
        return narrowest(self.act_rules(act, day), org, item)

    def onsite_rule(self, signal: str, day: date, org: str) -> OnsiteRule | None:
        """The rule for that signal in force on `day`, one that names the organisation first; None: not watched for."""
        found = [rule for rule in self.onsite if rule.signal == signal and rule.holds_on(day) and rule.covers(org)]
        return max(found, key=lambda rule: bool(rule.orgs), default=None) if self.holds_on(day) else None


def narrowest(rules: Iterable[ActRule], org: str, item: str) -> ActRule | None:
    """The one of these rules that judges that organisation and item: one that names them comes first."""
    found = [rule for rule in rules if rule.covers(org, item)]
    if len(found) < 2:  # as nearly always, at every late event
        return found[0] if found else None
    return max(found, key=lambda rule: bool(rule.items) + bool(rule.orgs))


def load_presets(directory: Path = RULES_DIR) -> dict[str, Preset]:
    """Every preset of the directory by id. Raises ConfigError naming file, line, key and remedy."""
    presets: dict[str, Preset] = {}
    for path in sorted(directory.glob("*.yaml")):
        document = read_document(path)
        preset = _checked(document)
        if preset.id in presets:
            raise document.problem(["id"], f"preset {preset.id!r} is defined twice", "give it another id")
        presets[preset.id] = preset
    return presets


def preset_of(content: Any, origin: str) -> Preset:
    """A preset from data of the same shape as a file. Raises ConfigError naming `origin`, key and remedy."""
    return _checked(Document(Path(origin), content, {}))


def _checked(document: Document) -> Preset:
    preset = document.read_as(Preset)
    _check(document, preset)
    return preset


def _check(document: Document, preset: Preset) -> None:
    _refuse_backward_dates(document, (), preset)
    for index, rule in enumerate(preset.rules):
        _check_rule(document, index, rule)
    check_acts(document, preset)
    _check_onsite(document, preset)
    for first, second in _overlapping(preset.rules):
        raise document.problem(["rules", second], f"two rules watch {preset.rules[second].watches!r} at one time",
                               "give them separate dates, or remove one", other=preset.rules[first].id)


def _check_rule(document: Document, index: int, rule: Rule) -> None:
    _refuse_backward_dates(document, ("rules", index), rule)
    for key in ("limit", "extension_notice"):
        check_limit(document, ("rules", index, key), getattr(rule, key))
    for position, rung in enumerate(rule.rungs):
        check_limit(document, ("rules", index, "rungs", position, "reply_limit"), rung.reply_limit)
    for position, (lower, higher) in enumerate(pairwise(rule.rungs), start=1):
        if lower.code == higher.code or lower.level >= higher.level or not _is_later(lower, higher):
            raise document.problem(["rules", index, "rungs", position], "the rung is not above the one before it",
                                   "order rungs by level and time, each with its own code")


def check_limit(document: Document, place: tuple[str | int, ...], limit: str | None) -> None:
    """Raises ConfigError when the limit cannot be read."""
    try:
        if limit is not None:
            parse_limit(limit)
    except InvalidInput as failure:
        raise document.problem(place, str(failure), "write 2wd, 56cd or 8wh") from failure


def check_acts(document: Document, preset: Preset) -> None:
    """Rules of acts: readable limits and numbers, dates in order, none of them said twice for one place and time."""
    for index, rule in enumerate(preset.acts):
        _refuse_backward_dates(document, ("acts", index), rule)
        check_limit(document, ("acts", index, "reply_limit"), rule.reply_limit)
        unknown = sorted(rule.parameters.keys() - PARAMETERS.get(rule.act, frozenset()))
        if unknown:
            raise document.problem(["acts", index, "parameters", unknown[0]], f"{rule.act} has no parameter {unknown[0]!r}",
                                   f"remove it, or use {', '.join(sorted(PARAMETERS.get(rule.act, ()))) or 'none'}")
    for first, second in _said_twice(preset.acts):
        raise document.problem(["acts", second], f"two rules judge {preset.acts[second].act.value!r} at one time",
                               "give them separate dates, items or orgs, or remove one", other=preset.acts[first].id)


def _said_twice(acts: tuple[ActRule, ...]) -> list[tuple[int, int]]:
    return [(i, j) for j, later in enumerate(acts) for i, earlier in enumerate(acts[:j])
            if (earlier.id == later.id) or (earlier.act is later.act and earlier.items == later.items
                                            and earlier.orgs == later.orgs and _share_a_day(earlier, later))]


def _check_onsite(document: Document, preset: Preset) -> None:
    """Rules of signals: readable limits, minutes where they are measured, none of them said twice for one place and time."""
    for index, rule in enumerate(preset.onsite):
        _refuse_backward_dates(document, ("onsite", index), rule)
        check_limit(document, ("onsite", index, "reply_limit"), rule.reply_limit)
        if rule.minutes is not None and rule.signal not in PRESENCE:
            raise document.problem(["onsite", index, "minutes"], f"{rule.signal.value} is not measured in minutes", "remove it")
        for earlier in preset.onsite[:index]:
            if earlier.id == rule.id or (earlier.signal is rule.signal and earlier.orgs == rule.orgs
                                         and _share_a_day(earlier, rule)):
                raise document.problem(["onsite", index], f"two rules judge {rule.signal.value!r} at one time",
                                       "give them separate dates or orgs, or remove one", other=earlier.id)


def _refuse_backward_dates(document: Document, place: tuple[str | int, ...],
                           dated: Preset | Rule | ActRule | OnsiteRule) -> None:
    start, end = dated.effective_from, dated.effective_until
    if start is not None and end is not None and end < start:
        raise document.problem([*place, "effective_until"], "ends before it begins", "correct one of the dates")


def _is_later(lower: Rung, higher: Rung) -> bool:
    """A fraction lies at or before the due instant, so it orders as an offset just below 0."""
    def height(rung: Rung) -> float:
        return float(rung.offset_days) if rung.offset_days is not None else (rung.fraction or 0.0) - 1.0
    return height(lower) < height(higher)


def _overlapping(rules: tuple[Rule, ...]) -> list[tuple[int, int]]:
    return [(i, j) for j, later in enumerate(rules) for i, earlier in enumerate(rules[:j])
            if earlier.watches == later.watches and _share_a_day(earlier, later)]


def _share_a_day(one: Rule | ActRule | OnsiteRule, other: Rule | ActRule | OnsiteRule) -> bool:
    start = max(one.effective_from or date.min, other.effective_from or date.min)
    return start <= min(one.effective_until or date.max, other.effective_until or date.max)
