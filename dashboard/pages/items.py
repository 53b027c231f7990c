"""事项时限, the limits of the items: promised and statutory, and what another limit would do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from dash import Dash, Input, Output, dcc, html

from config.versions import Kind
from dashboard.panels import edit_console, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.panels.form_fields import field
from dashboard.words import Words, words_of

PREFIX = "/items/"
TITLE = "rules_page.items_title"
FORM = "items"
FIELDS: dict[str, Any] = {"promised": str | None, "statutory": str | None, "granularity": Literal["day", "instant"] | None}


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    left = html.Div([html.Section(id="edit-list", className="panel")], className="edit-left")
    main = [tabs("items", t), html.Div([left, html.Section(id="edit-form", className="panel"),
                                        edit_console.layout(services, _editor(services), t, may_edit=may_edit())],
                                       className="edit-columns")]
    return html.Div([top_bar.layout(t, "items", services.settings.demo.enabled), html.Main(main, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        return _list(services, search or "", t), _form(services, search or "", t)


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services))


def subject(services: Any, search: str) -> tuple[Kind, str]:
    wanted = asked(search, "item")
    return Kind.ITEM, wanted if services.catalogue.find_item(wanted) is not None else next(iter(services.catalogue.items))


def draft(services: Any, search: str, values: Mapping[str, Any], _extra: Any) -> Draft:
    kind, code = subject(services, search)
    return Draft(kind, code, {name: values.get(name) for name in FIELDS}, lambda key: key or "promised")


def _list(services: Any, search: str, t: Words) -> list[Any]:
    _kind, here = subject(services, search)
    edited = services.editing.edited(Kind.ITEM)
    chosen = services.catalogue.find_item(here).org
    return [html.H2(t("rules_page.items")), *(
        html.Details([_head(services, org, len(items)),
                      html.Ul([_item(item, item.code == here, edited.get(item.code, 0), t) for item in items],
                              className="edit-list")], open=org == chosen, className="edit-preset")
        for org, items in services.catalogue.items_by_org.items() if items)]


def _head(services: Any, org: str, count: int) -> html.Summary:
    return html.Summary([html.Strong(services.case_queries.org_name(org)), html.Span(str(count), className="num")])


def _item(item: Any, is_here: bool, number: int, t: Words) -> html.Li:
    version = [html.Span(t("rules_page.version", n=number), className="chip chip-info")] if number else []
    limits = f"{item.promised or '—'} / {item.statutory or '—'}"
    return html.Li(dcc.Link([html.Span(item.name), *version, html.Small(limits, className="num")], href=f"?item={item.code}",
                            refresh=False), className="is-here" if is_here else "")


def _form(services: Any, search: str, t: Words) -> html.Div:
    kind, code = subject(services, search)
    item = services.catalogue.find_item(code)
    _number, content = services.editing.present(kind, code)
    fields = [field(name, annotation, content.get(name), FORM, t, disabled=not may_edit())
              for name, annotation in FIELDS.items()]
    head = html.Header([html.H2(item.name), html.Span(code, className="edit-id num")], className="edit-head")
    facts = html.P(" · ".join(filter(None, (services.case_queries.org_name(item.org), t(f"category.{item.category}"),
                                            item.legal_basis))), className="panel-note")
    return html.Div([head, facts, html.P(t("rules_page.limit_words"), className="panel-note"),
                     html.Div(fields, className="edit-fields")])
