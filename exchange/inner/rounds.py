"""One round of the exchange: take, do, compose, give. Cut off anywhere, the next round goes on where this one stood."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.clock import Clock
from core.errors import SupervisionError
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWorkFactory
from exchange.envelopes import Envelope, Give, Given, Take
from exchange.inner.feedback import Feedback
from exchange.inner.heads import ACKED, IN, Head, head_of
from exchange.inner.service import Receiving
from exchange.inner.transport import Transport
from portal.direct import Views

log = logging.getLogger(__name__)
BATCHES_MAX = 50  # of one round; the next one goes on


@dataclass(frozen=True, slots=True)
class RoundRules:
    """What one request carries; how long is waited after failures, and from when on silence is an alarm."""

    batch: int = 100
    batch_bytes: int = 4 * 1024 * 1024
    chunk_bytes: int = 1024 * 1024
    interval_s: float = 10.0
    backoff_max_s: float = 300.0


class Rounds:
    """`clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, receiving: Receiving, feedback: Feedback, views: Views,
                 transport: Transport, clock: Clock, rules: RoundRules) -> None:
        self._units, self._receiving, self._feedback, self._views = units, receiving, feedback, views
        self._transport, self._clock, self._rules = transport, clock, rules
        self._failures, self._not_before = 0, 0
        self.problem: SupervisionError | None = None
        self._composed = True
        self.unapplied = 0  # feedback the public site keeps and could not apply
        self.payments = (0, 0, "")  # orders the public site could not settle: how many, the oldest's minutes and number

    @property
    def untold(self) -> int:
        """How many faults of ours keep something from the public: cases, bulletins, and the composing itself."""
        return len(self._feedback.untold) + len(self._feedback.bulletins.untold) + (not self._composed)

    def run(self) -> bool:
        """A round, unless the site was silent just now. Returns whether both directions succeeded; `problem` says why not.

        What is inside already is done and told whether or not the site answers.
        """
        if self._clock.now_us() < self._not_before:
            return False
        self.problem = None
        self._try(self._take)
        self._receiving.work()
        self._compose()
        if self.problem is None:
            self._try(self._give)
        self._note()
        return self.problem is None

    def _compose(self) -> None:
        """What cannot be composed keeps nothing back that is; it is an alarm."""
        try:
            self._feedback.compose()
            self._composed = True
        except Exception:
            log.exception("exchange: not all could be told")
            self._composed = False

    # Both directions ----------------------------------------------------------------------------------------------

    def _take(self) -> None:
        for _ in range(BATCHES_MAX):
            head = self._head(IN)
            batch = self._transport.take(Take(head.epoch, head.seq, head.last, self._rules.batch, self._rules.batch_bytes))
            # Also an empty one: what was acknowledged and when the site was heard last is worth knowing.
            self._receiving.keep(batch)
            if batch.envelopes or batch.waiting:
                continue  # the next question also says that this is committed
            return

    def _give(self) -> None:
        epoch = self._feedback.own_epoch()
        given = self._transport.give(Give(epoch, (), self._views.figures()))
        self.unapplied = given.unapplied
        self.payments = (given.payments, given.payment_minutes, given.payment_no[:40])
        if self._is_out_of_step(epoch, given):
            epoch = self._feedback.own_epoch()
        for _ in range(BATCHES_MAX):
            acked = self._head(ACKED)
            envelopes = self._feedback.waiting(acked.seq, self._rules.batch, self._rules.batch_bytes)
            if not envelopes:
                return
            for envelope in envelopes:
                self._send_files(envelope)
            self._noted(self._transport.give(Give(epoch, tuple(envelopes))))

    def _is_out_of_step(self, epoch: str, given: Given) -> bool:
        """Put right what a restored copy on either side, or a public site made anew, has put out of step."""
        acked = self._head(ACKED)
        if given.own != acked.epoch:
            if acked.epoch:
                log.warning("the public site is another one, or was made anew: everything is told again")
                self._feedback.begin_anew()
                self._compose()
            self._feedback.acknowledged(self._head(ACKED).seq, "", given.own)
            return True
        if given.epoch == epoch and not self._feedback.is_ours(given.applied, given.last):
            log.warning("one side went back to a copy: everything is told again")
            self._feedback.begin_anew()
            self._compose()
            return True
        if given.epoch == epoch:
            self._noted(given)
        return False

    def _noted(self, given: Given) -> None:
        self._feedback.acknowledged(given.applied, given.last, given.own)
        for one in given.failed:
            log.error("the public site could not apply feedback %s", one)

    def _send_files(self, envelope: Envelope) -> None:
        """Before the envelope that names them. One that is not as it was told is told anew with the next change."""
        for sha256, make in self._feedback.files_of(envelope):
            here = self._transport.here(sha256)
            if here < 0:
                continue
            try:
                content = make()
            except SupervisionError as failure:
                log.warning("%s %s: a file is not as it was told: %s", envelope.kind, envelope.subject, failure)
                continue
            for place in range(here, max(len(content), here + 1), self._rules.chunk_bytes):
                part = content[place:place + self._rules.chunk_bytes]
                self._transport.put(sha256, place, part, is_last=place + len(part) >= len(content))

    # Inside -------------------------------------------------------------------------------------------------------

    def _try(self, direction: Callable[[], None]) -> None:
        try:
            direction()
        except SupervisionError as failure:
            self.problem = failure
            log.warning("exchange: %s", failure)

    def _note(self) -> None:
        """After a failure twice as long is waited each time."""
        if self.problem is None:
            self._failures = self._not_before = 0
            return
        self._failures += 1
        wait_s = min(self._rules.interval_s * 2 ** min(self._failures - 1, 20), self._rules.backoff_max_s)
        self._not_before = self._clock.now_us() + int(wait_s * SECOND_US)

    def _head(self, name: str) -> Head:
        with self._units.database.read() as conn:
            return head_of(conn, name)
