"""Stories of cases the city handles in this very program: from the window or the web to the licence, alone or in parallel.

Each is a generator for demo_stage: what it yields are working days until it goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from approval.assembly import Approval
from approval.cashier import PaymentKind, Received
from approval.detail import HostedDetail
from approval.flow import DISPATCH, JOIN, Part
from approval.matters import Applicant, Application
from approval.posts import EVERY_UNIT
from bootstrap import Services
from commands.demo_officers import Officers
from commands.demo_stage import Stage, Story
from config.catalogue import Item
from config.item_form import FormField
from config.item_steps import form_of, papers_of
from core.access import Actor, Role
from feeds.simulated_people import applicant_for, person_name
from papers.official import OfficialPaper, Paragraph

CASES_A_DAY = (3, 4, 5, 6)
PROJECT_EVERY_D = 3
CLERK = Actor("window", frozenset({Role.APPROVAL_STAFF}), "", "综合窗口一号")
_STATION = "政务大厅 综合窗口 {n} 号"
_OPINIONS = ("材料齐全，符合法定条件，拟同意。", "经现场核实，情况属实，同意。", "审核无异议，同意。", "同意。")
_PROJECTS = ("年产五万吨锂电正极材料项目", "城东物流园二期工程", "高新区标准厂房扩建项目", "仙女湖游客中心改造工程",
             "孔目江湿地公园项目")
_SAYINGS = ("仙来大道", "赣K·52718", "抱石公园段", "详见所附资料")
_SENT_BACK = "附图与现状不符，请复核。"
_RATINGS = ((5, "服务热情，办理很快"), (5, ""), (5, "一次办成"), (4, ""), (4, "排队时间稍长"), (3, "材料要求说得不够清楚"))


class HostedStories:
    """Begins some cases on every working day, drawn from a generator of that day alone."""

    def __init__(self, services: Services, stage: Stage, officers: Officers, seed: int) -> None:
        self._approval: Approval = services.approval
        self._catalogue, self._stage, self._officers, self._seed = services.catalogue, stage, officers, seed
        self._items = [item for item in self._catalogue.items.values()
                       if item.promised is not None and JOIN not in item.steps and not item.power.steps]
        self._projects = [item for item in self._catalogue.items.values() if DISPATCH in item.steps]
        self._approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])

    def begin_day(self, day: int) -> None:
        """The stories that begin on that working day."""
        rng = Random(f"{self._seed}/hosted/{day}")
        for _ in range(rng.choice(CASES_A_DAY)):
            item = rng.choice(self._items)
            self._stage.begin(day + rng.uniform(0.05, 0.9), self._life(item, Random(rng.getrandbits(64))))
        if day % PROJECT_EVERY_D == 0:
            project = self._project(rng.choice(self._projects), Random(rng.getrandbits(64)))
            self._stage.begin(day + rng.uniform(0.1, 0.5), project)

    # One case -----------------------------------------------------------------------------------------------------

    def _life(self, item: Item, rng: Random) -> Story:
        case_no = yield from self._until_accepted(item, rng)
        if case_no is None:
            return
        yield from self._steps(case_no, item, rng)
        yield from self._end(case_no, rng)

    def _until_accepted(self, item: Item, rng: Random) -> Generator[float, None, str | None]:
        """The number of the accepted case, None when it was not accepted."""
        on_web = rng.random() < 0.5 and item.power.is_public
        missing = self._one_missing(item, rng) if rng.random() < 0.15 else ""
        case_no = self._file(item, rng, on_web=on_web, missing=missing)
        intake, station = self._approval.intake, _STATION.format(n=rng.randint(1, 12))
        if on_web:
            yield rng.uniform(0.1, 1.5)
            intake.pre_accept(case_no, self._rev(case_no), CLERK, station)
            yield rng.uniform(0.2, 1.5)
            intake.receive(case_no, self._rev(case_no), self._papers(item, missing), CLERK, station)
        yield rng.uniform(0.01, 0.2)
        if missing:
            intake.ask_correction(case_no, self._rev(case_no), [missing], "缺少所列材料，请补正。", CLERK, station)
            yield rng.uniform(1.0, 4.0)
            intake.correct(case_no, [missing], CLERK, station, self._rev(case_no))
            yield rng.uniform(0.05, 0.5)
        elif rng.random() < 0.04:
            intake.refuse(case_no, self._rev(case_no), "申请事项依法不属于本机关职权范围，请向有关机关申请。", CLERK, station)
            return None
        intake.accept(case_no, self._rev(case_no), CLERK, station)
        return case_no

    def _file(self, item: Item, rng: Random, *, on_web: bool, missing: str = "", title: str = "") -> str:
        names = tuple(one.name for one in self._catalogue.organisations.values())
        name, kind = applicant_for(item.name, item.kind, names, self._catalogue.city, rng)
        applicant = Applicant(name, "company" if kind == "company" else "person", phone=f"1380790{rng.randint(1000, 9999)}",
                              agent=person_name(rng) if kind == "company" else "")
        papers = () if on_web else self._papers(item, missing)
        application = Application(item.code, applicant, title or item.name, _filled(item, rng), papers)
        return self._approval.intake.file(application, "web" if on_web else "window", None if on_web else CLERK).case_no

    def _papers(self, item: Item, missing: str = "") -> tuple[str, ...]:
        return tuple(code for code, paper in item.details.materials.items() if paper.required and code != missing)

    def _one_missing(self, item: Item, rng: Random) -> str:
        return rng.choice(self._papers(item) or ("",))

    def _steps(self, case_no: str, item: Item, rng: Random) -> Story:
        """Most steps take a share of the promise; now and then one is stopped, sent back or left lying until it is late."""
        promised = item.promised.amount if item.promised is not None else 5
        pace = promised / max(1, len(item.steps) - 2) * rng.choice((0.3, 0.4, 0.5, 0.6, 0.8, 1.25))
        sent_back = False
        while (step := self._detail(case_no).head.step) and step != JOIN:
            yield max(0.05, pace * rng.uniform(0.6, 1.2))
            person = self._officer(item.org, step)
            detail = self._detail(case_no)
            if detail.head.step != step:
                return
            if item.special and rng.random() < 0.12:
                yield from self._stopped(case_no, item, person, rng)
            if detail.earlier and not sent_back and rng.random() < 0.08:
                sent_back = True
                self._approval.handling.send_back(case_no, self._rev(case_no), detail.earlier[-1], _SENT_BACK, person)
                continue
            hear_first(self._approval, self._detail(case_no), item, person)
            refused = step == item.steps[-2] and rng.random() < 0.04
            self._approval.handling.complete(
                case_no, self._rev(case_no), rng.choice(_OPINIONS), person, f"{step}岗", "refused" if refused else "granted",
                "不符合法定条件。" if refused else "", self._recorded(case_no, item, step, person, rng))

    def _recorded(self, case_no: str, item: Item, step: str, person: Actor, rng: Random) -> dict[str, str]:
        """The form of the step filled in, and its documents written."""
        for code, paper in papers_of(item.details.step_papers, step).items():
            if paper.required:
                upload = self._approval.materials.keep(code, f"{paper.name}.docx", self._document(case_no, paper.name, person))
                self._approval.step_records.keep(case_no, upload, person)
        return {code: _answer(one, rng) for code, one in form_of(item.details.step_fields, step).items() if one.required}

    def _document(self, case_no: str, title: str, person: Actor) -> bytes:
        detail = self._detail(case_no)
        unit, day = self._catalogue.organisations[detail.head.org], self._approval.desk.units.clock.now_us()
        return OfficialPaper(
            title=title, number="", issuer=unit.name, addressee="", red_head=False,
            body=(Paragraph(f"{detail.head.title}（{case_no}）：{person.display_name}等二人到场核实，情况与申请材料相符。"),),
            date=self._approval.desk.today(unit.area, day)).as_docx()

    def _stopped(self, case_no: str, item: Item, person: Actor, rng: Random) -> Story:
        kind = item.special[0]
        most = item.details.ceilings.get(kind, 0)
        if most < 2:
            return
        days = min(most, rng.randint(3, 8))
        self._approval.handling.start_special(case_no, self._rev(case_no), kind, days, "需要专业技术意见。", person)
        yield rng.uniform(1.0, days)
        self._approval.handling.end_special(case_no, self._rev(case_no), "结论合格。", person)

    def _end(self, case_no: str, rng: Random) -> Story:
        yield rng.uniform(0.05, 0.6)
        self._settle_fees(case_no)
        self._approval.ending.conclude(case_no, self._rev(case_no), "已办结。", CLERK)
        yield rng.uniform(0.1, 3.0)
        if self._detail(case_no).head.state == "concluded":
            self._approval.ending.collect(case_no, self._rev(case_no), "申请人本人", CLERK)
        if rng.random() < 0.4:
            self._approval.ending.rate(case_no, *rng.choice(_RATINGS))

    def _settle_fees(self, case_no: str) -> None:
        detail = self._detail(case_no)
        if detail.fees:
            return
        for code in self._catalogue.items[detail.head.item].details.fees:
            fee = self._approval.ending.charge(case_no, self._rev(case_no), code, 1, CLERK)
            due = next(one["amount_fen"] for one in self._detail(case_no).fees if one["id"] == fee)
            paid = Received((fee,), PaymentKind.POS, f"POS{fee:08}", due, receipt_no=f"赣财非税{fee:08}")
            self._approval.cashier.record(case_no, self._rev(case_no), paid, CLERK)

    # A project ----------------------------------------------------------------------------------------------------

    def _project(self, item: Item, rng: Random) -> Story:
        """Lead unit, four to six others, one of them reopened now and then."""
        case_no = self._file(item, rng, on_web=False, title=rng.choice(_PROJECTS))
        yield 0.05
        self._approval.intake.accept(case_no, self._rev(case_no), CLERK, _STATION.format(n=1))
        yield rng.uniform(0.1, 0.4)
        parts = self._plan(rng)
        self._approval.projects.dispatch(case_no, self._rev(case_no), parts, "请各部门在承诺时限内办理。",
                                         self._officer(item.org, DISPATCH))
        reopened = rng.random() >= 0.3
        while self._detail(case_no).head.step == JOIN:
            yield rng.uniform(0.3, 1.0)
            yield from self._one_part(case_no, rng)
            done = [part.node for part in self._detail(case_no).parts if part.state == "done"]
            if not reopened and len(done) > 1 and self._detail(case_no).head.step == JOIN:
                reopened = True
                self._approval.projects.reopen(case_no, self._rev(case_no), done[0], "用地红线调整，请重新出具意见。",
                                               self._officer(item.org, DISPATCH))
        yield from self._steps(case_no, item, rng)
        yield from self._end(case_no, rng)

    def _plan(self, rng: Random) -> list[Part]:
        items = rng.sample([one for one in self._items if len(one.steps) > 2 and one.kind == "permit"], rng.randint(4, 6))
        nodes = [f"{place:02d} {self._catalogue.organisations[one.org].short}" for place, one in enumerate(items, 1)]
        return [Part(node, one.code, one.org, "并联办理" if place < 3 else "后续办理",
                     tuple(nodes[:rng.randint(1, 2)]) if place >= 3 else (), silent=rng.random() < 0.3)
                for place, (node, one) in enumerate(zip(nodes, items, strict=True))]

    def _one_part(self, case_no: str, rng: Random) -> Story:
        """Somebody does the next step of one of the parts."""
        in_hand = [part for part in self._detail(case_no).parts if part.state == "open" and part.case_no]
        if not in_hand:
            return
        part = rng.choice(in_hand)
        number = str(part.case_no)
        step = self._detail(number).head.step
        if step:
            person = self._officer(part.org, step)
            hear_first(self._approval, self._detail(number), self._catalogue.items[part.item], person)
            self._approval.handling.complete(number, self._rev(number), rng.choice(_OPINIONS), person)
            yield 0.02
        if not self._detail(number).head.step:
            self._settle_fees(number)
            self._approval.ending.conclude(number, self._rev(number), "已办结。", CLERK)

    # People and cases ---------------------------------------------------------------------------------------------

    def _officer(self, org: str, step: str) -> Actor:
        return self._officers.of(org, step)

    def _detail(self, case_no: str) -> HostedDetail:
        return self._approval.queries.find(case_no, _EVERYWHERE)

    def _rev(self, case_no: str) -> int:
        return self._detail(case_no).head.rev


def hear_first(approval: Approval, detail: HostedDetail, item: Item, person: Actor) -> bool:
    """Hold the hearing that must come before this decision; whether there was one to hold."""
    fold = detail.fold
    is_due = fold.hearing is None and (item.details.hearing or fold.hearing_asked is not None)
    if is_due and detail.head.step == item.decides:
        approval.hearings.hold(detail.head.case_no, detail.head.rev, "双方到场陈述，笔录在卷。", person)
        return True
    return False


def _filled(item: Item, rng: Random) -> dict[str, str]:
    """The item's form, as applicants fill it in."""
    return {code: _answer(one, rng) for code, one in item.details.form.items() if one.required or rng.random() < 0.5}


def _answer(one: FormField, rng: Random) -> str:
    if one.kind == "choice":
        return rng.choice(one.choices)
    if one.kind == "number":
        least = one.at_least or 0
        return f"{least + rng.randint(1, 80) if one.at_most is None else min(one.at_most, least + rng.randint(1, 80)):g}"
    return "2026-12-01" if one.kind == "date" else rng.choice(_SAYINGS)


_EVERYWHERE = Actor("demo", frozenset({Role.INSPECTOR}))
