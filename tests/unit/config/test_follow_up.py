"""The rules of papers and complaints are read whole, and what cannot work is refused with the place and the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.follow_up import FOLLOW_UP_DIR, SampleRules, load_follow_up
from core.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLLOW_UP_DIR, tmp_path / "follow_up"))


def change(folder: Path, file: str, before: str, after: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_rules_shipped_route_every_category():
    rules = load_follow_up().complaints

    assert rules.categories["extortion"].route == "environment"
    assert rules.categories["attitude"].route == "service_centre"
    assert {kind for category in rules.categories.values() for kind in category.kinds} == set(rules.kinds)


def test_a_route_to_nobody_is_refused(folder: Path):
    change(folder, "complaints.yaml", "route: legal", "route: nobody")

    with pytest.raises(ConfigError, match="nobody"):
        load_follow_up(folder)


def test_a_limit_nobody_can_read_is_refused_with_its_key(folder: Path):
    change(folder, "papers.yaml", "reply_limit: 5wd}     # 督办单", "reply_limit: soon}     # 督办单")

    with pytest.raises(ConfigError) as refusal:
        load_follow_up(folder)

    assert "reply_limit" in refusal.value.details["key"]


def test_a_series_that_is_missing_is_refused(folder: Path):
    change(folder, "papers.yaml", "  criticism: ", "  #criticism: ")

    with pytest.raises(ConfigError, match="criticism"):
        load_follow_up(folder)


@pytest.mark.parametrize(("population", "size"), [(0, 0), (2, 2), (10, 3), (200, 10), (4000, 20)])
def test_a_sample_is_a_share_within_bounds(population: int, size: int):
    assert SampleRules(share=0.05, least=3, most=20).size(population) == size
