"""Only a card whose evidence names a camera is read again for its clips."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from alerts.card_store import CardStore
from alerts.cards import Card, Passage
from alerts.events import CardOpened
from alerts.evidence import CardEvidence
from alerts.wire import CardWriter
from tests.unit.alerts.house import ZONE, PlainWording, facts_of

ANYTHING: Any = None


def opened(**facts: Any) -> CardOpened:
    passages = [Passage(kind="act", ordinal=0, rung="red", level=3, at=1, due_at=None, rule="r", rule_version="v", facts=facts),
                Passage(kind="act", ordinal=0, rung="yellow", level=2, at=1, due_at=None, rule="r", rule_version="v")]
    card = Card(id=7, key="k", case=facts_of(), raised_at=1, passages=passages)
    return CardOpened(card=CardStore(CardWriter(PlainWording(), ZONE)).brief(card), actor="system", at=1)


@pytest.mark.parametrize(("facts", "read"), [({"camera": "hall-07", "seen_at": 1}, [7]), ({"seen_at": 1}, [])])
def test_a_card_is_read_for_its_clips_only_where_it_names_a_camera(monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any],
                                                                   read: list[int]):
    asked: list[int] = []
    monkeypatch.setattr("alerts.evidence.by_id", lambda _conn, ids: asked.extend(ids) or {})
    evidence = CardEvidence(*[ANYTHING] * 7)
    evidence.keep(SimpleNamespace(conn=None), [opened(**facts)])  # type: ignore[arg-type]
    assert asked == read
