"""What is known of a case: its head, its facts, and its record of events with both times. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from core.access import Actor, Role
from core.instants import HOUR_US
from dashboard.panels.marks import mark
from dashboard.panels.tables import facts, grid, num
from dashboard.times import BEIJING_MIN, span_text, stamp
from dashboard.words import Words

# Who handles or inspects the case needs the applicant's name; who watches the time does not.
SEES_APPLICANT = (Role.INSPECTOR, Role.DEPARTMENT_USER)
LEVEL_LIGHTS = ("red", "yellow", "warning")
NOTABLE_GAP_US = 24 * HOUR_US
_SHORT_NAME = 4


def masked(name: str) -> str:
    """王小明 → 王**; a company keeps its first two and last two characters."""
    if len(name) <= _SHORT_NAME:
        return name[:1] + "*" * (len(name) - 1)
    return f"{name[:2]}***{name[-2:]}"


def render(case: Any, actor: Actor, t: Words) -> html.Aside:
    """Left column of the case page."""
    return html.Aside([_head(case, actor, t), _facts(case, actor, t), _violations(case, t)], className="panel case-facts")


def _head(case: Any, actor: Actor, t: Words) -> html.Header:
    light = mark(case.light, t) if case.light in LEVEL_LIGHTS else html.Span(className=f"light-dot light-{case.light}")
    words = html.Div([html.Span(t(f"light.{case.light}"), className=f"light-words words-{case.light}"),
                      html.Span(t(f"state.{case.state}"), className="chip")], className="case-light-words")
    name = html.H1(case.item_name or _title(case, actor) or case.case_no)
    return html.Header([html.Div([light, words], className="case-light"), name,
                        html.P(case.case_no, className="case-number num")])


def _facts(case: Any, actor: Actor, t: Words) -> html.Dl:
    rows = [("org", case.org_name), ("title", _title(case, actor)), ("applicant", _applicant(case, actor, t)),
            ("area", case.area), ("opened_at", _written(case.fold.accepted)),
            ("closed_at", _written(case.fold.closed) if case.fold.closed is not None else "")]
    return facts((t(f"case.fact.{name}"), value) for name, value in rows)


def _written(moment: Any) -> str:
    """On the wall clock of the source, as its clocks and events are shown."""
    return stamp(None) if moment is None else stamp(moment.at, moment.utc_offset)


def _applicant(case: Any, actor: Actor, t: Words) -> Any:
    if not case.applicant:
        return ""
    if actor.has(*SEES_APPLICANT):
        return case.applicant
    return [masked(case.applicant), html.Span(t("case.masked"), className="facts-note")]


def _title(case: Any, actor: Actor) -> str:
    """Titles often begin with the applicant's name, which is hidden there too."""
    if not case.applicant or actor.has(*SEES_APPLICANT):
        return str(case.title)
    return str(case.title).replace(case.applicant, masked(case.applicant))


def _violations(case: Any, t: Words) -> html.Section | None:
    """Faults with what they are about, then what the state chart noted and no fault stands for."""
    faults = [(fault.code, _about(fault, t), fault.at) for fault in case.faults]
    told = {code for code, _, _ in faults}
    shown = [*faults, *[(code, "", at) for code, at in case.violations if code not in told]]
    if not shown:
        return None
    lines = [html.Li([html.Strong(t(f"violation.{code}")), html.Span(about), html.Span(stamp(at), className="num")])
             for code, about, at in sorted(shown, key=lambda one: one[2])]
    return html.Section([html.H3(t("case.violations")), html.Ul(lines)], className="case-violations")


def _about(fault: Any, t: Words) -> str:
    """What it is about; of data that came late how many they are and the worst delay, as the table of events shows each."""
    if not fault.late:
        return t.subject(fault.about)
    return t("case.late", n=len(fault.late), span=span_text(max(event.delay for event in fault.late), t))


def events(case: Any, actor: Actor, t: Words) -> html.Section:
    """Claimed and received time side by side; most cheating shows in the difference."""
    heads = [t(f"case.events.{name}") for name in ("kind", "claimed", "received", "gap", "who", "source")]
    table = grid(heads, (_event(recorded, _who(recorded.event, case, actor), t) for recorded in case.events), "events-table")
    note = html.P(t("case.events.note"), className="panel-note")
    return html.Section([html.H2(t("case.events.title")), note, table], className="panel")


def _who(event: Any, case: Any, actor: Actor) -> str:
    """The applicant himself may have acted; then his name is hidden here as above."""
    hides = event.actor and event.actor == case.applicant and not actor.has(*SEES_APPLICANT)
    return " ".join(filter(None, (masked(event.actor) if hides else event.actor, event.station)))


def _event(recorded: Any, who: str, t: Words) -> html.Tr:
    event, gap = recorded.event, recorded.received_at - recorded.event.claimed_at
    name = [html.Strong(t(f"event_kind.{event.kind.value}")), html.Span(_detail(event, t), className="event-detail")]
    return html.Tr([
        html.Td(name), num(stamp(event.claimed_at, event.utc_offset, seconds=True)),
        num(stamp(recorded.received_at, BEIJING_MIN, seconds=True)),
        html.Td(_gap(gap, t), className="num is-notable" if _is_notable(gap) else "num"), html.Td(who or "—"),
        html.Td(event.source)])


def _detail(event: Any, t: Words) -> str:
    special = event.data.special_kind
    if special:
        return t.first(f"special_kind.{special}", "case.clock.plain", name=special)
    return str(event.step or event.data.reason or "")


def _is_notable(gap: int) -> bool:
    return gap < 0 or gap > NOTABLE_GAP_US


def _gap(gap: int, t: Words) -> str:
    if gap < 0:
        return t("case.events.future")
    return t("case.events.late_entry", span=span_text(gap, t)) if _is_notable(gap) else span_text(gap, t)
