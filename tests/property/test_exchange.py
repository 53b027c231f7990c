"""Over random cuts, repetitions and restarts: every application becomes one case, every act is done once, in order, and in the
end both ends say the same."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.errors import Conflict, SupervisionError
from exchange.envelopes import Batch, Envelope, Give
from exchange.inner import feedback
from portal.desk import CaseView
from tests.hosting import HALL
from tests.pair import Cut, Pair

STEPS = 30


class Storm:
    """What may happen to a wire, by the dice of one seed."""

    def __init__(self, pair: Pair, rng: Random) -> None:
        self.pair, self.rng = pair, rng
        self.batches: list[Batch] = []
        self.gives: list[Give] = []
        self.applied: list[int] = []
        self._listen()

    def _listen(self) -> None:
        take, give, apply_one = self.pair.wire.take, self.pair.wire.give, self.pair.site.mirror._apply_one

        def taken(ask: Any) -> Batch:
            batch = take(ask)
            self.batches.append(batch)
            return batch

        def given(told: Give) -> Any:
            self.gives.append(told)
            return give(told)

        def applied(conn: Any, envelope: Envelope, failed: list[str]) -> None:
            apply_one(conn, envelope, failed)
            self.applied.append(envelope.seq)

        self.pair.wire.take, self.pair.wire.give = taken, given  # type: ignore[method-assign]
        self.pair.site.mirror._apply_one = applied  # type: ignore[method-assign]

    def cut_somewhere(self) -> None:
        """The cable goes at one of the next questions, before it arrives or before its answer does."""
        left = self.rng.randint(0, 6)
        is_after = self.rng.random() < 0.5

        def count(_path: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Cut

        self.pair.wire.before = (lambda _path: None) if is_after else count
        self.pair.wire.after = count if is_after else (lambda _path: None)

    def mend(self) -> None:
        self.pair.wire.before = self.pair.wire.after = lambda _path: None

    def repeat(self) -> None:
        """Old deliveries once more, in any order; a copy of old feedback, too."""
        for batch in self.rng.sample(self.batches, min(3, len(self.batches))):
            envelopes = list(batch.envelopes)
            self.rng.shuffle(envelopes)
            head = self.batches[-1]
            assert self.pair.exchange.receiving.keep(Batch(head.epoch, tuple(envelopes), 0)) == 0 or batch is head
        for told in self.rng.sample(self.gives, min(3, len(self.gives))):
            with suppress(Conflict):  # one that begins too late is refused whole
                self.pair.site.mirror.apply(told)


@pytest.fixture(params=range(4))
def storm(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storm:
    monkeypatch.setattr(feedback, "KINDS", ())  # drawing papers costs seconds and is tested elsewhere
    return Storm(Pair(tmp_path), Random(request.param))


def step(storm: Storm, numbers: list[str]) -> None:
    pair, rng = storm.pair, storm.rng
    what = rng.choice(("apply", "apply", "act", "inside", "round", "round", "cut", "cut", "restart", "repeat"))
    if what == "apply":
        numbers.append(pair.apply(f"第{len(numbers)}件", content=b"%PDF-" + rng.randbytes(rng.randint(1, 4000))).number)
    elif what == "act" and numbers:
        with suppress(SupervisionError):
            pair.desk.withdraw(rng.choice(numbers), "")
    elif what == "inside":
        for line in pair.hall.approval.queries.intake(HALL)[:1]:
            with suppress(SupervisionError):
                pair.hall.approval.intake.pre_accept(line.case_no, line.rev, HALL)
    elif what == "round":
        pair.round()
    elif what == "cut":
        storm.cut_somewhere()
        pair.round()
        storm.mend()
    elif what == "restart":
        pair.exchange = pair.build()
    elif what == "repeat":
        storm.repeat()


def test_every_application_arrives_once_and_both_ends_agree(storm: Storm):
    pair, numbers = storm.pair, list[str]()
    for _ in range(STEPS):
        step(storm, numbers)
    for _ in range(4):
        pair.round()
    titles = [line.title for line in pair.hall.approval.queries.search(HALL, "第", 200)]
    assert sorted(titles) == sorted(f"第{place}件" for place in range(len(numbers)))
    for number in numbers:
        view = pair.desk.find(number)
        assert isinstance(view, CaseView)
        case = pair.hall.case(view.head.case_no)
        assert view.head.state == case.state
        assert view.on_its_way == ()
        assert pair.hall.kinds(view.head.case_no).count("withdrawn") <= 1
        assert len(view.events) == len(case.events)
    assert storm.applied == list(range(1, len(storm.applied) + 1)), "feedback was applied once, in its order"
