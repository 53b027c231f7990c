"""The statement of a day beside the ledger: what the platform took and we did not settle is asked after and settled; what even
then does not agree is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from approval.payments.ledger import KeptOrder
from approval.payments.matters import NOT_PAID, OrderState
from approval.payments.open_platform import OpenPlatformGateway
from approval.payments.service import Payments
from approval.payments.statement import Difference, Gap, StatementLine
from core.clock import Clock
from core.errors import NotFound, UpstreamError
from core.instants import from_us, to_us

SETTLED = (OrderState.PAID, OrderState.BOOKED)


def match_day(payments: Payments, gateway: OpenPlatformGateway, day: date, zone: tzinfo) -> list[Difference]:
    """May be called again for the same day. Raises UpstreamError for a platform that is silent or has no statement yet."""
    lines = gateway.statement(day)
    paid = {line.no for line in lines if not line.is_refund}
    found = [one for line in lines for one in (_refunded(payments, line) if line.is_refund else _paid(payments, line))]
    since, until = (to_us(datetime.combine(one, time.min, zone)) for one in (day, day + timedelta(days=1)))
    opened = payments.ledger.opened(since, until, SETTLED)
    return found + [Difference(Gap.NOT_THERE, kept.order.no, 0, kept.order.amount_fen)
                    for kept in _missing(opened, paid) if gateway.ask(kept.order).says != "paid"]


Told = Callable[[date, list[Difference] | UpstreamError], None]


class DailyStatements:
    """Once a day, from the hour on at which the platform has the statement of the day before, those of the last `days`; again
    at the next look where one could not be had. `tell` is told of each day, in their order."""

    def __init__(self, payments: Payments, clock: Clock, zone: tzinfo, hour: int, days: int, tell: Told) -> None:
        self._payments, self._clock, self._zone, self._tell = payments, clock, zone, tell
        self._hour, self._days, self._done = hour, days, date.min

    def run(self) -> None:
        now = from_us(self._clock.now_us()).astimezone(self._zone)
        if not isinstance(self._payments.gateway, OpenPlatformGateway) or now.hour < self._hour or self._done >= now.date():
            return
        had = [self.of(now.date() - timedelta(days=back)) for back in range(self._days, 0, -1)]
        if all(had):
            self._done = now.date()

    def of(self, day: date) -> bool:
        """Compare one day and tell of it. Whether there was a statement; False where the gateway gives none."""
        gateway = self._payments.gateway
        if not isinstance(gateway, OpenPlatformGateway):
            return False
        try:
            self._tell(day, match_day(self._payments, gateway, day, self._zone))
        except UpstreamError as silence:
            self._tell(day, silence)
            return False
        return True


def _missing(opened: Sequence[KeptOrder], paid: set[str]) -> Iterator[KeptOrder]:
    """Settled here, and not on the statement; one paid after midnight is on that of the next day, so the platform is asked."""
    return (kept for kept in opened if kept.order.no not in paid)


def _paid(payments: Payments, line: StatementLine) -> Iterator[Difference]:
    try:
        kept = payments.ledger.find(line.no)
    except NotFound:
        yield Difference(Gap.UNKNOWN, line.no, line.amount_fen, 0)
        return
    if kept.order.amount_fen != line.amount_fen:
        yield Difference(Gap.AMOUNT, line.no, line.amount_fen, kept.order.amount_fen)
    elif kept.state in NOT_PAID and payments.recheck(line.no).state in NOT_PAID:
        yield Difference(Gap.UNBOOKED, line.no, line.amount_fen, 0)


def _refunded(payments: Payments, line: StatementLine) -> Iterator[Difference]:
    try:
        state = payments.ledger.find(line.no).state
    except NotFound:
        state = None
    if state not in (OrderState.RETURNING, OrderState.GIVEN_BACK):
        yield Difference(Gap.REFUND, line.no, line.amount_fen, 0)
