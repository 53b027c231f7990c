"""What the recordings tell is an alarm that stands with what was told last, and goes when it is good again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from alerts.alarms import AlarmService, standing_alarms
from alerts.evidence import CardEvidence
from alerts.models import alarms as alarm_table
from config.texts import load_texts
from core.unit_of_work import UnitOfWorkFactory
from recording import reactions_of
from tests.footage import ground
from video.footage.events import ClockBelieved, ClockDoubted, KeptLongEnough, KeptTooShort, RoomEnough, RoomShort


@pytest.fixture
def units(tmp_path: Path) -> Iterator[UnitOfWorkFactory]:
    made = ground(f"sqlite:///{tmp_path / 'x.db'}")
    alarm_table.create(made.database.engine)
    evidence = cast(CardEvidence, type("NoEvidence", (), {"keep": None, "keep_signals": None})())
    made.reactions.update(reactions_of(evidence, AlarmService()))
    yield made
    made.database.dispose()


@pytest.mark.parametrize(("worse", "worst", "good", "code", "figures"), [
    (RoomShort(500, 2048), RoomShort(90, 2048), RoomEnough(4000), "recordings_short", ("90", "2048")),
    (KeptTooShort(20, 30), KeptTooShort(11, 30), KeptLongEnough(), "recordings_kept_short", ("11", "30")),
    (ClockDoubted(2), ClockDoubted(87600), ClockBelieved(), "recordings_clock", ("87600",))])
def test_an_alarm_says_what_is_true_now_and_goes_when_it_is_good_again(
        units: UnitOfWorkFactory, worse: Any, worst: Any, good: Any, code: str, figures: tuple[str, ...]) -> None:
    for told in (worse, worst):
        with units() as uow:
            uow.publish([told])
    with units.database.read() as conn:
        alarm, = standing_alarms(conn)
    assert (alarm.code, alarm.count) == (code, 1)
    for language in ("zh", "en"):
        said = load_texts()[language].get(f"alarm.{code}", **alarm.args)
        assert all(figure in said for figure in figures)
        assert "{" not in said
    with units() as uow:
        uow.publish([good])
    with units.database.read() as conn:
        assert standing_alarms(conn) == []
