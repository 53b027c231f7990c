"""A small installation that handles cases itself, with people who hold its posts."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from approval.assembly import Approval
from approval.detail import HostedDetail
from approval.flow import Part
from approval.matters import Applicant, Application, Filed
from approval.posts import EVERY_UNIT
from bootstrap import Services, build_services
from cases.events import CaseEvent
from cases.journal import events_of_cases
from cases.states import fold_all
from config.catalogue import CITY_DIR
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock
from core.errors import SupervisionError
from core.instants import from_us

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)
ITEM, ORG = "gongxin-01", "gongxin"  # 10 working days, steps of 6, 2 and 2, papers of which one may follow, a fee, a licence
APPLICANT = Applicant("新余锦程通信有限公司", "company", "91360500MA0000000X", "13979000001")
JOINT, LEAD = "fagai-01", "fagai"


def staff(name: str, display_name: str, org: str = ORG) -> Actor:
    return Actor(name, frozenset({Role.APPROVAL_STAFF}), org, display_name)


CLERK, HANDLER, SECOND = staff("he", "何静"), staff("lin", "林涛"), staff("ma", "马超")
REVIEWER, APPROVER, HEAD = staff("gao", "高敏"), staff("luo", "罗勇"), staff("zheng", "郑军")
HALL, DISPATCHER, JOINER = staff("hall", "谢芳", LEAD), staff("tang", "唐明", LEAD), staff("xu", "许静", LEAD)
POSTS = {CLERK: ["综合窗口"], HANDLER: ["承办人"], SECOND: ["承办人"], REVIEWER: ["审核人"], APPROVER: ["批准人"],
         HEAD: ["分管领导"]}
PLAN = (Part("land", "ziran-04", "ziran", "1"), Part("water", "shuili-03", "shuili", "1"),
        Part("build", "zhujian-02", "zhujian", "2", ("land", "water")), Part("fire", "yingji-01", "yingji", "2", ("land",)))


class Hall:
    """Short ways to what the tests do again and again."""

    def __init__(self, folder: Path, url: str = "", details: str = "", **settings_given: Any) -> None:
        """`details` are lines put below `items:` of the city's details.yaml; `settings_given` replace groups of settings."""
        city = {"paths.city_dir": str(_city_with(folder, details))} if details else {}
        settings = load_settings({**city,
            "database.url": url or f"sqlite:///{folder / 'hall.db'}", "journal.key": "j" * 32, "security.secret_key": "s" * 32,
            "complaints.identity_key": "i" * 32, "applicants.key": "a" * 32, "approval.material_dir": str(folder / "materials"),
            "papers.key_dir": str(folder / "keys"), "payments.gateway": "sandbox",
            "approval.preview_dir": str(folder / "previews"), "recording.dir": str(folder / "recordings"),
            "recording.evidence_dir": str(folder / "evidence"),
            "exports.dir": str(folder / "exports"), "history.dir": str(folder / "history"),
            "journal.anchor_dir": str(folder / "anchors"), "feeds.drop_dir": str(folder / "drop"), **settings_given})
        self.clock = FrozenClock(MONDAY)
        self.services: Services = build_services(settings, self.clock)
        self.approval: Approval = self.services.approval
        for person, posts in POSTS.items():
            self.approval.posts.give(person.name, ORG, posts)
        self.approval.posts.give(HALL.name, EVERY_UNIT, ["综合窗口", "承办人", "审核人", "批准人"])
        self.approval.posts.give(DISPATCHER.name, LEAD, ["综合窗口", "会审组"])
        self.approval.posts.give(JOINER.name, EVERY_UNIT, ["审核人", "会审组"])

    # Cases --------------------------------------------------------------------------------------------------------

    def papers(self, item: str = ITEM, without: str = "") -> tuple[str, ...]:
        return tuple(code for code, paper in self.services.catalogue.items[item].details.materials.items()
                     if paper.required and code != without)

    def file(self, item: str = ITEM, channel: Any = "window", **more: Any) -> str:
        return self.filed(item, channel, **more).case_no

    def filed(self, item: str = ITEM, channel: Any = "window", **more: Any) -> Filed:
        given = {"papers": self.papers(item), **more}
        return self.approval.intake.file(Application(item, APPLICANT, "城南基站", **given), channel,
                                         HALL if channel == "window" else None)

    def accepted(self, item: str = ITEM) -> str:
        case_no = self.file(item)
        self.approval.intake.accept(case_no, self.rev(case_no), HALL)
        return case_no

    def decided(self, result: Any = "granted", reason: str = "") -> str:
        case_no = self.accepted()
        for person in (HANDLER, REVIEWER):
            self.do(case_no, person)
        self.do(case_no, APPROVER, result=result, reason=reason)
        return case_no

    def do(self, case_no: str, person: Actor, opinion: str = "同意", **more: Any) -> None:
        self.approval.handling.complete(case_no, self.rev(case_no), opinion, person, **more)

    # What came of it ----------------------------------------------------------------------------------------------

    def rev(self, case_no: str) -> int:
        return self.detail(case_no).head.rev

    def detail(self, case_no: str, actor: Actor = HALL) -> HostedDetail:
        return self.approval.queries.find(case_no, actor)

    def case(self, case_no: str) -> Any:
        return self.services.case_queries.find_case(case_no, self.clock.now_us())

    def events(self, case_no: str) -> list[CaseEvent]:
        case_id = self.case(case_no).case_id
        with self.services.database.read() as conn:
            return events_of_cases(conn, [case_id])[case_id]

    def kinds(self, case_no: str) -> list[str]:
        return [event.kind.value for event in self.events(case_no)]

    def faults(self, case_no: str) -> list[str]:
        """What the supervision finds in our own cases."""
        return [fault.code for fault in self.services.recorder.faults(fold_all(self.events(case_no)))]

    def clocks(self, case_no: str) -> dict[str, Any]:
        return {clock.ref.kind.value if not clock.name else clock.name: clock for clock in self.case(case_no).clocks}

    def due(self, case_no: str, kind: str = "promised") -> str:
        return f"{from_us(self.clocks(case_no)[kind].due_at).astimezone(SHANGHAI):%m-%d %H:%M}"

    def later(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def on(self, day: int, hour: int = 9, month: int = 3) -> None:
        self.clock.move_to(datetime(2026, month, day, hour, tzinfo=SHANGHAI))

    # Projects -----------------------------------------------------------------------------------------------------

    def project(self, plan: tuple[Part, ...] = PLAN) -> str:
        case_no = self.accepted(JOINT)
        self.approval.projects.dispatch(case_no, self.rev(case_no), plan, "分发各部门并联办理", DISPATCHER)
        return case_no

    def parts(self, case_no: str) -> dict[str, str]:
        return {part.node: part.state for part in self.detail(case_no).parts}

    def part(self, case_no: str, node: str) -> str:
        return next(part.case_no or "" for part in self.detail(case_no).parts if part.node == node)

    def finish(self, case_no: str, node: str) -> None:
        """The unit of a part does all its steps; each by another person of its own."""
        number = self.part(case_no, node)
        while (step := self.detail(number).head.step):
            person = self.officer(self.detail(number).head.org, step)
            self.approval.handling.complete(number, self.rev(number), "同意", person)
        self.conclude(number)

    def officer(self, org: str, step: str) -> Actor:
        person = staff(f"{org}-{ {'承办': 'a', '审核': 'b', '批准': 'c', '初审': 'd', '上报': 'e'}[step]}", step, org)
        if not self.approval.posts.of(person.name):
            self.approval.posts.give(person.name, org, ["承办人", "审核人", "批准人"])
        return person

    def conclude(self, case_no: str) -> None:
        detail = self.detail(case_no)
        item = self.services.catalogue.items[detail.head.item]
        for code in item.details.fees if not detail.fees else ():
            fee = self.approval.ending.charge(case_no, self.rev(case_no), code, 1, HALL)
            self.approval.ending.paid(case_no, fee, f"票{fee}")
        self.approval.ending.conclude(case_no, self.rev(case_no), "办结", HALL)


def _city_with(folder: Path, details: str) -> Path:
    """A copy of the city whose details have these lines more."""
    city = folder / "city"
    shutil.copytree(CITY_DIR, city)
    written = (city / "details.yaml").read_text(encoding="utf-8")
    (city / "details.yaml").write_text(written.replace("\nitems:\n", f"\nitems:\n{details}", 1), encoding="utf-8")
    return city


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Everybody begins at the same moment; "done" or the code of the refusal of each."""
    gate, said = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
            said[place] = "done"
        except SupervisionError as refusal:
            said[place] = refusal.code

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said
