"""The form of a subscription, the list of those there are, and what became of what was sent to them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.webhooks.addresses import URL_MAX
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.queries import Delivery, Subscription
from evaluation.webhooks.service import NAME_MAX, SECRET_MAX

HEADS = ("head_name", "head_what", "head_state", "head_do")
DELIVERY_HEADS = ("head_number", "head_event", "head_to", "head_outcome", "head_reason", "head_do")
Names = Mapping[str, str]


def event_name(kind: str, t: Words) -> str:
    """A type as people call it; one of another version by its own name."""
    return t.first(f"webhook_event.{kind.replace('.', '_')}", "webhooks_page.other_event", type=kind)


def form(areas: Names, t: Words) -> html.Div:
    """`areas` are those the administrator may choose; whoever is bound to one has it alone."""
    kinds = [{"label": event_name(kind, t), "value": kind.value} for kind in EventType]
    fields = [_field("name", _text("name", NAME_MAX), t), _field("url", _text("url", URL_MAX, placeholder="https://"), t),
              _field("types", _choice("types", kinds, t, multi=True, value=[kind.value for kind in EventType]), t),
              _field("area", _choice("area", [{"label": name, "value": code} for code, name in areas.items()], t,
                                     placeholder=t("webhooks_page.every_area")), t),
              _field("secret", _text("secret", SECRET_MAX, placeholder=t("webhooks_page.random")), t)]
    add = html.Button(t("webhooks_page.add"), id="webhooks-add", className="button button-main")
    said = html.Span(id="webhooks-said", className="feeds-said", role="status")
    return html.Div([html.Div(fields, className="exports-fields webhooks-fields"),
                     html.Div([add, said], className="act-buttons")])


def secret_words(number: int, secret: str, t: Words) -> html.Div:
    """Shown once, to be taken over by the receiver."""
    return html.Div([html.Span(t("webhooks_page.added", number=number)), html.Code(secret, className="webhooks-secret")])


def subscriptions(rows: Sequence[Subscription], areas: Names, t: Words) -> Any:
    """Every subscription with what can be done to it."""
    if not rows:
        return html.P(t("webhooks_page.no_subscriptions"), className="case-none")
    return grid([t(f"webhooks_page.{head}") for head in HEADS], (_subscription(row, areas, t) for row in rows), "webhooks-grid")


def _subscription(row: Subscription, areas: Names, t: Words) -> html.Tr:
    what = [html.Div("、".join(event_name(kind, t) for kind in row.types)),
            html.Div(areas.get(row.area, row.area) if row.area else t("webhooks_page.every_area"), className="panel-note")]
    state = [html.Span(t(f"webhooks_page.{'on' if row.enabled else 'off'}"),
                       className=f"chip webhook-{'sent' if row.enabled else 'cancelled'}"),
             html.Div(t("webhooks_page.counts", waiting=row.waiting, dead=row.dead, sent=stamp(row.sent_at)),
                      className="panel-note")]
    name = [html.Strong(row.name), html.Div(row.url, className="num webhooks-url"),
            html.Div(t("webhooks_page.by", name=row.created_by, at=stamp(row.created_at)), className="panel-note")]
    buttons = [_button("test", row.id, t), _button("disable", row.id, t)] if row.enabled else [_button("enable", row.id, t)]
    return html.Tr([html.Td(name), html.Td(what), html.Td(state), html.Td(html.Div(buttons, className="act-buttons"))],
                   id=f"webhook-{row.id}")


def deliveries(rows: Sequence[Delivery], t: Words) -> Any:
    """The newest first, each with what the last attempt came to; dead ones can be sent again or given up."""
    if not rows:
        return html.P(t("webhooks_page.no_deliveries"), className="case-none")
    return grid([t(f"webhooks_page.{head}") for head in DELIVERY_HEADS], (_delivery(row, t) for row in rows), "webhooks-grid")


def _delivery(row: Delivery, t: Words) -> html.Tr:
    event = [html.Div(event_name(row.type, t)), html.Div(f"{row.subject} · {stamp(row.event_at)}", className="panel-note num")]
    state = [html.Span(t(f"webhook_state.{row.state}"), className=f"chip webhook-{row.state}")]
    if row.state == "queued" and row.attempts:
        state.append(html.Div(t("webhooks_page.again_at", at=stamp(row.next_at, seconds=True)), className="panel-note num"))
    elif row.ended_at is not None:
        state.append(html.Div(stamp(row.ended_at, seconds=True), className="panel-note num"))
    reason = [html.Div(reason_words(row, t))]
    if row.attempts:
        reason.append(html.Div(t("webhooks_page.attempts", n=row.attempts), className="panel-note"))
    buttons = [_button("retry", row.id, t), _button("give_up", row.id, t)] if row.state == "dead" else []
    return html.Tr([num(str(row.id)), html.Td(event), html.Td(row.name), html.Td(state), html.Td(reason),
                    html.Td(html.Div(buttons, className="act-buttons"))], id=f"webhook-delivery-{row.id}")


def reason_words(row: Delivery, t: Words) -> str:
    """What the last attempt came to, in words where it is one of ours, else as the network says it."""
    told = {"2xx": "taken", "sandbox": "sandbox", "disabled": "was_disabled", "seal_broken": "seal_broken",
            "sender_died": "sender_died"}.get(row.detail)
    if told is not None:
        return t(f"webhook_reason.{told}")
    begins = (("address not allowed", "address"), ("name not found", "name"), ("TimeoutError", "timeout"),
              ("HTTP 3", "redirect"), ("HTTP ", "status"))
    words = next((words for begin, words in begins if row.detail.startswith(begin)), "other")
    return t(f"webhook_reason.{words}", detail=row.detail) if row.detail else "—"


def _button(what: str, number: int, t: Words) -> html.Button:
    return html.Button(t(f"webhooks_page.{what}"), id={"webhook": what, "number": number}, className="button")


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"webhooks_page.{name}"), htmlFor=f"webhooks-{name}"), control], className="edit-field")


def _text(name: str, most: int, **more: Any) -> dcc.Input:
    return dcc.Input(id=f"webhooks-{name}", **{"type": "text", "autoComplete": "off", "maxLength": most, "value": "",
                                               "className": "field edit-input", **more})


def _choice(name: str, options: Sequence[Any], t: Words, **more: Any) -> dcc.Dropdown:
    return dcc.Dropdown(id=f"webhooks-{name}", options=list(options), searchable=False, className="edit-choice",
                        labels=dropdown_words(t), **{"multi": False, "placeholder": "", "value": None, **more})
