"""What makes a clock stand still or start anew: G7 特别程序滥用, G24 超时前改派, G25 延期滥用, G26 容缺滥用."""

from __future__ import annotations

from collections import defaultdict

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, days_text, unit, unit_of
from alerts.detectors.entry import modal
from alerts.detectors.facts import fact
from alerts.detectors.trace import K, Row, Special, Trace
from config.detectors import CommonParameters, Part, Share, Whole
from core.instants import DAY_US, MINUTE_US


class G7Parameters(CommonParameters):
    ratio_share: Share = Field(description="Share of concluded cases with a special procedure that is still normal.")
    late_from: Part = Field(description="Part of the limit used from which a special procedure starts late.")
    late_start_share: Share = Field(description="Share of specials started late that is still normal.")
    ends_with_case_share: Share = Field(description="Share ended on the day of the conclusion or later that is still normal.")
    too_long_share: Share = Field(description="Share approved for more than the longest that is still normal.")
    equal_lengths_share: Share = Field(description="Share of specials of one exact length that is still normal.")
    absorbs_share: Share = Field(description="Share of specials approved for the days elapsed plus one constant still normal.")
    permit_days_max: Whole = Field(description="Longest approved special of a licence, days (深圳 risesoft: 10).")
    service_days_max: Whole = Field(description="Longest approved special of any other service, days (5).")


