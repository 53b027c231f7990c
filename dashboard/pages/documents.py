"""文书模板, the words of the papers given out: what each kind says, with the finished page beside it while it is written."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from itertools import groupby
from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html

from config.paper_templates import FIELDS, power_and_kind
from config.versions import Kind
from core.errors import SupervisionError
from dashboard.panels import edit_console, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked, values_of
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/documents/"
TITLE = "rules_page.documents_title"
FORM = "documents"


def layout(services: Any) -> html.Div:
    t = _words(services)
    left = html.Div([html.Section(id="edit-list", className="panel")], className="edit-left")
    preview = html.Section([html.H2(t("rules_page.paper_preview")),
                            html.P(t("rules_page.paper_drawing"), id="paper-drawing", className="panel-note", role="status"),
                            html.P(id="paper-said", className="edit-refused", role="alert"),
                            html.Img(id="paper-picture", className="paper-sheet", alt=t("rules_page.paper_alt"))],
                           className="panel")
    side = html.Div([preview, edit_console.layout(services, _editor(services), t, may_edit=may_edit())], className="edit-side")
    main = [tabs("documents", t), html.Div([left, html.Section(id="edit-form", className="panel"), side],
                                           className="edit-columns")]
    return html.Div([top_bar.layout(t, "documents", services.settings.demo.enabled), html.Main(main, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = _words(services)
        return _list(services, search or "", t), _form(services, search or "", t)

    @app.callback(Output("paper-picture", "src"), Output("paper-said", "children"),
                  Input({"field": ALL, "of": FORM}, "value"), State({"field": ALL, "of": FORM}, "id"),
                  State("edit-address", "search"), running=[(Output("paper-drawing", "hidden"), False, True)])
    def picture(values: list[Any], fields: list[Any], search: str | None) -> tuple[str, str]:
        return drawn(services, subject(services, search or "")[1], values_of(fields, values), _words(services))


def drawn(services: Any, kind: str, content: Mapping[str, Any], t: Words) -> tuple[str, str]:
    """(the finished page as an address, what is wrong): a paper with invented particulars, numbered and signed by nobody."""
    if not content:
        return "", ""
    try:
        png = services.approval.specimens.picture(kind, content)
    except SupervisionError as refusal:
        return "", sentence(refusal, t)
    return f"data:image/png;base64,{b64encode(png).decode()}", ""


def _editor(services: Any) -> Editor:
    return Editor(FORM, partial(draft, services), partial(subject, services), judges_cases=False, words="paper_")


def subject(services: Any, search: str) -> tuple[Kind, str]:
    wanted, known = asked(search, "paper"), services.editing.shipped.papers.shipped
    return Kind.PAPER, wanted if wanted in known else next(iter(known))


def draft(services: Any, search: str, values: Mapping[str, Any], _extra: Any) -> Draft:
    kind, name = subject(services, search)
    return Draft(kind, name, {field: values.get(field) for field in FIELDS}, lambda key: key or "clauses")


def _list(services: Any, search: str, t: Words) -> list[Any]:
    _kind, here = subject(services, search)
    edited = services.editing.edited(Kind.PAPER)
    found: list[Any] = [html.H2(t("rules_page.documents_title"))]
    for power, names in groupby(services.editing.shipped.papers.shipped, lambda name: power_and_kind(name)[0]):
        rows = [_line(name, name == here, edited.get(name, 0), t) for name in names]
        found += [*([html.H3(t(f"item_kind.{power}"))] if power else []), html.Ul(rows, className="edit-list")]
    return found


def _line(name: str, is_here: bool, number: int, t: Words) -> html.Li:
    version = [html.Span(t("rules_page.version", n=number), className="chip chip-info")] if number else []
    return html.Li(dcc.Link([html.Span(_called(name, t)), *version], href=f"?paper={name}", refresh=False),
                   className="is-here" if is_here else "")


def _called(name: str, t: Words) -> str:
    power, kind = power_and_kind(name)
    return t.first(f"receipt.of.{power}.kind.{kind}", f"receipt.kind.{kind}")


def _form(services: Any, search: str, t: Words) -> html.Div:
    kind, name = subject(services, search)
    _number, content = services.editing.present(kind, name)
    templates = services.editing.shipped.papers
    head = html.Header([html.H2(_called(name, t)), html.Span(name, className="edit-id num")], className="edit-head")
    places = [html.Li([html.Code(f"{{{place}}}"), t(f"rules_page.place.{place}"),
                       *([html.Strong(t("rules_page.place_required"))] if place in templates.required(name) else [])])
              for place in sorted(templates.allowed(name))]
    return html.Div([head, html.P(t("rules_page.paper_words"), className="panel-note"),
                     html.Div([_field(field, content.get(field, ""), t) for field in FIELDS], className="paper-fields"),
                     html.H3(t("rules_page.places")), html.Ul(places, className="paper-places")])


def _field(name: str, value: str, t: Words) -> html.Div:
    key = {"field": name, "of": FORM}
    shared: dict[str, Any] = {"id": key, "value": value, "className": "field edit-input", "disabled": not may_edit()}
    control = dcc.Input(type="text", debounce=0.6, autoComplete="off", **shared) if name == "title" else \
        dcc.Textarea(rows=5 if name == "clauses" else 3, spellCheck=False, **shared)
    return html.Div([html.Label(t(f"rules_page.field.{name}")), control,
                     html.Small(id={"error": name, "of": FORM}, className="field-error", role="alert")], className="edit-field")


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)
