"""What may be done with a scoring, by whom: buttons, the appeal of a department, decisions, points entered by hand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from config.scoring import ManualRule, Scheme, hundredths
from core.access import Actor, Role
from core.instants import date_of
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.scores_detail import Names, named_line
from dashboard.panels.scores_view import View
from dashboard.times import due_stamp
from dashboard.words import Words
from evaluation.scoring.queries import AppealRow, EntryRow
from evaluation.scoring.wording import number_of

OF = "scores"


def buttons(view: View, actor: Actor, t: Words) -> html.Div:
    """Publish, confirm, freeze, withdraw: what the state allows and the person may; the server asks again."""
    acts = _acts(view, actor)
    made = [html.Button(t(f"scores_page.act.{name}"), id={"score": name, "n": view.scoring.id if view.scoring else 0},
                        className="button" + (" button-main" if name != "withdraw" else "")) for name in acts]
    reason = [_input("reason", t("scores_page.withdraw_reason"))] if "withdraw" in acts else []
    return html.Div([*made, *reason], className="scores-acts")


def _acts(view: View, actor: Actor) -> list[str]:
    inspects, leads = actor.has(Role.INSPECTOR), actor.has(Role.LEADER)
    if view.state in ("preview", "period") and inspects:
        return ["propose"]
    if view.scoring is None or actor.area not in ("", view.scoring.area):
        return []
    if view.state == "proposed":
        return [*(["confirm"] if inspects or leads else []), *(["withdraw"] if inspects else [])]
    return ["freeze", "withdraw"] if view.state == "published" and inspects else []


def appeal_form(view: View, names: Names, actor: Actor, now_us: int, t: Words) -> Any:
    """For a user of the department opened, while the window is open and something can be contested."""
    row, scoring = view.opened, view.scoring
    if row is None or scoring is None or not actor.has(Role.DEPARTMENT_USER) or actor.org != row.org:
        return None
    if scoring.state != "published" or (scoring.appeal_until or 0) <= now_us:
        return None
    contested = {appeal.line for appeal in view.appeals if appeal.org == row.org}
    options = [{"label": named_line(line, view, names, t), "value": str(number)}
               for number, line in enumerate(view.lines) if line.points < 0 and number not in contested]
    if not options:
        return None
    choice = dcc.Dropdown(id={"field": "line", "of": OF}, options=options, value=options[0]["value"], clearable=False,
                          searchable=False, className="edit-choice", labels=dropdown_words(t))
    send = html.Button(t("scores_page.appeal"), id={"score": "appeal", "n": scoring.id}, className="button button-main")
    return html.Section([html.H3(t("scores_page.appeal_title")),
                         html.P(t("scores_page.appeal_words", until=due_stamp(scoring.appeal_until)), className="panel-note"),
                         _labelled(t("scores_page.appeal_line"), choice),
                         _labelled(t("scores_page.appeal_reason"), _text("appeal")), send], className="score-form")


def waiting(view: View, names: Names, actor: Actor, t: Words) -> Any:
    """Appeals that wait for a decision, for those who decide."""
    found = [appeal for appeal in view.appeals if appeal.state == "filed"]
    if not found or not actor.has(Role.INSPECTOR, Role.LEADER) or view.state != "published":
        return None
    rows = [_waiting(appeal, view, names, t) for appeal in found]
    told = html.P(t("scores_page.judges"), className="panel-note")
    return html.Section([html.H2(t("scores_page.waiting", n=len(found))), told, *rows,
                         _labelled(t("scores_page.decision_words"), _input("words", ""))], className="panel score-waiting")


def _waiting(appeal: AppealRow, view: View, names: Names, t: Words) -> html.Article:
    what = t("scores_page.contests", n=appeal.line + 1)
    if view.opened is not None and view.opened.org == appeal.org and appeal.line < len(view.lines):
        what = named_line(view.lines[appeal.line], view, names, t)
    decide = [html.Button(t(f"scores_page.act.{verdict}"), id={"score": verdict, "n": appeal.id}, className="button")
              for verdict in ("grant", "reject")]
    link = dcc.Link(names.org(appeal.org), href=view.wish.address(org=appeal.org), refresh=False)
    return html.Article([html.Div([html.Strong(link), html.Span(what), html.Span(appeal.reason, className="is-quiet")]),
                         html.Div(decide, className="act-buttons")], className="score-waits")


def entry_form(view: View, entries: Sequence[EntryRow], actor: Actor, t: Words) -> Any:
    """Points by hand for the department opened, and what was entered for it."""
    rules = {code: rule for code, rule in view.scheme.rules.items() if isinstance(rule, ManualRule)}
    if view.opened is None or not actor.has(Role.INSPECTOR) or not rules or view.wish.year is not None:
        return None
    options = [{"label": _rule_words(rule, view.scheme, t), "value": code} for code, rule in rules.items()]
    choice = dcc.Dropdown(id={"field": "rule", "of": OF}, options=options, value=options[0]["value"], clearable=False,
                          searchable=True, className="edit-choice", labels=dropdown_words(t))
    day = dcc.Input(id={"field": "day", "of": OF}, type="text", value=view.wish.month.isoformat(), autoComplete="off",
                    pattern=r"\d{4}-\d\d-\d\d", className="field edit-input num")
    fields = [_labelled(t("scores_page.entry_rule"), choice, "is-long"), _labelled(t("scores_page.entry_day"), day),
              _labelled(t("scores_page.entry_points"), _input("points", t("scores_page.entry_points_fixed"))),
              _labelled(t("scores_page.entry_words"), _input("entry_words", ""), "is-long"),
              _labelled(t("scores_page.entry_basis"), _input("basis", t("scores_page.entry_basis_hint")), "is-long")]
    save = html.Button(t("scores_page.act.enter"), id={"score": "enter", "n": 0}, className="button button-main")
    rows = [_entry(entry, rules, t) for entry in entries]
    known = [html.H4(t("scores_page.entries")), html.Ul(rows, className="score-entries"),
             _labelled(t("scores_page.take_back_reason"), _input("take_back", ""))] if rows else []
    return html.Details([html.Summary(t("scores_page.enter_title")), html.Div(fields, className="edit-fields"), save, *known],
                        className="score-form")


def _entry(entry: EntryRow, rules: Mapping[str, ManualRule], t: Words) -> html.Li:
    rule = rules.get(entry.rule)
    label = rule.label.in_language(t.language) if rule is not None else entry.rule
    told = t("scores_page.entry_told", n=entry.id, day=date_of(entry.day).isoformat(), words=entry.words, basis=entry.basis,
             who=entry.made_name)
    if entry.taken_at is not None:
        return html.Li([html.Strong(f"{label} {number_of(entry.points)}"), html.Span(told)], className="is-taken")
    back = html.Button(t("scores_page.act.take_back"), id={"score": "take_back", "n": entry.id}, className="button")
    return html.Li([html.Strong(f"{label} {number_of(entry.points)}"), html.Span(told), back])


def _rule_words(rule: ManualRule, scheme: Scheme, t: Words) -> str:
    part = scheme.parts.get(rule.part)
    place = part.label.in_language(t.language) if part is not None else t("scores_page.bonus")
    points = number_of(hundredths(rule.points))
    kind = "open" if rule.open else "yearly" if rule.yearly else "fixed"
    return f"{place} · {rule.label.in_language(t.language)}（{t(f'scores_page.rule_{kind}', points=points)}）"


def _labelled(label: str, control: Any, more: str = "") -> html.Div:
    return html.Div([html.Label(label), control], className=f"edit-field {more}".strip())


def _input(name: str, hint: str) -> dcc.Input:
    return dcc.Input(id={"field": name, "of": OF}, type="text", value="", placeholder=hint, autoComplete="off",
                     className="field edit-input")


def _text(name: str) -> dcc.Textarea:
    return dcc.Textarea(id={"field": name, "of": OF}, value="", rows=3, className="field edit-input", spellCheck=False)
