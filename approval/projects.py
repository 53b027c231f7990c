"""并联审批: one submission, many units at once, each with its own clock; what must wait waits, and silence is consent.

A project is a hosted case of a joint item. Its dispatch (分发) opens a case of its own for every part that waits for nothing;
a part that is through opens what waited for it; when all are through, the join (会审) is done and the project goes on. A part
may be reopened in one act: what rested on it is withdrawn with it, in the parts that waited for it and in the project itself.
So no project is decided while a part is open, which is where flow engines fail when a step is taken back behind a join.

How a part ended counts. One that came to nothing (作废, 撤回, 退件) answers nothing: the join is held until the lead unit
begins it anew or leaves it out. One that was refused (不予) has answered: what waited for it never begins, and a project with
one cannot be granted; the decision names it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, func, insert, select, text, update

from approval.desk import Desk, Hosted
from approval.detail import LicenceState
from approval.ending import Ending
from approval.flow import DISPATCH, JOIN, Part, check_plan, dependents, flow_of, ready
from approval.handling import Handling
from approval.intake import Intake
from approval.licences import Licences
from approval.matters import Act, Applicant, Application, checked_words
from approval.models import hosted_cases, hosted_nodes
from cases.events import EventKind
from cases.fold import State
from cases.models import clocks
from cases.states import CLOSED
from config.catalogue import Item
from core.access import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.statements import Statement
from core.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)
PARTS_MAX = 60
_WAITING, _OPEN, _DONE, _REFUSED, _VOID, _LEFT_OUT = "waiting", "open", "done", "refused", "void", "left_out"
_THROUGH, _ANSWERED = (_DONE, _LEFT_OUT), (_DONE, _REFUSED)
_CAME_TO_NOTHING = (State.WITHDRAWN, State.RETURNED, State.VOIDED, State.NOT_ACCEPTED)
_N = hosted_nodes.c
_NUMBER_OF = Statement(select(hosted_cases.c.case_no).where(hosted_cases.c.case_id == bindparam("of_case")))
_NODES = Statement(select(hosted_nodes).where(_N.project_id == bindparam("of_project")).order_by(_N.stage, _N.node))
_BEGUN_BEFORE = Statement(select(func.count()).select_from(hosted_cases).where(
    hosted_cases.c.project_id == bindparam("of_project"), hosted_cases.c.node == bindparam("of_node")))
_END_NODE = Statement(update(hosted_nodes).where(_N.case_id == bindparam("of_case")).values(state=bindparam("how")))
# What was asked for once more is to be answered: its time is used up, so silence would be consent at once.
_ASK_AGAIN = Statement(update(hosted_nodes).where(_N.case_id == bindparam("of_case")).values(silent=text("false")))
_MARK = Statement(update(hosted_nodes).where(_N.project_id == bindparam("of_project"), _N.node == bindparam("of_node")).values(
    state=bindparam("how"), case_id=bindparam("by_case")))


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a project and where it stands; `case_id` None until it has begun."""

    part: Part
    state: str
    case_id: int | None


