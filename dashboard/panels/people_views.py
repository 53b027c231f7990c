"""Accounts, what waits for a second administrator, and what was done before, as people read them. Pure but for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from config.changelog import Edit
from config.people import NEW, Proposal, content_of, content_of_standing
from core.access import Actor
from core.accounts import Account
from dashboard.panels.edit_history import differences
from dashboard.panels.people_form import area_name
from dashboard.panels.people_posts import unit_name
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

COLUMNS = ("username", "display_name", "roles", "org", "area", "halls", "is_active", "locked_until")
LINES = ("at", "who", "account", "action", "reason", "differences")
Waiting = Sequence[tuple[Proposal, Account | None]]


def accounts(services: Any, known: Sequence[Account], waiting: Waiting, chosen: str, t: Words) -> html.Table:
    """A row per account; the name leads to the form."""
    awaited = {proposal.username for proposal, _account in waiting}
    rows = (_row(services, one, one.username in awaited, one.username == chosen, t) for one in known)
    return grid([t(f"people_page.column.{name}") for name in COLUMNS], rows)


def _row(services: Any, account: Account, is_awaited: bool, is_chosen: bool, t: Words) -> html.Tr:
    said = [words for words, holds in (("waits", is_awaited), ("must_change", account.must_change)) if holds]
    chips = [part for words in said for part in (" ", html.Span(t(f"people_page.{words}"), className="chip chip-info"))]
    name = html.Td([dcc.Link(account.username, href=f"?account={account.username}", refresh=False), *chips])
    shown = [html.Td(_value(services, field, value, t)) for field, value in content_of(account).items()]
    locked = stamp(account.locked_until) if services.accounts.is_locked(account) else "—"
    return html.Tr([name, *shown, num(locked)],
                   className=" ".join(("is-chosen" if is_chosen else "", "" if account.is_active else "is-inactive")).strip())


def proposals(services: Any, waiting: Waiting, actor: Actor, t: Words) -> list[Any]:
    """Every proposal with what it would change, and the buttons of whom it waits for."""
    told: list[Any] = [_proposal(services, proposal, account, actor, t) for proposal, account in waiting]
    return [html.H2(t("people_page.proposals")),
            *(told or [html.P(t("people_page.proposals_none"), className="case-none")])]


def _proposal(services: Any, proposal: Proposal, account: Account | None, actor: Actor, t: Words) -> html.Article:
    chips = [html.Span(t(f"people_page.{name}"), className="chip chip-info") for name, holds in (
        ("is_new", proposal.based_on == NEW), ("is_outdated", _is_outdated(proposal, account))) if holds]
    told = t("people_page.proposed_by", who=proposal.made_by, at=stamp(proposal.made_at), reason=proposal.reason)
    own = [html.P(t("people_page.own"), className="panel-note")] if proposal.made_by == actor.name else []
    return html.Article([
        html.Header([html.Strong(f"{proposal.standing.display_name} {proposal.username}"), *chips]),
        html.P(told, className="panel-note"),
        _changes(services, content_of(account), content_of_standing(proposal.standing), t), *own,
        _decision(f"{proposal.username}|{proposal.number}", proposal.made_by == actor.name, t)], className="edit-proposal")


def _is_outdated(proposal: Proposal, account: Account | None) -> bool:
    return proposal.based_on != (NEW if account is None else account.generation)


def _decision(key: str, is_own: bool, t: Words) -> html.Div:
    """The author finds the button shut; the server would refuse him anyway."""
    words = t("people_page.decision_reason")
    remark = html.Div([html.Label(words), dcc.Input(id={"remark": key}, type="text", autoComplete="off",
                                                    className="field edit-input")], className="edit-field edit-reason")
    confirm = html.Button(t("people_page.confirm"), id={"decide": "confirm", "proposal": key}, disabled=is_own,
                          className="button button-main")
    reject = html.Button(t("people_page.reject"), id={"decide": "reject", "proposal": key}, className="button")
    return html.Div([remark, confirm, reject], className="edit-bar")


def password(username: str, secret: str, t: Words) -> html.Div:
    """The only sight of a first password."""
    return html.Div([html.P(t("people_page.new_password", username=username)), html.Code(secret, className="people-secret")],
                    className="people-password")


def history(services: Any, lines: Sequence[Edit], t: Words) -> list[Any]:
    """The change log of accounts, newest first."""
    if not lines:
        return [html.H2(t("people_page.history")), html.P(t("people_page.history_none"), className="case-none")]
    heads = [t(f"people_page.column.{name}") for name in LINES]
    return [html.H2(t("people_page.history")), grid(heads, (_line(services, one, t) for one in lines))]


def _line(services: Any, line: Edit, t: Words) -> html.Tr:
    words = (line.actor_name, line.subject, t(f"config_action.{line.action}"), line.reason or "—")
    return html.Tr([num(stamp(line.at)), *map(html.Td, words), html.Td(_changes(services, line.before, line.after, t))])


def _changes(services: Any, before: Mapping[str, Any], after: Mapping[str, Any], t: Words) -> html.Ul:
    """Field, old → new of everything that reads differently, in the order of the table."""
    found = [(field, _value(services, field, old, t), _value(services, field, new, t))
             for field, old, new in sorted(differences(before, after), key=lambda one: _place(one[0]))]
    lines = [html.Li([html.Span(_label(services, field, t), className="people-field"), html.Span(old, className="edit-old"),
                      " → ", html.Span(new, className="edit-new")]) for field, old, new in found if old != new]
    return html.Ul(lines or [html.Li(t("rules_page.no_difference"))], className="edit-differences")


def _place(field: str) -> int:
    return COLUMNS.index(field) if field in COLUMNS else len(COLUMNS)


def _label(services: Any, field: str, t: Words) -> str:
    if field.startswith("post:"):
        return t("people_page.post", org=unit_name(services, field.removeprefix("post:"), t))
    return t.first(f"people_page.column.{field}", f"people_page.{field}")


def _value(services: Any, field: str, value: Any, t: Words) -> str:
    """A value of an account in words: roles, units and areas by their names."""
    if value is None:
        return "—"
    if field.startswith("post:"):
        return "、".join(value) or "—"
    if field == "roles":
        return "、".join(t(f"role.{role}") for role in value)
    if field == "area":
        return area_name(services, value, t)
    if field == "halls":
        return "、".join(value) or t("people_page.every_hall")
    if field == "org":
        return services.case_queries.org_name(value) if value else "—"
    if field == "is_active":
        return t("people_page.active" if value else "people_page.inactive")
    return t("people_page.password_set") if field == "password" else str(value)
