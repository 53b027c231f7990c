"""Before acceptance: G5 拖延受理, G6 反复补正, G22 假退件补交."""

from __future__ import annotations

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, unit
from alerts.detectors.facts import fact, text
from alerts.detectors.trace import K, Row, Trace
from config.detectors import CommonParameters, Positive, Share, Whole
from core.instants import HOUR_US


class G5Parameters(CommonParameters):
    answer_days: Whole = Field(description="Working days within which papers must be answered (行政许可法 Art. 32: 5).")
    ticket_h: Positive = Field(description="Office hours between the queue ticket and the acceptance that are too many.")
    over_share: Share = Field(description="Share answered after the limit that is still normal.")
    last_day_share: Share = Field(description="Share answered on the very last day that is still normal.")
    ticket_share: Share = Field(description="Share accepted long after the ticket that is still normal.")


class G5LateAcceptance(Watch):
    id, needs = "G5", ("submitted", "received", "accepted", "ticket_called")
    signs = (Sign("over", (Judged.NORM,)), Sign("last_day", (Judged.NORM, Judged.PEERS)), Sign("ticket", (Judged.NORM,)))
    Parameters = G5Parameters

    def see(self, case: Trace) -> None:
        asked = case.first(K.RECEIVED, K.SUBMITTED)
        answer = min((row for row in case.all(K.ACCEPTED, K.NOT_ACCEPTED, K.CORRECTION_NOTIFIED)),
                     key=lambda row: row.claimed_at, default=None)
        if asked is not None and answer is not None and self.around.period.covers(answer.claimed_at):
            self._answered(case, asked, answer)
        called, accepted = case.first("ticket_called"), case.accepted
        if called is not None and accepted is not None and self.around.period.covers(accepted.claimed_at):
            self._called(case, called, accepted)

    def _answered(self, case: Trace, asked: Row, answer: Row) -> None:
        days = self.around.working_days(asked.day, answer.day)
        if days is None:
            return
        subject = unit(case)
        self.count(subject, "over")
        self.count(subject, "last_day")
        if days > self.p.answer_days:
            self.hit(subject, "over", case, [asked, answer], days=days)
        elif days == self.p.answer_days:
            self.hit(subject, "last_day", case, [asked, answer], days=days)

    def _called(self, case: Trace, called: Row, accepted: Row) -> None:
        worked = self.around.worked(called.claimed_at, accepted.claimed_at)
        if worked is None:
            return
        self.count(unit(case), "ticket")
        if worked > self.p.ticket_h * HOUR_US:
            self.hit(unit(case), "ticket", case, [called, accepted], hours=round(worked / HOUR_US, 1),
                     ticket=text(called, "ticket_no"))


class G6Parameters(CommonParameters):
    notice_days: Whole = Field(description="Working days within which everything missing must be told (Art. 32: 5).")


class G6Corrections(Watch):
    id, needs = "G6", ("received", "correction_notified")
    signs = (Sign("twice", (Judged.COUNT,)), Sign("late_notice", (Judged.COUNT,)), Sign("ratio", (Judged.PEERS,)),
             Sign("unlisted", (Judged.COUNT,)))
    Parameters = G6Parameters

    def see(self, case: Trace) -> None:
        opening = case.opening
        notices = case.all(K.CORRECTION_NOTIFIED)
        moment = notices[0] if notices else opening
        if moment is None or not self.around.period.covers(moment.claimed_at):
            return
        subject = unit(case)
        for sign in self.signs:
            self.count(subject, sign.code)
        if not notices:
            return
        self.hit(subject, "ratio", case, notices)
        if len(notices) > 1:
            self.hit(subject, "twice", case, notices, notices=len(notices))
        self._late(case, notices[0])
        self._unlisted(case, notices)

    def _late(self, case: Trace, notice: Row) -> None:
        asked = case.first(K.RECEIVED, K.SUBMITTED)
        days = self.around.working_days(asked.day, notice.day) if asked is not None else None
        if days is not None and days > self.p.notice_days:
            self.hit(unit(case), "late_notice", case, [asked, notice], days=days)

    def _unlisted(self, case: Trace, notices: list[Row]) -> None:
        """Papers asked for that the item's list does not have; only where the catalogue lists papers."""
        item = self.around.directory.item_of(case)
        listed = {getattr(one, "code", one) for one in getattr(item, "materials", ()) or ()}
        asked = {code for row in notices for code in (fact(row, "materials") or ()) if listed and code not in listed}
        if asked:
            self.hit(unit(case), "unlisted", case, notices, materials="、".join(sorted(asked)))


class G22Parameters(CommonParameters):
    never_told_share: Share = Field(description="Share of lapsed corrections without a trace of notice still normal.")


class G22NeverTold(Watch):
    """Only for units that record how they tell applicants: where nobody records it, its absence says nothing."""

    id, needs = "G22", ("correction_notified", "returned")
    signs = (Sign("never_told", (Judged.NORM,)),)
    Parameters = G22Parameters

    def prepare(self) -> None:
        self._records: set[str] = set()

    def see(self, case: Trace) -> None:
        notices = case.all(K.CORRECTION_NOTIFIED)
        told = any(_is_told(row) for row in notices)
        if told:
            self._records.add(case.org)
        end = case.first(K.RETURNED)
        if end is None or not notices or case.first(K.CORRECTION_RECEIVED) or not self.around.period.covers(end.claimed_at):
            return
        self.count(unit(case), "never_told")
        if not told:
            self.hit(unit(case), "never_told", case, [notices[0], end])

    def end(self) -> None:
        tallies = self.tallies["never_told"]
        for subject in [one for one in tallies if one.org not in self._records]:
            del tallies[subject]


def _is_told(row: Row) -> bool:
    """A receipt, a document number, a channel (SMS, phone, post): any trace that the applicant was reached."""
    return any(text(row, name) for name in ("document_no", "receipt_no", "channel", "phone_hash", "visit"))
