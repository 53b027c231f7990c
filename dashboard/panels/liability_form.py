"""Liability (责任追究) by hand: what is known beyond the record when it is proposed, and a decision other than proposed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.errors import InvalidInput, SupervisionError
from dashboard.panels.follow_up import asked, number_in
from dashboard.panels.form_fields import dropdown_words
from dashboard.refusals import sentence
from dashboard.words import Words
from supervision.liability import FORMS, Exemption, Fault, Grade, Post, Proposed, Responsibility
from supervision.liability_service import Circumstances

PARTS = ("person", "post", "responsibility", "grade", "forms")
DECIDED = ("decided", {"by": "person"})  # the reason of whoever the proposal did not name


# What a proposal is asked for with -------------------------------------------------------------------------------------

def propose_form(t: Words) -> html.Div:
    """A proposal of liability begins here, or at a card of an order, which brings its number along."""
    number = dcc.Input(id="propose-card", type="number", min=1, step=1, className="field")
    card = _labelled(t("orders_page.propose_card"), number, "propose-card")
    known = [_labelled(t(f"orders_page.known.{name}"), _choice(f"propose-{name}", group, codes, t), f"propose-{name}")
             for name, group, codes in (("fault", "liability.fault", Fault), ("changed_by", "liability.post", Post),
                                        ("exemption", "liability.exemption", Exemption))]
    ticks: Any = [{"label": t(f"orders_page.known.{name}"), "value": name} for name in ("damage", "noticed_by_reviewer")]
    return html.Div([
        html.H2(t("orders_page.propose")), html.P(t("orders_page.propose_words"), className="panel-note"), card,
        html.Details([html.Summary(t("orders_page.known.title")), *known,
                      dcc.Checklist(ticks, [], id="propose-ticks", className="act-choice")], className="liability-known"),
        html.Div(html.Button(t("orders_page.propose"), id="propose-do", className="button button-main"),
                 className="act-buttons"),
        html.P(id="propose-said", className="feeds-said", role="status")],
        id="orders-propose", className="act-form", hidden=True)


def circumstances_of(fault: str | None, changed_by: str | None, exemption: str | None, ticks: Sequence[str]) -> Circumstances:
    return Circumstances(
        fault=Fault(fault) if fault else None, changed_by=Post(changed_by) if changed_by else None,
        exemption=Exemption(exemption) if exemption else None, damage="damage" in ticks,
        noticed_by_reviewer="noticed_by_reviewer" in ticks)


# A decision other than proposed ----------------------------------------------------------------------------------------

def change_form(t: Words) -> html.Div:
    """Where a decision other than proposed is made; its rows come with the proposal shown."""
    button = html.Button(t("orders_page.verdict.changed"), id="liability-change-do", className="button")
    return html.Div(html.Details([
        html.Summary(t("orders_page.change.title")), html.P(t("orders_page.change.words"), className="panel-note"),
        html.Div(id="liability-rows"), html.Div(button, className="act-buttons"),
        html.P(id="liability-change-said", className="feeds-said", role="status")], className="liability-known"),
        id="orders-change", hidden=True)


def change_rows(proposed: Sequence[Proposed], t: Words) -> list[html.Div]:
    """One row for each person proposed and an empty one for somebody else: who, in which post, how far, with which forms.

    A row whose grade is 免予追究 keeps nobody; one without a name is not meant.
    """
    return [_row(place, one, t) for place, one in enumerate([*proposed, None])]


def _row(place: int, one: Proposed | None, t: Words) -> html.Div:
    name = dcc.Input(id=_key("person", place), value=one.person if one else "", className="field", autoComplete="off",
                     disabled=one is not None, placeholder=t("orders_page.change.another"))
    forms = [form for grade in Grade for form in FORMS[grade]]
    controls = (name, _choice(_key("post", place), "liability.post", Post, t, one and one.post),
                _choice(_key("responsibility", place), "liability.responsibility", Responsibility, t,
                        one and one.responsibility),
                _choice(_key("grade", place), "liability.grade", Grade, t, one and one.grade),
                _choice(_key("forms", place), "liability.form", forms, t, list(one.forms) if one else [], several=True))
    return html.Div([html.Div([html.Label(t(f"orders_page.change.{part}")), control], className="act-field")
                     for part, control in zip(PARTS, controls, strict=True)], className="person liability-row")


def persons_from(columns: Sequence[Sequence[Any]], proposed: Sequence[Proposed]) -> tuple[Proposed, ...]:
    """The rows as decided. Raises InvalidInput naming the person and what is missing of the row."""
    reasons = {one.person: one.reasons for one in proposed}
    return tuple(_person(row, reasons.get((row[0] or "").strip(), (DECIDED,))) for row in zip(*columns, strict=True)
                 if (row[0] or "").strip() and row[3] != Grade.NONE.value)


def _person(row: Sequence[Any], reasons: tuple[tuple[str, dict[str, str]], ...]) -> Proposed:
    person, post, responsibility, grade, forms = row
    missing = next((name for name, value in zip(PARTS, row, strict=True) if name != "forms" and not value), None)
    if missing is not None:
        raise InvalidInput("liability_row_missing", person=person.strip(), part=missing)
    wrong = [form for form in forms or () if form not in FORMS[Grade(grade)]]
    if wrong:
        raise InvalidInput("liability_form_unfit", person=person.strip(), form=wrong[0], grade=grade)
    return Proposed(person.strip(), Post(post), Responsibility(responsibility), Grade(grade),
                    tuple(forms or FORMS[Grade(grade)]), reasons)


# Callbacks ----------------------------------------------------------------------------------------------------------------

def register(app: Dash, services: Any, words: Callable[[], Words]) -> None:
    @app.callback(Output("propose-said", "children"), Input("propose-do", "n_clicks"), State("propose-card", "value"),
                  State("propose-fault", "value"), State("propose-changed_by", "value"), State("propose-exemption", "value"),
                  State("propose-ticks", "value"), prevent_initial_call=True)
    def propose(clicks: int | None, card: int | None, fault: str | None, changed_by: str | None, exemption: str | None,
                ticks: list[str] | None) -> Any:
        if not clicks:
            raise PreventUpdate
        try:
            known = circumstances_of(fault, changed_by, exemption, ticks or [])
            number = services.follow_up.liability.propose(number_in(str(card or "")), known, g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, words())
        return dcc.Link(words()("orders_page.proposed"), href=f"?view=liability&proposal={number}", refresh=False)

    @app.callback(Output("liability-change-said", "children"), Output("orders-changed", "data", allow_duplicate=True),
                  Input("liability-change-do", "n_clicks"), [State(_key(name, ALL), "value") for name in PARTS],
                  State("orders-address", "search"), State("orders-words", "value"), prevent_initial_call=True)
    def change(clicks: int | None, *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        *columns, search, reason = given
        desk, number = services.follow_up.liability, number_in(asked(search).get("proposal", ""))
        try:
            row = desk.find(number, g.actor)
            desk.decide(number, g.actor, "changed", reason or "", persons_from(columns, row.proposal.persons))
        except SupervisionError as refusal:
            return told(refusal, words()), no_update
        return words()("liability.state.changed"), uuid.uuid4().hex


def told(refusal: SupervisionError, t: Words) -> str:
    """Why a row was refused, with its codes in words."""
    details = dict(refusal.details)
    for name, group in (("part", "orders_page.change"), ("form", "liability.form"), ("grade", "liability.grade")):
        if refusal.code.startswith("liability_") and name in details:
            details[name] = t(f"{group}.{details[name]}")
    return sentence(type(refusal)(refusal.code, **details), t)


# Small things -----------------------------------------------------------------------------------------------------------

def _key(part: str, place: Any) -> dict[str, Any]:
    return {"liability": part, "row": place}


def _labelled(label: str, control: Any, of: str) -> html.Div:
    return html.Div([html.Label(label, htmlFor=of), control], className="act-field")


def _choice(key: Any, group: str, codes: Iterable[Any], t: Words, value: Any = None, *, several: bool = False) -> dcc.Dropdown:
    options: Any = [{"label": t(f"{group}.{_plain(code)}"), "value": _plain(code)} for code in codes]
    return dcc.Dropdown(options, value if several else value and _plain(value), id=key, multi=several, searchable=False,
                        clearable=isinstance(key, str), placeholder="—", className="edit-choice", labels=dropdown_words(t))


def _plain(code: Any) -> str:
    return code.value if isinstance(code, StrEnum) else str(code)
