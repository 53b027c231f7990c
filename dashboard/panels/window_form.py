"""The form of the window: which item, who applies, which papers are here. Every field has the place of its error beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from dash import dcc, html

from approval.detail import HostedDetail
from config.item_form import PREFIX
from config.item_guide import lines
from core.access import Actor
from dashboard.limit_words import limit_words
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.power_words import paper_words
from dashboard.words import Words

TEXTS = ("name", "identity_no", "phone", "email", "address", "agent", "title")
PLACES = ("item", *TEXTS, "papers")
KINDS = ("person", "company")
LONG = ("address", "title")


def layout(services: Any, actor: Actor | None, t: Words) -> html.Div:
    kinds: Any = [{"label": t(f"window.kind.{kind}"), "value": kind} for kind in KINDS]
    item = dcc.Dropdown(id="window-item", options=item_options(services, actor, t), placeholder=t("window.item_hint"),
                        className="edit-choice window-item", optionHeight=40, labels=dropdown_words(t))
    kind = html.Div([html.Label(t("window.field.kind")), dcc.RadioItems(kinds, "person", id="window-kind",
                                                                        className="act-choice")], className="edit-field")
    return html.Div([
        html.Div([html.H2(t("window.step.item")), _field("item", item, t, "is-long"), html.Div(id="window-item-facts")],
                 className="window-part"),
        html.Div([html.H2(t("window.step.applicant")),
                  html.Div([kind, *(_text(name, t) for name in TEXTS)], className="edit-fields window-fields"),
                  html.Div(id="window-form", className="edit-fields window-fields")],
                 className="window-part"),
        html.Div([html.H2(t("window.step.papers")), html.P(t("window.papers_hint"), className="panel-note"),
                  dcc.Checklist(id="window-papers", options=[], value=[], className="window-papers"), _place("papers"),
                  html.P(id="window-papers-none", className="case-none")], className="window-part"),
        html.Div([html.Div([html.Label(t("window.field.station"), htmlFor="hall-station"),
                            dcc.Input(id="hall-station", className="field", persistence="hall", persistence_type="local",
                                      autoComplete="off", maxLength=32)], className="edit-field window-station"),
                  html.Button(t("window.file"), id="window-file", className="button button-main window-file")],
                 className="edit-bar")], className="edit-fields-frame")


def item_options(services: Any, actor: Actor | None, t: Words) -> Any:
    """The items this person may take in, found by name, code and department."""
    held = services.approval.posts.of(actor.name) if actor is not None else []
    units = services.catalogue.organisations
    return [{"label": _labelled(item, units[item.org].short, t), "value": item.code,
             "search": f"{item.name} {item.code} {units[item.org].name} {units[item.org].short} {t(f'item_kind.{item.kind}')}"}
            for item in services.catalogue.items.values() if _may_take(held, item)]


def _labelled(item: Any, unit: str, t: Words) -> str:
    """The kind is said where it is no licence."""
    return " · ".join([item.name, unit, *([] if item.kind == "permit" else [t(f"item_kind.{item.kind}")])])


def _may_take(held: Sequence[tuple[str, str]], item: Any) -> bool:
    wanted = item.details.posts.get(item.steps[0], ())
    return not item.retired and any(unit in (item.org, "*") and post in wanted for unit, post in held)


def _text(name: str, t: Words) -> html.Div:
    kind = {"phone": "tel", "email": "email"}.get(name, "text")
    control = dcc.Input(id=f"window-{name}", type=kind, className="field edit-input", autoComplete="off", debounce=False)
    return _field(name, control, t, "is-long" if name in LONG else "")


def _field(name: str, control: Any, t: Words, more: str = "") -> html.Div:
    must = html.Span("*", className="must", title=t("window.must")) if name in ("item", "name", "phone") else None
    label = html.Label([t(f"window.field.{name}"), must], htmlFor=f"window-{name}")
    return html.Div([label, control, _place(name)], className=f"edit-field {more}".strip())


def item_form(item: Any, t: Words) -> list[html.Div]:
    """What the item's own form asks, with the place of each error."""
    return [] if item is None else [_asked(code, one, t) for code, one in item.details.form.items()]


