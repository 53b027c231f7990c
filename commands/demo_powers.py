"""Stories of the other powers: a penalty opened by its unit, a petition of a citizen, a proposal of a deputy.

Each is a generator for demo_stage: what it yields are working days until it goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from approval.assembly import Approval
from approval.detail import HostedDetail
from approval.matters import Applicant, Application, Channel
from bootstrap import Services
from commands.demo_hosted import CLERK, hear_first
from commands.demo_officers import Officers
from commands.demo_stage import Stage, Story
from config.catalogue import Item
from core.access import Actor, Role
from feeds.simulated_people import applicant_for, person_name

CASES_A_DAY = (1, 1, 2)
_TITLES = {
    "penalty": ("擅自占用人行道经营", "未按许可要求开挖道路", "销售超过保质期的食品", "超标排放废水"),
    "collection": ("工业园区二期工程", "城南安置小区项目"), "inspection": ("双随机检查", "重点企业专项检查"),
    "trading": ("城北小学教学楼施工招标", "经开区地块公开出让"), "investment": ("市第三水厂扩建工程", "孔目江大桥维修加固"),
    "petition": ("小区夜间施工噪声扰民", "反映拖欠农民工工资", "道路积水多次未处理", "物业收费不透明"),
    "reconsideration": ("不服行政处罚决定", "不服不予许可决定", "请求确认未履行法定职责"),
    "proposal": ("关于增设公共充电桩的建议", "关于改善老旧小区停车的提案", "关于加强校园周边食品安全的建议")}
_OPINIONS = ("事实清楚，证据充分。", "已核实，情况属实。", "同意。", "依法办理。")


class PowerStories:
    """Begins some of them on every working day, drawn from a generator of that day alone."""

    def __init__(self, services: Services, stage: Stage, officers: Officers, seed: int) -> None:
        self._approval: Approval = services.approval
        self._catalogue, self._stage, self._officers, self._seed = services.catalogue, stage, officers, seed
        self._items = [item for item in self._catalogue.items.values() if item.power.steps]

    def begin_day(self, day: int) -> None:
        """The stories that begin on that working day."""
        rng = Random(f"{self._seed}/powers/{day}")
        kinds = list(dict.fromkeys(item.kind for item in self._items))
        for place in range(rng.choice(CASES_A_DAY) if kinds else 0):
            kind = kinds[(day + 3 * place) % len(kinds)]  # in turn, so that every visitor finds each of them
            item = rng.choice([one for one in self._items if one.kind == kind])
            story = self._life(item, Random(rng.getrandbits(64)))
            self._stage.begin(day + rng.uniform(0.05, 0.9), story)

    def _life(self, item: Item, rng: Random) -> Story:
        case_no = yield from self._until_opened(item, rng)
        if case_no is None:
            return
        asks = "hearing" in item.special and rng.random() < 0.25
        pace = rng.choice((0.6, 1.2, 2.0, 3.5))
        while step := self._detail(case_no).head.step:
            yield max(0.1, pace * rng.uniform(0.5, 1.5))
            person = self._officers.of(item.org, step)
            if asks:
                asks = False
                self._approval.hearings.ask(case_no, "要求听证", person, rev=self._rev(case_no))
            elif hear_first(self._approval, self._detail(case_no), item, person):
                yield 0.2
            refused = step == item.decides and rng.random() < 0.08
            self._approval.handling.complete(case_no, self._rev(case_no), rng.choice(_OPINIONS), person, f"{step}岗",
                                             "refused" if refused else "granted", "事实依据不足。" if refused else "")
        yield rng.uniform(0.1, 1.0)
        self._approval.ending.conclude(case_no, self._rev(case_no), "已办结。", self._closer(item))

    def _until_opened(self, item: Item, rng: Random) -> Generator[float, None, str | None]:
        """The number of the case once it is open, None when it was not opened."""
        channel = self._channel(item, rng)
        at_window = "综合窗口" in item.details.posts.get(item.steps[0], ())
        opener = CLERK if at_window else self._officers.of(item.org, item.steps[0])
        case_no = self._file(item, channel, None if channel == "web" else opener, rng)
        intake = self._approval.intake
        if channel == "web":
            yield rng.uniform(0.2, 3.0)
            intake.receive(case_no, self._rev(case_no), (), opener)
        yield rng.uniform(0.1, 4.0)
        if rng.random() < 0.08:
            intake.refuse(case_no, self._rev(case_no), "不属于本机关职权范围。", opener)
            return None
        here = {paper.code for paper in self._detail(case_no).papers if paper.state == "received"}
        later = [code for code, one in item.details.materials.items() if one.required and one.deferrable and code not in here]
        intake.accept(case_no, self._rev(case_no), opener, deferred=later)
        if later:
            yield rng.uniform(0.5, 3.0)
            intake.supply(case_no, later, opener, rev=self._rev(case_no))
        return case_no

    @staticmethod
    def _channel(item: Item, rng: Random) -> Channel:
        ways: dict[str, Channel] = {"citizen": "web", "window": "window", "office": "office"}
        return ways[rng.choice(item.power.opened_by)]

    def _file(self, item: Item, channel: Channel, actor: Actor | None, rng: Random) -> str:
        names = tuple(one.name for one in self._catalogue.organisations.values())
        is_person = item.kind in ("petition", "proposal") or (item.kind == "reconsideration" and rng.random() < 0.5)
        name = person_name(rng) if is_person else applicant_for("", "permit", names, self._catalogue.city, rng)[0]
        party = Applicant(name, "person" if len(name) <= 4 else "company", phone=f"1390790{rng.randint(1000, 9999)}")
        papers = tuple(code for code, one in item.details.materials.items() if not one.deferrable)
        application = Application(item.code, party, rng.choice(_TITLES[item.kind]), papers=papers)
        return self._approval.intake.file(application, channel, actor).case_no

    def _closer(self, item: Item) -> Actor:
        return self._officers.of(item.org, item.steps[-1])

    def _detail(self, case_no: str) -> HostedDetail:
        return self._approval.queries.find(case_no, _EVERYWHERE)

    def _rev(self, case_no: str) -> int:
        return self._detail(case_no).head.rev


_EVERYWHERE = Actor("demo", frozenset({Role.INSPECTOR}))
