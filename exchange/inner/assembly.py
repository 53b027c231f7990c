"""Builds the inner end once, when the settings name a public site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.alarms import AlarmService
from core.clock import Clock
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from exchange.inner.bulletins import BulletinRules, BulletinTelling, Published
from exchange.inner.feedback import Feedback
from exchange.inner.files import Files
from exchange.inner.queries import ExchangeQueries
from exchange.inner.rounds import RoundRules, Rounds
from exchange.inner.service import Receiving, ReceivingRules
from exchange.inner.transport import Transport
from exchange.parts import Parts
from portal.direct import Inside, Views
from portal.limits import Allowance


@dataclass(frozen=True, slots=True)
class Exchange:
    """The inner end."""

    rounds: Rounds
    receiving: Receiving
    feedback: Feedback
    queries: ExchangeQueries
    units: UnitOfWorkFactory
    alarms: AlarmService
    stale_after_min: int

    def run(self) -> None:
        """The repeated work: a round, then the alarms of how it stands."""
        self.rounds.run()
        self.watch()

    def watch(self) -> None:
        """Alarms: nothing succeeded for too long; envelopes wait for an administrator; a fault leaves applicants untold."""
        standing, rounds = self.queries.standing(), self.rounds
        silent = standing.silent_minutes
        is_stale = rounds.problem is not None and (silent is None or silent >= self.stale_after_min)
        with self.units() as uow:
            self._alarm(uow, "exchange_stale", is_stale, minutes=silent or 0,
                        waiting=max(standing.to_do_minutes, standing.to_give_minutes))
            self._alarm(uow, "exchange_stuck", bool(standing.stuck), n=standing.stuck)
            self._alarm(uow, "exchange_untold", bool(rounds.untold), n=rounds.untold)
            self._alarm(uow, "exchange_unapplied", bool(rounds.unapplied), n=rounds.unapplied)
            n, minutes, no = rounds.payments
            self._alarm(uow, "exchange_payments", bool(n), n=n, minutes=minutes, no=no)

    def _alarm(self, uow: UnitOfWork, code: str, is_on: bool, **values: Any) -> None:
        if is_on:
            self.alarms.renew_alarm(uow.conn, code, "", uow.now_us, **values)
        else:
            self.alarms.clear_alarm(uow.conn, code, "", uow.now_us)


@dataclass(frozen=True, slots=True)
class Means:
    """What the inner end is built from. `clock` is the machine's own; `folder` holds files that are not whole yet."""

    units: UnitOfWorkFactory
    inside: Inside
    alarms: AlarmService
    folder: Path
    transport: Transport
    clock: Clock
    receiving: ReceivingRules
    rounds: RoundRules
    published: Published
    bulletins: BulletinRules
    guesses: Allowance
    stale_after_min: int


def build_exchange(means: Means) -> Exchange:
    """The inner end on what is given."""
    retry_s = means.rounds.backoff_max_s
    bulletins = BulletinTelling(means.units, means.published, means.clock, retry_s, means.bulletins)
    feedback = Feedback(means.units, means.inside, bulletins, means.clock, retry_s)
    materials = means.inside.approval.materials
    files = Files(materials, Parts(means.folder, materials.open), means.transport, means.rounds.chunk_bytes)
    receiving = Receiving(means.units, means.inside, files, feedback, means.clock, means.receiving, means.guesses)
    rounds = Rounds(means.units, receiving, feedback, Views(means.inside), means.transport, means.clock, means.rounds)
    return Exchange(rounds, receiving, feedback, ExchangeQueries(means.units.database, means.clock), means.units,
                    means.alarms, means.stale_after_min)
