"""The glossary is the one list of words: every code stands in it, with the Chinese of the locale file."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import pytest

from alerts.lifecycle import Appeal, Disposition, Origin, Signing, Suppression
from alerts.lifecycle import State as CardState
from alerts.notices.words import NoticeState, Reason
from alerts.roster.contacts import Addressee, Channel
from approval.payments.matters import OrderState
from cases.events import ClockKind, EventKind, Status
from cases.fold import State
from cases.projection import Condition, Light
from config.acts import Act
from config.texts import load_texts
from core.access import Role
from core.limits import Unit

GLOSSARY = Path(__file__).resolve().parents[3] / "docs" / "glossary.md"


def _rows() -> dict[str, set[str]]:
    """Term → its Chinese words; a row may list several terms in the same order, a term may stand in several tables."""
    rows: dict[str, set[str]] = {}
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 3 and not cells[0].startswith("-"):
            for term, chinese in zip(cells[0].split(", "), cells[1].split("、"), strict=False):
                rows.setdefault(term.removeprefix("outcome "), set()).add(chinese)
    return rows


@pytest.mark.parametrize("codes", [EventKind, State, Role, ClockKind, Condition, Light, CardState, Unit, Status, Act,
                                   NoticeState, Reason, Channel, Addressee, Origin, Disposition, Suppression, Appeal, Signing,
                                   OrderState],
                         ids=lambda codes: f"{codes.__module__}.{codes.__name__}")
def test_every_code_is_explained(codes: type[Enum]) -> None:
    rows = _rows()
    assert [member.value for member in codes if member.value not in rows] == []


@pytest.mark.parametrize(("codes", "group"), [
    (EventKind, "event_kind"), (Role, "role"), (ClockKind, "clock"), (CardState, "card_state"), (Status, "outcome"),
    (Act, "violation"), (Unit, "unit"), (Condition, "clock_condition"),
    (NoticeState, "notice.state"), (Reason, "notice.reason"), (Channel, "notice.channel"), (Addressee, "addressee"),
    (Origin, "origin"), (Disposition, "disposition"),
    (Suppression, "suppression"), (Appeal, "appeal"), (Signing, "signing")],
    ids=lambda value: getattr(value, "__name__", value))
def test_the_glossary_and_the_pages_use_the_same_chinese(codes: type[Enum], group: str) -> None:
    rows, texts = _rows(), load_texts()["zh"]
    differing = {member.value: (rows[member.value], texts.get(f"{group}.{member.value}")) for member in codes
                 if texts.get(f"{group}.{member.value}") not in rows[member.value]}
    assert differing == {}
