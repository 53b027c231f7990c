"""The page of on-site signals: the queue, one signal with its reasons, the decision, the pictures, the empty seats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update

from core.access import Actor, Role
from tests.integration.test_signals import EMPTY, SEATED, Room, register, signals, with_reference
from tests.staff import Site, make_site, outputs_with, run_callback, told_to
from video.models import video_signals
from video.view_log import ViewFilter

LIST = "..signal-list.children...signal-records.children.."
SHOW, DECIDE, HEARD = "signal-detail.children", "signal-changed.data", "signal-said.children"
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}))
BUTTONS = ("signal-confirm", "signal-reject", "seat-ask", "seat-accept", "seat-beside", "seat-refuse")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A window that was empty for sixteen minutes and is so again. Of both one test decides the first."""
    folder = tmp_path_factory.mktemp("signals")
    site = make_site(folder, **{"vision.picture_dir": str(folder / "pictures")})
    register(site.services)
    with_reference(site.services)
    Room(site.services).see(SEATED, 0.5).see(EMPTY, 16).see(SEATED, 1).see(EMPTY, 16)
    return site


def text_of(answer: Any) -> str:
    return json.dumps(answer.json, ensure_ascii=False)


def listed(site: Site, search: str = "", role: Role = Role.DUTY_OFFICER) -> str:
    return text_of(run_callback(site.client(role), "/signals/", LIST, {
        "signal-address.search": search, "signal-changed.data": None, "signal-tick.n_intervals": 0}))


def shown(site: Site, search: str = "", role: Role = Role.DUTY_OFFICER, *, before: Any = None, kept: Any = None,
          reason: str = "", is_tick: bool = False, answer: Any = None) -> Any:
    client = site.client(role)
    changed = "signal-changed.data" if answer else "signal-tick.n_intervals" if is_tick else "signal-address.search"
    return run_callback(client, "/signals/", outputs_with(client, "/signals/", SHOW), {
        "signal-address.search": search, "signal-changed.data": answer, "signal-tick.n_intervals": 1}, {
        "signal-shown.data": before, "signal-drafts.data": kept, "signal-reason.value": reason, "seat-reason.value": ""},
        changed=changed)


def heard(site: Site, answer: Any, of: str, search: str = "") -> Any:
    client = site.client(Role.DUTY_OFFICER)
    return run_callback(client, "/signals/", outputs_with(client, "/signals/", HEARD), {"signal-changed.data": answer}, {
        "signal-shown.data": {"of": of}, "signal-address.search": search})


def press(site: Site, button: str, role: Role = Role.DUTY_OFFICER, reason: str = "", search: str = "", one: int = 1,
          proposed: Any = ()) -> str:
    client = site.client(role)
    clicks = {f"{name}.n_clicks": int(name == button) or None for name in BUTTONS}
    return text_of(run_callback(client, "/signals/", outputs_with(client, "/signals/", DECIDE), clicks, {
        "signal-reason.value": reason, "seat-reason.value": reason, "signal-address.search": search,
        "signal-shown.data": {"signal": one, "proposed": proposed}},
        changed=f"{button}.n_clicks"))


def test_what_waits_is_listed_with_its_place_and_minutes(site: Site) -> None:
    told = listed(site)
    for words in ("离岗", "政务大厅 7", "无人 15 分钟", "仍在持续"):
        assert words in told, words


def test_one_signal_says_why_with_every_figure_and_its_limit(site: Site) -> None:
    told = text_of(shown(site, "?signal=2"))
    for words in ("/api/v1/video/signals/2/picture.jpg", "低于 14 % 判为空", "座位与空座不同", "判为空，低于",
                  "7号窗口 hall-07"):
        assert words in told, words


def test_leaders_read_and_departments_see_nothing(site: Site) -> None:
    assert shown(site, "?signal=2", Role.LEADER).json["response"]["signal-judge"] == {"hidden": True}
    assert "没有" in press(site, "signal-confirm", Role.LEADER, one=2)
    for role in (Role.DEPARTMENT_USER, None):
        client = site.client(role)
        assert client.get("/signals/").status_code in (302, 401, 403)
        assert client.get("/api/v1/video/signals/1/picture.jpg").status_code in (401, 403)


def test_the_picture_is_a_jpeg_and_one_that_was_changed_is_not_shown(site: Site) -> None:
    client = site.client(Role.DUTY_OFFICER)
    answer = client.get("/api/v1/video/signals/1/picture.jpg")
    assert (answer.status_code, answer.mimetype, answer.data[:2]) == (200, "image/jpeg", b"\xff\xd8")
    _, plain = site.services.analysis.queries.proof(1)
    assert answer.data != plain  # his name is across it
    look = site.services.video.views.views(ViewFilter(), INSPECTOR)[0]
    assert (look.camera, look.what, look.reason, look.note) == ("hall-07", "snapshot", "signal", "signal 1")
    kept = site.services.settings.vision.picture_dir / f"{signals(site.services)[0].picture_sha256[:2]}"
    path = next(kept.glob(f"{signals(site.services)[0].picture_sha256}.jpg"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] + b"different")
    assert client.get("/api/v1/video/signals/1/picture.jpg").status_code == 404
    path.write_bytes(whole)


