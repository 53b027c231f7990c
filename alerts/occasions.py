"""Occasions: how anything that is not a clock raises a card (an act, a finding, an order, a complaint, a person, a camera).

`CardService.raise_occasions`, `end_occasions` and `withdraw_occasions` take them inside the caller's unit of work.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alerts.cards import Card, Passage
from alerts.lifecycle import Level, Origin
from alerts.models import KEY_MAX
from cases.events import CaseFacts
from core.errors import InvalidInput

__all__ = ["Occasion", "Origin"]


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for a card. `at` and `due_at` are microseconds UTC; `at` should be the same when the same fact is told again.

    `key` is unique among open cards (`act:<code>:<case_id>:<subject>`, `finding:<detector>:<subject>`, `order:<no>`,
    `complaint:<no>`, `manual:<uuid>`). A card about an organisation only has case_id 0 and no case_no. `reply_limit` such as
    `5wd`: the department owes a reply within it. `evidence` is JSON-safe; where `rule` is no rule of a preset its members
    `title`, `title_en`, `demanded_action` and `demanded_action_en` are the words of the card, `late_text` its short reason.
    `gathers` names the member of the evidence that lists single facts, for a card that gathers them: what is told while it is
    open joins its list and does not raise another.
    """

    key: str
    origin: Origin
    case: CaseFacts
    rule: str
    rule_version: str
    level: int
    at: int
    due_at: int | None = None
    needs_confirmation: bool = False
    reply_limit: str = ""
    evidence: dict[str, Any]
    gathers: str = ""


def check_occasion(occasion: Occasion) -> None:
    """Raises InvalidInput naming the occasion and what is wrong with it."""
    if not 0 < len(occasion.key) <= KEY_MAX:
        raise InvalidInput("occasion_key_invalid", key=occasion.key[:KEY_MAX], max=KEY_MAX)
    if occasion.level not in list(Level):
        raise InvalidInput("occasion_level_invalid", key=occasion.key, level=occasion.level)


def passage_of_occasion(occasion: Occasion) -> Passage:
    """The occasion as evidence: each level of one key is a rung of its own, so that it can worsen like a clock."""
    facts = dict(occasion.evidence)
    if occasion.reply_limit:
        facts["reply_limit"] = occasion.reply_limit
    return Passage(kind=occasion.origin.value, ordinal=0, rung=Level(occasion.level).wire, level=occasion.level,
                   at=occasion.at, due_at=occasion.due_at, rule=occasion.rule, rule_version=occasion.rule_version,
                   facts=facts, gathers=occasion.gathers)


def news_for(card: Card, new: Passage) -> Passage | None:
    """What an occasion adds to an open card: None when it is known. What is told again keeps the instant of the first."""
    new = card.gathered(new)
    for old in card.standing:
        if old.rung == new.rung and old.kind == new.kind:
            is_known = old.facts == new.facts and old.rule_version == new.rule_version and old.is_running
            new.at = min(old.at, new.at) if old.is_running else new.at
            return None if is_known else new
    return new
