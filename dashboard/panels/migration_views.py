"""What the page of migrations shows: the versions to choose, steps, cases of a preview, plans. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html

from approval.migration_preview import Foreseen, MigrationPlan, PlanState
from core.access import Actor, Role
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

LEFT_OUT_SHOWN = 20
OFFERED = {PlanState.PROPOSED: ("confirm", "reject"), PlanState.CONFIRMED: ("carry_out",)}


def choice(items: Sequence[tuple[str, str]], item: str, numbers: Sequence[int], before: int, after: int, t: Words) -> html.Div:
    """Which of the items (code, name), from which version to which."""
    known: Any = [{"label": f"{name} {code}", "value": code} for code, name in items]
    versions: Any = [{"label": t("rules_page.version", n=number) if number else t("rules_page.shipped"), "value": number}
                     for number in numbers]
    return html.Div([_field("item", dcc.Dropdown(id={"choose": "item"}, options=known, value=item, clearable=False,
                                                 className="edit-choice", labels=dropdown_words(t)), t),
                     *(_field(name, dcc.Dropdown(id={"choose": name}, options=versions, value=value, clearable=False,
                                                 searchable=False, className="edit-choice", labels=dropdown_words(t)), t)
                       for name, value in (("from", before), ("to", after)))], className="edit-fields")


def steps(old: Any, new: Any, t: Words) -> list[Any]:
    """For every step of the old flow which of the new one it becomes; a step of the same name is proposed."""
    options: Any = [{"label": name, "value": name} for name in new.steps[1:-1]]
    return [html.Div([html.Label(t("migration_page.step_becomes", step=step)),
                      dcc.Dropdown(id={"step": step}, options=options, value=step if step in new.steps[1:-1] else None,
                                   searchable=False, placeholder="—", className="edit-choice",
                                   labels=dropdown_words(t))], className="edit-field")
            for step in old.steps[1:-1]]


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"migration_page.{name}")), control], className="edit-field")


def cases(found: Sequence[Foreseen], t: Words) -> Any:
    """A line per running case: where it stands and would stand, its due dates, cards, or why it stays."""
    if not found:
        return html.P(t("migration_page.no_cases"), className="case-none")
    heads = [t(f"migration_page.column.{name}") for name in ("case", "step", "due", "cards", "what")]
    return grid(heads, [_case(one, t) for one in found])


def _case(one: Foreseen, t: Words) -> html.Tr:
    step = f"{one.step_before or t(f'state.{one.state}')} → {one.step_after or t(f'state.{one.state}')}"
    due = "—" if one.why else " → ".join(map(stamp, (one.due_before, one.due_after)))
    cards = [html.Li(t(f"migration_page.{kind}", clock=t.first(f"clock.{clock}", "case.clock.plain", name=clock),
                       rung=t.first(f"level.{rung}", "case.clock.plain", name=rung)))
             for kind, listed in (("raises", one.raised), ("drops", one.dropped)) for clock, rung in listed]
    return html.Tr([html.Td([html.A(one.case_no, href=f"/hosted/?no={one.case_no}"), html.Small(f" {one.title}")]),
                    html.Td(step), num(due), html.Td(html.Ul(cards) if cards else "—"),
                    html.Td(_why(one.why, one.detail, t) if one.why else t("migration_page.moves"))],
                   className="is-left-out" if one.why else "")


def _why(code: str, detail: str, t: Words) -> str:
    """Why a case stays; a fault it would be given by its name."""
    named = t.first(f"violation.{detail}", "case.clock.plain", name=detail) if code == "faults" else detail
    return t.first(f"migration_why.{code}", f"error.{code}", "migration_why.other", detail=named, case_no="", rev="", code=code)


def plans(known: Sequence[MigrationPlan], name_of: Callable[[str], str], actor: Actor, needs_two: bool, t: Words) -> list[Any]:
    """The plans, the newest first, each with what may be done about it and what became of its cases."""
    drawn = [_plan(plan, name_of, actor, needs_two, t) for plan in known]
    return [html.H2(t("migration_page.plans")), *(drawn or [html.P(t("migration_page.plans_none"), className="case-none")])]


def _plan(plan: MigrationPlan, name_of: Callable[[str], str], actor: Actor, needs_two: bool, t: Words) -> html.Article:
    is_own = plan.made_by == actor.name and needs_two
    buttons = [html.Button(t(f"migration_page.do.{act}"), id={"plan": plan.id, "do": act},
                           disabled=not actor.has(Role.ADMINISTRATOR) or (act == "confirm" and is_own),
                           className=f"button{'' if act == 'reject' else ' button-main'}")
               for act in OFFERED.get(plan.state, ())]
    head = html.Header([html.Strong(f"{plan.id} · {name_of(plan.item)}"),
                        html.Span(t(f"migration_page.state.{plan.state.value}"), className="chip")])
    told = t("migration_page.planned", who=plan.made_by, at=stamp(plan.made_at), cases=len(plan.cases),
             before=plan.from_version, after=plan.to_version, reason=plan.reason)
    return html.Article([head, html.P(told, className="panel-note"), *_outcome(plan, t),
                         html.Div(buttons, className="repair-buttons")], className="edit-proposal")


def _outcome(plan: MigrationPlan, t: Words) -> list[Any]:
    if plan.state is not PlanState.DONE:
        return []
    left = plan.left_out
    lines = [html.Li([html.A(case_no, href=f"/hosted/?no={case_no}"), f" {_why(*why, t)}"])
             for case_no, why in list(left.items())[:LEFT_OUT_SHOWN]]
    return [html.P(t("migration_page.outcome", moved=len(plan.cases) - len(left), left=len(left))), html.Ul(lines)]
