"""Who did it, and who says it was good: G12 一人包办, G19 自评刷好评, G28 预警麻木."""

from __future__ import annotations

from collections import defaultdict

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, person, unit, unit_of
from alerts.detectors.facts import fact, text
from alerts.detectors.statistics import none_at_all
from alerts.detectors.trace import HANDLING, K, Row, Trace
from config.detectors import CommonParameters, Positive, Share, Whole
from core.instants import MINUTE_US, SECOND_US


class G12Parameters(CommonParameters):
    posts: int = Field(ge=2, description="Posts (acceptance, steps, decision) that must all be one person's.")
    alone_share: Share = Field(description="Share of a person's cases handled, reviewed and approved alone still normal.")
    apart_min: Positive = Field(description="Minutes within which one account cannot go to another work place and be back.")


class G12Alone(Watch):
    """`off_duty` concerns people who stand on the roster; of others nobody knows when they are on duty."""

    id, needs = "G12", ("accepted", "step", "decided", "concluded", "roster")
    signs = (Sign("alone", (Judged.NORM,)), Sign("two_places", (Judged.COUNT,)), Sign("off_duty", (Judged.COUNT,)))
    Parameters = G12Parameters

    def prepare(self) -> None:
        self._seen: dict[str, list[tuple[int, str, str, Trace, Row]]] = defaultdict(list)

    def see(self, case: Trace) -> None:
        done = case.first(K.DECIDED, K.CONCLUDED)
        item = self.around.directory.item_of(case)
        is_simple = getattr(item, "category", "") == "instant"
        if done is not None and not is_simple and self.around.period.covers(done.claimed_at):
            self._alone(case, done)
        for row in case.rows:
            if row.kind in HANDLING and row.actor and self.around.period.covers(row.claimed_at):
                self._used(case, row)

    def _alone(self, case: Trace, done: Row) -> None:
        posts = [row for row in case.all(K.ACCEPTED, K.STEP, K.DECIDED) if row.actor]
        names = {row.actor for row in posts}
        places = {row.step or row.kind for row in posts}
        if len(places) < self.p.posts:
            return
        for name in names:
            self.count(person(case, name), "alone")
        if len(names) == 1:
            self.hit(person(case, posts[0].actor), "alone", case, posts, posts=len(places))

    def _used(self, case: Trace, row: Row) -> None:
        if row.station and row.has_time:
            self._seen[row.actor].append((row.claimed_at, case.case_no, row.station, case, row))
        if self.around.records is not None and self.around.records.is_off_duty(self.around.area, row.actor, row.claimed_at):
            self.hit(person(case, row.actor), "off_duty", case, [row], step=row.step or row.kind)

    def end_unit(self, org: str) -> None:
        for name, entries in sorted(self._seen.items()):
            entries.sort(key=lambda entry: entry[:3])
            for first, there, back in zip(entries, entries[1:], entries[2:], strict=False):
                is_back = first[2] == back[2] != there[2]  # who walks over does not come back at once
                if is_back and back[0] - first[0] <= self.p.apart_min * MINUTE_US:
                    self.hit(person(there[3], name), "two_places", there[3], [first[4], there[4], back[4]],
                             stations=f"{first[2]} / {there[2]}", minutes=round((back[0] - first[0]) / MINUTE_US, 1))
        self._seen.clear()


class G19Parameters(CommonParameters):
    same_origin: int = Field(ge=2, description="Ratings from one phone, address or device that are too many (武汉 2019).")
    shared_channels: tuple[str, ...] = Field(description="Channels whose device is shared by nature: the window's terminal.")
    origin_share: Share = Field(description="Share of ratings from such an origin that is still normal.")
    seconds: Positive = Field(description="Seconds after the conclusion within which nobody has formed a view.")
    at_once_share: Share = Field(description="Share of ratings so quick that is still normal.")
    staff_phones: tuple[str, ...] = Field(description="Keyed hashes of the staff's own phones.")
    bad_up_to: Whole = Field(le=4, description="A score up to this is a bad rating.")
    volume: int = Field(ge=30, description="Ratings from which never having a bad one is surprising.")


