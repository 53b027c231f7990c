"""Consultations and complaints of the simulated city: cases of their own, asked, taken up and answered, mostly in time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from cases.events import CaseEvent, EventData, EventKind
from config.catalogue import Organisation
from core.instants import SECOND_US, date_of
from feeds.simulated_time import WorkingTime

K = EventKind
_QUESTIONS = ("办理条件", "申报材料", "办理进度", "收费标准", "办理地点", "网上申报操作")
_COMPLAINTS = ("服务态度", "超时办理", "违规收费", "推诿扯皮", "体外循环", "要求重复提交材料")
_SHARE = 0.03      # of the filings of a day; two of three are questions
_LONGEST_D = 9.0   # working days


class Matters:
    """The consultations and complaints filed on a day, as lists of events."""

    def __init__(self, orgs: tuple[Organisation, ...], time: WorkingTime, seed: int, source: str) -> None:
        self._orgs, self._time, self._seed, self._source = orgs, time, seed, source

    def of_day(self, day: int, filings: float) -> Iterator[tuple[int, list[CaseEvent]]]:
        """(serial number, events) of each; drawn from a generator of that day alone."""
        rng = Random(f"{self._seed}/matters/{day}")
        if not self._time.is_working(day):
            return
        for serial in range(1, round(rng.gauss(filings * _SHARE, 1.0)) + 1):
            one = Random(rng.getrandbits(64))
            yield serial, self._events(day, serial, one)

    def _events(self, day: int, serial: int, rng: Random) -> list[CaseEvent]:
        org, position = rng.choice(self._orgs), self._time.position(day) + rng.uniform(0.02, 0.9)
        story = _question(rng) if rng.random() < 0.66 else _complaint(rng)
        case_no = f"{org.area}-T{date_of(day):%Y%m%d}-{serial:03d}"
        return [CaseEvent(source=self._source, source_event_id=f"{case_no}-{index + 1:02d}", kind=kind, case_no=case_no,
                          area=org.area, claimed_at=self._time.instant(position + after) // SECOND_US * SECOND_US,
                          order=index, org=org.code, data=data) for index, (kind, after, data) in enumerate(story)]


def _question(rng: Random) -> list[tuple[EventKind, float, EventData]]:
    after = rng.uniform(5.2, 7.5) if rng.random() < 0.05 else min(rng.expovariate(1 / 1.2) + 0.05, 4.5)
    topic = rng.choice(_QUESTIONS)
    return [(K.CONSULTED, 0.0, EventData(title=f"咨询：{topic}", topic=topic, channel=rng.choice(("网站", "电话", "窗口")))),
            (K.ANSWERED, after, EventData(opinion="已答复"))]


def _complaint(rng: Random) -> list[tuple[EventKind, float, EventData]]:
    """Nobody who complains is named here: the unit complained about reads these events."""
    topic, taken = rng.choice(_COMPLAINTS), rng.uniform(0.1, 1.5)
    answered = rng.uniform(5.5, _LONGEST_D) if rng.random() < 0.08 else rng.uniform(taken + 0.5, 4.7)
    story = [(K.COMPLAINED, 0.0, EventData(title=f"投诉：{topic}", topic=topic, channel=rng.choice(("网站", "热线", "信函")))),
             (K.COMPLAINT_ACCEPTED, taken, EventData())]
    if rng.random() < 0.1:
        story.append((K.COMPLAINT_EXTENDED, min(4.0, answered - 0.2), EventData(approved_days=5, reason="情况复杂")))
    return [*story, (K.COMPLAINT_ANSWERED, answered, EventData(opinion="查实并已整改" if rng.random() < 0.3 else "经查不实"))]