class Projects:
    """The acts on a project as a whole. Each is one transaction."""

    def __init__(self, desk: Desk, intake: Intake, handling: Handling, ending: Ending, licences: Licences,
                 words: Any) -> None:
        self._desk, self._intake, self._handling, self._ending, self._words = desk, intake, handling, ending, words
        self._licences = licences
        self.unconsented: tuple[str, ...] = ()  # cases whose silence could not be taken as consent at the last look
        handling.before_step.append(self._check_step)
        handling.before_back.append(self._check_back)
        handling.before_decision.append(self._check_decision)
        ending.after_end.append(self._follow_end)

    def dispatch(self, case_no: str, rev: int, parts: Sequence[Part], opinion: str, actor: Actor, station: str = "") -> None:
        """分发: the lead unit says which units take part and what waits for what. Ready parts begin at once.

        Raises InvalidInput for a plan that cannot be: a circle, an unknown part, an item of another unit.
        """
        told = checked_words(opinion, "opinion")
        self._check_parts(parts)
        with self._desk.acting(Act.DISPATCH, case_no, rev) as (uow, project):
            if project.step != DISPATCH:
                raise Conflict("not_at_dispatch", case_no=case_no, step=project.step)
            post = self._desk.post(uow, project, actor, project.flow.find(DISPATCH).posts)
            self._handling.refuse_taken(uow, project, actor)
            uow.conn.execute(insert(hosted_nodes), [
                {"project_id": project.row.case_id, "node": part.node, "stage": part.stage, "item": part.item, "org": part.org,
                 "after": msgspec.json.encode(part.after).decode(), "silent": part.silent, "state": _WAITING, "case_id": None}
                for part in parts])
            self._handling.complete_in(uow, project, told, actor, post, station)
            self._desk.flush(uow, project)
            self._advance(uow, project)

    def reopen(self, case_no: str, rev: int, node: str, reason: str, actor: Actor, station: str = "") -> None:
        """A part's finding does not hold: it is worked at again, and all that rested on it is withdrawn, in one act.

        Raises Conflict when the part is not through, NotFound for one the project does not have.
        """
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.REOPEN, case_no, rev) as (uow, project):
            self._desk.any_post(uow, project, actor)
            nodes = nodes_of(uow.conn, project.row.case_id)
            if node not in nodes:
                raise NotFound("plan_node_unknown", case_no=case_no, node=node[:60])
            if nodes[node].state not in _ANSWERED:
                raise Conflict("part_not_done", case_no=case_no, node=node)
            later = [name for name in dependents([one.part for one in nodes.values()], node)
                     if nodes[name].state in (_OPEN, *_ANSWERED)]
            self._check_reopens(uow, [nodes[name] for name in (node, *later)])
            self._withdraw(uow, nodes[node], told, actor, station, held=False)
            for name in later:
                self._withdraw(uow, nodes[name], told, actor, station, held=True)
            if project.step != JOIN:
                self._handling.send_back_in(uow, project, JOIN, told, actor, station)

    def begin_anew(self, case_no: str, rev: int, node: str, reason: str, actor: Actor, station: str = "") -> None:
        """重新派发: a part that came to nothing begins again with a case of its own, when what it waits for is through."""
        self._settle_void(case_no, rev, node, reason, actor, station, _WAITING)

    def leave_out(self, case_no: str, rev: int, node: str, reason: str, actor: Actor, station: str = "") -> None:
        """不再办理: the project needs no such part; what waited for it begins."""
        self._settle_void(case_no, rev, node, reason, actor, station, _LEFT_OUT)

    def consent_by_silence(self) -> int:
        """超时默许: parts whose unit let its promised limit pass are through, where the plan says so. Returns how many; those
        that could not be, by a fault of ours, stand in `unconsented` until a look finds nothing of the kind."""
        late, failed = self._silent_and_late(), list[str]()
        count = sum(self._consented(case_no, failed) for case_no in late)
        self.unconsented = tuple(failed)
        return count

    # Inside -------------------------------------------------------------------------------------------------------

    def _settle_void(self, case_no: str, rev: int, node: str, reason: str, actor: Actor, station: str, state: str) -> None:
        """Raises Conflict for a part that did not come to nothing, NotFound for one the project does not have."""
        told, act = checked_words(reason, "reason"), Act.BEGIN_ANEW if state == _WAITING else Act.LEAVE_OUT
        with self._desk.acting(act, case_no, rev) as (uow, project):
            self._desk.any_post(uow, project, actor)
            nodes = nodes_of(uow.conn, project.row.case_id)
            if node not in nodes:
                raise NotFound("plan_node_unknown", case_no=case_no, node=node[:60])
            if nodes[node].state != _VOID:
                raise Conflict("part_not_void", case_no=case_no, node=node)
            self._desk.tell(uow, project, EventKind.REASSIGNED, actor, station=station, step=project.step,
                            reason=self._words(f"project.{act.value}", node=node, reason=told))
            self._mark(uow, project.row.case_id, node, state, None if state == _WAITING else nodes[node].case_id)
            self._desk.flush(uow, project)
            self._advance(uow, project)

    def _check_reopens(self, uow: UnitOfWork, nodes: Sequence[Node]) -> None:
        """What was collected, voided or given up cannot be worked at again; a project sent back for it could never go on."""
        for node in nodes:
            case = self._of_id(uow, node.case_id)
            if case.state in CLOSED and case.state != State.CONCLUDED:
                raise Conflict("part_not_to_reopen", case_no=case.case_no, node=node.part.node)

    def _consented(self, case_no: str, failed: list[str]) -> bool:
        """False when somebody acted on the part in the meantime; if it is still silent, the next run finds it again.
        A part that fails keeps no other from its consent."""
        try:
            return self._consent_to(case_no)
        except Conflict as met:
            log.info("no consent by silence to %s yet: %s", case_no, met.code)
        except Exception:
            log.exception("the silence of %s could not be taken as consent", case_no)
            failed.append(case_no)
        return False

    def _consent_to(self, case_no: str) -> bool:
        with self._desk.acting(Act.CLAIM, case_no, None) as (uow, case):
            if uow.conn.scalar(_silent(uow.now_us).where(hosted_cases.c.case_no == case_no)) is None:
                raise Conflict("case_changed", case_no=case_no, rev=case.row.rev)
            self._desk.end_tasks(uow, case, "withdrawn")
            self._ending.conclude_in(uow, case, self._words("project.silence"), SYSTEM)
        return True

    def _check_parts(self, parts: Sequence[Part]) -> None:
        if len(parts) > PARTS_MAX:
            raise InvalidInput("plan_too_large", key="parts", most=PARTS_MAX)
        check_plan(parts)
        for part in parts:
            item = self._desk.item_in_service(part.item)
            if item.org != part.org:
                raise InvalidInput("plan_item_of_other_unit", key="org", node=part.node, item=part.item)
            if JOIN in item.steps:
                raise InvalidInput("plan_in_plan", key="item", node=part.node, item=part.item)

    def _check_step(self, uow: UnitOfWork, case: Hosted) -> None:
        """Dispatch needs its plan, and the join is done by the parts, not by a person."""
        if case.step == DISPATCH and case.flow.is_joint:
            raise Conflict("plan_missing", case_no=case.case_no)
        if case.step == JOIN:
            nodes = nodes_of(uow.conn, case.row.case_id)
            if void := _named(nodes, _VOID):
                raise Conflict("parts_void", case_no=case.case_no, nodes=void)
            raise Conflict("parts_open", case_no=case.case_no, nodes=_named(nodes, _OPEN, _WAITING))

    def _check_decision(self, uow: UnitOfWork, case: Hosted, result: str) -> str:
        """What the decision has to say of the parts. Raises Conflict for a grant against the refusal of a unit."""
        if not case.flow.is_joint:
            return ""
        nodes = nodes_of(uow.conn, case.row.case_id)
        refused = _named(nodes, _REFUSED)
        if refused and result == "granted":
            raise Conflict("parts_refused", case_no=case.case_no, nodes=refused)
        return self._refusals(nodes) if refused else ""

    def _refusals(self, nodes: Mapping[str, Node]) -> str:
        return str(self._words("project.refused", refused=_named(nodes, _REFUSED), unbegun=_named(nodes, _WAITING) or "—"))

    def _check_back(self, _uow: UnitOfWork, case: Hosted, to_step: str) -> None:
        if to_step in (DISPATCH, JOIN) and case.flow.is_joint:
            raise Conflict("reopen_a_part", case_no=case.case_no)

    def _follow_end(self, uow: UnitOfWork, case: Hosted) -> None:
        """A part that ended moves its project; a project given up takes its parts with it."""
        self._desk.flush(uow, case)
        if case.row.project_id is not None:
            self._part_ended(uow, case)
        elif case.flow.is_joint and case.fold.decided is None:
            self._give_up_parts(uow, case, (_OPEN, _WAITING), "project.given_up")
        elif case.flow.is_joint:  # held for one that was refused: nothing will ever take it up again
            self._give_up_parts(uow, case, (_WAITING,), "project.over")

    def _part_ended(self, uow: UnitOfWork, case: Hosted) -> None:
        _END_NODE.run(uow.conn, of_case=case.row.case_id, how=_ended_as(self._of_id(uow, case.row.case_id)))
        project = self._of_id(uow, case.row.project_id)
        if project.step == JOIN:
            self._advance(uow, project)
            self._desk.save(uow, project)

    def _advance(self, uow: UnitOfWork, project: Hosted) -> None:
        """Begin, or take up again, what waits for nothing any more; do the join when every part has answered or never will,
        since one it waits for was refused."""
        nodes = nodes_of(uow.conn, project.row.case_id)
        parts = [node.part for node in nodes.values()]
        begun = {name for name, node in nodes.items() if node.state != _WAITING}
        through = {name for name, node in nodes.items() if node.state in _THROUGH}
        beginning = ready(parts, begun, through)
        for name in beginning:
            if nodes[name].case_id is None:
                self._begin(uow, project, nodes[name].part, 1 + list(nodes).index(name))
            else:
                self._take_up(uow, nodes[name])
        if not beginning and not any(node.state in (_OPEN, _VOID) for node in nodes.values()):
            post = project.flow.find(JOIN).posts
            words = self._refusals(nodes) if _named(nodes, _REFUSED) else self._words("project.joined")
            self._handling.complete_in(uow, project, words, SYSTEM, post[0] if post else "")

    def _begin(self, uow: UnitOfWork, project: Hosted, part: Part, place: int) -> None:
        """The part's own case, accepted with the dispatch (统一受理)."""
        item, row = self._desk.item(part.item), project.row  # one retired since the dispatch is still gone through with
        self._desk.check_unit(item)
        application = Application(item.code, _applicant_of(project), f"{row.title}：{item.name}"[:200],
                                  _fields_for(project, item))
        before = int(_BEGUN_BEFORE.value(uow.conn, of_project=row.case_id, of_node=part.node))
        number = f"{row.case_no}-{place:02d}{f'-{before + 1}' if before else ''}"
        case = self._intake.open(uow, application, "project", item, flow_of(item), "", None, number, (row.case_id, part.node))
        self._desk.tell(uow, case, EventKind.ACCEPTED, SYSTEM, title=application.title, applicant=row.applicant,
                        applicant_kind=application.applicant.kind, channel="project",
                        attributes={"project": row.case_no}, pinned=item.number)
        self._desk.open_step(uow, case, case.following(""))
        self._desk.save(uow, case)
        self._mark(uow, project.row.case_id, part.node, _OPEN, case.row.case_id)

    def _take_up(self, uow: UnitOfWork, node: Node) -> None:
        case = self._of_id(uow, node.case_id)
        self._desk.tell(uow, case, EventKind.RELEASED, SYSTEM)
        self._desk.open_step(uow, case, case.following(""))
        self._desk.save(uow, case)
        self._mark(uow, case.row.project_id, node.part.node, _OPEN, case.row.case_id)

    def _withdraw(self, uow: UnitOfWork, node: Node, reason: str, actor: Actor, station: str, *, held: bool) -> None:
        """Back to the part's first step; `held` until what it rests on is through again."""
        case = self._of_id(uow, node.case_id)
        first = case.following("")
        if case.state in CLOSED:  # what its conclusion gave out rests on nothing any more
            self._licences.end_in(uow, case, LicenceState.REVOKED, reason, actor, station)
            _ASK_AGAIN.run(uow.conn, of_case=case.row.case_id)
            self._desk.tell(uow, case, EventKind.REOPENED, actor, step=first, station=station, reason=reason)
        elif case.step != first:
            self._desk.tell(uow, case, EventKind.ROLLED_BACK, actor, step=first, station=station, reason=reason,
                            from_step=case.step)
        self._desk.end_tasks(uow, case, "withdrawn")
        case.step = ""
        if held:
            self._desk.tell(uow, case, EventKind.HELD, actor, station=station, reason=reason)
        else:
            self._desk.open_step(uow, case, first)
        self._desk.save(uow, case)
        self._mark(uow, case.row.project_id, node.part.node, _WAITING if held else _OPEN, case.row.case_id)

    def _give_up_parts(self, uow: UnitOfWork, project: Hosted, states: Sequence[str], words: str) -> None:
        for node in nodes_of(uow.conn, project.row.case_id).values():
            if node.case_id is None or node.state not in states:
                continue
            case = self._of_id(uow, node.case_id)
            if case.state == State.DECIDED:  # what is decided stands, and goes on to its end by itself
                continue
            self._desk.tell(uow, case, EventKind.WITHDRAWN, SYSTEM, reason=self._words(words))
            self._desk.end_tasks(uow, case, "withdrawn")
            case.step = ""
            self._desk.save(uow, case)

    def _of_id(self, uow: UnitOfWork, case_id: int | None) -> Hosted:
        return self._desk.load(uow, str(_NUMBER_OF.value(uow.conn, of_case=case_id)))

    def _mark(self, uow: UnitOfWork, project_id: int, node: str, state: str, case_id: int | None) -> None:
        _MARK.run(uow.conn, of_project=project_id, of_node=node, how=state, by_case=case_id)

    def _silent_and_late(self) -> list[str]:
        with self._desk.units.database.read() as conn:
            return list(conn.scalars(_silent(self._desk.units.clock.now_us()).order_by(hosted_cases.c.case_no)))


