"""监察规则, the ladders: which preset an area goes by, every rule as a form, and what an edit would do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from dash import Dash, Input, Output, dcc, html

from config.versions import Kind
from dashboard.panels import edit_console, patrol_report, rule_form, top_bar
from dashboard.panels.edit_console import Draft, Editor, asked
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.panels.form_fields import field
from dashboard.words import Words, words_of

PREFIX = "/rules/"
TITLE = "rules_page.title"
AREA_FIELDS = ("name", "preset", "calendar", "timezone")


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    left = html.Div([html.Section(id="edit-list", className="panel"), patrol_report.layout(t)],
                    className="edit-left")
    main = [tabs("rules", t), html.Div([left, html.Section(id="edit-form", className="panel"),
                                        edit_console.layout(services, _editor(services), t, may_edit=may_edit())],
                                       className="edit-columns")]
    return html.Div([top_bar.layout(t, "rules", services.settings.demo.enabled), html.Main(main, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    edit_console.register(app, services, _editor(services))
    patrol_report.register(app, services)

    @app.callback(Output("edit-list", "children"), Output("edit-form", "children"), Input("edit-address", "search"),
                  Input("edit-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = words_of(services.texts, services.settings.display.language)
        return _list(services, search or "", t), _form(services, search or "", t)


def _editor(services: Any) -> Editor:
    return Editor(rule_form.FORM, partial(draft, services), partial(subject, services))


def subject(services: Any, search: str) -> tuple[Kind, str]:
    """What the address shows: an area, else a preset."""
    area = asked(search, "area")
    if area:
        return Kind.AREA, area
    wanted = asked(search, "preset")
    return Kind.RULES, wanted if wanted in services.presets else services.areas.default.preset.id


def draft(services: Any, search: str, values: Mapping[str, Any], _extra: Any) -> Draft:
    """What the form holds."""
    kind, name = subject(services, search)
    if kind is Kind.AREA:
        return Draft(kind, name, {one: values.get(one) or "" for one in AREA_FIELDS})
    _number, content = services.editing.present(kind, name)
    return Draft(kind, name, rule_form.edited(content, _rule(content, search), values),
                 lambda key: rule_form.place_of_error(key, values))


def _rule(content: Mapping[str, Any], search: str) -> str:
    return asked(search, "rule") or str(content["rules"][0]["id"])


def _list(services: Any, search: str, t: Words) -> list[Any]:
    kind, name = subject(services, search)
    edited = services.editing.edited(Kind.RULES)
    presets = [_preset(services, one, kind is Kind.RULES and one == name, edited.get(one, 0), search, t)
               for one in services.presets]
    names = {code: area.name for code, area in services.catalogue.areas.items()}
    areas = [_area(services, code, names.get(code, code), kind is Kind.AREA and code == name, t)
             for code in sorted({*names, *services.areas.known_areas()})]
    return [html.H2(t("rules_page.areas")), html.Ul(areas, className="edit-list"), html.H2(t("rules_page.presets")), *presets]


def _area(services: Any, code: str, name: str, is_here: bool, t: Words) -> html.Li:
    plan = services.areas.plan_of(code)
    preset = services.areas.of(code).preset
    words = preset.name_en if t.language == "en" else preset.name
    told = [html.Strong(name), html.Span(_short(words)), html.Small(plan.calendar)]
    return html.Li(dcc.Link(told, href=f"?area={code}", refresh=False), className="is-here" if is_here else "")


def _short(name: str) -> str:
    """A preset's name without its explanation."""
    return name.partition("（")[0].partition(":")[0]


def _preset(services: Any, name: str, is_here: bool, number: int, search: str, t: Words) -> html.Details:
    _number, content = services.editing.present(Kind.RULES, name)
    chosen = _rule(content, search)
    language = "name_en" if t.language == "en" else "name"
    rules = [html.Li(dcc.Link([html.Span(one[language]), html.Small(_watched(one, t))],
                              href=f"?preset={name}&rule={one['id']}", refresh=False),
                     className="is-here" if is_here and one["id"] == chosen else "")
             for one in [*content["rules"], *(content.get("acts") or ()), *(content.get("onsite") or ())]]
    new = [html.Li(dcc.Link(t(f"rules_page.{words}"), href=f"?preset={name}&rule={rule}", refresh=False), hidden=not may_edit())
           for words, rule in (("add_rule", rule_form.NEW), ("add_act_rule", rule_form.NEW_ACT),
                                ("add_onsite_rule", rule_form.NEW_ONSITE))]
    version = [html.Span(t("rules_page.version", n=number), className="chip chip-info")] if number else []
    return html.Details([html.Summary([html.Strong(_short(content[language])), *version]),
                         html.P(content[language], className="panel-note"), html.Ul([*rules, *new], className="edit-list")],
                        open=is_here, className="edit-preset")


def _watched(rule: Mapping[str, Any], t: Words) -> str:
    if "watches" in rule:
        return t(f"clock.{rule['watches']}")
    return t("rules_page.onsite_rule" if "signal" in rule else "rules_page.act_rule")


def _form(services: Any, search: str, t: Words) -> Any:
    kind, name = subject(services, search)
    if kind is Kind.RULES:
        _number, content = services.editing.present(kind, name)
        return rule_form.render(content, _rule(content, search), t, may_edit=may_edit())
    plan = services.areas.plan_of(name)
    choices = {"preset": _literal(services.presets), "calendar": _literal(services.calendars), "name": str, "timezone": str}
    fields = [field(one, choices[one], getattr(plan, one), rule_form.FORM, t, disabled=not may_edit()) for one in AREA_FIELDS]
    return html.Div([html.Header([html.H2(plan.name), html.Span(name, className="edit-id num")], className="edit-head"),
                     html.P(t("rules_page.area_words"), className="panel-note"), html.Div(fields, className="edit-fields")])


def _literal(names: Any) -> Any:
    return Literal[tuple(names)]  # type: ignore[valid-type]
