"""What is in the system, and what is not: G3 体外循环, G9 拆分办件, G10 虚增办件, G18 选择性上报."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, unit, unit_of
from alerts.detectors.facts import day_of_certificate, fact, identity_is_valid, serial_of, text
from alerts.detectors.statistics import at_most_of, none_at_all
from alerts.detectors.trace import K, Row, Trace
from config.detectors import CommonParameters, Share, Whole
from core.instants import DAY_US

HANDED_OVER = (K.COLLECTED, "delivered")


class G3Parameters(CommonParameters):
    external_share: Share = Field(description="Share of the units' own volume missing here that is still normal (1 − 90 %).")
    tickets_share: Share = Field(description="Share of queue tickets without a case that is still normal.")
    gaps_share: Share = Field(description="Share of certificate numbers missing between the first and the last still normal.")
    gap_max: int = Field(ge=2, description="Numbers missing in a row from which a new book is assumed instead.")


class G3OffSystem(Watch):
    """Cases handled outside: the unit's own figures, the queue and the certificates know of more than the journal."""

    id, needs = "G3", ("accepted", "ticket_called", "licence_issued", "reported_volumes")
    signs = (Sign("external", (Judged.VALUE,)), Sign("tickets", (Judged.NORM,)), Sign("gaps", (Judged.NORM,)),
             Sign("certificate_before", (Judged.COUNT,)))
    Parameters = G3Parameters

    def prepare(self) -> None:
        self._books: dict[str, list[tuple[int, int, str, Trace, Row]]] = defaultdict(list)
        self._accepted: Counter[tuple[str, int]] = Counter()

    def see(self, case: Trace) -> None:
        called, began = case.first("ticket_called"), case.first(K.RECEIVED, K.ACCEPTED, K.NOT_ACCEPTED, K.SUBMITTED)
        if called is not None and self.around.period.covers(called.claimed_at):
            self.count(unit(case), "tickets")
            if began is None:
                self.hit(unit(case), "tickets", case, [called], ticket=text(called, "ticket_no"))
        if case.accepted is not None:
            self._accepted[case.org, case.accepted.day] += 1
        for row in case.rows:
            self._certificate(case, row)

    def _certificate(self, case: Trace, row: Row) -> None:
        issued, serial = day_of_certificate(row), serial_of(text(row, "certificate_no"))
        if issued is None or not self.around.period.first <= issued <= self.around.period.last:
            return
        self.count(unit(case), "certificate_before")
        if case.accepted is not None and issued < case.accepted.day:
            self.hit(unit(case), "certificate_before", case, [row, case.accepted], days=case.accepted.day - issued)
        if serial is not None:
            self._books[serial[0]].append((serial[1], row.claimed_at, case.case_no, case, row))

    def end_unit(self, org: str) -> None:
        for book in self._books.values():
            book.sort(key=lambda entry: entry[:3])
            for before, after in pairwise(book):
                missing = after[0] - before[0] - 1
                if missing >= self.p.gap_max:
                    continue
                self.count(unit_of(org), "gaps", max(1, after[0] - before[0]))
                if missing > 0:
                    self._tally(unit_of(org), "gaps").k += missing
                    self.show(unit_of(org), "gaps", after[3], [before[4], after[4]], after=text(before[4], "certificate_no"),
                              before=text(after[4], "certificate_no"), missing=missing)
        self._books.clear()

    def end(self) -> None:
        if self.around.records is None:
            return
        for volume in self.around.records.volumes(self.around.area, self.around.period.first, self.around.period.last):
            known = sum(self._accepted[volume.org, day] for day in range(volume.first_day, volume.last_day + 1))
            missing = volume.amount - known
            if volume.amount < self.p.min_cases:
                continue
            share = missing / volume.amount
            self.measured(volume.org, "external", max(0.0, share), volume.amount)
            if missing >= self.p.min_hits and share > self.p.external_share:
                self.value(unit_of(volume.org), "external", missing, volume.amount, share, self.p.external_share,
                           known=known, what=volume.kind)


class G9Parameters(CommonParameters):
    same_day: int = Field(ge=2, description="Cases of one applicant for one item opened on one day that are one matter split.")
    split_share: Share = Field(description="Share of surplus cases that is still normal.")