def _asked(code: str, one: Any, t: Words) -> html.Div:
    place: Any = {"form": code}
    control: Any = dcc.Dropdown(list(one.choices), id=place, className="edit-choice", placeholder=t("window.choose"),
                                labels=dropdown_words(t))
    if one.kind != "choice":
        hint = {"date": t("window.date_hint"), "number": one.unit}.get(one.kind, "")
        control = dcc.Input(id=place, type="text", inputMode="decimal" if one.kind == "number" else "text", placeholder=hint,
                            className="field edit-input", autoComplete="off", debounce=False)
    must = html.Span("*", className="must", title=t("window.must")) if one.required else None
    return html.Div([html.Label([one.label, must, control]), _place(f"{PREFIX}{code}")], className="edit-field")


def _place(name: str) -> html.Small:
    return html.Small(id={"wrong": name}, className="field-error", role="alert")


def paper_options(item: Any, t: Words) -> Any:
    """The item's papers as a checklist with what may follow."""
    if item is None:
        return []
    return [{"label": html.Span([html.Span(paper.name, className="paper-name"), paper_chip(paper, t)], className="paper-line"),
             "value": code} for code, paper in item.details.materials.items()]


def paper_chip(paper: Any, t: Words) -> html.Span:
    """Required, may follow, or may be left out."""
    kind = "optional" if not paper.required else "deferrable" if paper.deferrable else "required"
    look = {"required": "chip", "deferrable": "chip chip-acked", "optional": "chip chip-stale"}[kind]
    return html.Span(t(f"window.paper.{kind}"), className=look)


def item_facts(item: Any, services: Any, t: Words) -> Any:
    """What the clerk tells the applicant before he writes a word: how long, how much, on which basis."""
    if item is None:
        return None
    fees = item.details.fees.values()
    told = [(t("window.fact.kind"), t(f"item_kind.{item.kind}")),
            (t("window.fact.org"), services.case_queries.org_name(item.org)),
            (t("window.fact.promised"), limit_words(item.promised, t)),
            (t("window.fact.statutory"), limit_words(item.statutory, t)),
            (t("window.fact.fee"), "；".join(t("window.fact.fee_line", name=fee.name, amount=f"{fee.standard_fen / 100:.2f}",
                                             unit=fee.unit) for fee in fees) or t("window.fact.free")),
            (t("window.fact.steps"), " → ".join(item.steps)), (t("window.fact.basis"), item.legal_basis),
            *lines(item.details.guide, t, services.case_queries.item_name)]
    return html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in told], className="window-facts")


def missing(item: Any, here: Collection[str]) -> tuple[list[str], list[str]]:
    """(required papers that are not here and may not follow, those that may)."""
    lacking = [paper for code, paper in item.details.materials.items() if paper.required and code not in here]
    return ([paper.code for paper in lacking if not paper.deferrable], [paper.code for paper in lacking if paper.deferrable])


def filed_head(case_no: str, password: str, t: Words) -> html.Div:
    """Number and password, in letters one can read out across a counter; shown this once. A case opened ex officio has none."""
    shown = None
    if password:
        shown = html.Div([html.Dt(t("window.password")), html.Dd(password, className="num", id="filed-password")])
    return html.Div([
        html.H2(t("window.filed")),
        html.Dl([html.Div([html.Dt(t("window.number")), html.Dd(case_no, className="num", id="filed-number")]), shown],
                className="filed-pair"),
        html.P(t("window.password_once" if password else "window.opened"), className="panel-note")])


def given(detail: HostedDetail, kind: str, t: Words) -> list[Any]:
    """The papers given out, and the way to the case."""
    return [filed_papers(detail, kind, t), html.A(t("window.open"), href=f"/hosted/?no={detail.head.case_no}")]


def filed_papers(detail: HostedDetail, kind: str, t: Words) -> html.Ul:
    """What was given out, each as PDF and as a document."""
    return html.Ul([html.Li([html.Strong(paper_words(one.kind, kind, t)), html.Span(one.number, className="num"),
                             *receipt_links(detail.head.case_no, one.code, t)]) for one in detail.receipts],
                   className="receipt-list")


def receipt_links(case_no: str, code: str, t: Words) -> list[html.A]:
    return [html.A(t(f"work.file.{kind}"), href=f"/api/v1/approval/cases/{case_no}/papers/{code}/{kind}", className="button")
            for kind in ("pdf", "docx")]
