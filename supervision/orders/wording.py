"""What the papers say. Official documents of this country are Chinese whatever the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.follow_up import PaperRules
from core.instants import MINUTE_US, written_local
from papers.official import Block, Heading, Items, OfficialPaper, Paragraph
from papers.official import Table as TableBlock
from supervision.orders.matters import OrderedCard

Sentence = Callable[..., str]  # t("paper.order.lead", n=3)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of organisations and items by their codes."""

    org: Callable[[str], str]
    item: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PaperWording:
    """Composes the paper of a row of `orders`. `t` gives the Chinese sentences."""

    t: Sentence
    names: Names
    rules: PaperRules

    def title(self, kind: str, org: str, about: str) -> str:
        return self.t(f"paper.{kind}.title", org=self.names.org(org), about=about)

    def compose(self, row: Mapping[str, Any], cards: Sequence[OrderedCard], number: str, day: date,
                due_text: str) -> OfficialPaper:
        """`due_text` is the end of the term as written in the paper."""
        kind, t = row["kind"], self.t
        body: list[Block] = [Paragraph(t(f"paper.{kind}.lead", n=len(cards))), Heading(t("paper.heads.problem"))]
        body += [Paragraph(part) for part in row["problem"].splitlines() if part.strip()]
        if cards:
            body.append(self._cards(cards))
        if row["basis"].strip():
            body += [Heading(t("paper.heads.basis_second")), Paragraph(row["basis"].strip())]
        demands = [part.strip() for part in row["demand"].splitlines() if part.strip()]
        body += [Heading(t("paper.heads.demand_third" if row["basis"].strip() else "paper.heads.demand_second")),
                 Items(tuple(demands)) if len(demands) > 1 else Paragraph(demands[0] if demands else ""),
                 Paragraph(t("paper.reply", due=due_text)), Paragraph(t(f"paper.{kind}.close"))]
        return OfficialPaper(
            title=row["title"], number=number, issuer=self.rules.issuer, addressee=self.names.org(row["org"]), body=tuple(body),
            date=day, copies_to=self.rules.copies_to, printed_by=self.rules.issuer)

    def _cards(self, cards: Sequence[OrderedCard]) -> TableBlock:
        t = self.t
        rows = tuple((card.case_no or "—", self.names.item(card.item) or "—", t(f"paper.level.{card.level}"),
                      written(card.due_at)) for card in cards)
        return TableBlock((t("paper.table.case"), t("paper.table.item"), t("paper.table.level"), t("paper.table.due")), rows,
                     t("paper.table.caption"), (3.4, 4.6, 1, 2.4))


def written(us: int | None, offset: int = 480) -> str:
    """2026-03-16 17:30 in the area's offset; the minute before midnight for the end of a day, as people say it."""
    if us is None:
        return "—"
    local = written_local(us, offset)
    if (local.hour, local.minute) == (0, 0):
        return written_local(us - MINUTE_US, offset).strftime("%Y-%m-%d")
    return local.strftime("%Y-%m-%d %H:%M")
