"""The words on a card: names and sentences looked up in catalogue, ladders and texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from alerts.cards import Passage
from alerts.lifecycle import Origin
from config.ladders import ActRule, Preset, Rule, Rung
from core.errors import ConfigError

log = logging.getLogger(__name__)

Name = Callable[[str], str]
_NO_CLOCKS = frozenset(Origin) - {Origin.CLOCK, Origin.COMPLAINT}  # a complaint may come with a limit of its own


class Wording(Protocol):
    """What a card needs said in the language of the wall."""

    def org_name(self, org: str) -> str: ...
    def item_name(self, item: str) -> str: ...
    def limit_text(self, passage: Passage) -> str: ...
    def rule_name(self, passage: Passage) -> str: ...
    def late_text(self, passage: Passage) -> str: ...
    def demanded_action(self, passage: Passage) -> str: ...
    def reply_limit(self, passage: Passage) -> str: ...
    def needs_confirmation(self, passage: Passage) -> bool: ...
    def sentence(self, key: str, **args: Any) -> str: ...


class Sentences(Protocol):
    """The texts of one language (config.texts.Texts)."""

    def has(self, key: str) -> bool: ...
    def get(self, key: str, **values: object) -> str: ...


class _Version:
    """The rules and rungs of a preset by their codes; a ladder comes before a rule of acts of the same code."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.clock_rules = {rule.id for rule in preset.rules}
        self.rules: dict[str, Rule | ActRule] = {}
        every: list[Rule | ActRule] = [*preset.rules, *preset.acts]
        for rule in every:
            self.rules.setdefault(rule.id, rule)
        self.rungs = {(rule.id, rung.code): rung for rule in self.rules.values() if isinstance(rule, Rule)
                      for rung in reversed(rule.rungs)}  # the lowest of two that share a code


class LadderWording:
    """Words from the presets in force, the catalogue's names and the texts of one language.

    A rung, a rule or a text that is not known keeps its code: a card of an old version can still be read, and a missing
    word never stops a card from being raised.
    """

    def __init__(self, org_name: Name, item_name: Name, presets: Mapping[str, Preset], texts: Sentences,
                 *, in_english: bool = False, find_preset: Callable[[str], Preset | None] = lambda _version: None) -> None:
        """`find_preset` gives the edited version a card was issued under, by its `id@version`."""
        self.org_name, self.item_name, self._texts, self._english = org_name, item_name, texts, in_english
        self._find_preset = find_preset
        rules = [rule for preset in presets.values() for rule in preset.rules]
        self._acts = {act.id: act for preset in presets.values() for act in preset.acts}
        self._rules = {rule.id: _said(rule, "name", in_english) for rule in rules}
        self._rungs = {(rule.id, rung.code): rung for rule in rules for rung in rule.rungs}
        self._of_version: dict[str, _Version] = {}

    def sentence(self, key: str, **args: Any) -> str:
        if not self._texts.has(key):
            return key
        try:
            return self._texts.get(key, **args)
        except ConfigError as error:
            log.warning("a text cannot be used: %s", error)
            return key

    def limit_text(self, passage: Passage) -> str:
        stated = str(passage.facts.get("limit") or "")
        if not stated and passage.kind in _NO_CLOCKS:
            return ""
        amount, unit = stated[:-2], stated[-2:]
        if not amount.isdigit():
            return self.sentence("limit.due")
        return self.sentence(f"limit.{unit}", n=int(amount))

    def rule_name(self, passage: Passage) -> str:
        edited = self._edited(passage)
        rule = edited or self._acts.get(passage.rule)
        if rule is not None:
            return _said(rule, "name", self._english)
        return self._rules.get(passage.rule) or self._told(passage, "title") or passage.rule

    def late_text(self, passage: Passage) -> str:
        """Why there is a card, in a word or two; of an occasion its own words, or what kind it is."""
        rung = self._rung(passage)
        if rung is not None:
            return _said(rung, "label", self._english)
        kind = f"origin.{passage.kind}"
        said = self._told(passage, "late_text") or (self.sentence(kind) if self._texts.has(kind) else passage.rung)
        return self._gathered(said, passage) if passage.gathers else said

    def demanded_action(self, passage: Passage) -> str:
        rung = self._rung(passage)
        if rung is None and (act := self._acts.get(passage.rule)) is not None:
            return _said(act, "demanded_action", self._english)
        if rung is None:
            return self._told(passage, "demanded_action")
        return _said(rung, "demanded_action", self._english)

    def needs_confirmation(self, passage: Passage) -> bool:
        """Whether the rung of a clock asks for a person before its card is issued (待发)."""
        rung = self._rung(passage)
        return rung is not None and rung.confirm

    def reply_limit(self, passage: Passage) -> str:
        rung = self._rung(passage)
        return str(passage.facts.get("reply_limit") or (rung.reply_limit if rung is not None else None) or "")

    def _rung(self, passage: Passage) -> Rung | None:
        version = self._version(passage.rule_version)
        if version is not None and passage.rule in version.clock_rules:
            return version.rungs.get((passage.rule, passage.rung))
        return self._rungs.get((passage.rule, passage.rung))

    def _edited(self, passage: Passage) -> Rule | ActRule | None:
        """The rule as it read in the version the card was issued under."""
        version = self._version(passage.rule_version)
        return None if version is None else version.rules.get(passage.rule)

    def _version(self, rule_version: str) -> _Version | None:
        """What is said by that version, sorted once; None when it is not known (any more)."""
        preset = self._find_preset(rule_version)
        if preset is None:
            return None
        known = self._of_version.get(rule_version)
        if known is None or known.preset is not preset:
            known = self._of_version[rule_version] = _Version(preset)
        return known

    def _gathered(self, said: str, passage: Passage) -> str:
        """How many single facts there are by now, and how bad the worst is."""
        worst = max((fact["late_hours"] for fact in passage.listed), default=0)
        return self.sentence(f"gathered.{passage.gathers}", said=said, n=len(passage.listed), hours=worst)

    def _told(self, passage: Passage, name: str) -> str:
        """What an occasion itself says, in the language of the wall where it can."""
        in_english = passage.facts.get(f"{name}_en") if self._english else None
        return str(in_english or passage.facts.get(name) or "")


def _said(of: Rule | ActRule | Rung, name: str, in_english: bool) -> str:
    """Its words; the Chinese ones where nobody wrote English ones."""
    return str((getattr(of, f"{name}_en") if in_english else "") or getattr(of, name))
