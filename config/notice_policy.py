"""Who is told of what happens to a card or a paper, and in which words: data (config/notices/*.yaml), validated on load.

`policy.yaml` says to whom each occasion goes; every other file holds the templates of one language. The most specific
template wins: the one whose `when` names most of organisation, occasion, level and channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Document, Strict, read_document
from config.ladders import LEVELS, Addressee
from core.errors import ConfigError

NOTICE_DIR = Path(__file__).parent / "notices"
POLICY_FILE = "policy.yaml"
# What a template may put in. docs/notices.md explains each.
VARIABLES = frozenset({"card_no", "case_no", "org", "item", "level", "rule", "limit", "due", "late", "demanded_action",
                       "reply_due", "occasion", "name", "link", "site", "paper", "number", "title"})
_PLACE = re.compile(r"\{([^{}]*)\}")

LevelName = Literal["warning", "yellow", "red"]
Way = Literal["in_site", "email", "sms", "wecom", "dingtalk", "feishu", "webhook"]
Occasion = Literal["opened", "worsened", "asked_again", "unshelved", "order_dispatched", "reply_requested", "reply_received",
                   "reply_accepted", "reply_rejected", "review_overdue", "reply_overdue", "order_overdue", "appeal_filed",
                   "appeal_decided",
                   "revocation_proposed", "revocation_rejected", "revoked", "closed", "escalated", "step", "paper_issued",
                   "paper_urged", "paper_rejected", "score_published", "score_appealed", "score_appeal_decided", "score_low",
                   "score_withdrawn"]


class OccasionPolicy(Strict):
    """Whom an occasion goes to, beside those the passed rung names (`rung`), and whether it stays inside the site."""

    rung: bool = False
    to: tuple[Addressee, ...] = ()
    only_in_site: bool = False


class Policy(Strict):
    """`levels` are told of every card of that level, beside whom its rung names."""

    levels: dict[LevelName, tuple[Addressee, ...]]
    occasions: dict[Occasion, OccasionPolicy]


class When(Strict):
    """What a template is for; what is not named fits everything."""

    org: str | None = None
    what: Occasion | None = None
    level: LevelName | None = None
    channel: Way | None = None


class Template(Strict):
    """`{name}` is replaced by the variable of that name."""

    when: When = When()
    subject: str = Field(min_length=1, max_length=200)
    body: str = Field(min_length=1, max_length=2000)


class Templates(Strict):
    """The words of one language."""

    language: Literal["zh", "en"]
    site: str
    templates: tuple[Template, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Policy and templates of the installation."""

    policy: Policy
    languages: Mapping[str, Templates]

    def told(self, what: str, level: int, of_rung: Sequence[str]) -> tuple[str, ...]:
        """Addressees of an occasion of a card of this level, each once; () when nobody is told of it."""
        occasion = self.policy.occasions.get(what)  # type: ignore[call-overload]
        if occasion is None:
            return ()
        everybody = (*of_rung, *self.policy.levels.get(LEVELS[level], ())) if occasion.rung else ()
        return tuple(dict.fromkeys((*everybody, *occasion.to)))

    def asks_the_rule(self, what: str) -> bool:
        """Whether the occasion is told to those whom the rule behind the card names."""
        occasion = self.policy.occasions.get(what)  # type: ignore[call-overload]
        return occasion is not None and occasion.rung

    def stays_inside(self, what: str) -> bool:
        """Whether the occasion is told by the inbox only."""
        occasion = self.policy.occasions.get(what)  # type: ignore[call-overload]
        return occasion is not None and occasion.only_in_site

    def written(self, language: str, *, org: str, what: str, level: int, channel: str,
                values: Mapping[str, str]) -> tuple[str, str]:
        """Subject and body. Values are put in once: a value that looks like a variable stays as it is."""
        words = self.languages.get(language) or self.languages["zh"]
        asked = {"org": org, "what": what, "level": LEVELS[level], "channel": channel}
        fitting = [one for one in words.templates if _fits(one.when, asked)]
        chosen = max(fitting, key=lambda one: len(one.when.model_dump(exclude_none=True)))
        known = {**values, "site": words.site}
        return _filled(chosen.subject, known), _filled(chosen.body, known)


def load_notice_policy(directory: Path = NOTICE_DIR) -> NoticePolicy:
    """Policy and templates. Raises ConfigError naming file, line, key and remedy, also for an unknown variable."""
    policy = read_document(directory / POLICY_FILE).read_as(Policy)
    languages: dict[str, Templates] = {}
    for path in sorted(directory.glob("*.yaml")):
        if path.name != POLICY_FILE:
            document = read_document(path)
            words = document.read_as(Templates)
            _check(document, words)
            languages[words.language] = words
    if "zh" not in languages:
        raise ConfigError("templates_missing", file=str(directory), key="language",
                          remedy="write a file with language: zh")
    return NoticePolicy(policy, languages)


def _check(document: Document, words: Templates) -> None:
    for index, template in enumerate(words.templates):
        for field in ("subject", "body"):
            unknown = [name for name in _PLACE.findall(getattr(template, field)) if name not in VARIABLES]
            if unknown:
                raise document.problem(["templates", index, field], f"there is no variable {{{unknown[0]}}}",
                                       f"use one of {', '.join(sorted(VARIABLES))}")
    if all(template.when.model_dump(exclude_none=True) for template in words.templates):
        raise document.problem(["templates"], "no template fits everything", "give one without `when`")


def _fits(when: When, asked: Mapping[str, str]) -> bool:
    return all(asked[name] == value for name, value in when.model_dump(exclude_none=True).items())


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place[1], ""), text)
