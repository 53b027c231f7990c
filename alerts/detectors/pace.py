"""How fast and when: G11 秒批, G13 非工作时间办理, G16 虚设承诺时限, G30 时间规律异常."""

from __future__ import annotations

from collections import defaultdict

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, unit, unit_of
from alerts.detectors.entry import modal
from alerts.detectors.statistics import holm, mean_and_sd, uniform_digits, upper_bound
from alerts.detectors.trace import HANDLING, Row, Trace
from config.detectors import CommonParameters, Natural, Part, Positive, Share
from core.errors import InvalidInput
from core.instants import MINUTE_US, SECOND_US
from core.limits import Limit, Unit, parse_limit

EXAMPLES = 10


class G11Parameters(CommonParameters):
    minutes: Positive = Field(description="Minutes from acceptance to conclusion below which no promised case can be examined.")
    part: Share = Field(description="Part of the limit below which the same is said.")
    seconds_share: Share = Field(description="Share of such cases that is still normal.")
    zero_share: Share = Field(description="Share of cases of no duration at all that is still normal.")


class G11InSeconds(Watch):
    id, needs = "G11", ("accepted", "concluded")
    signs = (Sign("seconds", (Judged.NORM,)), Sign("zero", (Judged.NORM,)))
    Parameters = G11Parameters

    def see(self, case: Trace) -> None:
        accepted, done, clock = case.accepted, case.concluded, case.clock
        if accepted is None or done is None or clock is None or not self.around.period.covers(done.claimed_at):
            return
        if _is_on_the_spot(case, self.around.directory.item_of(case)):
            return
        lasted = done.claimed_at - accepted.claimed_at
        if lasted < 0 or not (accepted.has_time or done.has_time):
            return
        budget = case.budget(self.around.calendar)
        self.count(unit(case), "seconds")
        self.count(unit(case), "zero")
        if lasted < max(self.p.minutes * MINUTE_US, self.p.part * (budget or 0)):
            self.hit(unit(case), "seconds", case, [accepted, done], minutes=round(lasted / MINUTE_US, 1))
        if lasted == 0:
            self.hit(unit(case), "zero", case, [accepted, done])


class G13Parameters(CommonParameters):
    off_hours_share: Share = Field(description="Share of handling outside office hours that is still normal.")
    margin_min: Natural = Field(description="Minutes around the office hours that still count as office.")


class G13OffHours(Watch):
    """Sources that write dates only have no hours; their rows are left out, not counted as night work."""

    id, needs = "G13", ("accepted", "step", "decided", "concluded")
    signs = (Sign("off_hours", (Judged.NORM, Judged.PEERS)),)
    Parameters = G13Parameters

    def see(self, case: Trace) -> None:
        for row in case.rows:
            if row.kind in HANDLING and row.has_time and self.around.period.covers(row.claimed_at):
                self.count(unit(case), "off_hours")
                if self._is_off(row):
                    self.hit(unit(case), "off_hours", case, [row], step=row.step or row.kind)

    def _is_off(self, row: Row) -> bool:
        margin, calendar = int(self.p.margin_min * MINUTE_US), self.around.calendar
        states = {calendar.office_state(at)[0] for at in (row.claimed_at, row.claimed_at - margin, row.claimed_at + margin)}
        return not states & {"working", "lunch", "unpublished"}


class G16Parameters(CommonParameters):
    near_from: Part = Field(description="Promised ÷ statutory from which a promise promises nothing (濮阳: 0.5).")
    near_statutory_share: Share = Field(description="Share of cases under such promises that is still normal.")
    inflated_below: Share = Field(description="Mean use of the promise below which it is inflated.")


