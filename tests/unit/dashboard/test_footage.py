"""Recordings through the web: a reason first, files in ranges, nothing outside their folder, evidence for who sees its card."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import insert, select, update

from alerts.models import cards
from core.access import Actor, Role
from core.clock import SystemClock
from core.instants import MINUTE_US, SECOND_US, to_us
from dashboard.demo_accounts import DEMO_ACCOUNTS
from tests.footage import camera, number_of, numbers_in, register, sent
from tests.staff import NOW, OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, make_site, outputs_with, run_callback, told_to
from video.cameras import StreamName
from video.footage.manifest import Finding, check
from video.footage.models import video_clips, video_incidents, video_samplings, video_segments
from video.footage.sampling import POINTS
from video.models import video_views
from video.recorder import Recorder, RecorderRules
from video.segments import SegmentStore
from video.view_log import ViewFilter

BEGIN = to_us(NOW) - 10 * MINUTE_US
OTHER_AREA = "360502"


@dataclass
class House:
    site: Site

    def rows(self, table: Any) -> list[Any]:
        with self.site.services.database.read() as conn:
            return list(conn.execute(select(table).order_by(table.c.id)))

    def look(self, client: FlaskClient, what: str = "recorded", **given: Any) -> str:
        answer = client.post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
            "what": what, "reason": "patrol", **({"camera": "cam-1"} if what == "recorded" else {}), **given})
        assert answer.status_code == 200, answer.text
        return str(answer.json["view"])

    def film(self, client: FlaskClient, view: str, **headers: str) -> Any:
        return client.get(f"/api/v1/footage/segments/1/film.mp4?view={view}", headers=headers, buffered=True)

    def mark(self, client: FlaskClient, **given: Any) -> Any:
        wish = {"camera": "cam-1", "kind": "phone", "begin_at": BEGIN + 10 * SECOND_US, "end_at": BEGIN + 20 * SECOND_US,
                "comment": "看手机", **given.pop("incident", {})}
        return client.post("/footage/incidents", headers=SAME_ORIGIN, json={"incident": wish, **given})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    site = make_site(tmp_path_factory.mktemp("footage"), **{"recording.before_s": 3, "recording.after_s": 6})
    services = site.services
    register(services.uow, camera(1, org=OWN_ORG))
    register(services.uow, camera(2, area=OTHER_AREA))
    store = SegmentStore(services.uow, services.settings.recording.dir, "t", services.clock)
    for one in (camera(1), camera(2)):
        recorder = Recorder(one, StreamName.MAIN, store, RecorderRules(30.0))
        recorder.start()
        for packet in sent(60.0, begin_us=BEGIN):
            recorder.take(packet)
        assert recorder.stop()
    return House(site)


@pytest.fixture(scope="module")
def inspector(house: House) -> FlaskClient:
    return house.site.client(Role.INSPECTOR)


@pytest.fixture(scope="module")
def card(house: House, inspector: FlaskClient) -> int:
    answer = house.mark(inspector, level="yellow", title="看手机", command_id="c-1")
    assert answer.status_code == 200, answer.text
    assert house.site.services.footage.maker.make_due() >= 1
    return int(answer.json["card"])


def test_nothing_is_shown_before_a_reason_is_on_record(house: House, inspector: FlaskClient):
    assert house.film(inspector, "").status_code == 403
    assert house.film(inspector, "made-up").status_code == 403
    for wrong in ({"reason": ""}, {"reason": "other"}, {"reason": "wall", "what": "else"},
                  {"reason": "patrol", "note": "x" * 201}):
        answer = inspector.post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
            "what": "recorded", "camera": "cam-1", **wrong})
        assert answer.status_code == 400, wrong
    before = len(house.rows(video_views))
    view = house.look(inspector, note="每日巡查")
    assert house.film(inspector, view).status_code == 200
    row = house.rows(video_views)[-1]
    assert (len(house.rows(video_views)) - before, row.camera, row.viewer, row.what, row.reason, row.note) == (
        1, "cam-1", "li", "recorded", "patrol", "每日巡查")


def test_a_pass_is_good_for_its_viewer_its_camera_its_kind_and_its_time(house: House, inspector: FlaskClient,
                                                                       monkeypatch: pytest.MonkeyPatch):
    view = house.look(inspector)
    assert house.film(house.site.client(Role.LEADER), view).status_code == 403
    other = house.look(inspector, camera="cam-2")
    assert house.film(inspector, other).status_code == 403
    later = SystemClock().now_us() + 31 * MINUTE_US
    monkeypatch.setattr(house.site.services.footage.passes._clock, "now_us", lambda: later, raising=False)
    assert house.film(inspector, view).status_code == 403


def test_a_film_comes_in_ranges(house: House, inspector: FlaskClient):
    view, row = house.look(inspector), house.rows(video_segments)[0]
    whole = house.film(inspector, view)
    assert (whole.status_code, whole.mimetype, len(whole.data), whole.headers["Accept-Ranges"]) == (
        200, "video/mp4", row.bytes, "bytes")
    assert [number for _, number in numbers_in(io.BytesIO(whole.data))] == list(range(300))
    part = house.film(inspector, view, Range="bytes=100-199")
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 100-199/{row.bytes}")
    assert part.data == whole.data[100:200]
    end = house.film(inspector, view, Range="bytes=-50")
    assert (end.status_code, end.data) == (206, whole.data[-50:])
    assert house.film(inspector, view, Range=f"bytes={row.bytes}-").status_code == 416
    assert whole.headers["Cache-Control"] == "no-store" or "no-cache" in whole.headers["Cache-Control"]


@pytest.mark.parametrize("file", ["../site.db", "../keys/x.pem", "/etc/passwd", "cam-1/../../site.db", "cam-1/missing.mp4"])
def test_the_index_leads_nowhere_but_into_the_folder(house: House, inspector: FlaskClient, file: str):
    view, row = house.look(inspector), house.rows(video_segments)[0]
    with house.site.services.uow() as uow:
        uow.conn.execute(update(video_segments).where(video_segments.c.id == row.id).values(file=file))
    try:
        assert house.film(inspector, view).status_code == 404
    finally:
        with house.site.services.uow() as uow:
            uow.conn.execute(update(video_segments).where(video_segments.c.id == row.id).values(file=row.file))
    for address in ("/api/v1/footage/segments/..%2F..%2Fsite.db/film.mp4", "/api/v1/footage/clips/../../film.mp4",
                    "/api/v1/footage/segments/99999999/film.mp4", "/api/v1/footage/segments/-1/film.mp4"):
        assert inspector.get(f"{address}?view={view}").status_code == 404, address


def test_a_still_carries_the_name_of_who_took_it(house: House, inspector: FlaskClient):
    view = house.look(inspector)
    answer = inspector.get(f"/api/v1/footage/cameras/cam-1/still.jpg?view={view}&at={BEGIN + 12 * SECOND_US}",
                           buffered=True)
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.data)) as image:
        assert number_of(np.asarray(image.convert("L"))) == 120
    plain = house.site.services.footage.pictures.at(1, BEGIN + 12 * SECOND_US)
    assert plain is not None
    assert plain[0] != answer.data
    for at in ("", "x", "-5", "9" * 30, str(BEGIN + 3600 * SECOND_US)):
        assert inspector.get(f"/api/v1/footage/cameras/cam-1/still.jpg?view={view}&at={at}").status_code in (400, 404)


@pytest.mark.parametrize(("role", "status"), [(Role.INSPECTOR, 200), (Role.LEADER, 200), (Role.SHIFT_LEADER, 200),
                                              (Role.DUTY_OFFICER, 200), (Role.DEPARTMENT_USER, 403), (Role.ADMINISTRATOR, 403)])
def test_who_looks_at_recordings(house: House, role: Role, status: int):
    client = house.site.client(role)
    assert client.post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
        "what": "recorded", "camera": "cam-1", "reason": "patrol"}).status_code == status
    assert client.get("/footage/day.json?camera=cam-1").status_code == status


def test_a_browser_that_asks_again_by_itself_makes_no_second_look(house: House):
    """As it does where a connection ends before the answer: nobody pressed a second time."""
    presses = ["5f0c7c1e-0000-4000-8000-00000000000a", "5f0c7c1e-0000-4000-8000-00000000000b"]
    for role, press in ((Role.INSPECTOR, presses[0]), (Role.INSPECTOR, presses[0]), (Role.INSPECTOR, presses[1]),
                        (Role.LEADER, presses[0]), (Role.INSPECTOR, "")):
        answer = house.site.client(role).post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
            "what": "recorded", "camera": "cam-1", "reason": "patrol", "note": "复核", "press": press})
        assert (answer.status_code, bool(answer.json["view"])) == (200, True)

    seen = house.site.services.video.views.views(ViewFilter(), Actor("x", frozenset({Role.INSPECTOR})))
    assert len([view for view in seen if view.note == "复核"]) == 4
    refused = house.site.client(Role.INSPECTOR).post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
        "what": "recorded", "camera": "cam-1", "reason": "patrol", "press": "x" * 37})
    assert refused.status_code == 400


def test_somebody_of_another_area_finds_no_such_camera(house: House):
    accounts = house.site.services.accounts
    accounts.create("ivy", "a good password", display_name="艾薇", roles=[Role.INSPECTOR], area=OTHER_AREA)
    from tests.staff import sign_in

    client = house.site.app.test_client()
    assert sign_in(client, "ivy", "a good password").status_code == 303
    assert client.get("/footage/day.json?camera=cam-1").status_code == 404
    assert client.get("/footage/day.json?camera=cam-2").status_code == 200
    view = house.look(client, camera="cam-2")
    assert house.film(client, view).status_code == 404
    assert house.mark(client).status_code == 404


def test_the_day_tells_films_gaps_and_marks(house: House, inspector: FlaskClient, card: int):
    day = inspector.get("/footage/day.json?camera=cam-1&day=2026-03-16").json
    assert [(one["begin"], one["end"]) for one in day["segments"]] == [
        (BEGIN // 1000, BEGIN // 1000 + 30_000), (BEGIN // 1000 + 30_000, BEGIN // 1000 + 60_000)]
    assert [one["why"] for one in day["gaps"]] == ["录像程序已停止"]
    assert (day["camera"]["window"], day["offset_min"], len(day["office"])) == ("A01", 480, 2)
    marked = {(one["kind"], one["comment"], one["clip"]["state"]) for one in day["incidents"] if one["card"] == card}
    assert marked == {("玩手机", "看手机", "ready")}
    assert (card, "yellow", "看手机") in [(one["id"], one["level"], one["title"]) for one in day["cards"]]
    assert inspector.get("/footage/day.json?camera=cam-1&day=yesterday").status_code == 400
    assert inspector.get("/footage/day.json?camera=nobody").status_code == 404


def test_what_was_marked_by_mistake_is_taken_back_with_its_reason(house: House, inspector: FlaskClient, card: int):
    def withdraw(number: int, reason: str = "看错窗口", client: FlaskClient = inspector) -> tuple[int, str]:
        answer = client.post(f"/footage/incidents/{number}/withdrawal", headers=SAME_ORIGIN, json={"reason": reason})
        return answer.status_code, answer.json.get("code", "")

    number = house.mark(inspector).json["incident"]
    assert withdraw(number, " ") == (400, "incident_reason_invalid")
    assert withdraw(number, client=house.site.client(Role.DUTY_OFFICER)) == (403, "not_permitted")
    assert withdraw(number) == (200, "")
    assert withdraw(number) == (409, "incident_withdrawn")
    assert withdraw(999) == (404, "incident_not_found")
    shown = inspector.get("/footage/day.json?camera=cam-1&day=2026-03-16").json["incidents"]
    assert {one["withdrawn"] for one in shown if one["id"] == number} == {"已由 李敏 撤回：看错窗口"}
    with_card = next(row.id for row in house.rows(video_incidents) if row.card_id == card)
    assert withdraw(with_card) == (409, "incident_has_card")
    with house.site.services.uow() as uow:
        uow.conn.execute(update(cards).where(cards.c.id == card).values(disposition="revoked"))
    assert withdraw(with_card)[0] == 200
    with house.site.services.uow() as uow:  # as the other tests find it
        uow.conn.execute(update(cards).where(cards.c.id == card).values(disposition="to_sign"))
        uow.conn.execute(update(video_incidents).where(video_incidents.c.id == with_card).values(
            withdrawn_by="", withdrawn_name=""))


def test_marking_says_what_is_wrong(house: House, inspector: FlaskClient):
    for incident, code in (({"kind": "juggling"}, "incident_kind_unknown"), ({"end_at": BEGIN}, "incident_span_invalid"),
                           ({"end_at": BEGIN + 3600 * SECOND_US}, "incident_span_invalid"),
                           ({"kind": "other", "comment": " "}, "incident_comment_invalid")):
        answer = house.mark(inspector, incident=incident)
        assert (answer.status_code, answer.json["code"]) == (400, code)
    assert house.mark(house.site.client(Role.DUTY_OFFICER)).status_code == 403
    assert inspector.post("/footage/incidents", headers=SAME_ORIGIN, data=b"{").status_code == 400
    before = len(house.rows(video_clips))
    refused = house.mark(inspector, level="purple", title="x", command_id="c-2", incident={"begin_at": BEGIN + SECOND_US})
    assert refused.status_code == 400
    assert len(house.rows(video_clips)) == before  # the card is refused, so nothing is marked


def test_evidence_is_for_who_sees_the_card(house: House, inspector: FlaskClient, card: int, tmp_path: Path):
    clip = next(one for one in house.rows(video_clips) if one.card_id == card)
    own = house.site.client(Role.DEPARTMENT_USER)
    for client in (inspector, own, house.site.client(Role.ADMINISTRATOR)):
        view = house.look(client, "clip", clip=clip.id, reason="card")
        film = client.get(f"/api/v1/footage/clips/{clip.id}/clip.mp4?view={view}", buffered=True,
                          headers={"Range": "bytes=0-9"})
        assert (film.status_code, len(film.data)) == (206, 10)
        picture = client.get(f"/api/v1/footage/clips/{clip.id}/snapshot.jpg?view={view}", buffered=True)
        assert picture.mimetype == "image/jpeg"
        assert client.get(f"/api/v1/footage/clips/{clip.id}/package.zip?view={view}", buffered=True).status_code == 403
    view = house.look(own, "export", clip=clip.id, reason="card", note="申诉用")
    packed = own.get(f"/api/v1/footage/clips/{clip.id}/package.zip?view={view}", buffered=True)
    path = tmp_path / "e.zip"
    path.write_bytes(packed.data)
    assert check(path, house.site.services.footage.keys).finding is Finding.GENUINE
    with zipfile.ZipFile(path) as given:
        assert "核验方法" in given.read("VERIFY.txt").decode()
    row = house.rows(video_views)[-1]
    assert (row.viewer, row.what, row.note) == ("zhao", "export", f"clip {clip.id} 申诉用")
    looks = house.site.services.footage.queries.looks_at([house.site.services.footage.queries.clip(clip.id)])[clip.id]
    assert (looks.count, looks.viewer_name) == (4, "赵晓燕")


def test_what_browsers_do_not_play_comes_as_a_copy_and_leaves_as_it_was(house: House, inspector: FlaskClient, card: int):
    services = house.site.services
    with services.uow() as uow:
        uow.conn.execute(update(video_segments).where(video_segments.c.id == 1).values(codec="hevc"))
    segment = next(row for row in house.rows(video_segments) if row.id == 1)
    try:
        answer = house.film(inspector, house.look(inspector))
        assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{segment.sha256}-h264"')
        assert numbers_in(io.BytesIO(answer.data)) == numbers_in(services.footage.pictures.path_of(segment))
        part = house.film(inspector, house.look(inspector), Range="bytes=0-99")
        assert (part.status_code, len(part.data)) == (206, 100)
    finally:
        with services.uow() as uow:
            uow.conn.execute(update(video_segments).where(video_segments.c.id == 1).values(codec="h264"))


def test_a_department_finds_no_evidence_of_another(house: House, inspector: FlaskClient, card: int):
    with house.site.services.uow() as uow:
        uow.conn.exec_driver_sql(f"UPDATE cameras SET org = '{OTHER_ORG}' WHERE id = 1")
    answer = house.mark(inspector, level="yellow", title="离岗", command_id="c-3", incident={
        "begin_at": BEGIN + 30 * SECOND_US, "end_at": BEGIN + 31 * SECOND_US})
    clip = next(one for one in house.rows(video_clips) if one.card_id == answer.json["card"] != card)
    refused = house.site.client(Role.DEPARTMENT_USER).post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
        "what": "clip", "clip": clip.id, "reason": "card"})
    assert refused.status_code == 404


def test_whoever_is_bound_to_other_halls_finds_neither_clip_nor_recording(house: House, card: int):
    accounts, name = house.site.services.accounts, next(one.username for one in DEMO_ACCOUNTS if one.role is Role.LEADER)
    clip = next(one for one in house.rows(video_clips) if one.card_id == card)

    def asked(halls: set[str]) -> tuple[int, ...]:
        accounts.change(name, halls=halls, area="360500")
        client = house.site.client(Role.LEADER)
        clips = [{"what": "clip", "clip": clip.id, "reason": "card"}] if len(halls) == 1 else []  # one who may is counted
        wishes = (*clips, {"what": "recorded", "camera": "cam-1", "reason": "patrol"})
        return tuple(client.post("/api/v1/footage/views", headers=SAME_ORIGIN, json=wish).status_code for wish in wishes)

    assert asked({"另一个大厅"}) == (404, 404)
    assert asked({"市政务服务大厅", "另一个大厅"}) == (200,)
    accounts.change(name, halls=set(), area="")


def test_the_form_of_one_random_look_is_not_given_for_another(house: House, inspector: FlaskClient):
    with house.site.services.uow() as uow:
        one, other = (uow.conn.execute(insert(video_samplings).values(
            area="360500", day=20_528, round=0, place=place, camera_id=1, due_business_at=BEGIN, drawn_at=BEGIN,
            drawn_business_at=BEGIN, drawn_from='["cam-1"]').returning(video_samplings.c.id)).scalar_one() for place in (0, 1))
    given = {f"sampling-{name}.value": "bad" for name in POINTS} | {"sampling-comment.value": "未着工装"}

    def turned(look: int, before: Any, kept: Any, written: dict[str, Any], changed: str = "footage-address.search",
               answer: Any = None) -> Any:
        return run_callback(inspector, "/footage/", outputs_with(inspector, "/footage/", "sampling-detail.children"), {
            "footage-address.search": f"?view=sampling&look={look}", "footage-changed.data": answer,
            "footage-tick.n_intervals": 1},
            {"sampling-shown.data": before, "sampling-drafts.data": kept, **written}, changed=changed)

    first = told_to(turned(one, None, None, dict.fromkeys(given)), "sampling-shown")["data"]
    there = turned(other, first, None, given)
    assert [told_to(there, f"sampling-{name}") for name in (*POINTS, "comment")] == [{"value": None}] * 4 + [{"value": ""}]
    second, kept = told_to(there, "sampling-shown")["data"], told_to(there, "sampling-drafts")["data"]
    assert turned(other, second, kept, given, "footage-tick.n_intervals").status_code == 204
    back = turned(one, second, kept, dict.fromkeys(given))
    assert told_to(back, "sampling-comment") == {"value": "未着工装"}
    saved = run_callback(inspector, "/footage/", outputs_with(inspector, "/footage/", "footage-changed.data"), {
        "sampling-save.n_clicks": 1}, {"sampling-shown.data": first, **given})
    assert "已提交" in json.dumps(saved.json, ensure_ascii=False)
    assert [row.comment for row in house.rows(video_samplings) if row.id in (one, other)] == ["未着工装", ""]
    answer = told_to(saved, "footage-changed")["data"]
    after = turned(one, first, kept, given, "footage-changed.data", answer)
    assert (told_to(after, "sampling-form"), told_to(after, "sampling-comment")) == ({"hidden": True}, {"value": ""})
    late = turned(other, second, kept, given, "footage-changed.data", answer)
    assert (told_to(late, "sampling-comment"), told_to(late, "sampling-said")) == ({}, {"children": "此前那一项：已提交"})


def test_the_card_page_shows_its_evidence(house: House, inspector: FlaskClient, card: int):
    outputs = "..card-body.children...card-shown.data.."
    drawn = run_callback(inspector, "/card/", outputs, {
        "card-address.pathname": f"/card/{card}", "card-address.search": "", "card-again.n_intervals": 0},
        {"card-shown.data": None})
    clip = next(one for one in house.rows(video_clips) if one.card_id == card)
    assert {"现场录像", clip.sha256, f'"data-card-clip": "{clip.id}"'} <= {
        words for words in ("现场录像", clip.sha256, f'"data-card-clip": "{clip.id}"')
        if words in json.dumps(drawn.json, ensure_ascii=False)}


def test_a_clip_is_asked_for_by_hand_from_the_card(house: House, inspector: FlaskClient, card: int):
    def ask(client: FlaskClient, **wish: str) -> Any:
        return client.post(f"/card/{card}/clips", headers=SAME_ORIGIN, json={
            "camera": "cam-2", "at": "2026-03-16 13:53:40", **wish})

    number = ask(inspector).json["clip"]
    assert ask(inspector).json["clip"] == number
    assert house.site.services.footage.maker.make_due() >= 1
    made = house.site.services.footage.queries.clip(number)
    assert (made.state, made.card_id, made.at - BEGIN, made.asked_name) == ("ready", card, 20 * SECOND_US, "李敏")
    assert ask(inspector, at="at noon").json["code"] == "clip_instant_unreadable"
    assert ask(inspector, camera="nobody").status_code == 404
    assert ask(house.site.client(Role.DEPARTMENT_USER)).status_code == 403
    assert inspector.post("/card/999/clips", headers=SAME_ORIGIN, json={"camera": "cam-1", "at": "2026-03-16 13:53:40"}
                          ).status_code == 404
