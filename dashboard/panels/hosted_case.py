"""The page of a hosted case put together: read once, then drawn. Reads queries, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from approval.detail import HostedDetail
from approval.flow import When
from approval.matters import Act
from approval.permitted import is_same_person
from approval.project_days import days_of
from cases.explain import explain
from cases.foretelling import Foretelling
from core.access import Actor
from core.errors import SupervisionError
from core.limits import Unit
from dashboard.limit_words import stated_words
from dashboard.panels import hosted_acts as acts
from dashboard.panels import (
    hosted_correction,
    hosted_facts,
    hosted_flow,
    hosted_history,
    hosted_project,
    hosted_replay,
    hosted_reuse,
    hosted_told,
    work_lists,
)
from dashboard.panels.case_calendar import LEVELS
from dashboard.panels.case_sentence import number
from dashboard.panels.hosted_effects import effects
from dashboard.panels.power_words import act_words, kind_of
from dashboard.words import Words


@dataclass(frozen=True, slots=True)
class CaseRead:
    """A case as the page needs it. `sign` changes with everything that is drawn."""

    before: acts.Before
    area: str
    recorded: Sequence[Any]
    clocks: Sequence[Any]
    as_of: int
    sign: str
    told: Sequence[Any] = ()


def read(services: Any, no: str, actor: Actor) -> CaseRead:
    """Raises NotFound, also for a case of a unit in which the person holds no post."""
    detail = services.approval.queries.find(no, actor)
    area, now = work_lists.area_of(services, detail.head.org), services.clock.now_us()
    case = services.case_queries.find_case(no, now, area)
    parts = ",".join(f"{part.node}:{part.state}" for part in detail.parts)
    kept = f"{len(detail.papers)}/{len(detail.step_papers)}/{len(detail.fees)}/{[bool(one.sha256) for one in detail.payments]}"
    sign = f"{detail.head.rev}/{detail.head.claimed_by}/{kept}/{parts}/{detail.head.light}"
    told = services.notices.queries.of_case(no)
    item = services.approval.desk.item_of(detail.fold, detail.head.item)
    clocks = explain(case, services.areas)
    return CaseRead(acts.Before(detail, item, actor), area, case.events, clocks, case.as_of,
                    f"{sign}/{hosted_told.sign_of(told)}", told)


def nothing(services: Any, actor: Actor, t: Words) -> html.Section:
    """No case was asked for: what this person has in hand leads there."""
    rows = services.approval.queries.work(actor)
    return html.Section([html.H2(t("hosted.choose")),
                         work_lists.table(rows, services, actor, t, t("work.empty.work"))], className="panel")


def head(services: Any, case: CaseRead, t: Words) -> html.Header:
    return hosted_facts.head(case.before.detail, services, case.area, case.as_of, t)


def body(services: Any, case: CaseRead, at: str, actor: Actor, t: Words) -> list[Any]:
    """Flow, project, papers, clocks, history; or, with an instant, the case as it stood then."""
    detail, item = case.before.detail, case.before.item
    if at.isascii() and at.isdigit() and len(at) < 20:
        return hosted_replay.render(services, detail, case.recorded, int(at), actor, t)
    kind, name_of = kind_of(item), hosted_history.name_in(item)
    steps = hosted_flow.with_skipped(
        hosted_flow.steps_of(detail.stations, [one.event for one in case.recorded]), detail.flow)
    flow = hosted_flow.picture(steps, detail.head.claimed_name or detail.head.claimed_by, _notes(case, t), t)
    left: list[Any] = [hosted_correction.render(case.recorded, name_of, kind, t),
            hosted_facts.papers(detail, item, Act.KEEP_FILE in detail.may, t,
                                 services.approval.previews.pages), _reuse(services, detail, item, actor, t),
            hosted_facts.step_papers(detail, item, Act.COMPLETE in detail.may, t, services.approval.previews.pages),
            hosted_facts.fees(detail, item, t, services.approval.previews.pages)]
    today = services.approval.desk.today(case.area, case.as_of)
    right = [hosted_facts.particulars(detail, kind, t), hosted_facts.licences(detail, today, t),
             hosted_facts.receipts(detail, kind, t)]
    history = hosted_history.render(case.recorded, detail.head.case_no, None, name_of, kind, t)
    return [html.Section([html.H2(t("hosted.flow")), flow], className="panel"),
            *([_project(services, detail, t)] if detail.parts else []), *_extension(detail, item, t),
            hosted_facts.clocks(case.clocks, case.as_of, t),
            html.Div([_column(left), _column(right)], className="hosted-halves"),
            hosted_told.render(case.told, t),
            html.Section([html.H2(t("hosted.history")), history], className="panel")]


def _column(sections: list[Any]) -> html.Div:
    return html.Div([one for one in sections if one is not None], className="hosted-column")


def _reuse(services: Any, detail: Any, item: Any, actor: Actor, t: Words) -> html.Section | None:
    """What the applicant gave with other cases, for who may put a file with this one."""
    if item is None or Act.KEEP_FILE not in detail.may:
        return None
    earlier = services.approval.reuse.for_case(detail.head.case_no, actor)
    return hosted_reuse.render(detail, earlier, item.details.materials, services.case_queries.item_name, t)


def _notes(case: CaseRead, t: Words) -> dict[str, str]:
    """Of a step with a limit: what is used of it, else how long it may take. Of one the form leaves out: why. Of an open one
    that several sign: whose signature is not there."""
    detail = case.before.detail
    notes = {step.name: stated_words(step.limit, t) for step in detail.flow.steps if step.limit}
    for clock in case.clocks:
        if clock.kind == "step" and clock.name in notes and clock.days_used is not None:
            notes[clock.name] = t("hosted.step_used", used=number(clock.days_used), n=number(clock.amount))
    notes |= {step.name: _why_skipped(step.when, detail.particulars, t) for step in detail.flow.steps
              if step.when is not None and step.name not in detail.stations}
    if detail.to_sign:
        told = t("hosted.to_sign", posts="、".join(detail.to_sign))
        notes[detail.head.step] = " · ".join(filter(None, (notes.get(detail.head.step), told)))
    return notes


def _why_skipped(when: When, particulars: Mapping[str, Any], t: Words) -> str:
    """投资额 5，满 100000 才办: by what the form said."""
    labels, given = particulars.get("form", {}), particulars["fields"]
    named = {"field": labels.get(when.field, when.field), "value": given.get(when.field, "")}
    if when.one_of:
        return t("hosted.skipped_but_for", values="、".join(when.one_of), **named)
    return t("hosted.skipped_below", least=number(when.at_least or 0), **named)


def _extension(detail: Any, item: Any, t: Words) -> list[html.Section]:
    """What was asked for and what became of it."""
    asked = detail.extension
    if asked is None:
        return []
    unit = Unit.WORKING_DAY if item is None or item.promised is None else item.promised.unit
    words = t(f"hosted.extension.{asked['state']}", days=t(f"limit.{unit}", n=asked["days"]), reason=asked["reason"],
              words=asked["decided_words"] or "—")
    return [html.Section(html.P(words), className="panel hosted-extension")]


def _project(services: Any, detail: Any, t: Words) -> html.Section:
    names = {part.node: (services.case_queries.org_name(part.org), services.case_queries.item_name(part.item))
             for part in detail.parts}
    return hosted_project.picture(detail, names, {part.node: _part_clock(services, part) for part in detail.parts}, t)


def _part_clock(services: Any, part: Any) -> hosted_project.PartClock:
    days = days_of(part, services.catalogue, services.case_queries, services.areas, services.clock.now_us())
    return hosted_project.PartClock(days.used, days.amount, "none" if days.level is None else LEVELS[days.level])


def act_buttons(case: CaseRead, may: Sequence[str], chosen: str, t: Words) -> list[Any]:
    """Exactly what may be done now; where nothing may, why not."""
    detail, me = case.before.detail, case.before.actor.name
    links = [dcc.Link(act_words(act, kind_of(case.before.item), t), href=f"?no={detail.head.case_no}&act={act}", refresh=False,
                      className=f"act-link{' is-chosen' if act == chosen else ''}{' is-grave' if act in acts.GRAVE else ''}")
             for act in may]
    told = []
    if detail.head.claimed_by not in ("", me):
        told.append(t("hosted.others", who=detail.head.claimed_name or detail.head.claimed_by))
    if is_same_person(detail, case.before.actor):
        told.append(t("hosted.did_before"))
    told += _signed(detail, me, t)
    if not may:
        told.append(t("hosted.no_act"))
    return [html.H2(t("hosted.acts")), html.Nav(links, className="act-links", **{"aria-label": t("hosted.acts")}),
            *(html.P(words, className="panel-note") for words in told)]


def _signed(detail: HostedDetail, me: str, t: Words) -> list[str]:
    """Of a step that several sign: that this person, or another of his post, has done so."""
    posts = "、".join(detail.to_sign)
    if me in {one["username"] for one in detail.signed}:
        return [t("hosted.you_signed", posts=posts)]
    others = [one["display_name"] or one["username"] for one in detail.signed if one["post"] in detail.held_posts]
    if others and not set(detail.held_posts) & set(detail.to_sign):
        return [t("hosted.post_signed", who="、".join(others), posts=posts)]
    return []


def colleagues(services: Any, case: CaseRead, actor: Actor) -> list[acts.Option]:
    """Who else holds the posts of the open step."""
    detail = case.before.detail
    posts = detail.flow.find(detail.head.step).entitled if detail.head.step else ()
    found = ((name, services.accounts.actor_of(name)) for name in services.approval.posts.holders(detail.head.org, posts))
    return [(name, person.display_name or name) for name, person in found if person is not None and name != actor.name]


def effect(services: Any, actor: Actor, no: str, act: str, values: Mapping[str, Any], t: Words) -> list[html.P]:
    """What an act will do, for the form that is open; nothing for a case that cannot be read any more."""
    try:
        case = read(services, no, actor)
    except SupervisionError:
        return []
    detail = case.before.detail
    ahead = Foretelling(detail.fold, services.areas, services.catalogue, case.as_of)
    told = effects(act, values, detail, case.clocks, case.before.item, ahead, t)
    return [html.P(words) for words in told]
