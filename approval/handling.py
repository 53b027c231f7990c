"""From the acceptance to the decision: who takes a case, does its step, sends it back, stops the clock, asks for more days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import insert, select, update

from approval.desk import Desk, Hosted
from approval.events import ApplicantConcerned, Occasion
from approval.hearings import check_heard
from approval.intake import give
from approval.matters import Act, account_of, checked_words
from approval.models import hosted_extensions, hosted_signatures, hosted_tasks
from approval.receipts import ReceiptKind, due_text, written_end
from approval.signatures import cosigners_of, signatures_of
from approval.step_records import taken
from cases.events import EventData, EventKind
from cases.fold import NO_SPECIALS, Stop
from cases.foretelling import Foretelling
from cases.models import clocks
from config.item_form import PREFIX
from core.access import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotPermitted
from core.instants import DAY_US
from core.limits import Unit
from core.unit_of_work import UnitOfWork

Result = Literal["granted", "refused"]


@dataclass(frozen=True, slots=True)
class HandlingRules:
    """`extension_posts` decide on more days and on ending a case abnormally (行政许可法 Art. 42: the head of the organ).
    `extension_notice` are the working days before the end at which a request is still in time, `extension_days` the most."""

    extension_posts: tuple[str, ...] = ("分管领导", "批准人")
    extension_notice: int = 5
    extension_days: int = 10


class Handling:
    """The acts between 受理 and 办结. Each is one transaction."""

    def __init__(self, desk: Desk, rules: HandlingRules) -> None:
        self._desk, self._rules = desk, rules
        # Whoever knows more of a case than its flow may refuse to have a step done, or gone back to.
        self.before_step: list[Callable[[UnitOfWork, Hosted], None]] = []
        # ... or to be granted; what it returns stands in the decision.
        self.before_decision: list[Callable[[UnitOfWork, Hosted, str], str]] = []
        self.before_back: list[Callable[[UnitOfWork, Hosted, str], None]] = []

    # Whose it is --------------------------------------------------------------------------------------------------

    def claim(self, case_no: str, rev: int, actor: Actor) -> None:
        """Take the open step. Raises Conflict when another has it, or when this person did a step of the case before."""
        with self._desk.acting(Act.CLAIM, case_no, rev) as (uow, case):
            self._entitled(uow, case, actor)
            _refuse_signed_together(case)
            self.refuse_taken(uow, case, actor)
            self._assign(uow, case, actor.name, actor.display_name)

    def hand_over(self, case_no: str, rev: int, to: Actor, reason: str, actor: Actor, station: str = "") -> None:
        """转办: another holder of the post goes on; the clock runs on. `to` "" gives it back to the list."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.HAND_OVER, case_no, rev) as (uow, case):
            self._entitled(uow, case, actor)
            _refuse_signed_together(case)
            if to.name:
                self._entitled(uow, case, to)
            self._assign(uow, case, to.name, to.display_name)
            self._desk.tell(uow, case, EventKind.REASSIGNED, actor, station=station, step=case.step, reason=told)

    # Steps --------------------------------------------------------------------------------------------------------

    def complete(self, case_no: str, rev: int, opinion: str, actor: Actor, station: str = "", result: Result = "granted",
                 reason: str = "", fields: Mapping[str, str] | None = None) -> None:
        """Do the open step. The one the flow names decides, the last where it names none: granted, or refused with its reason
        (行政许可法 Art. 38); steps after it serve and execute what was decided.

        `fields` is what the form of the step says, where it has one. Raises Conflict when another took it, when this person
        did an earlier step (一人多岗) or a document of the step is missing, NotPermitted without the post.
        """
        told = checked_words(opinion, "opinion")
        with self._desk.acting(Act.COMPLETE, case_no, rev) as (uow, case):
            if not case.step:
                raise Conflict("no_step_open", case_no=case_no)
            post = self._entitled(uow, case, actor)
            for check in self.before_step:
                check(uow, case)
            if case.flow.find(case.step).signers:
                self._sign(uow, case, told, actor, station, result, reason, fields or {})
                return
            self.refuse_taken(uow, case, actor)
            self.complete_in(uow, case, told, actor, post, station, result, reason, taken(self._desk, uow, case, fields or {}))

    def complete_in(self, uow: UnitOfWork, case: Hosted, opinion: str, actor: Actor, post: str, station: str = "",
                    result: Result = "granted", reason: str = "", recorded: Mapping[str, str] | None = None) -> None:
        """The same within a transaction of the caller's, who has checked the person."""
        step, following, decides = case.step, case.following(case.step), case.decides
        self._desk.tell(uow, case, EventKind.STEP, actor, step=step, station=station, post=post, opinion=opinion,
                        attributes=dict(recorded) if recorded else None)
        self._desk.end_tasks(uow, case, "done")
        self._desk.open_step(uow, case, following)
        if decides:
            self._decide(uow, case, actor, post, station, result, reason)

    def send_back(self, case_no: str, rev: int, to_step: str, reason: str, actor: Actor, station: str = "") -> None:
        """回退: everything from that step on is withdrawn in one act; what was done stays in the journal, its time stays used.

        From a decision not yet concluded any step may be gone back to. Raises InvalidInput for a step that is not behind.
        """
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.SEND_BACK, case_no, rev) as (uow, case):
            self._may_send_back(uow, case, actor)
            if to_step not in case.flow.earlier(case.step, case.fields):
                raise InvalidInput("step_not_behind", key="to_step", step=to_step[:60])
            for check in self.before_back:
                check(uow, case, to_step)
            self.send_back_in(uow, case, to_step, told, actor, station)

    def send_back_in(self, uow: UnitOfWork, case: Hosted, to_step: str, reason: str, actor: Actor, station: str = "") -> None:
        """The same within a transaction of the caller's, who has checked the person and the step."""
        self._desk.tell(uow, case, EventKind.ROLLED_BACK, actor, step=to_step, station=station, reason=reason,
                        from_step=case.step)
        self._desk.end_tasks(uow, case, "withdrawn")
        before = self._last_doer(uow, case, to_step)
        self._desk.open_step(uow, case, to_step, *before)

    # The clock ----------------------------------------------------------------------------------------------------

    def start_special(self, case_no: str, rev: int, kind: str, days: int, reason: str, actor: Actor, station: str = "") -> None:
        """特别程序: of a kind the item allows, within its ceiling, with its written notice (行政许可法 Art. 45)."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.START_SPECIAL, case_no, rev) as (uow, case):
            post = self._entitled(uow, case, actor)
            item = self._desk.own_item(case)
            if kind not in item.special:
                raise InvalidInput("special_not_allowed", key="kind", kind=kind[:40])
            most = item.details.ceilings.get(kind, 0)
            if not 0 < days <= most:
                raise InvalidInput("special_too_long", key="days", days=days, most=most)
            number = give(self._desk, uow, case, ReceiptKind.SPECIAL, told={
                "kind": self._desk.receipts.word(f"special_kind.{kind}"), "days": days, "reason": told,
                "due": self._end_after_special(uow, case, kind, days)})
            self._desk.tell(uow, case, EventKind.SPECIAL_STARTED, actor, step=case.step, station=station, post=post,
                            reason=told, special_kind=kind, approved_days=days, document_no=number)

    def end_special(self, case_no: str, rev: int, finding: str, actor: Actor, station: str = "") -> None:
        """It is over, with what it found; the clock runs on."""
        told = checked_words(finding, "finding")
        with self._desk.acting(Act.END_SPECIAL, case_no, rev) as (uow, case):
            post = self._entitled(uow, case, actor)
            stop = open_special(case)
            if stop is None:
                raise Conflict("no_special_open", case_no=case_no)
            self._desk.tell(uow, case, EventKind.SPECIAL_ENDED, actor, step=case.step, station=station, post=post, opinion=told,
                            special_kind=stop.kind, document_no=stop.number)
            self._desk.flush(uow, case)
            uow.publish([ApplicantConcerned(case, Occasion.SPECIAL_ENDED, f"{stop.number or stop.kind}/{case.events}", {
                "kind": self._desk.receipts.word(f"special_kind.{stop.kind}"),
                "due": due_text(uow.conn, case.row.case_id, "promised", self._desk.offset(case.row.area, uow.now_us))})])

    def ask_extension(self, case_no: str, rev: int, days: int, reason: str, actor: Actor, station: str = "") -> None:
        """申请延期: once, at least so many working days before the end of the promise (domain.md §4)."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.ASK_EXTENSION, case_no, rev) as (uow, case):
            self._entitled(uow, case, actor)
            most = self._desk.own_item(case).power.extension or self._rules.extension_days
            if not 0 < days <= most:
                raise InvalidInput("extension_too_long", key="days", days=days, most=most)
            x = hosted_extensions.c
            if uow.conn.scalar(select(x.state).where(x.case_id == case.row.case_id)) is not None:
                raise Conflict("extension_once", case_no=case_no)
            self._check_in_time(uow, case)
            uow.conn.execute(insert(hosted_extensions).values(
                case_id=case.row.case_id, days=days, reason=told, asked_by=actor.name, asked_at=uow.now_us, state="asked"))
            self._desk.tell(uow, case, EventKind.EXTENSION_REQUESTED, actor, station=station, reason=told, approved_days=days)

    def decide_extension(self, case_no: str, rev: int, grant: bool, words: str, actor: Actor, station: str = "") -> None:
        """A second person grants the days, and the applicant is told in writing; or does not, and the limit stays."""
        act = Act.GRANT_EXTENSION if grant else Act.REFUSE_EXTENSION
        told = checked_words(words, "words", required=not grant)
        with self._desk.acting(act, case_no, rev) as (uow, case):
            post = self._desk.post(uow, case, actor, self._rules.extension_posts)
            x = hosted_extensions.c
            asked = uow.conn.execute(select(hosted_extensions).where(x.case_id == case.row.case_id, x.state == "asked")).first()
            if asked is None:
                raise Conflict("no_extension_asked", case_no=case_no)
            if asked.asked_by == actor.name:
                raise NotPermitted("other_person_needed", asked_by=asked.asked_by)
            if grant:
                self._check_not_over(uow, case)
            uow.conn.execute(update(hosted_extensions).where(x.case_id == case.row.case_id).values(
                state="granted" if grant else "refused", decided_by=actor.name, decided_at=uow.now_us,
                decided_words=told))
            if grant:
                self._extend(uow, case, asked.days, asked.reason, actor, post, station)

    # Inside -------------------------------------------------------------------------------------------------------

    def _end_after_special(self, uow: UnitOfWork, case: Hosted, kind: str, days: int) -> str:
        """The last day of the promise if the stop takes all its days; "" where nobody can say."""
        ahead = Foretelling(case.fold, self._desk.areas, self._desk.catalogue, uow.now_us)
        after = ahead.promised_after((EventKind.SPECIAL_STARTED, EventData(special_kind=kind, approved_days=days)))
        return "" if after is None or after.due_at is None else written_end(after.due_at, after.started.utc_offset)

    def _extend(self, uow: UnitOfWork, case: Hosted, days: int, reason: str, actor: Actor, post: str, station: str) -> None:
        self._desk.tell(uow, case, EventKind.EXTENDED, actor, station=station, post=post, reason=reason, approved_days=days)
        self._desk.flush(uow, case)
        due = due_text(uow.conn, case.row.case_id, "promised", self._desk.offset(case.row.area, uow.now_us))
        give(self._desk, uow, case, ReceiptKind.EXTENDED, told={
            "days": self._days(case, days), "reason": reason, "due": due})

    def _days(self, case: Hosted, days: int) -> str:
        """10 个工作日: in the unit of the limit that is extended."""
        promised = self._desk.own_item(case).promised
        unit = Unit.WORKING_DAY if promised is None else promised.unit
        return self._desk.receipts.word(f"receipt.days.{unit.value}", n=days)

    def _decide(self, uow: UnitOfWork, case: Hosted, actor: Actor, post: str, station: str, result: Result,
                reason: str) -> None:
        told = checked_words(reason, "reason", required=result == "refused")
        told = "\n".join(filter(None, (told, *(check(uow, case, result) for check in self.before_decision))))
        item = self._desk.own_item(case)
        check_heard(case, item, uow.now_us)
        number = give(self._desk, uow, case, ReceiptKind.DECISION, told={
            "result": self._desk.receipts.result(item.kind, result), "reason": told or "—"})
        self._desk.tell(uow, case, EventKind.DECIDED, actor, station=station, post=post, result=result, reason=told,
                        document_no=number)

    def _entitled(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> str:
        """The post by which this person may do the open step; after the last one, those of the conclusion."""
        wanted = case.flow.find(case.step).entitled if case.step else case.flow.posts_of_conclusion()
        return self._desk.post(uow, case, actor, wanted)

    def _may_send_back(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> None:
        """Whoever has the open step; a decision is taken back by whoever may take it."""
        last = case.flow.inner[-1] if case.flow.inner else ""
        wanted = case.flow.find(case.step or last).entitled
        self._desk.post(uow, case, actor, wanted)

    def _sign(self, uow: UnitOfWork, case: Hosted, opinion: str, actor: Actor, station: str, result: Result,
              reason: str, fields: Mapping[str, str]) -> None:
        """会签: every post of the step signs once, each by another person; the last signature does the step, with its form and
        its result. Who will not sign sends it back: a refusal before the last signature would bind nobody."""
        task, signers = self._desk.task(uow, case), case.flow.find(case.step).signers
        if task is None:
            raise Conflict("no_step_open", case_no=case.case_no)
        signed = {one["post"]: one["username"] for one in signatures_of(uow.conn, case.row.case_id)}
        if actor.name in signed.values() or actor.name in self._doers(uow, case):
            raise Conflict("same_person", case_no=case.case_no)
        post = self._desk.post(uow, case, actor, [one for one in signers if one not in signed])
        uow.conn.execute(insert(hosted_signatures).values(
            task_id=task.id, post=post, username=actor.name, display_name=actor.display_name, opinion=opinion, at=uow.now_us))
        if len(signed) + 1 < len(signers):
            if fields:
                raise InvalidInput("step_form_with_last", key=f"{PREFIX}{next(iter(fields))}", step=case.step)
            if result != "granted" or reason:
                raise InvalidInput("step_result_with_last", key="result" if result != "granted" else "reason", step=case.step)
            self._desk.tell(uow, case, EventKind.COUNTERSIGNED, actor, step=case.step, station=station, post=post,
                            opinion=opinion)
        else:
            self.complete_in(uow, case, opinion, actor, post, station, result, reason, taken(self._desk, uow, case, fields))

    def refuse_taken(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> None:
        """Raises Conflict when another has the open step, or when this person did an earlier one."""
        task = self._desk.task(uow, case)
        if task is not None and task.claimed_by not in ("", actor.name):
            raise Conflict("task_taken", case_no=case.case_no, by=task.claimed_name or task.claimed_by)
        if actor is not SYSTEM and actor.name in self._doers(uow, case):
            raise Conflict("same_person", case_no=case.case_no)

    def _doers(self, uow: UnitOfWork, case: Hosted) -> frozenset[str]:
        """Who did the steps that stand (those withdrawn do not), alone or as one of several who signed."""
        cosigners = cosigners_of(uow.conn, case.row.case_id, case.flow, case.fold)
        return cosigners | {account_of(done.actor) for done in case.fold.path}

    def _assign(self, uow: UnitOfWork, case: Hosted, name: str, display_name: str) -> None:
        t, case.tasks = hosted_tasks.c, None
        uow.conn.execute(update(hosted_tasks).where(t.case_id == case.row.case_id, t.ended_at.is_(None)).values(
            claimed_by=name, claimed_name=display_name))

    def _last_doer(self, uow: UnitOfWork, case: Hosted, step: str) -> tuple[str, str]:
        """Who had that step last: it goes back to him."""
        t = hosted_tasks.c
        found = uow.conn.execute(select(t.claimed_by, t.claimed_name).where(
            t.case_id == case.row.case_id, t.step == step, t.outcome == "done").order_by(t.ended_at.desc())).first()
        return (found.claimed_by, found.claimed_name) if found is not None else ("", "")

    def _check_not_over(self, uow: UnitOfWork, case: Hosted) -> None:
        """More days are granted, and the applicant is told, before the limit is over (行政许可法 Art. 42); afterwards the grant
        would undo that the case was late."""
        due = _promised_until(uow, case)
        if due is not None and uow.now_us >= due:
            raise Conflict("extension_limit_over", case_no=case.case_no)

    def _check_in_time(self, uow: UnitOfWork, case: Hosted) -> None:
        due = _promised_until(uow, case)
        calendar = self._desk.areas.for_area(case.row.area)
        if due is None:
            return
        last = calendar.to_local(due - 1) // DAY_US
        left = calendar.assuming_plain_weeks().working_days_between(calendar.today(uow.now_us), last)
        if left < self._rules.extension_notice:
            raise Conflict("hosted_extension_too_late", case_no=case.case_no, left=left, notice=self._rules.extension_notice)


def _refuse_signed_together(case: Hosted) -> None:
    """Raises Conflict: nobody has for himself what every post of a step has to sign."""
    if case.step and case.flow.find(case.step).signers:
        raise Conflict("step_signed_together", case_no=case.case_no, step=case.step)


def _promised_until(uow: UnitOfWork, case: Hosted) -> int | None:
    """The instant the promised limit is over; None while it is stopped."""
    c = clocks.c
    return uow.conn.scalar(select(c.due_at).where(c.case_id == case.row.case_id, c.kind == "promised"))


def open_special(case: Hosted) -> Stop | None:
    """The special procedure that stops the case now."""
    return next((stop for stop in reversed(case.fold.stops) if stop.end is None and stop.kind not in NO_SPECIALS), None)