class G16EmptyPromise(Watch):
    """`inflated` fires when even the upper 95 % bound of the mean use of an item's promise lies below the threshold."""

    id, needs = "G16", ("accepted", "concluded", "catalogue")
    signs = (Sign("inflated", (Judged.VALUE,)), Sign("near_statutory", (Judged.NORM,)))
    Parameters = G16Parameters

    def prepare(self) -> None:
        self._use: dict[str, list[tuple[float, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        done = case.concluded
        item = self.around.directory.item_of(case)
        if done is None or not self.around.period.covers(done.claimed_at) or _is_on_the_spot(case, item):
            return
        clocks = {clock.kind: clock for clock in case.clocks}
        promised, statutory = (_working_days(clocks.get(kind)) for kind in ("promised", "statutory"))
        if promised is not None and statutory:
            self.count(unit(case), "near_statutory")
            if promised / statutory >= self.p.near_from:
                self.hit(unit(case), "near_statutory", case, [done], promised=promised, statutory=statutory)
        used = case.used_share(done.claimed_at, self.around.calendar) if "promised" in clocks else None
        if used is not None:
            self._use[case.item or case.org].append((used, case, done))

    def end_unit(self, org: str) -> None:
        for item, entries in sorted(self._use.items()):
            if len(entries) < self.p.min_cases:
                continue
            values = [used for used, _, _ in entries]
            mean, bound = mean_and_sd(values)[0], upper_bound(values)
            if bound < self.p.inflated_below:
                for _, case, done in entries:
                    self.show(unit_of(org), "inflated", case, [done])
                self.value(unit_of(org), "inflated", len(entries), len(entries), mean, self.p.inflated_below,
                           item=item, bound=round(bound, 3))
        values = [used for entries in self._use.values() for used, _, _ in entries]
        if len(values) >= self.p.min_cases:
            self.measured(org, "inflated", mean_and_sd(values)[0], len(values))
        self._use.clear()


class G30Parameters(CommonParameters):
    digits_min: int = Field(ge=100, description="Instants needed before their last digits are tested.")
    effect: Share = Field(description="Cramér's V from which an uneven distribution is worth a look, however many rows.")
    intervals_share: Share = Field(description="Share of cases with one exact duration that is still normal.")


class G30Regular(Watch):
    """Last digits of the minutes of all handling are equally frequent in life; people who invent times prefer some."""

    id, needs = "G30", ("accepted", "step", "decided", "concluded")
    signs = (Sign("digits", (Judged.VALUE,)), Sign("intervals", (Judged.VALUE,)))
    Parameters = G30Parameters

    def prepare(self) -> None:
        self._digits: dict[str, list[int]] = {}
        self._examples: dict[tuple[str, int], list[tuple[Trace, Row]]] = defaultdict(list)
        self._lasted: dict[int, list[tuple[Trace, Row, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        rows = [row for row in case.rows
                if row.kind in HANDLING and row.has_time and self.around.period.covers(row.claimed_at)]
        for at, row in {row.local // MINUTE_US: row for row in rows}.items():
            self._digits.setdefault(case.org, [0] * 10)[at % 10] += 1
            if len(self._examples[case.org, at % 10]) < EXAMPLES:
                self._examples[case.org, at % 10].append((case, row))
        accepted, done = case.accepted, case.concluded
        if done is not None and accepted is not None and accepted.has_time and self.around.period.covers(done.claimed_at):
            self._lasted[(done.claimed_at - accepted.claimed_at) // SECOND_US].append((case, accepted, done))

    def end_unit(self, org: str) -> None:
        n = sum(len(entries) for entries in self._lasted.values())
        if n >= self.p.min_cases:
            seconds, k = modal([lasted for lasted, entries in self._lasted.items() for _ in entries])
            self.measured(org, "intervals", k / n, n)
            if k >= self.p.min_hits and k / n > self.p.intervals_share:
                for case, accepted, done in self._lasted[seconds]:
                    self.show(unit_of(org), "intervals", case, [accepted, done])
                self.value(unit_of(org), "intervals", k, n, k / n, self.p.intervals_share, minutes=round(seconds / 60, 1))
        self._lasted.clear()

    def end(self) -> None:
        judged = sorted((org, counts) for org, counts in self._digits.items() if sum(counts) >= self.p.digits_min)
        tested = [uniform_digits(counts) for _, counts in judged]
        for (org, counts), chance, (_, effect) in zip(judged, holm([one[0] for one in tested]), tested, strict=True):
            n, most = sum(counts), max(counts)
            self.measured(org, "digits", effect, n)
            if chance <= self.p.alpha and effect >= self.p.effect:
                for case, row in self._examples[org, counts.index(most)]:
                    self.show(unit_of(org), "digits", case, [row])
                self.value(unit_of(org), "digits", most, n, effect, self.p.effect, chance,
                           digit=counts.index(most), counts=counts)


def _is_on_the_spot(case: Trace, item: object) -> bool:
    """即办件: finished at once by its nature."""
    clock = case.clock
    return getattr(item, "category", "") == "instant" or (clock is not None and clock.limit_text.startswith("0"))


def _working_days(clock: object) -> float | None:
    """A stated limit in working days, calendar days counted at five of seven; None where only a date is stated."""
    try:
        limit: Limit = parse_limit(getattr(clock, "limit_text", ""))
    except InvalidInput:
        return None
    return round(limit.amount * {Unit.WORKING_DAY: 1.0, Unit.CALENDAR_DAY: 5 / 7, Unit.WORKING_HOUR: 1 / 7}[limit.unit], 2)
