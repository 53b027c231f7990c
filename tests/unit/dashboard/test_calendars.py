"""The page of the calendars: days that are clicked, and what is saved of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.versions import Kind
from dashboard.pages import calendars
from tests.staff import Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def test_a_clicked_day_turns_to_its_next_kind_and_back(site: Site) -> None:
    with site.app.test_request_context():
        once, _said = calendars.clicked(site.services, "cn", "2026-03-18", {"calendar": "cn", "days": []}, "市庆")
        assert once["days"] == [["2026-03-18", "off", "市庆"]]
        twice, _said = calendars.clicked(site.services, "cn", "2026-03-18", once, "")
        assert twice["days"] == []
        weekend, _said = calendars.clicked(site.services, "cn", "2026-03-21", twice, "")
        assert weekend["days"] == [["2026-03-21", "work", ""]]


def test_the_clicked_days_and_the_office_hours_make_the_draft(site: Site) -> None:
    draft = calendars.draft(site.services, "?calendar=cn", {"office_hours": "09:00-12:00，13:00-17:00"},
                            {"calendar": "cn", "days": [["2026-03-18", "off", "市庆"]]})
    assert draft.content["office_hours"] == ["09:00-12:00", "13:00-17:00"]
    assert draft.content["years"]["2026"]["off"]["市庆"] == ["2026-03-18"]
    world = site.services.previews.edited(Kind.CALENDAR, "cn", draft.content)
    assert world.areas.default.calendar.day_us == 7 * 3_600_000_000
