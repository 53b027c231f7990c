"""What an administrator reads of a version that was just saved."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from config.texts import load_texts
from config.versions import Kind, VersionState
from dashboard.panels.edit_console import said_of, said_of_decision
from dashboard.words import Words

T = Words("zh", load_texts()["zh"].tree)
TODAY = date(2026, 3, 16)


@pytest.mark.parametrize(("kind", "state", "since", "said"), [
    (Kind.ITEM, VersionState.ACTIVE, "2026-03-16", "第 2 版已生效，未办结的办件正在重新判定"),
    (Kind.ITEM, VersionState.ACTIVE, "2026-03-17", "第 2 版已发布，适用于 2026-03-17 起的办件，此前仍按现行版本"),
    (Kind.ORGANISATION, VersionState.ACTIVE, "2099-01-01", "第 2 版已发布，自 2099-01-01 起适用，此前仍按现行版本"),
    (Kind.RULES, VersionState.ACTIVE, "2026-03-17", "第 2 版已发布，适用于 2026-03-17 起的办件，此前仍按现行版本"),
    (Kind.PAPER, VersionState.ACTIVE, "2026-03-17", "第 2 版已发布，自 2026-03-17 起适用，此前仍按现行版本"),
    (Kind.PAPER, VersionState.ACTIVE, "2026-03-16", "第 2 版已生效"),
    (Kind.ITEM, VersionState.PROPOSED, "2026-03-17", "已提交第 2 版，等待另一名管理员复核")])
def test_a_version_whose_day_is_to_come_is_not_called_in_force(kind: Kind, state: VersionState, since: str, said: str):
    version: Any = SimpleNamespace(kind=kind, state=state, number=2, effective_from=date.fromisoformat(since))
    assert said_of(version, TODAY, "", T) == said


@pytest.mark.parametrize(("decision", "state", "since", "said"), [
    ("confirm", VersionState.ACTIVE, "2026-03-17", "第 2 版已发布，适用于 2026-03-17 起的办件，此前仍按现行版本"),
    ("confirm", VersionState.ACTIVE, "2026-03-16", "已复核生效，未办结的办件正在重新判定"),
    ("reject", VersionState.REJECTED, "2026-03-17", "已退回")])
def test_nor_is_it_when_the_second_administrator_has_confirmed_it(decision: str, state: VersionState, since: str, said: str):
    version: Any = SimpleNamespace(kind=Kind.ITEM, state=state, number=2, effective_from=date.fromisoformat(since))
    assert said_of_decision(version, decision, TODAY, T) == said
