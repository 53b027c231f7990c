"""Stories of consultations and complaints, told by the services a clerk, a citizen's portal and the units use.

Each is a generator for demo_stage: what it yields are working days until it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from commands.demo_letters import Letter
from commands.demo_people import UnitPeople, person
from commands.demo_stage import Story
from core.access import Actor, Role
from supervision.assembly import FollowUpDesk
from supervision.complaints.http import ComplaintAct, perform
from supervision.complaints.queries import WantedComplaints

PORTAL = Actor("portal", frozenset(), display_name="政务服务网")  # as a source that sends with its token is known
_ANSWERS = {"verified": "经核查，反映的情况属实。已对经办人批评教育，并要求立即改正、向来件人致歉。",
            "partly": "经核查，部分情况属实：未一次性告知所缺材料。已补发一次性告知单，其余未发现违反规定。",
            "unfounded": "经调阅受理记录和窗口录像，未发现反映的情况，已向来件人说明。"}
RATINGS_MOST = 200
_PUT_RIGHT = "已与评价人联系并致歉，窗口已增设排队提示，问题已整改。"
_REPLY = "您好，所需材料和办理流程已在办事指南中公布，可委托他人代办，办理进度可凭受理编号在网上查询。"


class ComplaintStories:
    """`people` answer for the units that handle; the office takes up, transfers, extends and calls back."""

    def __init__(self, desk: FollowUpDesk, people: UnitPeople) -> None:
        self._desk, self._people = desk, people
        self._officer, self._inspector = person(Role.DUTY_OFFICER), person(Role.INSPECTOR)
        self._leader = person(Role.LEADER)

    # Consultations ------------------------------------------------------------------------------------------------

    def asked(self, letter: Letter, rng: Random) -> Story:
        """Answered in time as a rule; one in ten late."""
        no = self._file(letter)
        yield rng.uniform(3.3, 4.5) if rng.random() < 0.1 else rng.uniform(0.4, 2.4)
        self._answer(no, _REPLY)
        yield rng.uniform(1.0, 2.0)
        self._call_back(no, "satisfied")

    def asked_at_the_limit(self, letter: Letter) -> Story:
        """Nobody has answered yet when its last day begins."""
        no = self._file(letter)
        yield 3.6
        self._answer(no, _REPLY)

    # Complaints ---------------------------------------------------------------------------------------------------

    def found(self, letter: Letter, finding: str, rng: Random) -> Story:
        """Taken up, looked into, answered, called back."""
        no = self._file(letter)
        yield rng.uniform(0.3, 1.5)
        self._do(no, "accept", self._officer)
        yield rng.uniform(2.0, 6.5)
        self._answer(no, _ANSWERS[finding], finding)
        yield rng.uniform(1.0, 3.0)
        self._call_back(no, rng.choice(("satisfied", "satisfied", "basically", "unreached")))

    def opened_again(self, letter: Letter, rng: Random) -> Story:
        """The reporter is not content with the first answer."""
        no = self._file(letter)
        yield rng.uniform(0.3, 1.2)
        self._do(no, "accept", self._officer)
        yield rng.uniform(2.0, 4.0)
        self._answer(no, _ANSWERS["unfounded"], "unfounded")
        yield 1.5
        self._call_back(no, "dissatisfied")
        yield rng.uniform(3.0, 6.0)
        self._answer(no, _ANSWERS["partly"], "partly")
        yield 1.5
        self._call_back(no, "basically")

    def extended(self, letter: Letter, rng: Random) -> Story:
        """More time is asked for by the officer and granted by the inspector."""
        no = self._file(letter)
        yield rng.uniform(0.3, 1.0)
        self._do(no, "accept", self._officer)
        yield 6.5
        self._do(no, "ask_extension", self._officer, "涉及两个部门，需调阅档案并现场核查。", days=5)
        yield 1.2
        self._do(no, "grant_extension", self._inspector, "同意延长五个工作日。")
        yield rng.uniform(4.0, 5.5)
        self._answer(no, _ANSWERS["partly"], "partly")
        yield 1.5
        self._call_back(no, "satisfied")

    def transferred(self, letter: Letter, route: str, rng: Random) -> Story:
        """It turns out to be another body's to handle."""
        no = self._file(letter)
        yield rng.uniform(0.2, 0.6)
        self._do(no, "accept", self._officer)
        yield 1.4
        self._do(no, "transfer", self._inspector, "反映事项属该机构职责，转办并告知来件人。", route=route)
        yield rng.uniform(4.0, 5.5)
        self._answer(no, _ANSWERS["verified"], "verified")
        yield 2.0
        self._call_back(no, "satisfied")

    def refused(self, letter: Letter, rng: Random) -> Story:
        no = self._file(letter)
        yield rng.uniform(0.5, 2.0)
        self._do(no, "refuse", self._officer, "已进入行政复议程序，不属受理范围，请按复议决定办理。")

    def late(self, letter: Letter) -> Story:
        """Its limit passes the day before it is answered."""
        no = self._file(letter)
        yield 1.0
        self._do(no, "accept", self._officer)
        yield 9.9
        self._do(no, "note", self._leader, "已超过办理期限，请今日内答复。")
        yield 0.5
        self._answer(no, _ANSWERS["verified"], "verified")
        yield 2.0
        self._call_back(no, "basically")

    # Bad ratings --------------------------------------------------------------------------------------------------

    def new_ratings(self, known: set[str], now_us: int) -> list[str]:
        """Duties after bad ratings that nobody has been set to yet; they are in `known` from then on."""
        rows, _ = self._desk.complaint_queries.listed(self._inspector, WantedComplaints("rating", "open"), now_us, RATINGS_MOST)
        fresh = sorted(row.no for row in rows if row.no not in known)
        known.update(fresh)
        return fresh

    def put_right(self, no: str, rng: Random) -> Story:
        """In time as a rule; one in twenty is forgotten until its card has come."""
        yield rng.uniform(5.5, 7.0) if rng.random() < 0.05 else rng.uniform(0.5, 4.0)
        self._answer(no, _PUT_RIGHT)
        yield rng.uniform(0.5, 2.0)
        self._call_back(no, rng.choice(("satisfied", "basically")))

    # What they do -------------------------------------------------------------------------------------------------

    def _file(self, letter: Letter) -> str:
        return self._desk.complaints.file(letter.filing, letter.reporter, PORTAL)

    def _do(self, no: str, action: str, actor: Actor, words: str = "", **more: object) -> None:
        rev = self._desk.complaint_queries.find(no, self._inspector).head.rev
        perform(self._desk.complaints, no, action, ComplaintAct(rev=rev, words=words, **more), actor)  # type: ignore[arg-type]

    def _answer(self, no: str, words: str, finding: str = "") -> None:
        """By the person of whoever handles it now."""
        head = self._desk.complaint_queries.find(no, self._inspector).head
        self._do(no, "answer", self._people.of(self._desk.complaints.handler(head.route, head.org)), words, finding=finding)

    def _call_back(self, no: str, satisfaction: str) -> None:
        self._do(no, "call_back", self._officer, "已电话回访。", satisfaction=satisfaction)


Told = Callable[[Letter, Random], Story]
# How often each fate of a complaint comes to pass.
_SHARES = (("unfounded", 0.3), ("partly", 0.18), ("verified", 0.14), ("extended", 0.12), ("transferred", 0.1),
           ("opened_again", 0.08), ("refused", 0.06), ("late", 0.02))


def fate_of(stories: ComplaintStories, rng: Random) -> Told:
    """What becomes of the next complaint."""
    fate = rng.choices([name for name, _ in _SHARES], [share for _, share in _SHARES])[0]
    if fate == "late":
        return lambda letter, _rng: stories.late(letter)
    if fate == "transferred":
        return lambda letter, drawn: stories.transferred(letter, _elsewhere(letter), drawn)
    others: dict[str, Told] = {"extended": stories.extended, "opened_again": stories.opened_again,
                               "refused": stories.refused}
    return others.get(fate, lambda letter, drawn: stories.found(letter, fate, drawn))


def _elsewhere(letter: Letter) -> str:
    """A body that does not handle it already."""
    return "supervision" if letter.filing.category != "illegal_approval" else "environment"
