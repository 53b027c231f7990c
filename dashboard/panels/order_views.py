"""Orders, the register of papers, proposals of liability and samples, as seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from dash import html

from dashboard.limit_words import stated_words
from dashboard.panels.follow_up import figures, light, link, log
from dashboard.panels.marks import mark
from dashboard.panels.tables import facts, grid, num
from dashboard.times import due_stamp, stamp
from dashboard.words import Words

LEVELS = {1: "warning", 2: "yellow", 3: "red"}


def figure_row(counts: dict[str, int], standing: str, t: Words) -> html.Nav:
    rows = (("open", "info"), ("late", "late"), ("replied", "near"), ("drafts", "plain"))
    return figures([(t(f"orders_page.{name}"), counts[name], name, tone, standing == name) for name, tone in rows])


def table(rows: Sequence[Any], total: int, query: dict[str, str], now_us: int, org_name: Any, t: Words) -> Any:
    if not rows:
        return html.P(t("orders_page.none"), className="case-none")
    heads = [t(f"orders_page.head.{name}") for name in ("number", "title", "unit", "due", "state")]
    found = grid(heads, (_row(row, query, now_us, org_name, t) for row in rows), "follow-grid")
    return [found, html.P(t("follow_page.shown", n=len(rows), all=total), className="panel-note")]


def _row(row: Any, query: dict[str, str], now_us: int, org_name: Any, t: Words) -> html.Tr:
    lamp = row.light(now_us)
    title = html.Div([html.Strong(row.title), html.Span(t(f"order_kind.{row.kind}"))], className="two-lines")
    number = link(row.number or t("orders_page.no_number", id=row.id), "num", order=str(row.id),
                  standing=query.get("standing", ""))
    return html.Tr([html.Td(number), html.Td(title), html.Td(org_name(row.org)),
                    html.Td(due_stamp(row.due_at), className=f"num term-{lamp}"),
                    html.Td(light(lamp, standing_of(row, now_us, t)))],
                   className="is-chosen" if query.get("order") == str(row.id) else "")


def standing_of(row: Any, now_us: int, t: Words) -> str:
    """How an order stands, in words: by its light while a reply is awaited, else by its state."""
    return t(f"order_light.{row.light(now_us)}") if row.state == "issued" else t(f"order_state.{row.state}")


def detail(found: Any, now_us: int, services: Any, t: Words, *, may_propose: bool) -> html.Div:
    """One order: where it stands, what it demands, its cards, its files, its life."""
    head, queries = found.head, services.case_queries
    lights = [light(head.light(now_us), standing_of(head, now_us, t)),
              html.Span(t(f"order_kind.{head.kind}"), className="chip")]
    title = html.Header([html.Div(lights, className="detail-lights"), html.H2(head.title),
                         html.P(head.number or "", className="case-number num")])
    rows = [("unit", queries.org_name(head.org)), ("drafted", head.drafted_name), ("approved", head.approved_name or ""),
            ("issued", stamp(head.issued_at) if head.issued_at else ""), ("limit", stated_words(head.reply_limit, t)),
            ("due", due_stamp(head.due_at) if head.due_at else ""),
            ("reminded", stamp(head.reminded_at) if head.reminded_at else "")]
    parts = [html.H3(t("orders_page.problem")), html.P(found.problem, className="said"),
             *([html.H3(t("orders_page.basis")), html.P(found.basis, className="said")] if found.basis else []),
             html.H3(t("orders_page.demand")), html.P(found.demand, className="said")]
    return html.Div([title, files(head.number, t), facts((t(f"orders_page.fact.{name}"), value) for name, value in rows),
                     *parts,
                     *_cards(found.cards, queries, t, may_propose=may_propose), html.H3(t("follow_page.life")),
                     log(found.log, "order_action", t)],
                    className="follow-detail")


def files(number: str | None, t: Words) -> html.Div | None:
    """The paper itself; every download is on record."""
    if not number:
        return None
    address = f"/api/v1/papers/{quote(number, safe='')}"
    return html.Div([html.A(t("orders_page.pdf"), href=f"{address}/pdf", className="button"),
                     html.A(t("orders_page.docx"), href=f"{address}/docx", className="button")], className="act-buttons")


def _cards(cards: Sequence[Any], queries: Any, t: Words, *, may_propose: bool) -> list[Any]:
    if not cards:
        return []
    names = ("level", "case", "item", "due", *(["liability"] if may_propose else []))
    heads = [t(f"orders_page.card.{name}") for name in names]
    rows = (html.Tr([html.Td(mark(LEVELS[card.level], t)), html.Td(card.case_no, className="num"),
                     html.Td(queries.item_name(card.item)), num(due_stamp(card.due_at)), *_propose(card, t, may_propose)])
            for card in cards)
    return [html.H3(t("orders_page.cards", n=len(cards))), grid(heads, rows)]


def _propose(card: Any, t: Words, may_propose: bool) -> list[html.Td]:
    return [html.Td(link(t("orders_page.propose"), view="liability", card=str(card.card_id)))] if may_propose else []


def register(rows: Sequence[Any], total: int, org_name: Any, t: Words) -> Any:
    """文书登记簿: every issued paper with its files."""
    if not rows:
        return html.P(t("orders_page.no_papers"), className="case-none")
    heads = [t(f"orders_page.paper.{name}") for name in ("number", "kind", "title", "unit", "issued", "files")]
    return [grid(heads, (_paper(row, org_name, t) for row in rows), "follow-grid"),
            html.P(t("follow_page.shown", n=len(rows), all=total), className="panel-note")]


def _paper(row: Any, org_name: Any, t: Words) -> html.Tr:
    digest = html.Span((row.pdf_sha256 or row.docx_sha256 or "")[:12], className="digest num",
                       title=row.pdf_sha256 or row.docx_sha256 or "")
    address = f"/api/v1/papers/{quote(row.number, safe='')}"
    made: list[Any] = [html.A("PDF", href=f"{address}/pdf"), html.A("DOCX", href=f"{address}/docx"), digest]
    if row.problem:
        made.append(html.Span(t("orders_page.no_fonts"), className="chip chip-offline", title=row.problem))
    return html.Tr([html.Td(row.number, className="num"), html.Td(t(f"order_kind.{row.kind}")), html.Td(row.title),
                    html.Td(org_name(row.org)), num(stamp(row.issued_at)), html.Td(made, className="paper-files")])


def liabilities(rows: Sequence[Any], chosen: str, org_name: Any, t: Words) -> Any:
    """Proposals, newest first."""
    if not rows:
        return html.P(t("orders_page.no_liability"), className="case-none")
    heads = [t(f"orders_page.liability.{name}") for name in ("case", "unit", "fault", "persons", "state")]
    return grid(heads, (_liability(row, chosen, org_name, t) for row in rows), "follow-grid")


def _liability(row: Any, chosen: str, org_name: Any, t: Words) -> html.Tr:
    names = "、".join(one.person for one in row.proposal.persons) or t("liability.grade.none")
    case = link(row.case_no or f"#{row.id}", "num", view="liability", proposal=str(row.id))
    return html.Tr([html.Td(case), html.Td(org_name(row.org)), html.Td(t(f"liability.fault.{row.proposal.fault}")),
                    html.Td(names), html.Td(t(f"liability.state.{row.state}"))],
                   className="is-chosen" if chosen == str(row.id) else "")


def liability_detail(row: Any, t: Words) -> html.Div:
    """Who is proposed for what, with the reason of each in words."""
    persons = row.decision if row.state in ("accepted", "changed") else row.proposal.persons
    parts = [_person(one, t) for one in persons]
    if row.proposal.exempt:
        parts.append(html.P(t(f"liability.exemption.{row.proposal.exempt}"), className="said"))
    decided = [html.P(t("orders_page.decided", who=row.decided_name, at=stamp(row.decided_at), reason=row.reason),
                      className="said")] if row.decided_at else []
    return html.Div([html.Header([html.Span(t(f"liability.state.{row.state}"), className="chip"), html.H2(row.case_no)]),
                     html.P(t("orders_page.liability_note"), className="panel-note"), *parts, *decided],
                     className="follow-detail")


def _person(one: Any, t: Words) -> html.Section:
    reasons = html.Ul([html.Li(t(f"liability.reason.{code}", **values)) for code, values in one.reasons], className="reasons")
    forms = "、".join(t(f"liability.form.{form}") for form in one.forms)
    return html.Section([html.Div([html.Strong(one.person), html.Span(t(f"liability.post.{one.post}")),
                                   html.Span(t(f"liability.responsibility.{one.responsibility}"), className="chip chip-info"),
                                   html.Span(t(f"liability.grade.{one.grade}"), className="chip")], className="detail-lights"),
                         reasons, html.P(t("orders_page.forms", forms=forms), className="panel-note")], className="person")


def samples(drawn: Sequence[Any], chosen: str, org_name: Any, t: Words) -> Any:
    if not drawn:
        return html.P(t("orders_page.no_samples"), className="case-none")
    heads = [t(f"orders_page.sample.{name}") for name in ("month", "unit", "size", "seed", "drawn")]
    rows = (html.Tr([html.Td(link(one.month, "num", view="samples", sample=str(one.id))), html.Td(org_name(one.org)),
                     num(f"{one.size} / {one.population}"), html.Td(one.seed, className="digest num"),
                     num(stamp(one.drawn_at))],
                    className="is-chosen" if chosen == str(one.id) else "") for one in drawn)
    return grid(heads, rows, "follow-grid")


def calls(found: Sequence[Any], item_name: Any, t: Words) -> Any:
    """The cases to be called about, in the order of the draw."""
    heads = [t(f"orders_page.call.{name}") for name in ("place", "case", "item", "result", "by")]
    rows = (html.Tr([num(str(one.place)), html.Td(one.case_no, className="num"), html.Td(item_name(one.item)),
                     html.Td(t(f"sample_result.{one.result}") if one.result else t("orders_page.to_call"), title=one.note),
                     html.Td(one.called_by)]) for one in found)
    return grid(heads, rows)