class G19SelfPraise(Watch):
    id, needs = "G19", ("rated", "concluded")
    signs = (Sign("origin", (Judged.NORM,)), Sign("at_once", (Judged.NORM,)), Sign("staff", (Judged.COUNT,)),
             Sign("never_bad", (Judged.VALUE,)))
    Parameters = G19Parameters

    def prepare(self) -> None:
        self._origins: dict[tuple[str, str], list[tuple[int, str, Trace, Row]]] = defaultdict(list)
        self._scores: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # org → ratings, bad ones

    def see(self, case: Trace) -> None:
        for row in case.all("rated"):
            if self.around.period.covers(row.claimed_at):
                self._rating(case, row)

    def _rating(self, case: Trace, row: Row) -> None:
        score, done = fact(row, "score"), case.concluded
        self._scores[case.org][0] += 1
        self._scores[case.org][1] += score is not None and int(score) <= self.p.bad_up_to
        self.count(unit(case), "origin")
        for name in ("phone_hash", "device", "ip"):
            value = text(row, name)
            if value and (name == "phone_hash" or text(row, "channel") not in self.p.shared_channels):
                self._origins[name, value].append((row.claimed_at, case.case_no, case, row))
        if text(row, "phone_hash") in self.p.staff_phones and text(row, "phone_hash"):
            self.hit(unit(case), "staff", case, [row])
        if done is not None and row.claimed_at >= done.claimed_at:
            self.count(unit(case), "at_once")
            if row.claimed_at - done.claimed_at <= self.p.seconds * SECOND_US:
                self.hit(unit(case), "at_once", case, [done, row], seconds=(row.claimed_at - done.claimed_at) // SECOND_US)

    def end_unit(self, org: str) -> None:
        counted: set[int] = set()
        for (name, _), entries in sorted(self._origins.items()):
            if len(entries) < self.p.same_origin:
                continue
            for _, _, case, row in sorted(entries, key=lambda entry: entry[:2]):
                if row.seq not in counted:  # the same rating from one phone and one device is one rating
                    counted.add(row.seq)
                    self.hit(unit_of(org), "origin", case, [row], by=name, ratings=len(entries))
        self._origins.clear()

    def end(self) -> None:
        bad, total = sum(entry[1] for entry in self._scores.values()), sum(entry[0] for entry in self._scores.values())
        judged = [org for org, entry in sorted(self._scores.items()) if entry[0] >= self.p.volume]
        for org in judged:
            n, own_bad = self._scores[org]
            self.measured(org, "never_bad", own_bad / n, n)
            others = (bad - own_bad) / max(1, total - n)
            chance = none_at_all(n, others) * len(judged)
            if not own_bad and chance <= self.p.alpha and len(self._scores) >= self.p.min_units:
                self.value(unit_of(org), "never_bad", 0, n, 0.0, others, chance)


class G28Parameters(CommonParameters):
    ignored_share: Share = Field(description="Share of warnings followed by nothing until the limit that is still normal.")


class G28Numb(Watch):
    """Whose turn it was is the person of the last handling before the warning; nothing happened until the case was late."""

    id, needs = "G28", ("accepted", "step", "concluded", "clock_rungs")
    signs = (Sign("ignored", (Judged.NORM,)),)
    Parameters = G28Parameters

    def see(self, case: Trace) -> None:
        clock = case.clock
        warned = min((at for kind, _, at in case.rungs if clock is not None and kind == clock.kind), default=None)
        if clock is None or clock.due_at is None or warned is None or warned >= clock.due_at:
            return
        if clock.due_at > self.around.now or not self.around.period.covers(warned):
            return
        before = [row for row in case.rows if row.kind in HANDLING and row.actor and row.claimed_at <= warned]
        if not before:
            return
        subject = person(case, before[-1].actor)
        self.count(subject, "ignored")
        if not any(warned < row.claimed_at < clock.due_at for row in case.rows):
            self.hit(subject, "ignored", case, [before[-1], *[row for row in case.rows if row.claimed_at >= clock.due_at][:1]])
