"""What is changed afterwards: G14 改时间改结果, G15 改时限改节假日表, G20 撤牌滥用."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from pydantic import Field

from alerts.detectors.base import Judged, Kind, Sign, Subject, Watch, unit, unit_of
from alerts.detectors.trace import K, Row, Trace
from config.detectors import CommonParameters, Share, Whole
from core.instants import DAY_US, HOUR_US, MINUTE_US, date_of, local_day


class G14Parameters(CommonParameters):
    finish_lowered_hits: Whole = Field(description="Conclusions dated back after a card: each is a finding by itself.")
    times_only_share: Share = Field(description="Share of cases with a new version that changes times only still normal.")
    after_finish_share: Share = Field(description="Share of cases edited after their conclusion that is still normal.")


class G14Rewritten(Watch):
    """Nothing in the journal is overwritten: every earlier version still says what it said (发牌巡检 of the real product)."""

    id, needs = "G14", ("versions of every event", "cards")
    signs = (Sign("finish_lowered", (Judged.COUNT,)), Sign("times_only", (Judged.NORM,)), Sign("after_finish", (Judged.NORM,)))
    Parameters = G14Parameters

    def see(self, case: Trace) -> None:
        touched = any(self.around.period.covers(row.received_at) for row in case.versions)
        if not touched:
            return
        self.count(unit(case), "times_only")
        self.count(unit(case), "after_finish")
        if len(case.versions) == len(case.rows):
            return
        pairs = [pair for pair in _edits(case.versions) if self.around.period.covers(pair[1].received_at)]
        ended = min((row.received_at for row in case.versions if row.kind == K.CONCLUDED), default=None)
        times = [pair for pair in pairs if _only_times(*pair)]
        later = [pair for pair in pairs if ended is not None and pair[1].received_at > ended]
        if times:
            self.hit(unit(case), "times_only", case, times[0], hours=_hours(times[0]))
        if later:
            self.hit(unit(case), "after_finish", case, later[0])
        for pair in pairs:
            self._dated_back(case, pair)

    def _dated_back(self, case: Trace, pair: tuple[Row, Row]) -> None:
        before, after = pair
        if after.kind != K.CONCLUDED or after.claimed_at >= before.claimed_at or self.around.records is None:
            return
        carded = [card for card in self.around.records.cards_of(case.case_id) if card.raised_at < after.received_at]
        if carded:
            subject = Subject(Kind.CASE, case.case_no, case.org)
            self.count(subject, "finish_lowered")
            self.hit(subject, "finish_lowered", case, [before, after], hours=_hours(pair), card=carded[0].card_id)


class G15Parameters(CommonParameters):
    soon_days: Whole = Field(description="Days after a change within which the limits that run out were the reason for it.")
    due_hits: Whole = Field(description="Open cases about to be late that a change gave more time to.")


class G15MovedGoal(Watch):
    """A limit raised, a day off added or a rule switched off while cases were about to be late."""

    id, needs = "G15", ("config_log", "clocks")
    signs = (Sign("due", (Judged.COUNT,)),)
    Parameters = G15Parameters

    def prepare(self) -> None:
        records, period = self.around.records, self.around.period
        self._changes: list[Any] = records.relaxations(period.since, period.until) if records is not None else []

    def see(self, case: Trace) -> None:
        clock, accepted = case.clock, case.accepted
        if not self._changes or clock is None or clock.due_at is None or accepted is None:
            return
        for change in self._changes:
            if change.item not in ("", case.item) or change.area not in ("", case.area):
                continue
            is_open = accepted.claimed_at < change.at and (clock.ended_at is None or clock.ended_at > change.at)
            soon = change.at < clock.due_at <= change.at + (self.p.soon_days + change.days) * DAY_US
            if is_open and soon:
                subject = Subject(Kind.PERSON, change.actor, "")
                self.count(subject, "due")
                self.hit(subject, "due", case, [accepted], what=change.what, thing=change.subject, version=change.version)


class G20Parameters(CommonParameters):
    revoked_share: Share = Field(description="Share of a unit's cards revoked that is still normal.")
    pair_share: Share = Field(description="Share of a unit's revocations by one reviewer that is still normal.")
    score_days: Whole = Field(description="First days of a month in which last month is scored.")
    after_month_share: Share = Field(description="Share of revocations just before the score that is still normal.")


class G20Revoked(Watch):
    id, needs = "G20", ("cards", "card_log")
    signs = (Sign("revoked", (Judged.NORM, Judged.PEERS)), Sign("pair", (Judged.NORM,)), Sign("after_month", (Judged.NORM,)))
    Parameters = G20Parameters

    def end(self) -> None:
        if self.around.records is None:
            return
        reviewers: dict[str, Counter[str]] = defaultdict(Counter)
        cards = list(self.around.records.cards_issued(self.around.area, self.around.period.since, self.around.period.until))
        for card in cards:
            self.count(unit_of(card.org), "revoked")
            if card.revoked_at is not None:
                reviewers[card.org][card.reviewer] += 1
                self._revoked(card)
        for org, names in sorted(reviewers.items()):
            name, _ = min(names.items(), key=lambda item: (-item[1], item[0]))
            for card in cards:
                if card.org == org and card.revoked_at is not None:
                    self.count(unit_of(org), "pair")
                    if card.reviewer == name:
                        self._hit(card, "pair", reviewer=name)

    def _revoked(self, card: Any) -> None:
        self._hit(card, "revoked", reviewer=card.reviewer)
        self.count(unit_of(card.org), "after_month")
        offset = (self.around.calendar.to_local(card.revoked_at) - card.revoked_at) // MINUTE_US
        issued, revoked = (_month_day(local_day(at, offset)) for at in (card.issued_at, card.revoked_at))
        if revoked[0] > issued[0] and revoked[1] <= self.p.score_days:
            self._hit(card, "after_month", reviewer=card.reviewer)

    def _hit(self, card: Any, sign: str, **facts: Any) -> None:
        stub = Trace(card.case_id, self.around.area, card.case_no, card.org, "", [])
        self._tally(unit_of(card.org), sign).k += 1
        self.show_at(unit_of(card.org), sign, stub, card.issued_at, card=card.card_id, **facts)


def _edits(versions: list[Row]) -> list[tuple[Row, Row]]:
    """(earlier, later) versions of the same source event that follow one another."""
    by_event: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in versions:
        by_event[row.source, row.source_event_id].append(row)
    pairs: list[tuple[Row, Row]] = []
    for _, rows in sorted(by_event.items()):
        rows.sort(key=lambda row: row.source_version)
        pairs += pairwise(rows)
    return pairs


def _only_times(before: Row, after: Row) -> bool:
    same = (before.kind, before.actor, before.step, before.data) == (after.kind, after.actor, after.step, after.data)
    return same and before.claimed_at != after.claimed_at


def _hours(pair: tuple[Row, Row]) -> float:
    return round((pair[0].claimed_at - pair[1].claimed_at) / HOUR_US, 1)


def _month_day(day: int) -> tuple[int, int]:
    date = date_of(day)
    return date.year * 12 + date.month, date.day
