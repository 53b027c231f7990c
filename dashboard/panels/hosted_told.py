"""通知申请人: of what the applicant was told, when, by which way and whether it arrived; and why not. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from alerts.notices.queries import NoticeView
from alerts.notices.words import NoticeState
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

HEADS = ("when", "what", "channel", "to", "state")


def render(told: Sequence[NoticeView], t: Words) -> html.Section:
    """The newest first; an address with its middle covered."""
    body = grid([t(f"hosted.told.{head}") for head in HEADS], (_row(one, t) for one in reversed(told))) if told else \
        html.P(t("hosted.told.none"), className="case-none")
    return html.Section([html.H2(t("hosted.told.title")), body], className="panel", id="hosted-told")


def sign_of(told: Sequence[NoticeView]) -> str:
    """Changes with everything that is drawn here."""
    return "".join(f"{one.id}{one.state}{one.claims}" for one in told)


def _row(one: NoticeView, t: Words) -> html.Tr:
    state = [html.Strong(t(f"notice.state.{one.state}"), className=f"notice-state notice-{one.state}")]
    why = {NoticeState.WITHHELD: t(f"notice.reason.{one.reason}"), NoticeState.SENT: stamp(one.ended_at)}.get(
        NoticeState(one.state), " ".join(filter(None, (t("hosted.told.tries", n=one.claims) if one.claims else "", one.error))))
    return html.Tr([num(stamp(one.created_at)), html.Td(t(f"notice.what.{one.what}")),
                    html.Td(t(f"notice.channel.{one.channel}") if one.address else "—"), num(one.address or "—"),
                    html.Td([*state, " ", html.Span(why, className="event-detail")])])
