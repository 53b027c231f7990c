"""The cameras over HTTP and on their pages: who gets in, what is logged before anything is given out, what never leaves."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete

from core.access import Actor, Role
from core.clock import SystemClock
from core.instants import SECOND_US
from dashboard.demo_accounts import DEMO_PASSWORD
from dashboard.panels import camera_list, view_list
from dashboard.panels.camera_form import FIELDS, example_of, form_of, values_of
from dashboard.words import Words
from tests.staff import SAME_ORIGIN, Site, make_site, outputs_with, run_callback, sign_in, told_to
from tests.streams import Clip
from video.models import video_views
from video.registration import CameraForm
from video.tickets import Tickets
from video.view_log import ViewFilter

ADMIN = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
WATCHERS = (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)
EVIL = "<img src=x onerror=alert(1)>"
PASSWORD = "Geheim-9"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, rtsp_clip: Clip) -> Site:
    made = make_site(tmp_path_factory.mktemp("video"), **{"video.file_dir": str(rtsp_clip.movie.parent), "video.port": 8051,
                                                          "video.networks": ["10.20.0.0/16"]})
    register = made.services.video.service.register
    area = made.services.catalogue.default_area
    left_half = (((0, 0), (0.5, 0), (0.5, 1), (0, 1)),)
    for form in (CameraForm(code="hall-1", name="1号窗口", area=area, hall="大厅", window="1", kind="file",
                            main=rtsp_clip.movie.name, masks=left_half),
                 CameraForm(code="evil", name=EVIL, area=area, hall=EVIL, kind="rtsp", main=f"rtsp://u:{PASSWORD}@10.20.1.4/1"),
                 CameraForm(code="far", name="别处", area="360502", hall="远", kind="rtsp", main="rtsp://10.20.1.5/1")):
        register(form, reason="开通", actor=ADMIN)
    return made


@pytest.fixture(scope="module")
def clients(site: Site) -> dict[Role, FlaskClient]:
    site.services.accounts.create("clerk", DEMO_PASSWORD, display_name="窗口", roles=[Role.APPROVAL_STAFF], org="fagai")
    clerk = site.client()
    assert sign_in(clerk, "clerk").status_code == 303
    return {**{role: site.client(role) for role in (*WATCHERS, Role.DEPARTMENT_USER)}, Role.APPROVAL_STAFF: clerk}


@pytest.fixture(autouse=True)
def empty_log(site: Site) -> None:
    with site.services.database.transaction() as conn:
        conn.execute(delete(video_views))


def views(site: Site) -> list[tuple[str, str, str, str]]:
    return [(view.viewer, view.camera, view.what, view.reason) for view in site.services.video.views.views(ViewFilter(), ADMIN)]


def ask_ticket(client: FlaskClient, **wish: Any) -> Any:
    return client.post("/api/v1/video/tickets", json={"cameras": ["hall-1"], "reason": "patrol", **wish}, headers=SAME_ORIGIN)


@pytest.mark.parametrize("role", WATCHERS)
def test_whoever_watches_the_halls_gets_the_list_and_a_ticket(site: Site, clients: dict[Role, FlaskClient], role: Role):
    listed = clients[role].get("/api/v1/video/cameras")
    assert {one["code"] for one in listed.json["cameras"]} == {"hall-1", "evil", "far"}
    given = ask_ticket(clients[role])
    assert given.status_code == 200
    ticket = Tickets(b"s" * 32, SystemClock(), 15).read(given.json["ticket"])
    assert (ticket.cameras, ticket.reason, ticket.unmasked) == (("hall-1",), "patrol", False)
    assert given.json["address"] == "ws://localhost:8051"
    assert [view[1:] for view in views(site)] == [("hall-1", "live", "patrol")]
    for text in (listed.text, given.text):
        assert PASSWORD not in text
        assert "10.20.1.4" not in text


@pytest.mark.parametrize("role", [Role.DEPARTMENT_USER, Role.APPROVAL_STAFF])
def test_colleagues_get_neither_list_nor_ticket_nor_picture(site: Site, clients: dict[Role, FlaskClient], role: Role):
    client = clients[role]
    for answer in (client.get("/api/v1/video/cameras"), ask_ticket(client), client.get("/cameras/"),
                   client.get("/video-views/"), client.get("/api/v1/video/cameras/hall-1/picture.jpg?reason=patrol")):
        assert answer.status_code == 403
    assert views(site) == []


@pytest.mark.parametrize(("wish", "status"), [
    ({"reason": ""}, 400), ({"reason": "fun"}, 400), ({"reason": "other"}, 400), ({"cameras": []}, 400),
    ({"cameras": ["x"]}, 404), ({"cameras": ["hall-1"] * 65}, 400), ({"cameras": "hall-1"}, 400),
    ({"more": 1}, 400), ({"note": "x" * 201}, 400)])
def test_a_ticket_without_a_reason_or_a_camera_is_not_given_nor_logged(site: Site, clients: dict[Role, FlaskClient],
                                                                       wish: dict[str, Any], status: int):
    assert ask_ticket(clients[Role.INSPECTOR], **wish).status_code == status
    assert views(site) == []


def test_another_site_cannot_ask_for_a_ticket(clients: dict[Role, FlaskClient]):
    answer = clients[Role.INSPECTOR].post("/api/v1/video/tickets", json={"cameras": ["hall-1"], "reason": "patrol"},
                                          headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_only_an_administrator_who_sets_up_sees_beneath_masks(clients: dict[Role, FlaskClient]):
    read = Tickets(b"s" * 32, SystemClock(), 15).read
    assert read(ask_ticket(clients[Role.ADMINISTRATOR], reason="setup").json["ticket"]).unmasked
    assert not read(ask_ticket(clients[Role.ADMINISTRATOR]).json["ticket"]).unmasked
    assert not read(ask_ticket(clients[Role.INSPECTOR], reason="setup").json["ticket"]).unmasked


def test_one_picture_is_logged_marked_and_masked(site: Site, clients: dict[Role, FlaskClient]):
    given = clients[Role.INSPECTOR].get("/api/v1/video/cameras/hall-1/picture.jpg?reason=complaint&note=17")
    assert (given.status_code, given.mimetype) == (200, "image/jpeg")
    left = Image.open(io.BytesIO(given.data)).crop((10, 60, 300, 300)).convert("L").get_flattened_data()
    assert sorted(left)[len(left) // 2] < 40
    assert views(site) == [("li", "hall-1", "snapshot", "complaint")]
    assert clients[Role.INSPECTOR].get("/api/v1/video/cameras/hall-1/picture.jpg").status_code == 400
    assert clients[Role.INSPECTOR].get("/api/v1/video/cameras/none/picture.jpg?reason=patrol").status_code == 404


def test_the_pages_let_live_pictures_in_from_the_video_port_and_nothing_else(clients: dict[Role, FlaskClient]):
    html = {"Accept": "text/html"}
    for page in ("/wall/", "/cameras/"):
        assert "connect-src 'self' ws://localhost:8051;" in clients[Role.INSPECTOR].get(page, headers=html).headers[
            "Content-Security-Policy"]
    assert "connect-src 'self';" in clients[Role.INSPECTOR].get("/desk/", headers=html).headers["Content-Security-Policy"]
    odd = clients[Role.INSPECTOR].get("/wall/", headers={**html, "Host": "localhost;script-src *"})
    assert "script-src *" not in odd.headers.get("Content-Security-Policy", "")


# --- what the pages draw --------------------------------------------------------------------------------------------------

def text_of(component: Any) -> str:
    return json.dumps(component, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def test_the_list_shows_names_as_words_and_no_secret(site: Site):
    t = Words("zh", site.services.texts("zh").tree)
    rows = site.services.video.queries.rows(ADMIN)
    drawn = text_of(camera_list.render(rows, "hall-1", SystemClock().now_us(), t, may_edit=True))
    assert EVIL in drawn  # as text of a React component, which is never parsed as HTML
    assert "dangerously" not in drawn.lower()
    assert PASSWORD not in drawn


def test_a_live_camera_looks_late_only_when_nobody_tells_of_it_any_more(site: Site):
    t, now = Words("zh", site.services.texts("zh").tree), SystemClock().now_us()
    row = msgspec.structs.replace(site.services.video.queries.rows(ADMIN)[0], is_enabled=True, state="live")
    rows = [msgspec.structs.replace(row, seen_at=now - age * SECOND_US) for age in (9, 40)]
    listed = [text_of(camera_list.render([one], "", now, t, may_edit=True)) for one in rows]
    assert ["秒前" in drawn for drawn in listed] == [False, True]


def heard(client: FlaskClient, search: str, answer: Any, *changed: str) -> dict[str, Any]:
    """What the page of `search` says after `camera-answer.data` or `camera-address.search` changed."""
    fields = [{"error": name, "of": "camera"} for name in FIELDS]
    body = {"output": outputs_with(client, "/cameras/", "camera-anyway.value"),
            "outputs": [{"id": "camera-said", "property": "children"},
                        [{"id": field, "property": "children"} for field in fields],
                        {"id": "camera-anyway", "property": "value"}, {"id": "camera-address", "property": "search"}],
            "inputs": [{"id": "camera-address", "property": "search", "value": search},
                       {"id": "camera-answer", "property": "data", "value": answer}],
            "state": [[{"id": field, "property": "id", "value": field} for field in fields]], "changedPropIds": list(changed)}
    return dict(client.post("/cameras/_dash-update-component", json=body, headers=SAME_ORIGIN).json["response"])


def test_what_is_said_and_ticked_of_one_camera_is_not_said_of_the_next(clients: dict[Role, FlaskClient]):
    client = clients[Role.ADMINISTRATOR]
    answer = {"of": "hall-1", "code": "hall-1", "said": [["没有画面", ""]], "key": "main", "isNew": False}
    here = heard(client, "?camera=hall-1", answer, "camera-answer.data")
    assert (here['{"error":"main","of":"camera"}'], here['{"error":"name","of":"camera"}']) == (
        {"children": "没有画面"}, {"children": ""})
    for search in ("?camera=evil", "?camera=hall-1"):  # it had been turned away from in between
        left = heard(client, search, answer, "camera-address.search")
        assert (left["camera-said"], left["camera-anyway"]) == ({"children": ""}, {"value": []})
    late = heard(client, "?camera=evil", answer, "camera-answer.data")
    assert '"hall-1 "' in json.dumps(late["camera-said"])
    assert late['{"error":"main","of":"camera"}'] == {"children": ""}


def test_a_registration_leads_to_its_camera_unless_one_turned_to_another(clients: dict[Role, FlaskClient]):
    client = clients[Role.ADMINISTRATOR]
    answer = {"of": "new", "code": "a&b", "said": [["已保存", ""]], "key": "", "isNew": True}
    assert heard(client, "?camera=new", answer, "camera-answer.data")["camera-address"] == {"search": "?camera=a%26b"}
    assert "camera-address" not in heard(client, "?camera=evil", answer, "camera-answer.data")


def test_a_camera_saved_late_does_not_overwrite_what_is_written_of_another(clients: dict[Role, FlaskClient]):
    client = clients[Role.ADMINISTRATOR]

    def choose(search: str, *changed: str) -> int:
        outputs = outputs_with(client, "/cameras/", "camera-head.children")
        inputs = {"camera-address.search": search, "camera-changed.data": '["hall-1", 1, "saved"]'}
        return run_callback(client, "/cameras/", outputs, inputs, changed=changed[0]).status_code

    assert choose("?camera=evil", "camera-changed.data") == 204
    assert choose("?camera=hall-1", "camera-changed.data") == choose("?camera=evil", "camera-address.search") == 200


def test_a_trial_tells_which_camera_it_was_of_and_brings_no_areas(clients: dict[Role, FlaskClient], rtsp_clip: Clip):
    client, form = clients[Role.ADMINISTRATOR], {"code": " hall-1 ", "kind": "file", "main": rtsp_clip.movie.name}
    held = {"camera-address.search": "?camera=hall-1", "camera-areas.data": {"seat": [[0, 0], [1, 0], [1, 1]], "masks": []},
            **{f"camera-{field}.value": form.get(field, "") for field in FIELDS}}
    tried = run_callback(client, "/cameras/", outputs_with(client, "/cameras/", "camera-answer.data"),
                         {"camera-test.n_clicks": 1}, held)
    answer, still = told_to(tried, "camera-answer")["data"], json.loads(told_to(tried, "camera-shown")["data-picture"])
    assert (answer["of"], answer["code"], len(answer["said"])) == ("hall-1", "hall-1", 1)
    assert (still["of"], sorted(still)) == ("hall-1", ["code", "of", "still"])


def test_the_form_shows_how_an_address_of_each_kind_looks(site: Site):
    t = Words("zh", site.services.texts("zh").tree)
    assert [example_of(name, kind, t) for kind in ("rtsp", "file", "device") for name in ("main", "sub")] == [
        "例：rtsp://10.20.1.4:554/main", "例：rtsp://10.20.1.4:554/sub", *["video.file_dir 下的文件名"] * 2,
        *["例：/dev/video0"] * 2]


def test_the_form_never_holds_a_password_and_reads_back_what_it_showed(site: Site):
    row = site.services.video.queries.find("evil", ADMIN)
    values = dict(zip(FIELDS, values_of(row, "x"), strict=True))
    assert PASSWORD not in json.dumps(values)
    form = form_of(values, {"seat": row.seat, "masks": row.masks})
    assert site.services.video.service.edit(form, row.rev, reason="没有改动", actor=ADMIN) == row.rev


@pytest.mark.parametrize("areas", [{"seat": "x"}, {"seat": [[0, "a"]]}, {"masks": [[1]]}, {"masks": [{}]},
                                   {"seat": [[1, 2, 3]]}, None])
def test_areas_a_browser_made_up_are_refused_and_harm_nothing(areas: Any):
    assert isinstance(form_of(dict.fromkeys(FIELDS, ""), areas), CameraForm)


def test_the_log_of_views_is_filtered_by_its_address(site: Site, clients: dict[Role, FlaskClient]):
    ask_ticket(clients[Role.INSPECTOR], cameras=["evil"], reason="other", note=EVIL)
    t = Words("zh", site.services.texts("zh").tree)
    asked = view_list.asked_of(view_list.wish_of("?camera=evil&reason=other&what=live&since=2020-01-01&until=nonsense&x=1"))
    assert asked.until is None
    drawn = text_of(view_list.table(site.services.video.views.views(asked, ADMIN), t))
    assert "其他" in drawn
    assert EVIL in drawn
    assert view_list.wish_of("?what=everything&camera=") == {}


def test_inspectors_read_the_cameras_and_edit_nothing(site: Site, clients: dict[Role, FlaskClient]):
    layout = json.dumps(clients[Role.INSPECTOR].get("/cameras/_dash-layout").json, ensure_ascii=False)
    assert "只有系统管理员可以修改" in layout
    assert clients[Role.DUTY_OFFICER].get("/cameras/").status_code == 403
    assert clients[Role.LEADER].get("/video-views/").status_code == 403
