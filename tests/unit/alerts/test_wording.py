"""The words on a card come from the shipped ladders and texts, and a missing word never stops a card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.cards import Card, passage_of
from alerts.transitions import REASONS
from alerts.wire import CardWriter
from alerts.wording import LadderWording
from cases.events import CaseFacts, ClockKind
from config.ladders import load_presets
from config.texts import LANGUAGES, Texts, load_texts
from core.instants import DAY_US
from tests.unit.alerts.house import ZONE, passed

ALERTS = Path(__file__).resolve().parents[3] / "alerts"
TEXTS = load_texts()
# What each of our sentences is given; the texts may ask for no more.
GIVEN = {
    "error.card_not_found": {"id"}, "error.card_closed": set(), "error.card_changed": {"rev"},
    "error.already_acknowledged": {"by", "at"}, "error.live_full": {"max"}, "error.message_invalid": {"problem"},
    "error.command_failed": set(), "error.overloaded": set(), "error.incident_without_org": {"camera"},
    "error.incident_has_card": {"card"}, "error.picture_gone": set(),
    "error.level_unknown": {"name", "accepted"}, "error.number_invalid": {"name"},
    "error.command_unknown": {"type"}, "error.command_id_invalid": {"length", "max"}, "error.cards_invalid": {"count"},
    "error.too_many_cards": {"count", "max"}, "error.comment_too_long": {"field", "length", "max"},
    "error.command_id_used": {"command_id"}, "alarm.gauges_failed": set(), "alarm.screen_fault": {"screen", "name"},
    "error.waits_for_second": set(), "error.too_many_attachments": {"count", "max"}, "error.attachment_unknown": {"rev"},
    "error.until_unreadable": {"text"}, "error.until_out_of_range": {"minutes"}, "error.field_missing": {"field", "type"},
    "error.control_characters": {"field"},
    "error.disposition_unknown": {"name", "accepted"}, "error.decision_unknown": {"decision"},
    "error.card_org_unknown": {"org"},
    "error.occasion_key_invalid": {"key", "max"}, "error.occasion_level_invalid": {"key", "level"},
    **{f"error.{reason}": {"rev"} for reason in REASONS if reason != "already_acknowledged"},
    "error.attachment_name_missing": set(), "error.attachment_empty": {"name"}, "error.attachments_full": {"max"},
    "error.attachment_too_large": {"name", "max_mb"}, "error.attachment_type_refused": {"name", "accepted"},
    "error.attachment_not_its_type": {"name", "ending"}, "error.attachment_not_found": {"name"},
    "alarm.deadline_failed": {"card"}, "alarm.order_failed": {"order"},
    "limit.wd": {"n"}, "limit.cd": {"n"}, "limit.wh": {"n"}, "limit.due": set(),
    "gathered.late_events": {"said", "n", "hours"},
}


def wording(language: str = "zh") -> LadderWording:
    return LadderWording({"D01": "住建局"}.get, {"I001": "施工许可"}.get, load_presets(),  # type: ignore[arg-type]
                         TEXTS[language], in_english=language == "en")


def real(rung: str, kind: ClockKind, limit: str = "7wd"):
    passage = passage_of(passed(rung, kind=kind, at=DAY_US))
    passage.rule, passage.facts = f"kechuang.{kind.value}", {"limit": limit}
    return passage


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", sorted(GIVEN))
def test_every_sentence_exists_and_asks_for_what_it_is_given(language: str, key: str):
    assert TEXTS[language].has(key)
    assert TEXTS[language].places(key) <= GIVEN[key]


def test_every_error_code_of_this_package_is_in_the_table_above():
    source = "".join(path.read_text(encoding="utf-8") for path in ALERTS.glob("*.py"))
    raised = set(re.findall(r'(?:InvalidInput|TooLarge|Conflict|NotFound|Unavailable|said|message)\(\s*"(\w+)"', source))
    assert {f"error.{code}" for code in raised} <= GIVEN.keys()


def test_a_card_is_worded_by_its_rung():
    words = wording()
    yellow = real("yellow", ClockKind.PROMISED)

    assert (words.rule_name(yellow), words.late_text(yellow)) == ("承诺时限", "超承诺时限")
    assert words.demanded_action(yellow) == "立即办结，并在线答复原因"
    assert words.limit_text(yellow) == "7 个工作日"
    assert wording("en").late_text(real("red", ClockKind.STATUTORY)) == "Past the statutory limit"


def test_a_rung_no_preset_knows_any_more_keeps_its_code():
    passage = real("yellow", ClockKind.PROMISED)
    passage.rule = "kechuang1999.promised"

    assert (wording().rule_name(passage), wording().late_text(passage)) == ("kechuang1999.promised", "yellow")


def test_a_text_that_is_missing_or_asks_for_too_much_becomes_its_key():
    words = LadderWording(str, str, {}, Texts("zh", {"error": {"card_closed": "{reason} 已销"}}))

    assert words.sentence("error.unheard_of") == "error.unheard_of"
    assert words.sentence("error.card_closed") == "error.card_closed"


def test_a_card_speaks_the_language_of_the_installation_and_has_its_words_in_the_others():
    card = Card(id=1, key="k", case=CaseFacts(1, "XY1", "360500", "D01", "I001", ""), raised_at=0)
    card.take(real("yellow", ClockKind.PROMISED))
    card.settle(DAY_US, DAY_US)
    view = CardWriter(wording(), ZONE, {"en": wording("en")}).view(card)

    assert (view.rule, view.limit_text, view.late_text) == ("承诺时限", "7 个工作日", "超承诺时限")
    english = view.in_language("en")
    assert (english.rule, english.limit_text) == ("Promised limit", "7 working days")
    assert english.late_text == "Past the promised limit"
    assert english.demanded_action == wording("en").demanded_action(card.top) != view.demanded_action
    assert view.in_language("zh") is view


def test_what_is_said_of_a_command_or_an_alarm_is_said_in_every_language():
    writer = CardWriter(wording(), ZONE, {"en": wording("en")})

    assert writer.message("card_closed") == {"message": TEXTS["zh"].get("error.card_closed"),
                                             "words": {"en": {"message": TEXTS["en"].get("error.card_closed")}}}
    assert writer.alarm("gauges_failed")["words"]["en"]["text"] == TEXTS["en"].get("alarm.gauges_failed")


def test_a_rule_nobody_wrote_english_words_for_is_told_in_the_chinese_ones():
    presets = load_presets()
    rule = next(rule for rule in presets["kechuang"].rules if rule.id == "kechuang.promised")
    bare = rule.model_copy(update={"name_en": "", "rungs": [
        rung.model_copy(update={"label_en": "", "demanded_action_en": ""}) for rung in rule.rungs]})
    edited = {"kechuang": presets["kechuang"].model_copy(update={"rules": [bare]})}
    english = LadderWording({}.get, {}.get, edited, TEXTS["en"], in_english=True)  # type: ignore[arg-type]
    passage, chinese = real("yellow", ClockKind.PROMISED), wording()
    assert english.rule_name(passage) == chinese.rule_name(passage) == "承诺时限"
    assert english.late_text(passage) == chinese.late_text(passage)
    assert english.demanded_action(passage) == chinese.demanded_action(passage)
