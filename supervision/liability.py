"""责任追究: who answers for a fault, proposed from the evidence by the matrix, decided by a person.

The matrix has three tiers (R22): who handled answers directly (直接责任), who reviewed bears the main leading
responsibility (主要领导责任), who approved the important leading one (重要领导责任). What a handler falsified and the reviewer
stopped is the handler's alone; who changed a right opinion answers directly for what came of it; of a collective decision
the decider. Nothing follows by itself: a person accepts, changes or rejects, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from cases.events import CaseEvent, EventKind


class Fault(StrEnum):
    """What kind of fault the card is about."""

    OVERDUE = "overdue"                    # 超期
    PROCEDURE = "procedure"                # 程序违规
    FALSIFIED = "falsified"                # 弄虚作假
    OPINION_CHANGED = "opinion_changed"    # 改变正确意见
    COLLECTIVE = "collective"              # 集体决定
    BYPASS = "bypass"                      # 体外循环


class Responsibility(StrEnum):
    DIRECT = "direct"                      # 直接责任
    MAIN = "main"                          # 主要领导责任
    IMPORTANT = "important"                # 重要领导责任


class Grade(StrEnum):
    """How serious (R22): general → circular; serious → warning to demotion; very serious → removal to dismissal."""

    NONE = "none"
    GENERAL = "general"
    SERIOUS = "serious"
    VERY_SERIOUS = "very_serious"


class Exemption(StrEnum):
    """Free of liability (R30 Art. 11–12)."""

    SELF_CORRECTED = "self_corrected"      # found by the person himself and corrected in time, without loss
    COOPERATED = "cooperated"              # active cooperation
    APPLICANTS_FRAUD = "applicants_fraud"  # the applicant's fraud
    FORCE_MAJEURE = "force_majeure"        # unforeseeable, or force majeure


class Post(StrEnum):
    """The three posts of a case."""

    HANDLER = "handler"
    REVIEWER = "reviewer"
    APPROVER = "approver"


# What a grade may be answered with; the yellow card's forms first (R30), the others' as R22 lists them.
FORMS: dict[Grade, tuple[str, ...]] = {
    Grade.NONE: (),
    Grade.GENERAL: ("admonition", "written_self_criticism", "circular"),
    Grade.SERIOUS: ("warning", "demerit", "demotion", "bonus_withheld"),
    Grade.VERY_SERIOUS: ("removal", "dismissal", "transfer", "licence_withdrawn"),
}
AGGRAVATED_FROM = 2  # faults within a year, this one counted
_TIERS = {Post.HANDLER: Responsibility.DIRECT, Post.REVIEWER: Responsibility.MAIN, Post.APPROVER: Responsibility.IMPORTANT}
# Words of the sources for a post; what is in none of them is told by the kind of event.
_POST_WORDS = {Post.APPROVER: ("批准", "审批", "签发", "approv"), Post.REVIEWER: ("审核", "复核", "复审", "review"),
               Post.HANDLER: ("承办", "受理", "经办", "初审", "handl", "accept")}


class Person(msgspec.Struct, frozen=True):
    """Somebody in the record of the case, with the post in which he acted."""

    name: str
    post: Post


class Proposed(msgspec.Struct, frozen=True):
    """One person's liability. `reasons` are codes with values, in the order in which they are told."""

    person: str
    post: Post
    responsibility: Responsibility
    grade: Grade
    forms: tuple[str, ...]
    reasons: tuple[tuple[str, dict[str, str]], ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the proposal is drawn from. `level` is the card's (2 yellow, 3 red); `changed_by` the post that changed a right
    opinion; `noticed_by_reviewer` says that the reviewer saw the falsification and stopped it."""

    fault: Fault
    level: int
    persons: tuple[Person, ...]
    changed_by: Post | None = None
    noticed_by_reviewer: bool = False
    damage: bool = False
    exemption: Exemption | None = None
    faults_before: dict[str, int] = {}


class Proposal(msgspec.Struct, frozen=True):
    """`exempt` is why nobody is proposed, when the evidence frees them."""

    fault: Fault
    persons: tuple[Proposed, ...]
    exempt: Exemption | None = None


def propose(evidence: Evidence) -> Proposal:
    """Persons, kind of responsibility, grade and forms, each with its reasons. Pure."""
    if evidence.exemption is not None:
        return Proposal(evidence.fault, (), evidence.exemption)
    found: dict[str, Proposed] = {}
    for person in _unique(evidence.persons):
        responsibility = _responsibility(evidence, person.post)
        if responsibility is not None and person.name not in found:
            found[person.name] = _proposed(evidence, person, responsibility)
    return Proposal(evidence.fault, tuple(found.values()))


def _unique(persons: Sequence[Person]) -> list[Person]:
    """Each person once, in his highest direct part: who handled and approved himself answers as handler."""
    order = list(Post)
    return sorted(dict.fromkeys(persons), key=lambda person: order.index(person.post))


def _responsibility(evidence: Evidence, post: Post) -> Responsibility | None:
    """The cell of the matrix; None when this post does not answer for this fault."""
    if evidence.fault is Fault.FALSIFIED and evidence.noticed_by_reviewer:
        return Responsibility.DIRECT if post is Post.HANDLER else None
    if evidence.fault is Fault.OPINION_CHANGED:
        return Responsibility.DIRECT if post is evidence.changed_by else None
    if evidence.fault is Fault.COLLECTIVE:
        return Responsibility.DIRECT if post is Post.APPROVER else None
    return _TIERS[post]


def _proposed(evidence: Evidence, person: Person, responsibility: Responsibility) -> Proposed:
    reasons: list[tuple[str, dict[str, str]]] = [(f"matrix.{evidence.fault.value}.{person.post.value}", {})]
    grade = Grade.SERIOUS if evidence.level >= 3 else Grade.GENERAL
    reasons.append(("red_card" if evidence.level >= 3 else "yellow_card", {}))
    if evidence.fault is Fault.FALSIFIED and grade is Grade.GENERAL:
        grade = Grade.SERIOUS
        reasons.append(("falsified", {}))
    count = evidence.faults_before.get(person.name, 0) + 1
    if evidence.damage:
        grade = _worse(grade)
        reasons.append(("damage", {}))
    if count >= AGGRAVATED_FROM:
        grade = _worse(grade)
        reasons.append(("repeated", {"n": str(count)}))
    return Proposed(person.name, person.post, responsibility, grade, FORMS[grade], tuple(reasons))


def _worse(grade: Grade) -> Grade:
    order = list(Grade)
    return order[min(order.index(grade) + 1, len(order) - 1)]


def persons_of(events: Sequence[CaseEvent]) -> tuple[Person, ...]:
    """Who handled, reviewed and approved, by the actors of the journal: by their post or step, else by the kind of event."""
    found = [Person(event.actor, post) for event in events if event.actor and (post := _post_of(event)) is not None]
    return tuple(dict.fromkeys(found))


def _post_of(event: CaseEvent) -> Post | None:
    told = " ".join(filter(None, (event.data.post, event.step))).lower()
    for post, words in _POST_WORDS.items():
        if any(word in told for word in words):
            return post
    if event.kind is EventKind.DECIDED:
        return Post.APPROVER
    return Post.HANDLER if event.kind in (EventKind.RECEIVED, EventKind.ACCEPTED, EventKind.CORRECTION_NOTIFIED) else None
