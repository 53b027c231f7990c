"""kill -9 of the recording process at any moment: what it acknowledged is in the journal exactly once, and all agrees."""

from __future__ import annotations

import select as io
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from cases.anchoring import verify_database
from cases.models import journal
from core import outbox
from core.database import Database
from tests.unit.cases.ingesting import batch
from tests.unit.cases.record import KEYS, Record, opened

REPOSITORY = Path(__file__).resolve().parents[2]
BATCHES, KILLS = 40, 3


class Program:
    """The ingesting program, its acknowledgements as they come."""

    def __init__(self, url: str, first: int) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.unit.cases.ingesting", url, str(first), str(BATCHES - 1)],
                                        cwd=REPOSITORY, stdout=subprocess.PIPE, bufsize=0)
        self.acknowledged: list[int] = []

    def read_until(self, count: int) -> None:
        """Read so many acknowledgements, or all there are."""
        assert self.process.stdout is not None
        while len(self.acknowledged) < count and (line := self.process.stdout.readline()):
            self.acknowledged.append(int(line))

    def kill(self, after_s: float) -> None:
        """kill -9 once `after_s` has passed or another batch was acknowledged; whatever it had said until then counts."""
        assert self.process.stdout is not None
        io.select([self.process.stdout], [], [], after_s)
        self.process.kill()
        self.read_until(BATCHES)
        self.end()
        assert self.process.returncode == -signal.SIGKILL, "it was alive until we killed it"

    def end(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait(30)


def ingest_and_kill(url: str, random: Random) -> list[int]:
    """Deliver every batch, with a few violent deaths on the way. A sender repeats what was not acknowledged."""
    acknowledged: list[int] = []
    for _ in range(KILLS):
        program = Program(url, len(acknowledged))
        program.read_until(random.randint(1, 12))
        program.kill(random.uniform(0, 0.02))
        acknowledged += program.acknowledged
    last = Program(url, len(acknowledged))
    last.read_until(BATCHES)
    last.end()
    assert last.process.returncode == 0
    return acknowledged + last.acknowledged


@pytest.mark.parametrize("seed", [7])
def test_what_was_acknowledged_before_a_kill_is_there_exactly_once(fresh_database_url, seed):
    with opened(fresh_database_url) as database:
        acknowledged = ingest_and_kill(fresh_database_url, Random(seed))
        assert acknowledged == list(range(BATCHES)), "each batch was acknowledged once, in order, across the deaths"
        check(database)


def check(database: Database) -> None:
    with database.read() as conn:
        kept = Counter(conn.scalars(select(journal.c.source_event_id)))
        seqs = list(conn.scalars(select(journal.c.seq).order_by(journal.c.seq)))
        messages = [message.seq for message in outbox.read_after(conn, 0, 100_000)]
    assert set(kept.values()) == {1}
    assert set(kept) == {event.source_event_id for number in range(BATCHES) for event in batch(number)}
    assert seqs == list(range(1, len(kept) + 1)), "a batch that died left no hole"
    assert messages == list(range(1, len(messages) + 1))
    assert verify_database(database, KEYS, Path("no anchors")) == (len(kept), [])
    assert Record(database).at("11-05 10:00").recounter.recount().differences == []
