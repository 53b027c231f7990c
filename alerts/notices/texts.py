"""The words of notices: a card's values put into the template of the person's language, his organisation and the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from alerts.card_rows import by_id
from alerts.notices.rows import Notice
from alerts.wire import CardView, CardWriter
from config.ladders import LEVELS
from config.notice_policy import NoticePolicy
from config.texts import Texts
from core.instants import from_us
from core.unit_of_work import UnitOfWork

NONE = "—"
SUBJECT_MAX = 255
TextsOf = Callable[[str], Texts]


class Writer:
    """Fills drafts. `base_url` is the address of the site in links; `zone` that of the times people read."""

    def __init__(self, policy: NoticePolicy, cards: CardWriter, texts: TextsOf, base_url: str, zone: tzinfo) -> None:
        self._policy, self._cards, self._texts, self._base_url, self._zone = policy, cards, texts, base_url, zone

    def fill(self, uow: UnitOfWork, drafts: Sequence[Notice]) -> None:
        """Subject, body and data of each. The cards are read once, as the change has left them."""
        known = by_id(uow.conn, {draft.card_id for draft in drafts}) if drafts else {}
        views = {number: (self._cards.view(card), card.reply_due_at) for number, card in known.items()}
        for draft in drafts:
            if draft.card_id in views:
                self._fill(draft, *views[draft.card_id])

    def _fill(self, draft: Notice, view: CardView, reply_due_at: int | None) -> None:
        values = self._values(draft, view, reply_due_at)
        subject, body = self._policy.written(draft.language, org=draft.org, what=draft.what, level=draft.level,
                                             channel=draft.channel, values=values)
        draft.subject, draft.body = " ".join(subject.split())[:SUBJECT_MAX], body.strip()
        draft.data = msgspec.json.encode(self._data(draft, view, values)).decode()

    def _values(self, draft: Notice, view: CardView, reply_due_at: int | None) -> dict[str, str]:
        texts = self._texts(draft.language)
        return {"card_no": str(view.id), "case_no": view.case_no or NONE, "org": view.org_name, "item": view.item_name or NONE,
                "level": texts.get(f"level.{LEVELS[draft.level]}"), "rule": view.rule, "limit": view.limit_text,
                "due": self._moment(view.due_at), "late": view.late_text, "demanded_action": view.demanded_action or NONE,
                "reply_due": self._instant(reply_due_at), "occasion": texts.get(f"notice.what.{draft.what}"),
                "name": draft.name, "link": f"{self._base_url}/card/{view.id}/"}

    def _data(self, draft: Notice, view: CardView, values: Mapping[str, str]) -> dict[str, Any]:
        return {"card": view.id, "rev": draft.card_rev, "what": draft.what, "level": LEVELS[draft.level], "area": draft.area,
                "org": draft.org, "item": view.item, "case_no": view.case_no, "addressee": draft.addressee,
                "due": view.due_at, "link": values["link"], "step": draft.step}

    def _moment(self, iso: str | None) -> str:
        return NONE if iso is None else _until(datetime.fromisoformat(iso))

    def _instant(self, us: int | None) -> str:
        return NONE if us is None else _until(from_us(us).astimezone(self._zone))


def _until(moment: datetime) -> str:
    """A due instant as people write it: what is late from midnight on was due until 24:00 of the day before."""
    if moment.hour == moment.minute == 0:
        return f"{moment - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{moment:%Y-%m-%d %H:%M}"
