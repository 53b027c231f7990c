"""The registry of cameras on both databases: revisions, secrets, journal, areas, retirement, and the log of who looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, text, update

from config.changelog import ChangeLog
from config.models import config_log
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock, SystemClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from core.instants import MINUTE_US
from core.migration import migrate
from core.unit_of_work import UnitOfWorkFactory
from tests.conftest import postgres_database
from video.cameras import SourceKind
from video.footage.queries import FootageQueries
from video.models import camera_states, cameras, video_views
from video.registration import CameraForm, Known
from video.registry import Registry, build_registry
from video.service import KIND
from video.view_log import Seen, ViewFilter, ViewKind

SECRET, PASSWORD = b"s" * 32, "Geheim-9"
CHANGES = ChangeLog(b"k" * 32)


def person(name: str, *roles: Role, area: str = "", halls: tuple[str, ...] = ()) -> Actor:
    return Actor(name, frozenset(roles), display_name=name.title(), area=area, halls=frozenset(halls))


ADMIN, DISTRICT_ADMIN = person("chen", Role.ADMINISTRATOR), person("da", Role.ADMINISTRATOR, area="360502")
INSPECTOR = person("li", Role.INSPECTOR)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One of each for the whole module: building the schema takes longer than all that is asked of it here."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path_factory.mktemp('registry') / 'registry.db'}")
        migrate(made)
        yield made
        made.dispose()
        return
    with postgres_database(request.getfixturevalue("postgres_url")) as url:
        made = Database(url)
        migrate(made)
        yield made
        made.dispose()


@pytest.fixture
def units(database: Database, frozen_clock: FrozenClock) -> UnitOfWorkFactory:
    with database.transaction() as conn:
        for table in (cameras, camera_states, video_views, config_log):
            conn.execute(delete(table))
    return UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())


def registry_on(units: UnitOfWorkFactory, secret: bytes = SECRET) -> Registry:
    given = load_settings({"video.networks": ["10.20.0.0/16"]}).video
    return build_registry(given, units, CHANGES, secret, lambda: Known(["360500", "360502"], ["fagai"]), units.clock)


@pytest.fixture
def registry(units: UnitOfWorkFactory) -> Registry:
    return registry_on(units)


def form(**changed: Any) -> CameraForm:
    return CameraForm(**{"code": "hall-1", "name": "1号窗口", "area": "360500", "hall": "政务大厅", "window": "1",
                         "kind": "rtsp", "org": "fagai", "main": f"rtsp://admin:{PASSWORD}@10.20.1.4/main", "sub": "rtsp://10.20.1.4/sub",
                         "seat": ((0.2, 0.2), (0.6, 0.2), (0.6, 0.7)), **changed})


def test_a_camera_is_registered_read_and_changed(registry: Registry):
    before = registry.queries.fingerprint()
    made = registry.service.register(form(), reason="开通", actor=ADMIN)
    [camera] = registry.queries.opened()
    assert (camera.id, camera.code, camera.kind, camera.rev, camera.is_enabled) == (made, "hall-1", SourceKind.RTSP, 1, True)
    assert (camera.main, camera.sub) == (f"rtsp://admin:{PASSWORD}@10.20.1.4/main", f"rtsp://admin:{PASSWORD}@10.20.1.4/sub")
    assert camera.seat == ((0.2, 0.2), (0.6, 0.2), (0.6, 0.7))
    row = registry.queries.find("hall-1", INSPECTOR)
    assert (row.main_shown, row.sub_shown, row.state) == ("rtsp://10.20.1.4/main", "rtsp://10.20.1.4/sub", "connecting")

    shown = form(name="综合窗口", main=row.main_shown, sub=row.sub_shown)
    assert registry.service.edit(shown, 1, reason="改名", actor=ADMIN) == 2
    assert registry.service.edit(shown, 2, reason="没有改动", actor=ADMIN) == 2
    assert registry.queries.opened()[0].main == camera.main
    assert registry.queries.fingerprint() != before


def test_who_reads_an_old_revision_is_told_who_was_first(registry: Registry):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    registry.service.enable("hall-1", 1, is_enabled=False, reason="检修", actor=ADMIN)
    assert registry.queries.find("hall-1", INSPECTOR).state == "disabled"
    with pytest.raises(Conflict) as outdated:
        registry.service.edit(form(name="迟到"), 1, reason="改名", actor=person("other", Role.ADMINISTRATOR))
    assert (outdated.value.code, outdated.value.details["name"]) == ("camera_outdated", "chen")


def test_no_secret_is_stored_in_the_open_or_journalled(registry: Registry, units: UnitOfWorkFactory):
    registry.service.register(form(main=f"rtsp://10.20.1.4/user=admin&password={PASSWORD}"), reason="开通", actor=ADMIN)
    plain = form(main="rtsp://10.20.1.4/main", user="admin", password=PASSWORD)
    registry.service.edit(plain, 1, reason="换地址", actor=ADMIN)
    registry.service.edit(msgspec.structs.replace(plain, password="Anders-7"), 2, reason="换密码", actor=ADMIN)
    with units.database.read() as conn:
        lines = CHANGES.read(conn, KIND, "hall-1")
        everything = " ".join(str([bytes(part) if isinstance(part, memoryview) else part for part in row]) for table in
                              ("cameras", "config_log") for row in conn.execute(text(f"SELECT * FROM {table}")))
        assert CHANGES.first_fault(conn) is None
    assert [(line.action, line.version, line.reason) for line in lines] == [
        ("edited", 3, "换密码"), ("edited", 2, "换地址"), ("registered", 1, "开通")]
    assert lines[0].after["credentials"] == "changed"
    assert PASSWORD not in everything
    assert "Anders" not in everything


def test_what_another_secret_sealed_does_not_open_and_can_be_given_anew(registry: Registry, units: UnitOfWorkFactory):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    moved = registry_on(units, b"t" * 32)
    assert [(camera.code, camera.main) for camera in moved.queries.opened()] == [("hall-1", "")]
    moved.service.edit(form(), 1, reason="重新填写", actor=ADMIN)
    assert moved.queries.opened()[0].main == form().main


def test_an_address_moved_to_another_camera_does_not_open(registry: Registry, units: UnitOfWorkFactory):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    registry.service.register(form(code="hall-2"), reason="开通", actor=ADMIN)
    with units.database.transaction() as conn:
        other = conn.execute(select(cameras.c.sealed_main).where(cameras.c.code == "hall-1")).scalar_one()
        conn.execute(update(cameras).where(cameras.c.code == "hall-2").values(sealed_main=other))
    assert [camera.main != "" for camera in registry.queries.opened()] == [True, False]


def test_a_retired_camera_keeps_its_name_and_nothing_else(registry: Registry):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    registry.service.retire("hall-1", 1, reason="拆除", actor=ADMIN)
    assert registry.queries.opened() == []
    assert registry.queries.rows(ADMIN) == []
    assert registry.queries.name_of("hall-1") == "1号窗口"
    assert registry.queries.find("hall-1", ADMIN).retired_at is not None
    for act in (lambda: registry.service.edit(form(), 2, reason="x", actor=ADMIN),
                lambda: registry.service.register(form(), reason="x", actor=ADMIN)):
        with pytest.raises(Conflict):
            act()


@pytest.mark.parametrize("actor", [None, person("li", Role.INSPECTOR), person("leader", Role.LEADER),
                                   person("zhou", Role.DUTY_OFFICER), person("zhao", Role.DEPARTMENT_USER)])
def test_only_administrators_change_cameras(registry: Registry, actor: Actor | None):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    for act in (lambda: registry.service.register(form(code="x"), reason="x", actor=actor),
                lambda: registry.service.edit(form(), 1, reason="x", actor=actor),
                lambda: registry.service.enable("hall-1", 1, is_enabled=False, reason="x", actor=actor),
                lambda: registry.service.retire("hall-1", 1, reason="x", actor=actor),
                lambda: registry.service.form_for_test(form(), actor)):
        with pytest.raises((NotAuthenticated, NotPermitted)):
            act()
    assert registry.queries.opened()[0].rev == 1


def test_an_area_bounds_who_sees_and_who_changes(registry: Registry):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    registry.service.register(form(code="d-1", area="360502", hall="渝水大厅"), reason="开通", actor=DISTRICT_ADMIN)
    district = person("wall", Role.WALL_SCREEN, area="360502")
    assert [row.code for row in registry.queries.rows(district)] == ["d-1"]
    assert registry.queries.halls(ADMIN) == ["政务大厅", "渝水大厅"]
    for act in (lambda: registry.queries.find("hall-1", district),
                lambda: registry.service.edit(form(area="360502"), 1, reason="x", actor=DISTRICT_ADMIN),
                lambda: registry.service.retire("hall-1", 1, reason="x", actor=DISTRICT_ADMIN),
                lambda: registry.service.register(form(code="d-2"), reason="x", actor=DISTRICT_ADMIN)):
        with pytest.raises(NotFound):
            act()


def test_halls_bound_who_sees_and_who_changes(registry: Registry):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    registry.service.register(form(code="b-1", hall="便民服务中心"), reason="开通", actor=ADMIN)
    of_one = person("wu", Role.ADMINISTRATOR, halls=("便民服务中心",))
    assert [row.code for row in registry.queries.rows(of_one)] == ["b-1"]
    assert registry.queries.halls(of_one) == ["便民服务中心"]
    assert registry.queries.every_hall() == ["便民服务中心", "政务大厅"]
    row = registry.queries.find("b-1", of_one)
    for act in (lambda: registry.queries.find("hall-1", of_one),
                lambda: registry.service.enable("hall-1", 1, is_enabled=False, reason="x", actor=of_one),
                lambda: registry.service.edit(form(hall="便民服务中心"), 1, reason="x", actor=of_one),
                lambda: registry.service.edit(form(code="b-1", hall="政务大厅"), row.rev, reason="x", actor=of_one),
                lambda: registry.service.register(form(code="d-2"), reason="x", actor=of_one)):
        with pytest.raises(NotFound):
            act()
    for code in ("hall-1", "b-1"):
        registry.views.note([Seen(code, code, "360500")], INSPECTOR, ViewKind.LIVE, "patrol")
    assert [view.camera for view in registry.views.views(ViewFilter(), of_one)] == ["b-1"]


@pytest.mark.parametrize("role", [Role.DEPARTMENT_USER, Role.APPROVAL_STAFF])
def test_colleagues_do_not_watch_colleagues(registry: Registry, role: Role):
    registry.service.register(form(), reason="开通", actor=ADMIN)
    with pytest.raises(NotPermitted):
        registry.queries.rows(person("zhao", role))


def test_windows_are_listed_by_number_and_states_come_along(registry: Registry, units: UnitOfWorkFactory):
    for window in ("10", "9", "", "综合"):
        registry.service.register(form(code=f"w-{window.encode().hex()}", window=window), reason="开通", actor=ADMIN)
    assert [row.window for row in registry.queries.rows(ADMIN)] == ["9", "10", "", "综合"]
    assert [row.window for row in FootageQueries(units.database).cameras(ADMIN)] == ["9", "10", "", "综合"]
    with units.database.transaction() as conn:
        made = registry.queries.find("w-39", ADMIN).id
        conn.execute(camera_states.insert().values(
            camera_id=made, worker="a", state="offline", reason=msgspec.json.encode({"code": "camera_timeout"}).decode(),
            since_at=1, seen_at=2, told_at=3, codec="h264", width=640, height=360, milli_fps=15_000))
    row = registry.queries.find("w-39", ADMIN)
    assert (row.state, row.reason, row.seen_at, row.codec) == ("offline", {"code": "camera_timeout"}, 2, "h264")


# --- who looked -----------------------------------------------------------------------------------------------------------

SEEN = Seen("hall-1", "1号窗口", "360500")
SCREEN = Actor("screen:监察室", frozenset({Role.WALL_SCREEN}), display_name="监察室")


def test_looks_that_follow_one_another_are_one_line(registry: Registry, units: UnitOfWorkFactory, frozen_clock: FrozenClock):
    for _minute in range(3):
        registry.views.note([SEEN], SCREEN, ViewKind.LIVE, "wall", address="10.20.0.9")
        frozen_clock.advance(timedelta(microseconds=10 * MINUTE_US))
    registry.views.note([SEEN], SCREEN, ViewKind.LIVE, "wall", address="10.20.0.10")
    frozen_clock.advance(timedelta(microseconds=20 * MINUTE_US))
    registry.views.note([SEEN], SCREEN, ViewKind.LIVE, "wall", address="10.20.0.9")
    views = registry.views.views(ViewFilter(), INSPECTOR)
    assert [(view.address, (view.until_at - view.at) // MINUTE_US) for view in views] == [
        ("10.20.0.9", 0), ("10.20.0.10", 0), ("10.20.0.9", 20)]


def test_every_opening_of_evidence_is_a_line_of_its_own(registry: Registry):
    for _time in range(2):
        registry.views.note([SEEN], INSPECTOR, ViewKind.CLIP, "card", "17")
    assert len(registry.views.views(ViewFilter(reason="card"), INSPECTOR)) == 2


def test_a_press_hides_no_other_look_behind_its_first(registry: Registry, frozen_clock: FrozenClock):
    def look(what: ViewKind = ViewKind.RECORDED, reason: str = "patrol", note: str = "") -> None:
        registry.views.note([SEEN], INSPECTOR, what, reason, note, press="0a-1")

    look()
    look()  # the browser asks again by itself
    for other in ({"what": ViewKind.EXPORT}, {"reason": "complaint"}, {"note": "12"}):
        with pytest.raises(Conflict, match="view_press_used"):
            look(**other)
    frozen_clock.advance(timedelta(hours=1))
    with pytest.raises(Conflict, match="view_press_used"):
        look()
    assert [(view.what, view.until_at - view.at) for view in registry.views.views(ViewFilter(), INSPECTOR)] == [("recorded", 0)]


def test_of_two_requests_of_a_press_at_once_the_later_is_held_against_the_earlier(
        registry: Registry, monkeypatch: pytest.MonkeyPatch):
    registry.views.note([SEEN], INSPECTOR, ViewKind.RECORDED, "patrol", press="0a-1")
    of_press, asked = registry.views._of_press, []

    def looked_before_it_was_written(*given: Any) -> dict[str, int]:
        asked.append(given)
        return of_press(*given) if len(asked) % 2 == 0 else {}

    monkeypatch.setattr(registry.views, "_of_press", looked_before_it_was_written)
    registry.views.note([SEEN], INSPECTOR, ViewKind.RECORDED, "patrol", press="0a-1")
    with pytest.raises(Conflict, match="view_press_used"):
        registry.views.note([SEEN], INSPECTOR, ViewKind.EXPORT, "patrol", press="0a-1")
    assert len(registry.views.views(ViewFilter(), INSPECTOR)) == 1


@pytest.mark.parametrize(("reason", "note", "code"), [
    ("", "", "view_reason_needed"), ("curiosity", "", "view_reason_needed"), ("other", " ", "view_note_needed"),
    ("card", "x" * 201, "view_note_invalid"), ("card", "a\nb", "view_note_invalid")])
def test_a_look_without_a_reason_is_refused(registry: Registry, reason: str, note: str, code: str):
    with pytest.raises(InvalidInput) as refused:
        registry.views.note([SEEN], INSPECTOR, ViewKind.LIVE, reason, note)
    assert refused.value.code == code
    assert registry.views.views(ViewFilter(), INSPECTOR) == []


def test_a_screen_has_one_reason(registry: Registry):
    with pytest.raises(InvalidInput, match="view_reason_needed"):
        registry.views.note([SEEN], SCREEN, ViewKind.LIVE, "patrol")


def test_the_log_is_read_by_reviewers_within_their_area_and_by_filters(registry: Registry, frozen_clock: FrozenClock):
    registry.views.note([SEEN, Seen("d-1", "区一窗", "360502")], INSPECTOR, ViewKind.LIVE, "patrol")
    now = frozen_clock.now_us()
    frozen_clock.advance(timedelta(microseconds=60 * MINUTE_US))
    registry.views.note([SEEN], ADMIN, ViewKind.SNAPSHOT, "other", "核对时间")

    def found(actor: Actor = ADMIN, **wish: Any) -> list[tuple[str, str]]:
        return [(view.viewer, view.camera) for view in registry.views.views(ViewFilter(**wish), actor)]

    assert found(reason="patrol") == [("li", "d-1"), ("li", "hall-1")]
    assert found(person("i", Role.INSPECTOR, area="360502")) == [("li", "d-1")]
    assert found(viewer="Li") == found(viewer="li") == found(what="live") == found(until=now + 1)
    assert found(since=now + 1) == found(camera="hall-1", viewer="chen") == [("chen", "hall-1")]
    for actor in (None, SCREEN, person("zhou", Role.DUTY_OFFICER), person("leader", Role.LEADER)):
        with pytest.raises((NotAuthenticated, NotPermitted)):
            registry.views.views(ViewFilter(), actor)


def test_the_clock_of_views_is_the_machines(units: UnitOfWorkFactory):
    given = load_settings({"video.networks": ["10.20.0.0/16"]}).video
    real = build_registry(given, units, CHANGES, SECRET, lambda: Known(["360500"], []), SystemClock())
    real.views.note([SEEN], INSPECTOR, ViewKind.LIVE, "patrol")
    assert abs(real.views.views(ViewFilter(), INSPECTOR)[0].at - SystemClock().now_us()) < 60 * 1_000_000
