"""Policy, templates and escalation chains as data: what ships is sound, and what cannot be right is refused with its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from config.escalation import ESCALATION_DIR, load_chains
from config.notice_policy import NOTICE_DIR, Occasion, load_notice_policy
from core.errors import ConfigError
from core.instants import MINUTE_US

VALUES = {"org": "市发改委", "case_no": "2018-1", "level": "红牌", "late": "超法定时限", "link": "http://x/card/1/"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(NOTICE_DIR, tmp_path / "notices")
    return tmp_path / "notices"


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_every_occasion_but_a_step_has_a_policy():
    assert set(load_notice_policy().policy.occasions) == set(get_args(Occasion)) - {"step"}


def test_a_rungs_addressees_come_first_then_those_of_the_level_each_once():
    policy = load_notice_policy()

    assert policy.told("opened", 1, ("liaison",)) == ("liaison",)
    assert policy.told("opened", 3, ("liaison", "inspector")) == ("liaison", "inspector", "unit_head", "duty_officer",
                                                                  "shift_leader")
    assert policy.told("reply_rejected", 3, ("leader",)) == ("liaison",), "the rung speaks for opening and worsening only"
    assert policy.told("nothing_like_it", 3, ("leader",)) == ()


def test_the_most_specific_template_is_used():
    policy = load_notice_policy()

    def subject(what: str, channel: str, org: str = "fagai") -> str:
        return policy.written("zh", org=org, what=what, level=3, channel=channel, values=VALUES)[0]

    assert subject("opened", "email").startswith("【阳光监察】红牌")
    assert subject("opened", "sms") == "红牌"
    assert "升级提醒" in subject("step", "email")
    assert "升级提醒" not in subject("step", "sms")


def test_an_organisation_may_have_words_of_its_own(folder: Path):
    spoil(folder / "zh.yaml", "templates:\n", "templates:\n  - {when: {org: gongan}, subject: 公安专用, body: 自己的话}\n")
    policy = load_notice_policy(folder)

    assert policy.written("zh", org="gongan", what="opened", level=2, channel="email", values=VALUES)[0] == "公安专用"
    assert policy.written("zh", org="fagai", what="opened", level=2, channel="email", values=VALUES)[0] != "公安专用"


def test_a_value_that_looks_like_a_variable_is_put_in_as_it_is():
    policy = load_notice_policy()
    body = policy.written("zh", org="x", what="step", level=3, channel="sms", values={**VALUES, "case_no": "{link}"})[1]

    assert "{link}" in body


def test_a_language_without_templates_gets_chinese():
    assert "红牌" in load_notice_policy().written("fr", org="x", what="opened", level=3, channel="email", values=VALUES)[0]


@pytest.mark.parametrize(("file", "old", "new", "key"), [
    ("zh.yaml", "{demanded_action}", "{demand}", "templates.0.body"),
    ("zh.yaml", "when: {channel: sms}", "when: {channel: pigeon}", "templates.1.when.channel"),
    ("policy.yaml", "to: [liaison]", "to: [mayor]", "occasions.reply_requested.to.0"),
    ("policy.yaml", "asked_again:", "asked_twice:", "occasions.asked_twice")])
def test_what_cannot_be_right_is_refused_with_its_place(folder: Path, file: str, old: str, new: str, key: str):
    spoil(folder / file, old, new)
    with pytest.raises(ConfigError) as refusal:
        load_notice_policy(folder)
    assert refusal.value.details["key"].startswith(key)
    assert file in refusal.value.details["file"]


def test_templates_without_one_that_fits_everything_are_refused(folder: Path):
    spoil(folder / "zh.yaml", '  - subject: "【{site}】{level}', '  - when: {level: red}\n    subject: "【{site}】{level}')
    with pytest.raises(ConfigError, match="no template fits everything"):
        load_notice_policy(folder)


def test_chains_run_through_their_loops():
    chain = load_chains().for_level(3)

    assert chain is not None
    assert chain.length == 2 * len(chain.steps)
    assert chain.step(len(chain.steps)) == chain.steps[0]
    assert chain.steps[0].wait_us == 30 * MINUTE_US
    assert load_chains().for_level(1) is None


@pytest.mark.parametrize(("old", "new"), [
    ("wait_minutes: 30", "wait_minutes: 30, wait_hours: 1"), ("loops: 2", "loops: 99"), ("to: [leader, unit_head]", "to: []"),
    ("wait_hours: 2, to: [duty_officer]", "wait_hours: 0, to: [duty_officer]")])
def test_a_chain_that_cannot_be_right_is_refused(tmp_path: Path, old: str, new: str):
    shutil.copytree(ESCALATION_DIR, tmp_path / "chains")
    spoil(tmp_path / "chains" / "default.yaml", old, new)
    with pytest.raises(ConfigError, match="config_invalid"):
        load_chains(tmp_path / "chains")


def test_a_level_has_one_chain(tmp_path: Path):
    shutil.copytree(ESCALATION_DIR, tmp_path / "chains")
    shutil.copy(tmp_path / "chains" / "default.yaml", tmp_path / "chains" / "second.yaml")
    with pytest.raises(ConfigError, match="another file"):
        load_chains(tmp_path / "chains")
