"""补正: what the applicant was asked for and what he answered, before whoever decides on the case. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from cases.events import EventKind
from dashboard.panels.hosted_history import PaperName, details, title, who
from dashboard.times import stamp
from dashboard.words import Words

KINDS = (EventKind.CORRECTION_NOTIFIED, EventKind.CORRECTION_RECEIVED)


def render(recorded: Sequence[Any], name_of: PaperName, power: str, t: Words) -> html.Section | None:
    """Notice and answer, as the journal has them; None for a case without."""
    told = [one.event for one in recorded if one.event.kind in KINDS]
    if not told:
        return None
    return html.Section([html.H2(t("hosted.correction")), *(_part(event, name_of, power, t) for event in told)],
                        className="panel", id="hosted-correction")


def _part(event: Any, name_of: PaperName, power: str, t: Words) -> html.Div:
    head = html.P([html.Strong(title(event, power, t)), " ",
                   html.Span(f"{stamp(event.claimed_at, event.utc_offset)} · {who(event, t)}", className="paper-note num")])
    return html.Div([head, *(html.P(words) for words in details(event, name_of, power, t))])