class G7Specials(Watch):
    id, needs = "G7", ("special_started", "special_ended", "concluded")
    signs = (Sign("ratio", (Judged.NORM, Judged.PEERS)), Sign("late_start", (Judged.NORM,)),
             Sign("ends_with_case", (Judged.NORM, Judged.PEERS)), Sign("equal_lengths", (Judged.VALUE,)),
             Sign("absorbs", (Judged.VALUE,)), Sign("no_document", (Judged.COUNT,)), Sign("kind", (Judged.COUNT,)),
             Sign("too_long", (Judged.NORM,)), Sign("several", (Judged.COUNT,)))
    Parameters = G7Parameters

    def prepare(self) -> None:
        self._lengths: dict[int, list[tuple[Trace, Special]]] = defaultdict(list)
        self._surplus: dict[int, list[tuple[Trace, Special, int]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        done = case.concluded
        if done is not None and case.accepted is not None and self.around.period.covers(done.claimed_at):
            self.count(unit(case), "ratio")
            if case.specials:
                self.hit(unit(case), "ratio", case, [special.start for special in case.specials])
        begun = [special for special in case.specials if self.around.period.covers(special.start.claimed_at)]
        for special in begun:
            self._look(case, special)
        if begun and len(case.specials) > 1:
            self.hit(unit(case), "several", case, [special.start for special in case.specials], specials=len(case.specials))

    def _look(self, case: Trace, special: Special) -> None:
        subject, start, end = unit(case), special.start, special.end
        for sign in ("late_start", "ends_with_case", "no_document", "kind", "too_long", "several"):
            self.count(subject, sign)
        used = case.used_share(start.claimed_at, self.around.calendar)
        if used is not None and used >= self.p.late_from:
            self.hit(subject, "late_start", case, [start], used=round(used, 2))
        done = case.concluded
        if done is not None and (end is None or end.day >= done.day):
            self.hit(subject, "ends_with_case", case, [start, end, done])
        if not start.data.document_no:
            self.hit(subject, "no_document", case, [start])
        self._check_item(case, start)
        self._collect(case, special)

    def _check_item(self, case: Trace, start: Row) -> None:
        item = self.around.directory.item_of(case)
        kind, days = start.data.special_kind, start.data.approved_days
        allowed = tuple(getattr(item, "special", ()) or ())
        if item is not None and kind and kind not in allowed:
            self.hit(unit(case), "kind", case, [start], kind=kind)
        is_power = item is None or getattr(item, "kind", "") not in ("", "internal")
        most = self.p.permit_days_max if is_power else self.p.service_days_max
        if days is not None and days > most:
            self.hit(unit(case), "too_long", case, [start], days=days, most=most)

    def _collect(self, case: Trace, special: Special) -> None:
        start, end = special.start, special.end
        if end is not None and start.has_time and end.has_time:
            self._lengths[(end.claimed_at - start.claimed_at) // MINUTE_US].append((case, special))
        if start.data.approved_days is not None and case.accepted is not None:
            elapsed = (start.received_at - case.accepted.claimed_at) // DAY_US
            self._surplus[start.data.approved_days - elapsed].append((case, special, elapsed))

    def end_unit(self, org: str) -> None:
        self._judge_lengths(org)
        self._judge_surplus(org)
        self._lengths.clear()
        self._surplus.clear()

    def _judge_lengths(self, org: str) -> None:
        n = sum(len(cases) for cases in self._lengths.values())
        if n < self.p.min_cases:
            return
        minutes, k = modal([length for length, cases in self._lengths.items() for _ in cases])
        self.measured(org, "equal_lengths", k / n, n)
        if k >= self.p.min_hits and k / n > self.p.equal_lengths_share:
            for case, special in self._lengths[minutes]:
                self.show(unit_of(org), "equal_lengths", case, [special.start, special.end])
            days = days_text(minutes * MINUTE_US)
            self.value(unit_of(org), "equal_lengths", k, n, k / n, self.p.equal_lengths_share, days=days)

    def _judge_surplus(self, org: str) -> None:
        n = sum(len(entries) for entries in self._surplus.values())
        if n < self.p.min_cases:
            return
        constant, k = modal([surplus for surplus, entries in self._surplus.items() for _ in entries])
        entries = self._surplus[constant]
        self.measured(org, "absorbs", k / n, n)
        # One fixed approval at one fixed age is a habit; only approvals that follow the elapsed days absorb them.
        follows = len({elapsed for _, _, elapsed in entries}) >= 3
        if follows and constant >= 0 and k >= self.p.min_hits and k / n > self.p.absorbs_share:
            for case, special, elapsed in entries:
                self.show(unit_of(org), "absorbs", case, [special.start], elapsed=elapsed)
            self.value(unit_of(org), "absorbs", k, n, k / n, self.p.absorbs_share, constant=constant)


class G24Parameters(CommonParameters):
    late_from: Part = Field(description="Part of the step's limit used from which a re-assignment is late.")
    late_share: Share = Field(description="Share of late re-assignments that is still normal.")


class G24Reassigned(Watch):
    id, needs = "G24", ("reassigned", "step")
    signs = (Sign("late", (Judged.NORM,)),)
    Parameters = G24Parameters

    def see(self, case: Trace) -> None:
        for row in case.all("reassigned"):
            if not self.around.period.covers(row.claimed_at):
                continue
            used = self._used(case, row)
            if used is None:
                continue
            self.count(unit(case), "late")
            if used >= self.p.late_from:
                self.hit(unit(case), "late", case, [row], used=round(used, 2))

    def _used(self, case: Trace, row: Row) -> float | None:
        """Of the step's own limit where it has one, else of the case's."""
        due = row.data.step_due or next((later.data.step_due for later in case.all(K.STEP)
                                         if later.claimed_at >= row.claimed_at), None)
        if due is None:
            return case.used_share(row.claimed_at, self.around.calendar)
        before = [one.claimed_at for one in case.all(K.ACCEPTED, K.STEP) if one.claimed_at < row.claimed_at]
        if not before:
            return None
        budget = self.around.worked(max(before), due.at)
        used = self.around.worked(max(before), row.claimed_at)
        return used / budget if budget and used is not None and budget > 0 else None


class G25Parameters(CommonParameters):
    ratio_share: Share = Field(description="Share of concluded cases extended that is still normal.")
    last_part: Part = Field(description="Part of the limit used from which asking for more days is late.")
    last_day_share: Share = Field(description="Share of late extensions that is still normal (rule: 5 days ahead).")


class G25Extensions(Watch):
    id, needs = "G25", ("extended", "extension_requested", "concluded")
    signs = (Sign("ratio", (Judged.NORM, Judged.PEERS)), Sign("last_day", (Judged.NORM,)), Sign("no_approval", (Judged.COUNT,)),
             Sign("repeated", (Judged.COUNT,)))
    Parameters = G25Parameters

    def see(self, case: Trace) -> None:
        extensions, done = case.all(K.EXTENDED), case.concluded
        if done is not None and self.around.period.covers(done.claimed_at):
            self.count(unit(case), "ratio")
            if extensions:
                self.hit(unit(case), "ratio", case, extensions)
        begun = [row for row in extensions if self.around.period.covers(row.claimed_at)]
        for row in begun:
            self._look(case, row)
        if begun and len(extensions) > 1:
            self.hit(unit(case), "repeated", case, extensions, extensions=len(extensions))

    def _look(self, case: Trace, row: Row) -> None:
        self.count(unit(case), "last_day")
        self.count(unit(case), "no_approval")
        asked = next((one for one in reversed(case.all("extension_requested")) if one.claimed_at <= row.claimed_at), row)
        used = case.used_share(asked.claimed_at, self.around.calendar, before_extension=True)
        if used is not None and used >= self.p.last_part:
            self.hit(unit(case), "last_day", case, [asked, row], used=round(used, 2))
        if not row.data.document_no:
            self.hit(unit(case), "no_approval", case, [row])


class G26Parameters(CommonParameters):
    lapsed_share: Share = Field(description="Share of promised papers that never came that is still normal.")
    wait_days: Whole = Field(description="Working days after acceptance by which promised papers must be in.")
    applicant_times: int = Field(ge=2, description="Lapses of one applicant from which he should no longer be trusted.")


class G26Deferred(Watch):
    """容缺受理, papers promised at acceptance: the unit that always waits, and the applicant who never delivers."""

    id, needs = "G26", ("accepted", "correction_received", "concluded")
    signs = (Sign("lapsed", (Judged.NORM,)), Sign("applicant", (Judged.COUNT,)))
    Parameters = G26Parameters

    def prepare(self) -> None:
        self._lapses: dict[str, list[tuple[Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        accepted = case.accepted
        promised = set(fact(accepted, "deferred") or ()) if accepted is not None else set()
        if accepted is None or not promised or not self.around.period.covers(accepted.claimed_at):
            return
        waited = self.around.working_days(accepted.day, self.around.today())
        if waited is None or waited <= self.p.wait_days:
            return
        self.count(unit(case), "lapsed")
        missing = promised - self._brought(case, accepted)
        if missing:
            self.hit(unit(case), "lapsed", case, [accepted], materials="、".join(sorted(missing)))
            if case.applicant:
                self._lapses[case.applicant].append((case, accepted))

    def _brought(self, case: Trace, accepted: Row) -> set[str]:
        """Codes that came within the days allowed, in any later row."""
        brought: set[str] = set()
        for row in case.rows:
            days = self.around.working_days(accepted.day, row.day)
            if row.claimed_at > accepted.claimed_at and days is not None and days <= self.p.wait_days:
                brought |= set(fact(row, "materials") or ())
        return brought

    def end_unit(self, org: str) -> None:
        for entries in self._lapses.values():
            if len(entries) >= self.p.applicant_times:
                for case, row in entries:
                    self.hit(unit_of(org), "applicant", case, [row], times=len(entries))
        self._lapses.clear()
