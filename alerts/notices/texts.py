"""The words of notices: the values of a card or paper in the template of the person's language, organisation and way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from alerts.card_rows import by_id
from alerts.notices.papers import PaperBrief
from alerts.notices.rows import Notice
from alerts.wire import CardView, CardWriter
from config.ladders import LEVELS
from config.notice_policy import NoticePolicy
from config.texts import Texts
from core.instants import from_us, written_due
from core.unit_of_work import UnitOfWork

NONE = "—"
SUBJECT_MAX = 255
TextsOf = Callable[[str], Texts]


class Writer:
    """Fills drafts. `base_url` is the address of the site in links; `zone` that of the times people read."""

    def __init__(self, policy: NoticePolicy, cards: CardWriter, texts: TextsOf, base_url: str, zone: tzinfo) -> None:
        self._policy, self._cards, self._texts, self._base_url, self._zone = policy, cards, texts, base_url, zone

    def fill(self, uow: UnitOfWork, drafts: Sequence[Notice], papers: Mapping[str, PaperBrief]) -> None:
        """Subject, body and data of each. The cards are read once, as the change has left them; `papers` by their number."""
        numbers = {draft.card_id for draft in drafts if not draft.paper}
        known = by_id(uow.conn, numbers) if numbers else {}
        views = {number: (self._cards.view(card), card.reply_due_at) for number, card in known.items()}
        for draft in drafts:
            if draft.paper:
                values, data = self._values_of_paper(draft, papers[draft.paper]), _data_of_paper(draft, papers[draft.paper])
            elif draft.card_id in views:
                values = self._values(draft, *views[draft.card_id])
                data = self._data(draft, views[draft.card_id][0])
            else:
                continue
            self._write(draft, values, data)

    def _write(self, draft: Notice, values: Mapping[str, str], data: dict[str, Any]) -> None:
        subject, body = self._policy.written(draft.language, org=draft.org, what=draft.what, level=draft.level,
                                             channel=draft.channel, values=values)
        draft.subject, draft.body = " ".join(subject.split())[:SUBJECT_MAX], body.strip()
        draft.data = msgspec.json.encode({**data, "link": values["link"]}).decode()

    def _values(self, draft: Notice, view: CardView, reply_due_at: int | None) -> dict[str, str]:
        texts, view = self._texts(draft.language), view.in_language(draft.language)
        return {"card_no": str(view.id), "case_no": view.case_no or NONE, "org": view.org_name, "item": view.item_name or NONE,
                "level": texts.get(f"level.{LEVELS[draft.level]}"), "rule": view.rule, "limit": view.limit_text,
                "due": self._moment(view.due_at), "late": view.late_text, "demanded_action": view.demanded_action or NONE,
                "reply_due": self._instant(reply_due_at), "occasion": texts.get(f"notice.what.{draft.what}"),
                "name": draft.name, "link": f"{self._base_url}/card/{view.id}/",
                "paper": NONE, "number": NONE, "title": NONE}

    @staticmethod
    def _data(draft: Notice, view: CardView) -> dict[str, Any]:
        return {"card": view.id, "rev": draft.card_rev, "what": draft.what, "level": LEVELS[draft.level], "area": draft.area,
                "org": draft.org, "item": view.item, "case_no": view.case_no, "addressee": draft.addressee,
                "due": view.due_at, "step": draft.step}

    def _values_of_paper(self, draft: Notice, paper: PaperBrief) -> dict[str, str]:
        texts, due = self._texts(draft.language), self._instant(paper.due_at)
        none = dict.fromkeys(("card_no", "case_no", "item", "level", "rule", "limit", "late"), NONE)
        called = texts.get(paper.called or f"order_kind.{paper.kind}")
        return {**none, "paper": called, "number": paper.number, "title": paper.title, "org": paper.org_name,
                "due": due, "reply_due": due, "demanded_action": paper.demand or NONE,
                "occasion": texts.get(f"notice.what.{draft.what}"), "name": draft.name,
                "link": self._base_url + (paper.address or f"/orders/?order={paper.id}")}

    def _moment(self, iso: str | None) -> str:
        return NONE if iso is None else written_due(datetime.fromisoformat(iso))

    def _instant(self, us: int | None) -> str:
        return NONE if us is None else written_due(from_us(us).astimezone(self._zone))


def _data_of_paper(draft: Notice, paper: PaperBrief) -> dict[str, Any]:
    return {"paper": paper.number, "order": paper.id, "rev": draft.card_rev, "kind": paper.kind, "what": draft.what,
            "level": LEVELS[draft.level], "area": draft.area, "org": draft.org, "addressee": draft.addressee,
            "due": None if paper.due_at is None else from_us(paper.due_at).isoformat()}
