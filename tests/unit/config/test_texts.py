"""The sentences people read: both languages say the same things, and every code of the program has its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from alerts.card_commands import CommandType, Decision
from alerts.lifecycle import Appeal, Closing, Disposition, Level, Origin, Signing, Suppression
from alerts.lifecycle import State as CardState
from alerts.notices.words import NoticeState, Reason
from alerts.roster.contacts import Channel
from alerts.transitions import REASONS
from cases.events import ClockKind, EventKind, Status
from cases.fold import State
from cases.projection import Condition, Light
from config.acts import Act
from config.catalogue import Category, ItemKind, SpecialKind
from config.ladders import Addressee
from config.notice_policy import Occasion
from config.texts import LANGUAGES, load_texts
from core.access import Role
from core.errors import ConfigError
from core.limits import Unit
from feeds.reasons import REMEDIES

CODES: dict[str, Iterable[str]] = {
    "event_kind": EventKind, "state": State, "clock": ClockKind, "clock_condition": Condition, "light": Light,
    "level": [level.wire for level in Level], "card_state": CardState, "card_closing": Closing, "role": Role,
    "origin": Origin, "disposition": Disposition, "suppression": Suppression, "appeal": Appeal, "signing": Signing,
    "card_command": CommandType, "decision": Decision, "error": REASONS,
    "unit": Unit, "limit": Unit, "outcome": Status, "feed.reason": REMEDIES, "feed.remedy": REMEDIES,
    "item_kind": get_args(ItemKind), "category": get_args(Category), "special_kind": get_args(SpecialKind),
    "office_state": ["working", "before", "lunch", "after", "weekend", "holiday", "unpublished"],
    "violation": Act, "addressee": get_args(Addressee),
    "notice.what": get_args(Occasion), "notice.state": NoticeState, "notice.reason": Reason, "notice.channel": Channel,
    "notice.outcome": ["sent", "failed", "refused"],
    "feed.state": ["ok", "late", "silent", "never"],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", CODES)
def test_every_code_of_the_program_has_its_words(group: str, language: str) -> None:
    texts = load_texts()[language]
    assert [code for code in CODES[group] if not texts.has(f"{group}.{code}")] == []


def test_both_languages_have_the_same_keys_and_the_same_values_to_put_in() -> None:
    texts = load_texts()
    assert texts["zh"].all_keys() ^ texts["en"].all_keys() == frozenset()
    differing = [key for key in texts["zh"].all_keys() if texts["zh"].places(key) != texts["en"].places(key)]
    assert differing == []


def test_every_error_raised_by_code_has_a_sentence() -> None:
    texts, root = load_texts()["zh"], Path(__file__).resolve().parents[3]
    raised = {code for package in ("core", "config", "cases", "alerts", "feeds", "supervision", "dashboard", "approval",
                                  "portal", "exchange")
              for path in (root / package).rglob("*.py") for code in _codes_raised(path.read_text("utf-8"))}
    assert sorted(code for code in raised if not texts.has(f"error.{code}")) == []


def _codes_raised(source: str) -> Iterable[str]:
    categories = ("SupervisionError|ConfigError|InvalidInput|NotAuthenticated|NotPermitted|NotFound|Conflict|TooLarge|"
                  "UpstreamError|Unavailable")
    return re.findall(rf'\b(?:{categories})\("([a-z_]+)"', source)


def test_values_are_put_in_and_braces_without_a_name_are_left() -> None:
    texts = load_texts()["zh"]
    assert texts.get("error.account_not_found", username="{x}") == "没有账号 {x}"


def test_a_missing_key_or_value_raises() -> None:
    texts = load_texts()["zh"]
    with pytest.raises(ConfigError, match="text_missing"):
        texts.get("error.nothing_like_it")
    with pytest.raises(ConfigError, match="text_value_missing"):
        texts.get("error.account_not_found")


def test_a_value_that_is_no_text_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "page.yaml", "group:\n  answer: true\n")
    with pytest.raises(ConfigError) as refusal:
        load_texts(tmp_path)
    assert (refusal.value.details["line"], refusal.value.details["key"]) == (2, "group.answer")


def test_a_group_goes_on_in_a_second_file(tmp_path: Path) -> None:
    _write(tmp_path, "one.yaml", "error:\n  first: a\n")
    _write(tmp_path, "two.yaml", "error:\n  second: b\n")

    assert load_texts(tmp_path)["zh"].all_keys() == {"error.first", "error.second"}


@pytest.mark.parametrize("again", ["error:\n  first: b\n", "error: b\n", "error:\n  first:\n    deeper: b\n"])
def test_a_key_that_stands_in_two_files_is_refused(tmp_path: Path, again: str) -> None:
    _write(tmp_path, "one.yaml", "error:\n  first: a\n")
    _write(tmp_path, "two.yaml", again)

    with pytest.raises(ConfigError) as refusal:
        load_texts(tmp_path)
    assert "two.yaml" in refusal.value.details["file"]


def _write(directory: Path, name: str, text: str) -> None:
    for language in LANGUAGES:
        (directory / language).mkdir(exist_ok=True)
        (directory / language / name).write_text(text, encoding="utf-8")