def test_what_is_written_about_one_signal_is_not_said_of_another(site: Site) -> None:
    one = told_to(shown(site, "?signal=1"), "signal-shown")["data"]
    answer = shown(site, "?signal=2", before=one, reason="在柜台另一侧")
    assert told_to(answer, "signal-reason") == {"value": ""}
    two, kept = told_to(answer, "signal-shown")["data"], told_to(answer, "signal-drafts")["data"]
    assert told_to(shown(site, "?signal=1", before=two, kept=kept), "signal-reason") == {"value": "在柜台另一侧"}


def test_a_late_decision_leaves_what_is_written_of_the_next_signal(site: Site) -> None:
    one, two = ({"of": f"signal {number}", "mark": "", "signal": number, "proposed": []} for number in (1, 2))
    done = {"of": "signal 1", "said": "已确认", "isDone": True, "times": 1, "search": "?signal=1"}
    late = shown(site, "?signal=2", before=two, reason="正在写", answer=done)
    assert told_to(late, "signal-reason") == {}
    assert told_to(heard(site, done, "signal 2", "?signal=2"), "signal-said") == {"children": "此前那一项：已确认"}
    assert told_to(heard(site, done, "signal 2", "?signal=2"), "signal-address") == {}
    assert told_to(heard(site, done, "signal 1", "?signal=1"), "signal-address") == {"search": "?tab=waiting"}
    assert told_to(shown(site, "?signal=1", before=one, reason="确实无人", answer=done), "signal-reason") == {"value": ""}
    onward = shown(site, "?signal=2", before=one, kept={"signal 2": ["写过", ""]}, reason="确实无人", answer=done)
    assert (told_to(onward, "signal-reason"), told_to(onward, "signal-drafts")) == ({"value": "写过"}, {"data": {
        "signal 2": ["写过", ""]}})
    refused = {**done, "isDone": False}
    assert told_to(shown(site, "?signal=1", before=one, reason="又写了", answer=refused), "signal-reason") == {}
    assert told_to(heard(site, refused, "signal 1", "?signal=1"), "signal-address") == {}


def test_the_page_draws_anew_what_changed_and_nothing_under_the_hands_of_who_decides(site: Site) -> None:
    first = told_to(shown(site), "signal-shown")["data"]
    assert shown(site, before=first, is_tick=True).status_code == 204
    other = 3 - first["signal"]
    shows = {**first, "signal": other, "of": f"signal {other}", "mark": "old"}
    later = shown(site, before=shows, reason="正在写", is_tick=True)
    assert told_to(later, "signal-shown")["data"]["signal"] == other  # the one that waits longest does not take its place
    assert told_to(later, "signal-reason") == {}


def test_a_rejection_needs_its_reason_and_a_decision_leads_to_the_next(site: Site) -> None:
    assert "必须写明原因" in press(site, "signal-reject")
    assert "已确认" in press(site, "signal-confirm", reason="确实无人")
    assert "已由" in press(site, "signal-confirm")
    assert "signal=1" not in listed(site)
    assert "属实，已结束" in listed(site, "?tab=history")


def test_who_confirms_what_can_become_no_card_is_told_so(site: Site) -> None:
    of_second = update(video_signals).where(video_signals.c.id == 2)
    with site.services.uow() as uow:
        org = uow.conn.execute(select(video_signals.c.org).where(video_signals.c.id == 2)).scalar_one()
        uow.conn.execute(of_second.values(org=""))
    assert "确认后不会发牌" in text_of(shown(site, "?signal=2"))
    told = press(site, "signal-confirm", one=2)
    assert "没有发牌" in told
    assert "牌已发出" not in told
    with site.services.uow() as uow:  # as the other tests find it
        uow.conn.execute(of_second.values(org=org, state="to_confirm", decided_by=None, decided_at=None))


def test_a_picture_of_the_empty_seat_is_asked_for_and_shown_beside_the_present_one(site: Site) -> None:
    assert "7号窗口" in listed(site, "?tab=seats")
    before = told_to(shown(site, "?tab=seats&camera=1"), "signal-shown")["data"]
    assert "已请求" in press(site, "seat-ask", search="?tab=seats&camera=1")
    told = text_of(shown(site, "?tab=seats&camera=1", before=before, is_tick=True))  # nobody has to ask for it
    assert "正在拍摄" in told
    assert "/api/v1/video/references/1/picture.jpg" in told
    assert site.client(Role.DUTY_OFFICER).get("/api/v1/video/references/1/picture.jpg").mimetype == "image/jpeg"
    assert "没有等待同意的画面" in press(site, "seat-accept", search="?tab=seats&camera=1")
