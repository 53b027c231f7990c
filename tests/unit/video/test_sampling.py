"""抽查: nobody can foretell the draw, anybody with the secret can repeat it, and a form is filled once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.access import Actor, Role
from core.clock import FrozenClock
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from core.instants import DAY_US, MINUTE_US
from core.working_calendar import WorkingCalendar, YearPlan
from tests.footage import NOON, camera, ground, register
from video.footage.queries import FootageQueries
from video.footage.sampling import Sampler, SamplingForm, SamplingRules, drawn, rounds_of

WEEK = WorkingCalendar("plain", "1", "Asia/Shanghai", None, ((540, 720), (780, 1020)))
SECRET = b"s" * 32
BOB = Actor("bob", frozenset({Role.INSPECTOR}), display_name="薄博")
DAY = WEEK.today(NOON)
GOOD = SamplingForm(presence="good", dress="good", badge="unseen", conduct="good")


def test_minutes_lie_in_their_parts_of_the_office_hours_and_repeat():
    spans = WEEK.office_hours
    seen = {tuple(rounds_of(SECRET, "360500", day, spans, 4)) for day in range(200)}
    assert rounds_of(SECRET, "360500", DAY, spans, 4) == rounds_of(SECRET, "360500", DAY, spans, 4)
    assert rounds_of(b"t" * 32, "360500", DAY, spans, 4) != rounds_of(SECRET, "360500", DAY, spans, 4)
    assert len(seen) > 190
    for minutes in seen:
        assert len(minutes) == 4
        assert list(minutes) == sorted(minutes)
        assert all(any(begin <= minute < end for begin, end in spans) for minute in minutes)
    firsts = {minutes[0] for minutes in seen}
    assert min(firsts) < 560
    assert max(firsts) > 620


def test_every_window_has_the_same_chance_whatever_order_they_come_in():
    codes = [f"c{n}" for n in range(10)]
    counts = dict.fromkeys(codes, 0)
    for day in range(1000):
        for code in drawn(SECRET, "a", day, 0, codes, 3):
            counts[code] += 1
    assert all(230 < count < 370 for count in counts.values())
    assert drawn(SECRET, "a", 7, 1, codes, 3) == drawn(SECRET, "a", 7, 1, codes[::-1], 3)
    assert drawn(SECRET, "a", 7, 1, codes, 3) != drawn(SECRET, "a", 7, 2, codes, 3)
    assert len(drawn(SECRET, "a", 7, 1, codes[:2], 3)) == 2


class Ground:
    def __init__(self, folder: Path) -> None:
        self.units = ground(f"sqlite:///{folder / 'x.db'}")
        for number in range(1, 6):
            register(self.units, camera(number))
        register(self.units, camera(6, window=""))
        register(self.units, camera(7, area="360502", code="cam-7"))
        self.shown: Any = b"picture"
        self.sampler = Sampler(self.units, lambda _area: WEEK, SECRET, SamplingRules(4, 3), folder / "samplings", self.picture,
                               FrozenClock(datetime(2026, 3, 16, tzinfo=UTC)))
        self.queries = FootageQueries(self.units.database)

    def picture(self, _camera: Any) -> tuple[bytes, int]:
        if isinstance(self.shown, SupervisionError):
            raise self.shown
        return self.shown, 5

    def at(self, minute: int, day: int = DAY) -> int:
        self.units.clock.move_to(datetime.fromtimestamp(WEEK.to_utc(day * DAY_US + minute * MINUTE_US) / 1e6, UTC))
        return self.sampler.draw_due()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Ground]:
    made = Ground(tmp_path)
    yield made
    made.units.database.dispose()


def test_windows_are_drawn_when_their_minute_comes_and_not_again(site: Ground):
    due = rounds_of(SECRET, "360500", DAY, WEEK.office_hours, 4)
    assert site.at(due[0] - 1) in (0, 1)         # perhaps that of the other area
    before = len(site.queries.samplings(BOB))
    site.at(due[0])
    rows = [row for row in site.queries.samplings(BOB) if row.area == "360500"]
    assert len(rows) == 3
    assert site.sampler.draw_due() == 0
    assert {row.drawn_from for row in rows} == {5}
    assert all(row.picture_sha256 and site.sampler.picture_file(row.id).read_bytes() == b"picture" for row in rows)
    codes = [f"cam-{row.camera_id}" for row in sorted(rows, key=lambda row: row.place)]
    assert codes == drawn(SECRET, "360500", DAY, 0, [f"cam-{n}" for n in range(1, 6)], 3)
    assert site.at(1020) + before + 3 >= 12      # what was missed is drawn later in the day
    assert site.at(600, DAY + 5) == 0            # a Saturday


def test_a_look_without_a_picture_says_why(site: Ground):
    site.shown = NotFound("camera_not_in_service", camera="x")
    site.at(1019)
    row = site.queries.samplings(BOB)[0]
    assert (row.picture_sha256, row.reason) == ("", {"code": "camera_not_in_service"})


def test_a_round_made_up_for_when_the_hall_is_closed_shows_nobody_as_absent(site: Ground):
    site.at(1200)
    rows = site.queries.samplings(BOB)
    assert {(row.picture_sha256, row.reason["code"]) for row in rows} == {("", "missed")}
    assert not site.sampler.picture_file(rows[0].id).exists()


def test_a_form_is_filled_once_and_says_what_is_wrong_with_it(site: Ground):
    site.at(1020)
    row = site.queries.samplings(BOB)[0]
    record = site.sampler.record
    for form, code in ((msgspec.structs.replace(GOOD, badge=""), "sampling_point_missing"),
                       (msgspec.structs.replace(GOOD, dress="bad"), "sampling_comment_needed"),
                       (msgspec.structs.replace(GOOD, comment="x" * 501), "sampling_comment_needed")):
        with pytest.raises(InvalidInput, match=code):
            record(row.id, form, BOB)
    with pytest.raises(NotPermitted):
        record(row.id, GOOD, Actor("duty", frozenset({Role.DUTY_OFFICER})))
    with pytest.raises(NotFound):
        record(row.id, GOOD, Actor("else", frozenset({Role.INSPECTOR}), area="000000"))
    elsewhere = Actor("else", frozenset({Role.INSPECTOR}), halls=frozenset({"另一个大厅"}))
    with pytest.raises(NotFound):
        record(row.id, GOOD, elsewhere)
    with pytest.raises(NotFound):
        site.queries.sampling(row.id, elsewhere)
    assert site.queries.samplings(elsewhere) == []
    assert site.queries.cameras(elsewhere) == []
    record(row.id, msgspec.structs.replace(GOOD, dress="bad", comment="未着工装"), BOB)
    with pytest.raises(Conflict):
        record(row.id, GOOD, BOB)
    done = site.queries.sampling(row.id, BOB)
    assert (done.dress, done.comment, done.done_name) == ("bad", "未着工装", "薄博")


def test_in_a_year_nobody_published_windows_are_drawn_on_plain_working_days_and_it_says_so(site: Ground) -> None:
    known = WorkingCalendar("cn", "2025", "Asia/Shanghai", {2025: YearPlan()}, WEEK.office_hours)
    site.sampler = Sampler(site.units, lambda _area: known, SECRET, SamplingRules(4, 3), site.sampler.picture_file(0).parent,
                           site.picture, FrozenClock(datetime(2026, 3, 16, tzinfo=UTC)))
    saturday = DAY + (5 - (DAY + 3) % 7)

    assert site.at(1020, saturday) == 0
    assert site.at(1020, saturday + 2) > 0
    assert {row.calendar_assumed for row in site.queries.samplings(BOB)} == {True}
