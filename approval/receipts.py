"""What the applicant gets in writing: one form for all, numbered by unit and kind, checkable by anybody who has the code.

The texts are Chinese whatever the language of the page, as official documents of this country are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from approval.codes import check_address, grouped, made_up_code
from approval.models import hosted_receipts
from cases.models import clocks
from config.paper_templates import PaperTemplate, PaperTemplates
from config.versions import revision_in
from core.instants import written_day, written_local
from core.statements import Statement
from core.unit_of_work import UnitOfWork
from papers.official import Block, Items, OfficialPaper, Paragraph
from papers.official import Table as TableBlock
from papers.service import Issue, PaperService, Series

_KEPT = ("code", "case_id", "kind", "number", "issued_at")
_DUE = Statement(select(clocks.c.due_at).where(
    clocks.c.case_id == bindparam("of_case"), clocks.c.kind == bindparam("kind")).order_by(clocks.c.ordinal).limit(1))


class ReceiptKind(StrEnum):
    """The receipts and notices (domain.md §3.3)."""

    RECEIVED = "received"      # 接收凭证
    ACCEPTED = "accepted"      # 受理回执
    REFUSED = "refused"        # 不予受理告知书
    CORRECTION = "correction"  # 补正告知书
    SPECIAL = "special"        # 特别程序告知书
    EXTENDED = "extended"      # 延期告知书
    DECISION = "decision"      # 准予、不予许可决定书
    CONCLUDED = "concluded"    # 办结单
    FEE = "fee"                # 缴费通知
    PAYMENT = "payment"        # 收款凭证
    PAYMENT_VOID = "payment_void"  # 收款冲正告知书
    LICENCE = "licence"        # 结果证照
    LICENCE_ENDED = "licence_ended"  # 证照撤销、注销决定书


# After their clauses a list follows: of materials, or of what is permitted.
LISTING = frozenset({ReceiptKind.RECEIVED, ReceiptKind.ACCEPTED, ReceiptKind.CORRECTION, ReceiptKind.LICENCE})


@dataclass(frozen=True, slots=True)
class Given:
    """A paper just issued."""

    number: str
    code: str


@dataclass(frozen=True, slots=True)
class About:
    """What a receipt is about: the case as the applicant knows it."""

    case_no: str
    case_id: int
    area: str
    org: str
    item: str
    power: str  # the kind of power of the item, in the version the case goes by
    applicant: str
    title: str


class Receipts:
    """`t` gives the Chinese sentences, the names come from the catalogue; `public_url` is where applicants reach this site."""

    def __init__(self, papers: PaperService, t: Callable[..., str], org_names: Callable[[str], tuple[str, str]],
                 item_name: Callable[[str], str], has: Callable[[str], bool],
                 templates: PaperTemplates, public_url: str = "") -> None:
        """`has` says whether the papers of a kind of power have words of their own."""
        self._papers, self._t, self._org_names, self._item_name = papers, t, org_names, item_name
        self._has = has
        self._templates, self._public_url = templates, public_url

    def word(self, key: str, **values: Any) -> str:
        """A word or sentence of the papers."""
        return self._t(key, **values)

    def result(self, power: str, result: str) -> str:
        """Granted or refused, as papers of that power say it."""
        return self._t(self._key(power, "result", result))

    def _key(self, power: str, group: str, name: str) -> str:
        """The sentence of that kind of power, else the one for all: a penalty is opened, not accepted."""
        own = f"receipt.of.{power}.{group}.{name}"
        return own if self._has(own) else f"receipt.{group}.{name}"

    def issue(self, uow: UnitOfWork, kind: ReceiptKind, about: About, day: date, *, told: Mapping[str, Any] | None = None,
              entries: Sequence[str] = ()) -> Given:
        """Number, register and code in the caller's transaction. `told` fills the sentence, `entries` are listed below it."""
        name, short = self._org_names(about.org)
        seal = self._papers.seal(uow, about.org)
        words, version, template = self._templates.find(uow.conn, kind.value, about.power, day, revision_in(uow))
        code = made_up_code()

        def compose(number: str) -> OfficialPaper:
            paper = self._paper(kind, template, about, name, number, day, code, told or {}, entries)
            return msgspec.structs.replace(paper, check=check_address(self._public_url, code), seal=seal,
                                           template=f"{words}/{version}")

        paper = self._papers.issue(
            uow, Series(name, kind.value, self._t(self._key(about.power, "prefix", kind.value), short=short)),
            Issue(about.area, about.org, f"hosted:{about.case_no}"), day, compose)
        uow.later(hosted_receipts, _KEPT, (code, about.case_id, kind.value, paper.number, uow.now_us))
        return Given(paper.number, code)

    def specimen(self, kind: str, template: PaperTemplate, about: About, number: str, day: date, code: str,
                 told: Mapping[str, Any]) -> OfficialPaper:
        """A paper that was not issued: what the words of a template come to."""
        entries = [self._t("receipt.specimen_entry", n=place) for place in (1, 2)] if kind in LISTING else []
        return self._paper(kind, template, about, self._org_names(about.org)[0], number, day, code, told, entries)

    def _rows(self, about: About, item: str) -> tuple[tuple[str, ...], ...]:
        t = self._t
        return ((t("receipt.case_no"), about.case_no), (t("receipt.item"), item),
                (t(self._key(about.power, "party", "applicant")), about.applicant), (t("receipt.about"), about.title or "—"))

    def _licence_rows(self, values: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
        """Who may do what until when: a licence is shown to people who know nothing of its case."""
        named = {"holder": "applicant", "identity_no": "identity_no", "permits": "item", "about": "about", "term": "term",
                 "medium": "medium", "case_no": "case_no"}
        return tuple((self._t(f"receipt.licence_row.{row}"), str(values.get(name, "—"))) for row, name in named.items())

    def _paper(self, kind: str, template: PaperTemplate, about: About, issuer: str, number: str, day: date, code: str,
               told: Mapping[str, Any], entries: Sequence[str]) -> OfficialPaper:
        t, item = self._t, self._item_name(about.item)
        values = {"case_no": about.case_no, "item": item, "applicant": about.applicant, "about": about.title or "—",
                  "org": issuer, **told}
        rows = self._licence_rows(values) if kind == ReceiptKind.LICENCE else self._rows(about, item)
        body: list[Block] = [TableBlock((t("receipt.head"), t("receipt.content")), rows, widths=(1, 3)),
                             Paragraph(template.filled(template.clauses, values))]
        if entries:
            body.append(Items(tuple(entries)))
        body += [Paragraph(template.filled(text, values)) for text in (template.closing, template.remedies) if text]
        body.append(Paragraph(t("receipt.check", code=grouped(code))))
        return OfficialPaper(title=template.filled(template.title, values), number=number, issuer=issuer,
                             addressee="" if kind == ReceiptKind.LICENCE else about.applicant,
                             body=tuple(body), date=day, red_head=False)


def due_text(conn: Connection, case_id: int, kind: str, offset: int) -> str:
    """The last day of a clock of the case, as written on paper; — where there is none."""
    due = _DUE.value(conn, of_case=case_id, kind=kind)
    return "—" if due is None else written_end(due, offset)


def written_end(due: int, offset: int) -> str:
    """The last day of a limit as written on paper, with the time where it ends within the day."""
    local = written_local(due, offset)
    return written_day(due, offset) + (f"{local:%H:%M}" if local.time() != time.min else "")
