"""When and how things were entered: G1 补录, G2 批量录入, G4 先办后收, G29 倒签. It shows in the two times every row has."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, person, unit, unit_of
from alerts.detectors.facts import day_of_certificate, serial_of
from alerts.detectors.trace import K, Row, Trace
from config.detectors import CommonParameters, Natural, Positive, Share
from core.instants import DAY_US, HOUR_US, MINUTE_US


class G1Parameters(CommonParameters):
    late_after_h: Positive = Field(description="Hours from claimed acceptance to its receipt that are late entry (徐州规定: "
                                                  "upload within 24 h); at least one office day must have passed, too.")
    together_min: Positive = Field(description="Minutes between the receipts of conclusion and acceptance within which both "
                                                  "were entered together.")
    claimed_days: Positive = Field(description="Days the case claims to have taken, from which entering both together is odd.")
    late_entry_share: Share = Field(description="Share of late entries that is still normal.")
    afterwards_share: Share = Field(description="Share of acceptances entered with the conclusion that is still normal.")
    ignore_sources: tuple[str, ...] = Field(description="Sources that may be late: an old log that was loaded as a whole.")


class G1AfterTheFact(Watch):
    """Counted in the period in which the acceptance was *received*: what is entered late claims to be old."""

    id, needs = "G1", ("accepted", "concluded")
    signs = (Sign("afterwards", (Judged.NORM,)), Sign("late_entry", (Judged.NORM,)))
    Parameters = G1Parameters

    def see(self, case: Trace) -> None:
        accepted = case.accepted
        if accepted is None or accepted.source in self.p.ignore_sources:
            return
        if not self.around.period.covers(accepted.received_at):
            return
        subject, done = unit(case), case.concluded
        self.count(subject, "late_entry")
        if self._is_late(accepted):
            self.hit(subject, "late_entry", case, [accepted],
                     hours=round((accepted.received_at - accepted.claimed_at) / HOUR_US, 1))
        if done is None:
            return
        self.count(subject, "afterwards")
        if self._together(accepted, done):
            self.hit(subject, "afterwards", case, [accepted, done],
                     minutes=round((accepted.received_at - done.received_at) / MINUTE_US, 1),
                     days=round((done.claimed_at - accepted.claimed_at) / DAY_US, 1))

    def _is_late(self, accepted: Row) -> bool:
        worked = self.around.worked(accepted.claimed_at, accepted.received_at)
        late = accepted.received_at - accepted.claimed_at > self.p.late_after_h * HOUR_US
        return bool(late and (worked is None or worked > self.around.calendar.day_us))

    def _together(self, accepted: Row, done: Row) -> bool:
        claimed = done.claimed_at - accepted.claimed_at
        together = done.received_at - accepted.received_at <= self.p.together_min * MINUTE_US
        return bool(together and claimed >= self.p.claimed_days * DAY_US)


class G2Parameters(CommonParameters):
    window_min: Positive = Field(description="Minutes within which one person cannot honestly accept and conclude a batch.")
    batch: int = Field(ge=2, description="Cases of one person in that window, or accepted in one minute, that are a batch.")
    chain_rows: int = Field(ge=3, description="Rows from acceptance to conclusion that share one instant in a made chain.")
    fabricated_share: Share = Field(description="Share of cases whose steps all have one instant that is still normal.")


class G2Batch(Watch):
    id, needs = "G2", ("accepted", "step", "concluded")
    signs = (Sign("burst", (Judged.COUNT,)), Sign("same_minute", (Judged.COUNT,)), Sign("fabricated", (Judged.NORM,)))
    Parameters = G2Parameters

    def prepare(self) -> None:
        self._done: dict[str, list[tuple[int, int, Trace, Row, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        accepted, done = case.accepted, case.concluded
        if accepted is None or done is None or not self.around.period.covers(done.claimed_at):
            return
        subject = unit(case)
        self.count(subject, "fabricated")
        chain = [accepted, *case.all(K.STEP, K.DECIDED), done]
        if len(chain) >= self.p.chain_rows and accepted.has_time and len({row.claimed_at for row in chain}) == 1:
            self.hit(subject, "fabricated", case, chain, events=len(chain))
        if done.actor and accepted.has_time and done.claimed_at >= accepted.claimed_at:
            self._done[done.actor].append((accepted.claimed_at, done.claimed_at, case, accepted, done))

    def end_unit(self, org: str) -> None:
        for name, entries in sorted(self._done.items()):
            entries.sort(key=lambda entry: (entry[0], entry[2].case_no))
            self._find_bursts(name, [entry for entry in entries if entry[1] - entry[0] <= self.p.window_min * MINUTE_US])
            self._find_minutes(name, entries)
        self._done.clear()

    def _find_bursts(self, name: str, entries: list[tuple[int, int, Trace, Row, Row]]) -> None:
        at = 0
        while at < len(entries):
            end = entries[at][0] + self.p.window_min * MINUTE_US
            batch = [entry for entry in entries[at:] if entry[0] <= end and entry[1] <= end]
            if len(batch) >= self.p.batch:
                for _, _, case, accepted, done in batch:
                    self.hit(person(case, name), "burst", case, [accepted, done], batch=len(batch))
            at += len(batch) if len(batch) >= self.p.batch else 1

    def _find_minutes(self, name: str, entries: list[tuple[int, int, Trace, Row, Row]]) -> None:
        by_minute: dict[int, list[tuple[int, int, Trace, Row, Row]]] = defaultdict(list)
        for entry in entries:
            by_minute[entry[0] // MINUTE_US].append(entry)
        for batch in by_minute.values():
            if len(batch) >= self.p.batch:
                for _, _, case, accepted, _ in batch:
                    self.hit(person(case, name), "same_minute", case, [accepted], batch=len(batch))


class G4Parameters(CommonParameters):
    tolerance_min: Natural = Field(description="Minutes by which clocks of two desks may differ.")


class G4HandledFirst(Watch):
    """Each hit contradicts itself: what was decided, charged or issued cannot be older than the acceptance."""

    id, needs = "G4", ("accepted", "step", "decided", "concluded", "fee_charged", "licence_issued")
    signs = (Sign("decided_before", (Judged.COUNT,)), Sign("opinion_before", (Judged.COUNT,)),
             Sign("certificate_before", (Judged.COUNT,)), Sign("fee_before", (Judged.COUNT,)))
    Parameters = G4Parameters

    def see(self, case: Trace) -> None:
        accepted = case.accepted
        if accepted is None or not self.around.period.covers(accepted.claimed_at):
            return
        subject, limit = unit(case), accepted.claimed_at - self.p.tolerance_min * MINUTE_US
        for sign in self.signs:
            self.count(subject, sign.code)
        decided = case.first(K.DECIDED, K.CONCLUDED)
        if decided is not None and decided.claimed_at < limit:
            self.hit(subject, "decided_before", case, [decided, accepted])
        early = [row for row in case.all(K.STEP) if row.claimed_at < limit]
        if early:
            self.hit(subject, "opinion_before", case, [early[0], accepted], step=early[0].step)
        self._by_date(case, accepted)

    def _by_date(self, case: Trace, accepted: Row) -> None:
        issued = next((row for row in case.rows if (day := day_of_certificate(row)) is not None and day < accepted.day), None)
        if issued is not None:
            self.hit(unit(case), "certificate_before", case, [issued, accepted])
        charged = next((row for row in case.all("fee_charged") if row.day < accepted.day), None)
        if charged is not None:
            self.hit(unit(case), "fee_before", case, [charged, accepted])


class G29Parameters(CommonParameters):
    tolerance_min: Natural = Field(description="Minutes by which a later number may lie earlier (two windows, one book).")
    backdated_share: Share = Field(description="Share of neighbouring numbers out of order that is still normal.")


class G29Backdated(Watch):
    """Receipt numbers rise as they are given out; a later number with an earlier time was dated back."""

    id, needs = "G29", ("received", "accepted")
    signs = (Sign("backdated", (Judged.NORM,)),)
    Parameters = G29Parameters

    def prepare(self) -> None:
        self._books: dict[str, list[tuple[int, int, str, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        for kind in (K.RECEIVED, K.ACCEPTED):
            row = case.first(kind)
            serial = serial_of(row.data.document_no) if row is not None else None
            if row is not None and serial is not None and self.around.period.covers(row.claimed_at):
                self._books[f"{kind}/{serial[0]}"].append((serial[1], row.claimed_at, case.case_no, case, row))

    def end_unit(self, org: str) -> None:
        for book in self._books.values():
            book.sort(key=lambda entry: entry[:3])
            for before, after in pairwise(book):
                if after[0] == before[0]:
                    continue
                self.count(unit_of(org), "backdated")
                if after[1] < before[1] - self.p.tolerance_min * MINUTE_US:
                    self.hit(unit_of(org), "backdated", after[3], [after[4], before[4]], number=after[4].data.document_no,
                             before=before[4].data.document_no, hours=round((before[1] - after[1]) / HOUR_US, 1))
        self._books.clear()


def modal(values: list[int]) -> tuple[int, int]:
    """(value, count) of the most frequent value; the smallest of equals."""
    value, count = min(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return value, count
