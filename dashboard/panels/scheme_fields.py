"""The fields of which the form of a scheme is made: each named by its path, with its error below it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash import dcc, html

from config.acts import Act
from config.indicators import Indicators
from config.scoring import BONUS, Origin
from dashboard.panels.form_fields import SEARCHED, dropdown_words
from dashboard.panels.scheme_content import LEVELS
from dashboard.panels.scheme_words import label_of, number
from dashboard.words import Words

FORM = "schemes"
Options = list[dict[str, str]]


@dataclass(frozen=True)
class Desk:
    """What is drawn: the content, what each row does in words, whether it may be edited, which codes stand (they are in force
    and named by entries), which row is open, and the departments there are."""

    content: Mapping[str, Any]
    indicators: Indicators
    says: Mapping[str, str]
    t: Words
    may_edit: bool
    standing: frozenset[str] = frozenset()
    opened: str = ""
    orgs: Mapping[str, str] = field(default_factory=dict)

    def options(self, name: str) -> Options:
        """What the server knows there is of that field."""
        t, content = self.t, self.content
        if name == "level":
            return [_option(level, t(f"level.{level}")) for level in LEVELS]
        if name == "origins":
            return [_option(one, t(f"origin.{one}")) for one in Origin.__args__]
        if name == "acts":
            return [_option(act.value, t(f"violation.{act.value}")) for act in Act]
        if name == "indicator":
            return [_option(code, one.label.in_language(t.language)) for code, one in self.indicators.indicators.items()]
        if name == "grade":
            return [_option(one["code"], label_of(one, t) or one["code"]) for one in content["grades"]]
        if name == "rules":
            return [_option(code, label_of(one, t) or code) for code, one in content["rules"].items()]
        if name == "period":
            return [_option(one, t(f"scheme_says.period.{one}")) for one in ("whole", "month")]
        return [_option(code, label_of(one, t) or code) for code, one in content["parts"].items()]

    @property
    def parts_and_bonus(self) -> Options:
        return [*self.options("part"), _option(BONUS, self.t("scores_page.bonus"))]


def text(desk: Desk, path: str, value: Any, *, name: str = "", may_edit: bool = True) -> html.Div:
    """A field under its name; `name` is the key of what it is called, where that is not the end of its path."""
    box = _box(path, "" if value is None else str(value), desk.may_edit and may_edit, "")
    return _under(desk, path, name or path.rpartition(".")[2], box)


def choice(desk: Desk, path: str, value: Any, options: Options | None = None, *, several: bool = False,
           clearable: bool = False) -> html.Div:
    """A list the server supplies; an empty one of `several` means all, or none, as its name says."""
    name = path.rpartition(".")[2]
    given = desk.options(name) if options is None else options
    box = dcc.Dropdown(id={"field": path, "of": FORM}, options=given, value=list(value or ()) if several else value,
                       multi=several, clearable=clearable or several, searchable=len(given) > SEARCHED,
                       disabled=not desk.may_edit, placeholder=desk.t.first(f"scheme_field.empty.{name}", "scheme_field.none"),
                       labels=dropdown_words(desk.t), className="edit-choice")
    return _under(desk, path, name, box)


def flag(desk: Desk, path: str, value: Any) -> html.Div:
    box = dcc.Checklist(id={"field": path, "of": FORM}, value=["yes"] if value else [], className="edit-check",
                        options=[{"label": desk.t("rules_page.yes"), "value": "yes", "disabled": not desk.may_edit}])
    return _under(desk, path, path.rpartition(".")[2], box)


def small(desk: Desk, path: str, value: Any, *, name: str = "") -> html.Label:
    """A number in a row, called as the end of its path is or by `name`."""
    box = _box(path, "" if value in (None, "") else number(value), desk.may_edit, "num")
    return html.Label([html.Small(desk.t(f"scheme_field.{name or path.rpartition('.')[2]}")), box, error(path)],
                      className="scheme-number")


def code_field(desk: Desk, path: str, code: str) -> html.Div:
    """The code of what is new; of what is in force it stands, for entries and lines name it."""
    return text(desk, path, code, may_edit=path.rpartition(".")[0] not in desk.standing)


def names(desk: Desk, path: str, node: Mapping[str, Any]) -> list[html.Div]:
    """The name in both languages."""
    label = node.get("label") or {}
    return [text(desk, f"{path}.label.{language}", label.get(language)) for language in ("zh", "en")]


def says(desk: Desk, path: str) -> html.Small:
    """The sentence of a row; follows what is typed."""
    return html.Small(desk.says.get(path, ""), id={"says": path, "of": FORM}, className="scheme-says")


def error(path: str) -> html.Small:
    return html.Small(id={"error": path, "of": FORM}, className="field-error", role="alert")


def button(desk: Desk, act: str, group: str, at: str, sign: str, what: str = "") -> list[html.Button]:
    """A button of a row; none for who only reads."""
    if not desk.may_edit:
        return []
    title = desk.t(f"scheme_act.{act}")
    return [html.Button(sign, id={"do": act, "of": group, "at": at}, className="button scheme-act", title=title,
                        **{"aria-label": f"{title} {what}".strip()})]


def adder(desk: Desk, group: str, at: str = "") -> list[html.Button]:
    if not desk.may_edit:
        return []
    return [html.Button(desk.t(f"scheme_act.add_{group}"), id={"do": "add", "of": group, "at": at},
                        className="button scheme-add")]


def section(desk: Desk, title: str, rows: Sequence[Any], anchor: str) -> html.Section:
    return html.Section([html.H3(desk.t(title)), *rows], id=f"scheme-{anchor}", className="scheme-part")


def _under(desk: Desk, path: str, name: str, box: Any) -> html.Div:
    return html.Div([html.Label(desk.t(f"scheme_field.{name}")), box, error(path)],
                    className="edit-field" + (" is-long" if name in ("acts", "source", "rules") else ""))


def _box(path: str, value: str, may_edit: bool, more: str) -> dcc.Input:
    return dcc.Input(id={"field": path, "of": FORM}, value=value, type="text", debounce=0.5, autoComplete="off",
                     disabled=not may_edit, className=f"field edit-input {more}".strip())


def _option(value: str, label: str) -> dict[str, str]:
    return {"label": label, "value": value}
