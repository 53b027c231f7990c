"""组织机构, the organisations: names, area, place in lists, posts; new ones, and those abolished or merged from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from dash import Dash, Input, Output, dcc, html

from config.organisation_document import OrganisationDocument
from config.versions import Kind
from dashboard.panels import edit_console, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.panels.form_fields import field, read
from dashboard.words import Words, words_of

PREFIX = "/organisations/"
TITLE = "organisation_page.title"
FORM = "organisations"
NEW = "new"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    left = html.Div([html.Section(id="edit-list", className="panel")], className="edit-left")
    main = [tabs("organisations", t), html.Div([left, html.Section(id="edit-form", className="panel"),
                                                edit_console.layout(services, _editor(services), t, may_edit=may_edit())],
                                               className="edit-columns")]
    return html.Div([top_bar.layout(t, "organisations", services.settings.demo.enabled),
                     html.Main(main, className="edit-body")], className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        return _list(services, search or "", t), _form(services, search or "", t)


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services), judges_cases=False)


def subject(services: Any, search: str) -> tuple[Kind, str]:
    """The organisation of the address, "" for one to be made; else the first."""
    wanted = asked(search, "org")
    if wanted == NEW:
        return Kind.ORGANISATION, ""
    known = wanted in services.catalogue.organisations or wanted in services.editing.edited(Kind.ORGANISATION)
    return Kind.ORGANISATION, wanted if known else next(iter(services.catalogue.organisations))


def draft(services: Any, search: str, values: Mapping[str, Any], _extra: Any) -> Draft:
    """What the form holds."""
    kind, code = subject(services, search)
    plain = read(OrganisationDocument, values)
    content = {**_content(services, code), **plain, "parent": values.get("parent") or "",
               "merged_into": values.get("merged_into") or ""}
    return Draft(kind, code or str(values.get("code") or "").strip(), content, lambda key: key or "name", is_new=not code)


def _content(services: Any, code: str) -> Mapping[str, Any]:
    if not code:
        return dict(services.editing.shipped.blank(Kind.ORGANISATION))
    _number, content = services.editing.present(Kind.ORGANISATION, code)
    return dict(content)


def _list(services: Any, search: str, t: Words) -> list[Any]:
    _kind, here = subject(services, search)
    edited = services.editing.edited(Kind.ORGANISATION)
    coming = [code for code in edited if code not in services.catalogue.organisations]
    rows = [*((one.code, one.name, one.abolished) for one in services.catalogue.organisations.values()),
            *((code, code, False) for code in coming)]
    new = html.P(dcc.Link(t("organisation_page.new"), href=f"?org={NEW}", refresh=False), hidden=not may_edit(),
                 className="edit-begin")
    return [html.H2(t("organisation_page.title")), new,
            html.Ul([_row(*row, edited.get(row[0], 0), row[0] == here, t) for row in rows], className="edit-list")]


def _row(code: str, name: str, is_abolished: bool, number: int, is_here: bool, t: Words) -> html.Li:
    chips = [html.Span(t("rules_page.version", n=number), className="chip chip-info")] if number else []
    chips += [html.Span(t("organisation_page.is_abolished"), className="chip")] if is_abolished else []
    return html.Li(dcc.Link([html.Span(name), *chips, html.Small(code, className="num")], href=f"?org={code}", refresh=False),
                   className="is-here" if is_here else "")


def _form(services: Any, search: str, t: Words) -> html.Div:
    _kind, code = subject(services, search)
    content = _content(services, code)
    others = tuple(one.code for one in services.catalogue.units if one.code != code)
    other: Any = Literal[others] | None  # type: ignore[valid-type]
    kinds = {"area": Literal[tuple(services.catalogue.areas)], "parent": other, "merged_into": other}  # type: ignore[valid-type]
    names = {one.code: one.name for one in (*services.catalogue.organisations.values(), *services.catalogue.areas.values())}
    asked_for = [] if code else [field("code", str, "", FORM, t, disabled=not may_edit())]
    drawn = [field(name, kinds.get(name, info.annotation), content.get(name) or None if name in ("parent", "merged_into")
                   else content.get(name), FORM, t, disabled=not may_edit(), names=names)
             for name, info in OrganisationDocument.model_fields.items()]
    head = html.Header([html.H2(content["name"] or t("organisation_page.new")), html.Span(code, className="edit-id num")],
                       className="edit-head")
    return html.Div([head, html.P(t("organisation_page.words"), className="panel-note"),
                     html.Div([*asked_for, *drawn], className="edit-fields")])