class G9Split(Watch):
    id, needs = "G9", ("submitted", "received", "accepted")
    signs = (Sign("split", (Judged.NORM,)),)
    Parameters = G9Parameters

    def prepare(self) -> None:
        self._same: dict[tuple[str, str, int], list[tuple[int, str, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        opening = case.opening
        if opening is None or not self.around.period.covers(opening.claimed_at):
            return
        self.count(unit(case), "split")
        project = next((text(row, "project") for row in case.rows if text(row, "project")), "") or case.applicant
        if project and case.item:
            self._same[project, case.item, opening.day].append((opening.claimed_at, case.case_no, case, opening))

    def end_unit(self, org: str) -> None:
        for entries in self._same.values():
            if len(entries) >= self.p.same_day:
                entries.sort(key=lambda entry: entry[:2])
                for _, _, case, opening in entries[1:]:  # the first of them is the matter itself
                    self.hit(unit_of(org), "split", case, [entries[0][3], opening], cases=len(entries), first=entries[0][1])
        self._same.clear()


class G10Parameters(CommonParameters):
    bad_id_share: Share = Field(description="Share of identity numbers with a wrong checksum that is still normal.")
    phone_cases: int = Field(ge=2, description="Different applicants with one phone that are too many.")
    same_phone_share: Share = Field(description="Share of cases with such a phone that is still normal.")
    staff_phones: tuple[str, ...] = Field(description="Keyed hashes of the staff's own phones.")
    empty_share: Share = Field(description="Share of concluded cases without paper, fee and collection still normal.")


class G10Invented(Watch):
    id, needs = "G10", ("submitted", "received", "concluded", "fee_charged", "collected")
    signs = (Sign("bad_id", (Judged.NORM,)), Sign("same_phone", (Judged.NORM,)), Sign("staff_phone", (Judged.COUNT,)),
             Sign("empty", (Judged.NORM,)))
    Parameters = G10Parameters

    def prepare(self) -> None:
        self._phones: dict[str, list[tuple[int, str, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        opening = case.opening
        if opening is None or not self.around.period.covers(opening.claimed_at):
            return
        number = next((text(row, "applicant_id") for row in case.rows if text(row, "applicant_id")), "")
        if number:
            self.count(unit(case), "bad_id")
            if not identity_is_valid(number):
                self.hit(unit(case), "bad_id", case, [opening], number=f"{number[:6]}…{number[-2:]}")
        self._phone(case, opening)
        self._emptiness(case)

    def _phone(self, case: Trace, opening: Row) -> None:
        phone = next((text(row, "phone_hash") for row in case.rows if row.kind != "rated" and text(row, "phone_hash")), "")
        if not phone:
            return
        self.count(unit(case), "same_phone")
        self.count(unit(case), "staff_phone")
        self._phones[phone].append((opening.claimed_at, case.case_no, case, opening))
        if phone in self.p.staff_phones:
            self.hit(unit(case), "staff_phone", case, [opening])

    def _emptiness(self, case: Trace) -> None:
        """Only of cases whose source says what papers came in: an empty list, not a missing one."""
        given = [papers for row in case.rows if (papers := fact(row, "materials")) is not None]
        if case.concluded is None or not given:
            return
        self.count(unit(case), "empty")
        if not any(given) and not case.all("fee_charged", *HANDED_OVER):
            self.hit(unit(case), "empty", case, [case.opening, case.concluded])

    def end_unit(self, org: str) -> None:
        for entries in self._phones.values():
            if len({case.applicant for _, _, case, _ in entries}) >= self.p.phone_cases:
                for _, _, case, opening in sorted(entries, key=lambda entry: entry[:2]):
                    self.hit(unit_of(org), "same_phone", case, [opening], cases=len(entries))
        self._phones.clear()


class G18Parameters(CommonParameters):
    hall_sources: tuple[str, ...] = Field(description="Sources of the service hall; all others are systems of the units' own.")
    volume: int = Field(ge=30, description="Concluded cases from which never being late is surprising.")
    no_acceptance_share: Share = Field(description="Share of conclusions without an acceptance that is still normal.")
    silent_days: Whole = Field(description="Days after the limit from which a case nobody ended was dropped from the reports.")
    never_ended_share: Share = Field(description="Share of such cases that is still normal.")


class G18Selective(Watch):
    """`too_perfect` asks how likely it is that nothing was ever late if the unit were like the others (exact binomial)."""

    id, needs = "G18", ("accepted", "concluded")
    signs = (Sign("own_quiet", (Judged.VALUE,)), Sign("no_acceptance", (Judged.NORM,)), Sign("never_ended", (Judged.NORM,)),
             Sign("too_perfect", (Judged.VALUE,)))
    Parameters = G18Parameters

    def prepare(self) -> None:
        self._ends: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)  # org → (own system, late)

    def see(self, case: Trace) -> None:
        done, accepted, clock = case.concluded, case.accepted, case.clock
        if done is not None and self.around.period.covers(done.claimed_at):
            self.count(unit(case), "no_acceptance")
            if accepted is None:
                self.hit(unit(case), "no_acceptance", case, [done])
            elif clock is not None and clock.due_at is not None:
                is_own = done.source not in self.p.hall_sources
                self._ends[case.org][is_own, done.claimed_at >= clock.due_at] += 1
        if accepted is not None and clock is not None and clock.due_at is not None and self.around.period.covers(clock.due_at):
            self.count(unit(case), "never_ended")
            if case.closed is None and self.around.now - clock.due_at > self.p.silent_days * DAY_US:
                self.hit(unit(case), "never_ended", case, [accepted, case.rows[-1]])

    def end(self) -> None:
        late = sum(count for ends in self._ends.values() for (_, is_late), count in ends.items() if is_late)
        total = sum(ends.total() for ends in self._ends.values())
        judged = [org for org, ends in sorted(self._ends.items()) if ends.total() >= self.p.volume]
        for org in judged:
            ends = self._ends[org]
            own_late, n = ends[True, True] + ends[False, True], ends.total()
            self.measured(org, "too_perfect", own_late / n, n)
            others = (late - own_late) / max(1, total - n)
            chance = none_at_all(n, others) * len(judged)
            if not own_late and chance <= self.p.alpha and len(self._ends) >= self.p.min_units:
                self.value(unit_of(org), "too_perfect", 0, n, 0.0, others, chance)
            self._compare_systems(org, ends, len(judged))

    def _compare_systems(self, org: str, ends: Counter[tuple[bool, bool]], tests: int) -> None:
        own, hall = ends[True, True] + ends[True, False], ends[False, True] + ends[False, False]
        if min(own, hall) < self.p.min_cases:
            return
        chance = at_most_of(ends[True, True], own, ends[True, True] + ends[False, True], own + hall) * tests
        if chance <= self.p.alpha:
            late = ends[True, True]
            self.value(unit_of(org), "own_quiet", late, own, late / own, ends[False, True] / hall, chance, hall=hall,
                       hall_late=ends[False, True])
