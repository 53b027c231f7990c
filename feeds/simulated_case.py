"""The life of one simulated case, from filing to collection, as instants in working time.

A position in time is a number of working days since the city's first working day: 12.5 is noon of the thirteenth. So
durations add up, and the calendar is asked only once per event, when positions become instants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from cases.events import EventData, EventKind
from config.catalogue import Item
from core.limits import Limit, Unit
from feeds.simulated_acts import Acts

K = EventKind
LONGEST_HANDLING_D = 75.0   # working days; a case longer than that is not simulated
_MINUTE = 1 / 420           # of a working day of seven hours
_REASONS_NOT_ACCEPTED = ("不属于本部门职权范围", "申请事项依法不需要取得行政许可", "申请材料不符合法定形式且未按期补正")
_REASONS_RETURNED = ("逾期未补正材料", "申请人要求退件", "材料与申请事项不符")
_REASONS_VOIDED = ("重复申请", "录入错误，经批准作废")
_NOTICES = {"hearing": "听", "inspection": "检", "testing": "测", "quarantine": "疫", "appraisal": "鉴", "expert_review": "评",
            "bidding": "招", "auction": "拍", "publicity": "公", "site_survey": "勘"}


@dataclass(frozen=True, slots=True)
class Habits:
    """How an organisation works. Shares are probabilities per case; `use` is the usual share of the promise it takes."""

    use: float
    spread: float
    forgets: float
    answers_slowly: float
    special_overrun: float
    officers: tuple[str, ...]


@dataclass(slots=True)
class Happening:
    """One event of the life: its position, and what it says."""

    at: float
    kind: EventKind
    step: str | None = None
    data: EventData = field(default_factory=EventData)
    by: int | None = None  # which of the officers; None: as it comes


class CaseLife:
    """Tells one life; `happenings` in the order of their claimed times."""

    def __init__(self, item: Item, habits: Habits, opened: float, is_online: bool, rng: Random) -> None:
        self._item, self._habits, self._rng = item, habits, rng
        self._at = opened
        self._is_over = False
        self._notices = 0
        self._acts = Acts(item, Random(f"{opened}/{item.code}"))
        self._side = Random(f"{opened}/{item.code}/side")
        self._extend_at: float | None = None
        self.happenings: list[Happening] = []
        self._tell(is_online)

    def _tell(self, is_online: bool) -> None:
        if is_online:
            self._file_online()
        elif self._side.random() < 0.3:
            self._tell_with(K.TICKET_CALLED, EventData(ticket_no=f"A{self._side.randrange(1, 400):03d}"))
            self._wait(self._side.uniform(1, 10) * _MINUTE)
        self._tell_with(K.RECEIVED, EventData(**self._acts.papers()))
        if self._item.category == "instant":
            self._decide_on_the_spot()
            return
        self._complete_the_papers()
        if not self._is_over:
            self._accept_or_refuse()
        if not self._is_over:
            self._handle()
        if not self._is_over:
            self._conclude()

    # Filing -------------------------------------------------------------------------------------------------------

    def _file_online(self) -> None:
        rng = self._rng
        self._happen(K.SUBMITTED)
        slow = rng.random() < self._habits.answers_slowly
        self._wait(rng.uniform(2.0, 5.5) if slow else min(rng.expovariate(1 / 0.25), 1.4) + 5 * _MINUTE)
        self._happen(K.PRE_ACCEPTED)
        self._wait(rng.uniform(2, 90) * _MINUTE)

    def _complete_the_papers(self) -> None:
        rng = self._rng
        self._wait(rng.uniform(3, 60) * _MINUTE)
        if rng.random() >= 0.055:
            return
        self._wait(rng.uniform(0.02, 0.9))
        self._notify()
        end = rng.random()
        if end < 0.82:
            self._wait(rng.uniform(0.5, 7.0))
            self._happen(K.CORRECTION_RECEIVED)
            self._wait(rng.uniform(5, 120) * _MINUTE)
            if self._acts.fault == "second_correction":
                self._notify()
                self._wait(self._side.uniform(0.3, 3.0))
                self._happen(K.CORRECTION_RECEIVED)
                self._wait(self._side.uniform(5, 60) * _MINUTE)
        elif end < 0.93:
            self._wait(rng.uniform(9.0, 11.0))
            self._end(K.RETURNED, rng.choice(_REASONS_RETURNED))
        else:
            self._wait(rng.uniform(0.5, 6.0))
            self._end(K.WITHDRAWN, "申请人撤回申请")

    def _accept_or_refuse(self) -> None:
        if self._rng.random() < 0.015:
            reason = self._rng.choice(_REASONS_NOT_ACCEPTED)
            self._end(K.NOT_ACCEPTED, None if self._acts.fault == "refused_without_reason" else reason)
            return
        self._wait(self._rng.uniform(0.01, 0.35))
        self._happen(K.ACCEPTED)

    def _notify(self) -> None:
        self._tell_with(K.CORRECTION_NOTIFIED, EventData(reason="申请材料不齐全，请一次性补正", materials=self._acts.asked()))

    def _decide_on_the_spot(self) -> None:
        rng = self._rng
        self._wait(rng.uniform(2, 20) * _MINUTE)
        self._happen(K.ACCEPTED)
        self._wait(rng.uniform(5, 55) * _MINUTE)
        self._happen(K.DECIDED)
        self._wait(rng.uniform(1, 8) * _MINUTE)
        self._happen(K.CONCLUDED)
        self._collect(rng.uniform(1, 20) * _MINUTE)

    # Handling -----------------------------------------------------------------------------------------------------

    def _handle(self) -> None:
        rng, steps = self._rng, self._acts.steps(self._item.steps[1:-1]) or ("承办",)
        duration = self._duration()
        gives_up = rng.random() < 0.016
        last = rng.randrange(len(steps)) if gives_up else len(steps)
        suspended_at = rng.randrange(len(steps)) if self._item.special and rng.random() < 0.2 else None
        self._extend_at = self._extension_position(duration)
        for index, share in enumerate(self._shares(len(steps))):
            self._work(duration * share)
            if index == last:
                self._give_up()
                return
            self._do_step(steps[index])
            if index == 0 and self._acts.to_follow:
                self._tell_with(K.SUPPLEMENTED, EventData(materials=self._acts.to_follow))
            if index == suspended_at:
                self._suspend()

    def _duration(self) -> float:
        """Working days of handling without stops: mostly well within the promise, sometimes beyond, rarely forgotten."""
        rng, habits = self._rng, self._habits
        promised = _days(self._item.promised, 10.0)
        statutory = _days(self._item.statutory, promised * 2)
        if rng.random() < habits.forgets and statutory <= 45:
            return min(statutory * rng.uniform(1.01, 1.3), LONGEST_HANDLING_D)
        return min(promised * habits.use * rng.lognormvariate(0.0, habits.spread), statutory * 1.2, LONGEST_HANDLING_D)

    def _shares(self, count: int) -> list[float]:
        weights = [self._rng.uniform(0.4, 1.6) for _ in range(count)]
        weights[0] *= 1.8  # most of the time goes into handling itself, least into signing
        if self._item.category == "forwarded":
            weights[-1] *= 0.3  # what is reviewed is passed on soon
        return [weight / sum(weights) for weight in weights]

    def _extension_position(self, duration: float) -> float | None:
        """Where in time a careful organisation applies for an extension: before the promise runs out."""
        promised = _days(self._item.promised, 10.0)
        if promised >= 7 and duration > promised and self._rng.random() < 0.3 * (1.0 - self._habits.use):
            return self._at + promised - self._rng.uniform(0.6, 2.0)
        return None

    def _work(self, amount: float) -> None:
        extend_at = self._extend_at
        if extend_at is not None and self._at <= extend_at < self._at + amount:
            rest = self._at + amount - extend_at
            self._at, self._extend_at = extend_at, None
            days = max(3, min(10, round(_days(self._item.promised, 10.0) / 2)))
            self._tell_with(K.EXTENSION_REQUESTED, EventData(approved_days=days, reason="情况复杂，申请延长"))
            self._wait(5 * _MINUTE)
            rest = max(rest - 5 * _MINUTE, 0.0)
            self._happen(K.EXTENDED, reason="经本机关负责人批准延长", document_no=self._notice("延"), approved_days=days)
            self._wait(rest)
        else:
            self._wait(amount)

    def _suspend(self) -> None:
        rng = self._rng
        kind = rng.choice(self._item.special)
        approved, number = rng.choice((3, 5, 5, 7, 10)), self._notice(_NOTICES[kind])
        number = "" if self._acts.fault == "special_without_notice" else number
        if kind == "hearing":
            self._happen(K.HEARING_REQUESTED)
            self._wait(10 * _MINUTE)
        self._happen(K.SPECIAL_STARTED, special_kind=kind, document_no=number, approved_days=approved)
        overruns = rng.random() < self._habits.special_overrun
        length = approved * (rng.uniform(1.05, 1.6) if overruns else rng.uniform(0.2, 0.85))
        self._wait(length)
        self._shift_extension(length)
        self._happen(K.SPECIAL_ENDED, special_kind=kind, document_no=number)

    def _shift_extension(self, length: float) -> None:
        if self._extend_at is not None:
            self._extend_at += length

    # Ends ---------------------------------------------------------------------------------------------------------

    def _give_up(self) -> None:
        if self._rng.random() < 0.75:
            self._end(K.WITHDRAWN, "申请人撤回申请")
        else:
            self._end(K.VOIDED, self._rng.choice(_REASONS_VOIDED))

    def _conclude(self) -> None:
        rng = self._rng
        is_granted = rng.random() < 0.975
        self._hear_and_charge(is_granted)
        self._wait(rng.uniform(5, 60) * _MINUTE)
        is_reasoned = is_granted or self._acts.fault == "refused_without_reason"
        self._tell_with(K.DECIDED, EventData(reason=None if is_reasoned else "不予许可：不符合法定条件",
                                             document_no=self._notice("准"), result="granted" if is_granted else "refused"))
        self._wait(rng.uniform(3, 120) * _MINUTE)
        self._happen(K.CONCLUDED)
        if is_granted:
            self._hand_over()
            self._collect(rng.uniform(3.2, 7.0) if rng.random() < 0.01 else rng.uniform(0.05, 2.6))

    def _collect(self, after: float) -> None:
        self._wait(after)
        self._happen(K.COLLECTED)
        if self._side.random() < 0.12:
            self._wait(self._side.uniform(1, 90) * _MINUTE)
            self._tell_with(K.RATED, EventData(score=self._side.choices((5, 4, 3, 2, 1), (80, 14, 3, 2, 1))[0],
                                               channel=self._side.choice(("窗口评价器", "短信", "网站")),
                                               phone_hash=f"{self._side.getrandbits(48):012x}"))

    def _hear_and_charge(self, is_granted: bool) -> None:
        """What an item of this kind demands before the decision."""
        details = self._item.details
        if details.hearing and self._acts.fault != "hearing_not_held":
            self._wait(20 * _MINUTE)
            self._tell_with(K.HEARING_HELD, EventData(document_no=self._notice("听")))
        for fee in self._acts.fees() if is_granted else ():
            self._wait(self._side.uniform(2, 20) * _MINUTE)
            self._tell_with(K.FEE_CHARGED, fee)

    def _hand_over(self) -> None:
        """The licence on paper is sent, the electronic one issued; some results are published."""
        side, licence = self._side, self._item.details.licence
        if licence:
            number, slow = f"{side.randrange(10**5, 10**6)}", side.random() < self._habits.special_overrun / 3
            self._wait(side.uniform(3.2, 6.0) if slow else side.uniform(0.02, 0.8))
            self._tell_with(K.LICENCE_ISSUED if licence == "electronic" else K.DELIVERED, EventData(certificate_no=number))
        if side.random() < 0.1:
            self._wait(side.uniform(1, 30) * _MINUTE)
            self._happen(K.PUBLISHED)

    def _do_step(self, step: str) -> None:
        acts = self._acts
        if self._side.random() < 0.01:
            self._tell_with(K.REASSIGNED, EventData(reason="工作调整"), step)
            self._wait(2 * _MINUTE)
        data = EventData(post=acts.post(step))
        self.happenings.append(Happening(self._at, K.STEP, step, data, acts.rank(step) if step in self._item.steps else None))
        if step == "上报":
            self._wait(self._side.uniform(1, 20) * _MINUTE)
            self._happen(K.FORWARDED)

    def _end(self, kind: EventKind, reason: str | None) -> None:
        self._wait(self._rng.uniform(2, 60) * _MINUTE)
        self._happen(kind, reason=reason)
        self._is_over = True

    # Telling ------------------------------------------------------------------------------------------------------

    def _happen(self, kind: EventKind, step: str | None = None, *, reason: str | None = None,
                document_no: str | None = None, special_kind: str | None = None,
                approved_days: int | None = None) -> None:
        data = EventData(reason=reason, document_no=document_no, special_kind=special_kind, approved_days=approved_days)
        self.happenings.append(Happening(self._at, kind, step, data))

    def _tell_with(self, kind: EventKind, data: EventData, step: str | None = None) -> None:
        self.happenings.append(Happening(self._at, kind, step, data))

    def _wait(self, days: float) -> None:
        self._at += max(days, _MINUTE / 4)

    def _notice(self, word: str) -> str:
        self._notices += 1
        return f"{word}字第{self._rng.randrange(1000, 9999)}-{self._notices}号"


def _days(limit: Limit | None, default: float) -> float:
    """A limit in working days, calendar days counted at five of seven."""
    if limit is None:
        return default
    factor = {Unit.WORKING_DAY: 1.0, Unit.CALENDAR_DAY: 5 / 7, Unit.WORKING_HOUR: 1 / 7}[limit.unit]
    return max(limit.amount * factor, 0.2)
