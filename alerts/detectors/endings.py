"""How cases end: G8 退件作废撤回规避, G17 集中在到期前办结, G21 假办结."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, unit, unit_of
from alerts.detectors.statistics import at_least
from alerts.detectors.trace import K, Row, Trace
from config.detectors import CommonParameters, Part, Share, Whole
from core.instants import DAY_US

GIVEN_UP = (K.WITHDRAWN, K.RETURNED, K.VOIDED)


class G8Parameters(CommonParameters):
    late_from: Part = Field(description="Part of the limit used from which such an end is suspicious.")
    at_the_limit_share: Share = Field(description="Share of returned, withdrawn and voided cases so late that is still normal.")
    refiled_share: Share = Field(description="Share of such cases filed again soon that is still normal.")
    refile_days: Whole = Field(description="Days within which the same applicant files the same item again.")


class G8Evaded(Watch):
    id, needs = "G8", ("withdrawn", "returned", "voided", "submitted", "received")
    signs = (Sign("at_the_limit", (Judged.NORM,)), Sign("refiled", (Judged.NORM,)))
    Parameters = G8Parameters

    def prepare(self) -> None:
        self._ended: dict[tuple[str, str], list[tuple[int, str, Trace, Row]]] = defaultdict(list)
        self._opened: dict[tuple[str, str], list[tuple[int, str, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        end, opening = case.closed, case.opening
        if end is not None and end.kind in GIVEN_UP and self.around.period.covers(end.claimed_at):
            used = case.used_share(end.claimed_at, self.around.calendar)
            if used is not None:
                self.count(unit(case), "at_the_limit")
                if used >= self.p.late_from:
                    self.hit(unit(case), "at_the_limit", case, [end], used=round(used, 2), kind=end.kind)
        item = self.around.directory.item_of(case)
        if case.applicant and case.item and getattr(item, "kind", "") != "internal":  # organs file the same thing all the time
            self._remember(case, opening, end)

    def _remember(self, case: Trace, opening: Row | None, end: Row | None) -> None:
        key = (case.applicant, case.item)
        if end is not None and end.kind in GIVEN_UP:
            self._ended[key].append((end.claimed_at, case.case_no, case, end))
        if opening is not None and self.around.period.covers(opening.claimed_at):
            self._opened[key].append((opening.claimed_at, case.case_no, case, opening))

    def end_unit(self, org: str) -> None:
        """The two cases are one stretch of time: from the first filing to the end of the second."""
        for key, ended in self._ended.items():
            self.count(unit_of(org), "refiled", len(ended))
            for at, _, case, opening in sorted(self._opened.get(key, ()), key=lambda entry: entry[:2]):
                earlier = [entry for entry in ended if 0 <= at - entry[0] <= self.p.refile_days * DAY_US
                           and entry[2].case_id != case.case_id]
                if earlier:
                    before = max(earlier, key=lambda entry: entry[:2])
                    self.hit(unit_of(org), "refiled", case, [opening, before[3]], before=before[1],
                             joined_days=self._joined(before[2], case))
        self._ended.clear()
        self._opened.clear()

    def _joined(self, first: Trace, second: Trace) -> int:
        start = first.opening.day if first.opening else first.rows[0].day
        return (second.closed.day if second.closed else self.around.today()) - start


class G17Parameters(CommonParameters):
    last_part: Share = Field(description="The last part of the limit begins here (0.9: the last tenth).")
    last_part_share: Share = Field(description="Share concluded in the last part that is still normal.")
    due_day_limit: Whole = Field(description="Shortest limit, in working days, for which the due day means anything.")
    due_day_share: Share = Field(description="Share concluded on the due day itself that is still normal.")


class G17AtTheEnd(Watch):
    """`spike` compares the last part with the equally wide part before it: an honest queue has no cliff there (the idea of a
    density test at a threshold, McCrary 2008, Journal of Econometrics 142:698–714, here as an exact binomial)."""

    id, needs = "G17", ("accepted", "concluded")
    signs = (Sign("last_part", (Judged.NORM, Judged.PEERS)), Sign("due_day", (Judged.NORM,)), Sign("spike", (Judged.VALUE,)))
    Parameters = G17Parameters

    def prepare(self) -> None:
        self._before: dict[str, int] = defaultdict(int)

    def see(self, case: Trace) -> None:
        done, clock = case.concluded, case.clock
        if done is None or clock is None or clock.due_at is None or not self.around.period.covers(done.claimed_at):
            return
        used = case.used_share(done.claimed_at, self.around.calendar)
        if used is None or done.claimed_at > clock.due_at:
            return
        subject, width = unit(case), 1.0 - self.p.last_part
        self.count(subject, "last_part")
        is_long = (case.budget(self.around.calendar) or 0) >= self.p.due_day_limit * self.around.calendar.day_us
        if is_long:  # a limit of a day or two always ends near its due day
            self.count(subject, "due_day")
        if used >= self.p.last_part:
            self.hit(subject, "last_part", case, [done], used=round(used, 2))
        elif used >= self.p.last_part - width:
            self._before[case.org] += 1
        if is_long and clock.due_at - done.claimed_at <= DAY_US:
            self.hit(subject, "due_day", case, [done])

    def end(self) -> None:
        tallies = [(one, tally, tally.k, self._before[one.org]) for one, tally in sorted(self.tallies["last_part"].items())]
        judged = [entry for entry in tallies if entry[2] + entry[3] >= self.p.min_cases]
        for subject, tally, last, before in judged:
            share, chance = last / (last + before), at_least(last, last + before, 0.5) * len(judged)
            self.measured(subject.org, "spike", share, last + before)
            if last >= self.p.min_hits and chance <= self.p.alpha and last >= 2 * max(before, 1):
                for entry in tally.evidence:
                    self._tally(subject, "spike").add(msgspec.structs.replace(entry[3], sign="spike"))
                self.value(subject, "spike", last, last + before, share, 0.5, min(1.0, chance))


class G21Parameters(CommonParameters):
    deliver_days: Whole = Field(description="Working days within which a result is delivered (行政许可法 Art. 44: 10).")
    undelivered_share: Share = Field(description="Share of results never collected or delivered that is still normal.")
    licence_days: Whole = Field(description="Working days within which an electronic licence is issued (3).")
    licence_share: Share = Field(description="Share of electronic licences missing that is still normal.")


class G21NotDelivered(Watch):
    """Judged ten working days after the conclusion, and only where the unit's source reports deliveries at all.

    Whether an item has an electronic licence no catalogue says: it has one where the unit ever reports one for it.
    """

    id, needs = "G21", ("concluded", "collected", "delivered", "licence_issued", "complained")
    signs = (Sign("undelivered", (Judged.NORM,)), Sign("licence", (Judged.NORM,)), Sign("complained", (Judged.COUNT,)))
    Parameters = G21Parameters

    def prepare(self) -> None:
        self._delivers: set[str] = set()
        self._licensed: set[str] = set()  # items of the unit that is read
        self._licences: list[tuple[Trace, Row, Row | None]] = []
        self._done: dict[str, tuple[Trace, Row]] = {}
        self._complaints: list[tuple[int, str, Trace, Row]] = []

    def see(self, case: Trace) -> None:
        handed = case.first(K.COLLECTED, "delivered")
        issued = case.first("licence_issued")
        if handed is not None:
            self._delivers.add(case.org)
        if issued is not None:
            self._licensed.add(case.item)
        done = case.concluded
        if done is not None:
            self._judge(case, done, "undelivered", handed, self.p.deliver_days)
            self._licences.append((case, done, issued))
            self._done[case.case_no] = (case, done)
        complaint = case.first("complained")
        if complaint is not None and self.around.period.covers(complaint.claimed_at):
            self._complaints.append((complaint.claimed_at, case.case_no, case, complaint))

    def _judge(self, case: Trace, done: Row, sign: str, delivered: Row | None, days: int) -> None:
        waited = self.around.working_days(done.day, self.around.today())
        if done.data.result == "refused" or waited is None or waited <= days or not self.around.period.covers(done.claimed_at):
            return
        self.count(unit(case), sign)
        if delivered is None:
            self.hit(unit(case), sign, case, [done], days=waited)

    def end_unit(self, org: str) -> None:
        """A complaint that names the number of a case as its topic, after that case was said to be finished; and the licences
        of those items of the unit that have one."""
        for case, done, issued in self._licences:
            if case.item in self._licensed:
                self._judge(case, done, "licence", issued, self.p.licence_days)
        self._licences.clear()
        self._licensed.clear()
        for _, _, case, row in sorted(self._complaints, key=lambda entry: entry[:2]):
            about = self._done.get(row.data.topic or row.data.reason or "")
            if about is not None and row.claimed_at > about[1].claimed_at:
                self.hit(unit_of(org), "complained", about[0], [about[1], row], complaint=case.case_no)
        self._done.clear()
        self._complaints.clear()

    def end(self) -> None:
        tallies = self.tallies["undelivered"]
        for subject in [one for one in tallies if one.org not in self._delivers]:
            del tallies[subject]
