"""The way of a case as a picture: its steps in a line, each done, open, withdrawn or to come, with who and when. Pure.

Read from the events alone, so that the same picture shows the case as it stood at any instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from dash import html

from approval.flow import Flow
from cases.events import CaseEvent, EventKind
from dashboard.times import stamp
from dashboard.words import Words

STOPPED = {EventKind.SPECIAL_STARTED: True, EventKind.SPECIAL_ENDED: False, EventKind.HELD: True, EventKind.RELEASED: False}
WITHDRAWING = frozenset({EventKind.ROLLED_BACK, EventKind.REOPENED, EventKind.MIGRATED})  # from the step they name on
GIVEN_UP = frozenset({EventKind.NOT_ACCEPTED, EventKind.WITHDRAWN, EventKind.RETURNED, EventKind.VOIDED})
SIGNS = {"done": "✓", "open": "●", "stopped": "‖", "waiting": "", "left": "×", "skipped": "–"}


@dataclass(slots=True)
class StepSeen:
    """A step as it stands: `state` is done, open, stopped, waiting, left when the case was given up before it, or skipped when
    the form of the application leaves it out. `signed` are those who have signed what several sign together."""

    name: str
    state: str = "waiting"
    who: str = ""
    at: int | None = None
    signed: list[tuple[str, int]] = field(default_factory=list)  # who, when
    withdrawn: list[tuple[str, int]] = field(default_factory=list)  # who had done it, when

    def take_back(self) -> None:
        if self.state == "done" and self.at is not None:
            self.withdrawn.append((self.who, self.at))
        else:
            self.withdrawn += self.signed
        self.state, self.who, self.at, self.signed = "waiting", "", None, []


def steps_of(stations: Sequence[str], events: Iterable[CaseEvent]) -> list[StepSeen]:
    """What the events say of every step on the way, 受理 and 办结 included."""
    steps = [StepSeen(name) for name in stations]
    places = {step.name: place for place, step in enumerate(steps)}
    is_stopped, is_given_up = False, False
    for event in renamed(events):
        is_stopped = STOPPED.get(event.kind, is_stopped)
        is_given_up = is_given_up or event.kind in GIVEN_UP
        if event.kind is EventKind.ACCEPTED:
            _do(steps[0], event)
        elif event.kind is EventKind.STEP and event.step in places:
            _do(steps[places[event.step]], event)
        elif event.kind is EventKind.COUNTERSIGNED and event.step in places:
            steps[places[event.step]].signed.append((name_only(event.actor or ""), event.claimed_at))
        elif event.kind is EventKind.CONCLUDED:
            _do(steps[-1], event)
        elif event.kind in WITHDRAWING and event.step in places:
            for step in steps[places[event.step]:]:
                step.take_back()
    _mark_open(steps, is_stopped, is_given_up)
    return steps


def renamed(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    """The events with the steps before a migration by the names they have since."""
    told: list[CaseEvent] = []
    for event in events:
        names = event.data.renamed if event.kind is EventKind.MIGRATED else None
        if names:
            told = [msgspec.structs.replace(one, step=names.get(one.step, one.step)) if one.step else one for one in told]
        told.append(event)
    return told


def _do(step: StepSeen, event: CaseEvent) -> None:
    who = "、".join([*(name for name, _ in step.signed), name_only(event.actor or "")])
    step.state, step.who, step.at = "done", who, event.claimed_at


def with_skipped(steps: Sequence[StepSeen], flow: Flow) -> list[StepSeen]:
    """The steps on the way, and between them those of the flow that the application leaves out."""
    seen = {step.name: step for step in steps}
    return [seen.get(step.name) or StepSeen(step.name, "skipped") for step in flow.steps]


def _mark_open(steps: Sequence[StepSeen], is_stopped: bool, is_given_up: bool) -> None:
    following = next((step for step in steps if step.state != "done"), None)
    if following is None:
        return
    if is_given_up:
        for step in steps:
            step.state = "done" if step.state == "done" else "left"
        return
    following.state = "stopped" if is_stopped else "open"


def name_only(actor: str) -> str:
    """何静 of `何静 he`: the journal names accounts beside names."""
    shown, _, account = actor.rpartition(" ")
    return shown if shown and account.isascii() else actor


def picture(steps: Sequence[StepSeen], holder: str, notes: Mapping[str, str], t: Words) -> html.Ol:
    """`holder` has the open step; `notes` say of a step what its limit is or has left."""
    return html.Ol([_box(step, holder, notes.get(step.name, ""), t) for step in steps], className="flow",
                   **{"aria-label": t("hosted.flow")})


def _box(step: StepSeen, holder: str, note: str, t: Words) -> html.Li:
    is_open = step.state in ("open", "stopped")
    who = (holder or "、".join(name for name, _ in step.signed) or t("hosted.nobody")) if is_open else step.who
    told = [html.Strong(step.name), html.Span(t(f"hosted.step.{step.state}"), className="flow-state"),
            html.Span(who, className="flow-who"),
            html.Span(stamp(step.at)[5:] if step.at is not None else "", className="flow-at num")]
    if note:
        told.append(html.Span(note, className="flow-note"))
    told += [html.Span(t("hosted.withdrawn", who=name, at=stamp(at)[5:]), className="flow-withdrawn")
             for name, at in step.withdrawn]
    current = {"aria-current": "step"} if is_open else {}
    return html.Li([html.Span(SIGNS[step.state], className="flow-sign", **{"aria-hidden": "true"}),
                    html.Div(told, className="flow-words")], className=f"flow-step flow-{step.state}", **current)
