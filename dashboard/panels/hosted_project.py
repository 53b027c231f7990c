"""A project as one picture: its stages side by side, a box for every part, what it waits for, and the longest way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dash import html

from approval import project_days
from approval.detail import HostedDetail, PartSeen
from dashboard.panels.case_sentence import number
from dashboard.words import Words

SIGNS = {"done": "✓", "open": "●", "waiting": "…", "refused": "✕", "void": "!", "left_out": "–"}


@dataclass(frozen=True, slots=True)
class PartClock:
    """The promise of a part: working days used and allowed, its level; and the step its case stands at."""

    used: float | None = None
    amount: float = 0.0
    level: str = "none"
    step: str = ""


def picture(detail: HostedDetail, names: Mapping[str, tuple[str, str]], clocks: Mapping[str, PartClock],
            t: Words) -> html.Section:
    """`names` gives (unit, item) of a node."""
    critical = critical_way(detail.parts, clocks)
    columns = [html.Li([html.H3(t("hosted.project.stage", stage=stage) if stage.isdigit() else stage),
                        html.Ul([_box(part, names[part.node], clocks.get(part.node, PartClock()), part.node in critical, t)
                                 for part in parts], className="project-parts")], className="project-stage")
               for stage, parts in _by_stage(detail.parts).items()]
    done = sum(part.state in ("done", "refused") for part in detail.parts)
    way = html.P([html.Span(t("hosted.project.critical"), className="chip chip-acked"), " ",
                  html.Span(" → ".join(critical))], className="project-way")
    return html.Section([html.H2(t("hosted.project.title", done=done, all=len(detail.parts))), *_held(detail, t), way,
                         html.Ol(columns, className="project")], className="panel")


def _held(detail: HostedDetail, t: Words) -> list[html.P]:
    """What keeps the project from being joined, or from being granted, and what to do about it."""
    found = {state: "、".join(part.node for part in detail.parts if part.state == state) for state in ("void", "refused")}
    return [html.P(t(f"hosted.project.held_{state}", nodes=nodes), className=f"project-held held-{state}", role="note")
            for state, nodes in found.items() if nodes]


def _by_stage(parts: Sequence[PartSeen]) -> dict[str, list[PartSeen]]:
    """In the order in which the first part of each may begin."""
    stages: dict[str, list[PartSeen]] = {}
    for part in parts:
        stages.setdefault(part.stage, []).append(part)
    return stages


def critical_way(parts: Sequence[PartSeen], clocks: Mapping[str, PartClock]) -> list[str]:
    """The chain of parts that decides when the project is through."""
    return project_days.critical_way(parts, {node: clock.amount for node, clock in clocks.items()})


def _box(part: PartSeen, names: tuple[str, str], clock: PartClock, is_critical: bool, t: Words) -> html.Li:
    unit, item = names
    name = html.A(item, href=f"/hosted/?no={part.case_no}") if part.case_no else html.Span(item)
    chips = [html.Span(t("hosted.project.on_the_way"), className="chip chip-acked")] if is_critical else []
    chips += [html.Span(t("hosted.project.silent"), className="chip")] if part.silent else []
    told = [html.Strong(part.node, className="part-node"), html.Span(unit, className="part-unit"), name, _state(part, clock, t)]
    if part.after:
        told.append(html.Span(t("hosted.project.after", nodes="、".join(part.after)), className="part-after"))
    look = f"part part-{part.state} part-level-{clock.level}{' is-critical' if is_critical else ''}"
    return html.Li([html.Span(SIGNS.get(part.state, ""), className="flow-sign", **{"aria-hidden": "true"}),
                    html.Div([*told, html.Div(chips, className="part-chips") if chips else None])], className=look)


def _state(part: PartSeen, clock: PartClock, t: Words) -> html.Span:
    state = t(f"hosted.project.state.{part.state}")
    step = f" · {clock.step}" if clock.step else ""
    if clock.used is None:
        days = t("hosted.project.promised", n=number(clock.amount)) if clock.amount else ""
    else:
        days = t("hosted.project.used", used=number(clock.used), n=number(clock.amount))
    return html.Span([html.B(state), step, html.Span(days, className="part-days num")], className="part-state")
