"""事项, the items: every part of one as a form, its flow drawn beside it, and what an edit would do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g

from config.versions import Kind
from core.access import Role, require
from dashboard.limit_words import limit_words
from dashboard.panels import edit_console, item_form, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked, values_of
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.panels.item_form import FORM, NEW
from dashboard.words import Words, words_of

PREFIX = "/items/"
TITLE = "rules_page.items_title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    left = html.Div([html.Section(id="edit-list", className="panel")], className="edit-left")
    form = [html.Div(id="edit-form"), html.Div(id="item-flow", className="item-flow"), html.Div(id="item-tables")]
    main = [tabs("items", t), html.Div([left, html.Section(form, className="panel"),
                                        edit_console.layout(services, _editor(services), t, may_edit=may_edit())],
                                       className="edit-columns item-columns")]
    return html.Div([top_bar.layout(t, "items", services.settings.demo.enabled), html.Main(main, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Output("item-flow", "children"),
                  Output("item-tables", "children"), Input("edit-address", "search"), Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any, Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        content = _content(services, subject(services, search or "")[1])
        return (_list(services, search or "", t), _form(services, search or "", t), item_form.picture(content, t),
                item_form.tables(content, choices(services, content), t, may_edit=may_edit()))

    held = {"field": ALL, "of": FORM}

    @app.callback(Output("item-tables", "children", allow_duplicate=True),
                  Input({"row": ALL, "of": ALL, "at": ALL}, "n_clicks"), State(held, "value"), State(held, "id"),
                  State("edit-address", "search"), prevent_initial_call=True)
    def move(clicks: list[int | None], values: list[Any], fields: list[Any], search: str | None) -> Any:
        pressed: Any = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        require(g.actor, Role.ADMINISTRATOR)
        t = words_of(services.texts, services.settings.display.language)
        content = draft(services, search or "", values_of(fields, values), None).content
        made = item_form.moved(content, pressed["row"], pressed["of"], pressed["at"])
        return item_form.tables(made, choices(services, made), t, may_edit=may_edit())

    @app.callback(Output("item-flow", "children", allow_duplicate=True), Input(held, "value"), State(held, "id"),
                  State("edit-address", "search"), prevent_initial_call=True)
    def draw(values: list[Any], fields: list[Any], search: str | None) -> Any:
        t = words_of(services.texts, services.settings.display.language)
        return item_form.picture(draft(services, search or "", values_of(fields, values), None).content, t)


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services))


def subject(services: Any, search: str) -> tuple[Kind, str]:
    """The item of the address, "" for one to be made; else the first."""
    wanted = asked(search, "item")
    if wanted == NEW:
        return Kind.ITEM, ""
    known = wanted in services.catalogue.items or wanted in services.editing.edited(Kind.ITEM)
    return Kind.ITEM, wanted if known else next(iter(services.catalogue.items))


def draft(services: Any, search: str, values: Mapping[str, Any], _extra: Any) -> Draft:
    """What the form holds."""
    kind, code = subject(services, search)
    content = item_form.edited(_content(services, code), values)
    return Draft(kind, code or str(values.get("code") or "").strip(), content,
                 lambda key: item_form.place_of_error(key) or "promised", is_new=not code)


def _content(services: Any, code: str) -> Mapping[str, Any]:
    if not code:
        return dict(services.editing.shipped.blank(Kind.ITEM))
    _number, content = services.editing.present(Kind.ITEM, code)
    return dict(content)


def choices(services: Any, content: Mapping[str, Any]) -> dict[str, Any]:
    """The units an item may belong to, and the posts its steps may name."""
    units = {unit.code: unit.name for unit in services.catalogue.units}
    posts = services.editing.shipped.posts_of(str(content.get("org") or ""))
    return {"orgs": Literal[tuple(units)], "names": units, "posts": tuple[Literal[tuple(posts)], ...]}  # type: ignore[valid-type]


def _list(services: Any, search: str, t: Words) -> list[Any]:
    _kind, here = subject(services, search)
    edited = services.editing.edited(Kind.ITEM)
    item = services.catalogue.find_item(here)
    chosen = item.org if item is not None else ""
    coming = [html.Li(dcc.Link([html.Span(code), html.Span(t("item_page.coming"), className="chip chip-info")],
                               href=f"?item={code}", refresh=False), className="is-here" if code == here else "")
              for code in edited if code not in services.catalogue.items]
    new = html.P(dcc.Link(t("item_page.new"), href=f"?item={NEW}", refresh=False), hidden=not may_edit(),
                 className="edit-begin")
    return [html.H2(t("rules_page.items")), new, html.Ul(coming, className="edit-list"), *(
        html.Details([_head(services, org, len(items)),
                      html.Ul([_item(item, item.code == here, edited.get(item.code, 0), t) for item in items],
                              className="edit-list")], open=org == chosen, className="edit-preset")
        for org, items in services.catalogue.items_by_org.items() if items)]


def _head(services: Any, org: str, count: int) -> html.Summary:
    return html.Summary([html.Strong(services.case_queries.org_name(org)), html.Span(str(count), className="num")])


def _item(item: Any, is_here: bool, number: int, t: Words) -> html.Li:
    chips = [html.Span(t("rules_page.version", n=number), className="chip chip-info")] if number else []
    chips += [html.Span(t("item_page.retired"), className="chip")] if item.retired else []
    limits = f"{limit_words(item.promised, t)} / {limit_words(item.statutory, t)}"
    words = [html.Span(item.name), *chips, html.Small(limits, className="num is-below")]
    return html.Li(dcc.Link(words, href=f"?item={item.code}", refresh=False), className="is-here" if is_here else "")


def _running(running: Mapping[int, int], code: str, t: Words) -> list[html.P]:
    """How many cases go by which version, and the way to their migration."""
    if not running:
        return []
    versions = "、".join(f"{number}: {count}" for number, count in running.items())
    return [html.P([t("item_page.running", cases=sum(running.values()), versions=versions), " ",
                    html.A(t("item_page.migrate"), href=f"/migrations/?item={code}")], className="panel-note")]


def _form(services: Any, search: str, t: Words) -> html.Div:
    _kind, code = subject(services, search)
    content = _content(services, code)
    running = services.approval.migrations.running(code) if code else {}
    head = html.Header([html.H2(content["name"] or t("item_page.new")), html.Span(code, className="edit-id num")],
                       className="edit-head")
    return html.Div([head, *_running(running, code, t),
                     *item_form.render(content, code, choices(services, content), t, may_edit=may_edit())])
