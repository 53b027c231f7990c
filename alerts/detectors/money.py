"""Fees: G27 收费异常."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from alerts.detectors.base import Judged, Sign, Watch, unit
from alerts.detectors.facts import fact, text
from alerts.detectors.trace import Row, Trace
from config.detectors import CommonParameters, Natural, Share
from core.instants import DAY_US


class G27Parameters(CommonParameters):
    not_standard_share: Share = Field(description="Share of fees off the standard that is still normal.")
    no_fee_share: Share = Field(description="Share of concluded fee items without any fee that is still normal.")
    after_days: Natural = Field(description="Days after the conclusion from which a fee is charged too late.")


class Charged(NamedTuple):
    """A fee as it was entered last, and the instant (microseconds UTC) from which it counts."""

    row: Row
    since: int


class G27Fees(Watch):
    """An item's standards come from the catalogue; where it has none, only timing, receipts and absence are judged.

    A missing fee is judged for the items whose fees the unit reports: others are collected elsewhere, which is a matter for
    whoever connects that source, not for a detector.
    """

    id, needs = "G27", ("fee_charged", "concluded", "catalogue")
    signs = (Sign("not_standard", (Judged.NORM,)), Sign("no_fee", (Judged.NORM,)), Sign("after_end", (Judged.COUNT,)),
             Sign("no_receipt", (Judged.COUNT,)), Sign("no_ground", (Judged.COUNT,)))
    Parameters = G27Parameters

    def prepare(self) -> None:
        self._reported: set[str] = set()  # items of the unit that is read
        self._done: list[tuple[Trace, Row, list[Row]]] = []

    def see(self, case: Trace) -> None:
        item = self.around.directory.item_of(case)
        fees = _standing(case)
        if fees:
            self._reported.add(case.item)
        done = case.concluded
        if done is not None and getattr(item, "fee", False) and self.around.period.covers(done.claimed_at):
            self._done.append((case, done, [fee.row for fee in fees]))
        for fee in fees:
            if self.around.period.covers(fee.row.claimed_at):
                self._look(case, fee, item, done)

    def _look(self, case: Trace, fee: Charged, item: Any, done: Row | None) -> None:
        row, subject, amount = fee.row, unit(case), _amount(fee.row)
        for sign in ("not_standard", "after_end", "no_receipt", "no_ground"):
            self.count(subject, sign)
        due = _standard(item, row)
        if due is not None and amount not in (due, 0):
            self.hit(subject, "not_standard", case, [row], yuan=amount / 100, standard=due / 100)
        if done is not None and fee.since - done.claimed_at > self.p.after_days * DAY_US:
            self.hit(subject, "after_end", case, [done, row], yuan=amount / 100)
        if amount and not text(row, "receipt_no"):
            self.hit(subject, "no_receipt", case, [row], yuan=amount / 100)
        if item is not None and not getattr(item, "fee", False) and amount:
            self.hit(subject, "no_ground", case, [row], yuan=amount / 100)

    def end_unit(self, org: str) -> None:
        """Only now is it known which items' fees the unit reports."""
        for case, done, fees in self._done:
            if case.item in self._reported:
                self.count(unit(case), "no_fee")
                if not any(_amount(row) or text(row, "waiver") for row in fees):
                    self.hit(unit(case), "no_fee", case, [done, *fees])
        self._done.clear()
        self._reported.clear()


def _standing(case: Trace) -> list[Charged]:
    """The fees that stand, as the fold keeps them (cases.act_facts): a payment entered by mistake was none, and one entered
    anew counts from the first. Each reversal takes back one fee before it."""
    standing: list[Charged] = []
    taken_back: list[Charged] = []
    for row in case.all("fee_charged", "fee_reversed"):
        if row.kind == "fee_charged":
            before = _taken(taken_back, row, "fee_code")
            standing.append(Charged(row, row.claimed_at if before is None else before.since))
        elif (mistaken := _taken(standing, row, "fee_code", "receipt_no")) is not None:
            taken_back.append(mistaken)
    return standing


def _taken(fees: list[Charged], row: Row, *same: str) -> Charged | None:
    """The first of them that agrees with the row in these facts, taken out of the list."""
    found = next((fee for fee in fees if all(text(fee.row, name) == text(row, name) for name in same)), None)
    if found is not None:
        fees.remove(found)
    return found


def _amount(row: Row) -> int:
    """In fen."""
    found = fact(row, "amount_fen")
    return int(found) if found is not None and str(found).lstrip("-").isdigit() else 0


def _standard(item: Any, row: Row) -> int | None:
    """Standard × quantity in fen, from the item's list of fees or from what the event states; None when neither says."""
    quantity = int(fact(row, "quantity") or 1)
    for fee in getattr(item, "fees", ()) or ():
        if getattr(fee, "code", "") == text(row, "fee_code"):
            return int(fee.standard_fen) * quantity
    stated = fact(row, "standard_fen")
    return int(stated) * quantity if stated is not None and str(stated).isdigit() else None
