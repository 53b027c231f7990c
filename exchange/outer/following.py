"""Cases that were filed elsewhere, e.g. at a window: the inside is asked, once for each pair of number and password."""

from __future__ import annotations

from sqlalchemy import insert, select

from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.instants import HOUR_US
from exchange.envelopes import Follow
from exchange.outer.models import sent
from exchange.outer.queue import Queue
from exchange.passwords import is_right, verifier_of

ASKED_FOR_US = HOUR_US  # for so long an answered question after a case stands


class Following:
    """Questions after cases this site does not know yet."""

    def __init__(self, database: Database, queue: Queue, clock: Clock) -> None:
        self._database, self._queue, self._clock = database, queue, clock

    def ask(self, no: str, password: str) -> NotFound:
        """What to tell who asked; `is_repeated` when he only came back for the answer, as he was told to."""
        before = self._asked(no, password)
        if before is None:
            self._send(no, password)
        elif before == "refused":
            return NotFound("case_or_password_wrong")
        return NotFound("case_being_fetched", is_repeated=before is not None)

    def _asked(self, no: str, password: str) -> str | None:
        """What became of the same question, when it was asked lately."""
        since = self._clock.now_us() - ASKED_FOR_US
        with self._database.read() as conn:
            rows = conn.execute(select(sent.c.content, sent.c.state).where(
                sent.c.subject == no, sent.c.kind == "follow", sent.c.sent_at > since)).all()
        return next((str(row.state) for row in rows if is_right(password, row.content)), None)

    def _send(self, no: str, password: str) -> None:
        verifier = verifier_of(password)
        with self._database.transaction() as conn:
            envelope = self._queue.add(conn, "follow", no, Follow(no, password, verifier))
            conn.execute(insert(sent).values(envelope=envelope, kind="follow", subject=no, content=verifier,
                                             sent_at=self._clock.now_us(), state="waiting"))
