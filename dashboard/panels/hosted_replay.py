"""回放: the case as it stood at an instant, from what had been recorded by then; and the way through its instants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from approval.detail import HostedDetail
from approval.flow import Flow, flow_of
from cases.events import CaseEvent
from core.access import Actor
from dashboard.panels import hosted_flow, hosted_history
from dashboard.panels.power_words import kind_of
from dashboard.times import stamp
from dashboard.words import Words


def instants(recorded: Sequence[Any]) -> list[int]:
    """When something was recorded, oldest first, each once."""
    return sorted({one.received_at for one in recorded})


def render(services: Any, detail: HostedDetail, recorded: Sequence[Any], at: int, actor: Actor, t: Words) -> list[Any]:
    """The banner with the way to the instants before and after, the flow and the events as they stood. Raises NotFound."""
    case_no = detail.head.case_no
    fold, events = services.approval.queries.as_it_stood(case_no, at, actor)
    known = {(event.source, event.source_event_id) for event in events}
    before = [one for one in recorded if one.received_at <= at and (one.event.source, one.event.source_event_id) in known]
    item = services.approval.desk.item_of(detail.fold, detail.head.item)
    flow = hosted_flow.picture(_steps(_flow(services, detail, fold), detail, events), "", {}, t)
    return [_banner(case_no, instants(recorded), at, fold, t),
            html.Section([html.H2(t("hosted.flow")), flow], className="panel"),
            html.Section([html.H2(t("hosted.history")),
                          hosted_history.render(before, case_no, at, hosted_history.name_in(item), kind_of(item), t)],
                         className="panel")]


def _steps(flow: Flow, detail: HostedDetail, events: Sequence[CaseEvent]) -> list[hosted_flow.StepSeen]:
    on_the_way = hosted_flow.steps_of(flow.stations(detail.particulars["fields"]), events)
    return hosted_flow.with_skipped(on_the_way, flow)


def _flow(services: Any, detail: HostedDetail, fold: Any) -> Flow:
    """The way as it was then: before a migration, by the version of that time."""
    if fold.pinned == detail.fold.pinned:
        return detail.flow
    return flow_of(services.approval.desk.item_of(fold, detail.head.item))


def _banner(case_no: str, known: Sequence[int], at: int, fold: Any, t: Words) -> html.Section:
    earlier = [one for one in known if one < at]
    later = [one for one in known if one > at]
    place = len(known) - len(later)
    dots = [dcc.Link(html.Span(stamp(one), className="visually-hidden"), href=f"?no={case_no}&at={one}", refresh=False,
                     title=stamp(one, seconds=True), className="then-dot" + (" is-past" if one <= at else "")
                     + (" is-here" if one == at else "")) for one in known]
    return html.Section([
        html.Div([html.Span(t("hosted.then.words"), className="chip chip-acked"), html.Strong(stamp(at, seconds=True),
                                                                                              className="num"),
                  html.Span(t(f"state.{fold.state.value}"), className="hosted-state"),
                  html.Span(t("hosted.then.place", n=place, all=len(known)), className="num")], className="then-head"),
        html.Div([_step(case_no, earlier[-1] if earlier else None, t("hosted.then.before")),
                  html.Div(dots, className="then-dots"),
                  _step(case_no, later[0] if later else None, t("hosted.then.after")),
                  dcc.Link(t("hosted.then.now"), href=f"?no={case_no}", refresh=False, className="button button-main")],
                 className="then-way")], className="panel then")


def _step(case_no: str, at: int | None, words: str) -> Any:
    if at is None:
        return html.Button(words, disabled=True, className="button")
    return dcc.Link(words, href=f"?no={case_no}&at={at}", refresh=False, className="button")