def _applicant_of(project: Hosted) -> Applicant:
    """Who applies for the part: the same, told of the project as a whole and not of each part."""
    told = msgspec.json.decode(project.row.particulars)["applicant"]
    return Applicant(**{**told, "phone": "-", "email": ""})


def _fields_for(project: Hosted, item: Item) -> dict[str, str]:
    """What the project's form said of what the part's form asks."""
    return {code: value for code, value in project.fields_of_form.items() if code in item.details.form}


def _ended_as(case: Hosted) -> str:
    if case.state in _CAME_TO_NOTHING:
        return _VOID
    return _REFUSED if case.fold.refused is not None else _DONE


def _named(nodes: Mapping[str, Node], *states: str) -> str:
    return "、".join(name for name, node in nodes.items() if node.state in states)


def _silent(now_us: int) -> Select[tuple[str]]:
    """The parts whose silence is consent at that instant."""
    n, c, h = hosted_nodes.c, clocks.c, hosted_cases.c
    return select(h.case_no).join(hosted_nodes, n.case_id == h.case_id).join(clocks, c.case_id == h.case_id).where(
        n.silent.is_(True), n.state == _OPEN, c.kind == "promised", c.ended_at.is_(None), c.condition == "running",
        c.due_at <= now_us)


def nodes_of(conn: Connection, project_id: int) -> dict[str, Node]:
    """The parts of a project by name, in the order of the plan's stages and names."""
    rows = _NODES.rows(conn, of_project=project_id)
    return {row.node: Node(Part(row.node, row.item, row.org, row.stage, tuple(msgspec.json.decode(row.after)), row.silent),
                           row.state, row.case_id) for row in rows}
