"""The cards a complaint leads to: what proved true, and a bad rating that was not put right in time."""

from __future__ import annotations

from typing import Any

from alerts.lifecycle import Level
from alerts.occasions import Occasion, Origin
from alerts.service import CardService
from cases.events import CaseFacts, case_id_of
from config.follow_up import ComplaintRules
from config.texts import Texts
from core.unit_of_work import UnitOfWork

LEVELS = {"yellow": Level.YELLOW, "red": Level.RED}
RULE = "supervision.complaint"
REPLY_LIMIT = "5wd"


class ComplaintCards:
    """The card is about the unit and, when it is known, the case complained of; never about the complaint's reporter."""

    def __init__(self, cards: CardService, rules: ComplaintRules, chinese: Texts, english: Texts) -> None:
        self._cards, self._rules, self._zh, self._en = cards, rules, chinese, english

    def on_verified(self, uow: UnitOfWork, row: dict[str, Any], finding: str) -> None:
        """查实 → a card at the level of what it was about; what is true in part at most yellow."""
        level = LEVELS[self._rules.categories[row["category"]].level]
        if finding == "partly":
            level = Level.YELLOW
        self._raise(uow, row, level, uow.now_us, "title", "action", {"finding": finding})

    def on_rating_late(self, uow: UnitOfWork, row: dict[str, Any], _finding: str) -> None:
        self._raise(uow, row, Level.YELLOW, row["due_at"], "rating_title", "rating_action", {})

    def on_answered(self, uow: UnitOfWork, row: dict[str, Any], _finding: str) -> None:
        """The duty was done: the condition of its card is over."""
        if row["kind"] == "rating" and row["card_raised"]:
            self._cards.end_occasions(uow, {f"complaint:{row['no']}": uow.now_us})

    def _raise(self, uow: UnitOfWork, row: dict[str, Any], level: Level, at: int, title: str, action: str,
               more: dict[str, Any]) -> None:
        evidence = more | {
            "complaint": row["no"], "category": row["category"], "title": self._said(self._zh, title, row),
            "title_en": self._said(self._en, title, row), "demanded_action": self._said(self._zh, action, row),
            "demanded_action_en": self._said(self._en, action, row)}
        case_no = row["about_case"]
        facts = CaseFacts(case_id_of(row["area"], case_no) if case_no else 0, case_no, row["area"], row["org"], "",
                          str(evidence["title"]))
        self._cards.raise_occasions(uow, [Occasion(
            key=f"complaint:{row['no']}", origin=Origin.COMPLAINT, case=facts, rule=RULE, rule_version=self._rules.version,
            level=level, at=at, due_at=row["due_at"], reply_limit=REPLY_LIMIT, evidence=evidence)])

    def _said(self, texts: Texts, key: str, row: dict[str, Any]) -> str:
        known = {"kind": texts.get(f"complaint_kind.{row['kind']}"),
                 "category": texts.get(f"complaint_category.{row['category']}")}
        sentence = f"complaint_card.{key}"
        return texts.get(sentence, **{name: known[name] for name in texts.places(sentence)})
