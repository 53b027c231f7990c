"""The interface: what a page sends, who may, and that files come back as what they are."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from approval.performing import PERFORMED
from approval.posts import EVERY_UNIT
from core.access import Role
from tests.staff import OWN_ORG, SAME_ORIGIN, Site, make_site, sign_in

ITEM, PENALTY = f"{OWN_ORG}-02", "shengtai-81"
PDF = b"%PDF-1.4\n%content"
WALK_IN = {"item": ITEM, "name": "新余锦程置业有限公司", "kind": "company", "phone": "13979000001", "title": "城南安置房"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("site"))
    for name, posts in (("he.jing", ["综合窗口"]), ("lin.tao", ["承办人"]), ("gao.min", ["审核人"]), ("luo.yong", ["批准人"])):
        made.services.accounts.create(name, "yangguang-demo", display_name=name, roles={Role.APPROVAL_STAFF}, org=OWN_ORG)
        made.services.approval.posts.give(name, OWN_ORG, posts)
    return made


def person(site: Site, name: str) -> FlaskClient:
    client = site.app.test_client()
    assert sign_in(client, name).status_code == 303
    return client


def post(client: FlaskClient, address: str, body: object):
    return client.post(f"/api/v1/approval/cases{address}", json=body, headers=SAME_ORIGIN)


def registered(site: Site) -> tuple[FlaskClient, str]:
    clerk = person(site, "he.jing")
    answer = post(clerk, "", WALK_IN)
    assert answer.status_code == 201, answer.text
    return clerk, answer.json["case_no"]


def test_a_case_from_the_window_to_its_end(site: Site):
    clerk, no = registered(site)
    answer = post(clerk, f"/{no}/acts/accept", {"rev": 1})
    assert (answer.status_code, answer.json["step"]) == (200, "承办"), answer.text
    for name in ("lin.tao", "gao.min", "luo.yong"):
        client = person(site, name)
        work = client.get("/api/v1/approval/lists/work").json["cases"]
        rev = next(row["rev"] for row in work if row["case_no"] == no)
        answer = post(client, f"/{no}/acts/complete", {"rev": rev, "words": "同意"})
        assert answer.status_code == 200, answer.text
    answer = post(clerk, f"/{no}/acts/conclude", {"rev": answer.json["rev"], "words": "办结"})
    assert answer.json["state"] == "concluded"
    receipts = answer.json["receipts"]
    file = clerk.get(f"/api/v1/approval/cases/{no}/papers/{receipts[-1]['code']}/docx")
    assert (file.status_code, file.data[:2]) == (200, b"PK")


def test_a_case_of_a_penalty_is_opened_by_the_unit_itself(site: Site):
    site.services.approval.posts.give("he.jing", EVERY_UNIT, [site.services.catalogue.items[PENALTY].details.posts["立案"][0]])
    answer = post(person(site, "he.jing"), "", WALK_IN | {"item": PENALTY})
    assert (answer.status_code, answer.json["password"]) == (201, ""), answer.text
    site.services.approval.posts.give("he.jing", EVERY_UNIT, [])


def test_a_case_can_be_seen_as_it_stood(site: Site):
    clerk, no = registered(site)
    at = site.services.clock.now().isoformat()
    assert clerk.get(f"/api/v1/approval/cases/{no}/at/{at}").json["state"] == "received"
    assert clerk.get(f"/api/v1/approval/cases/{no}/at/2020-01-01T00:00:00+00:00").status_code == 404
    assert clerk.get(f"/api/v1/approval/cases/{no}/at/yesterday").status_code == 400


@pytest.mark.parametrize(("name", "content", "status"), [
    ("图纸.pdf", PDF, 201), ("图纸.pdf", b"MZ\x90\x00", 400), ("图纸.exe", b"MZ\x90\x00", 400), ("", PDF, 400),
    ("空.pdf", b"", 400)])
def test_a_file_is_what_it_says_or_is_refused(site: Site, name: str, content: bytes, status: int):
    clerk, no = _with_papers(site)
    answer = clerk.post(f"/api/v1/approval/cases/{no}/files", query_string={"code": "shenqing", "name": name}, data=content,
                        headers=SAME_ORIGIN)
    assert answer.status_code == status, answer.text
    if status == 201:
        back = clerk.get(f"/api/v1/approval/cases/{no}/files/{answer.json['sha256']}")
        assert (back.data, back.headers["X-Content-Type-Options"]) == (content, "nosniff")
        assert "attachment" in back.headers["Content-Disposition"]


def _with_papers(site: Site) -> tuple[FlaskClient, str]:
    """A case of an item that lists papers, at a window for every unit."""
    site.services.approval.posts.give("he.jing", EVERY_UNIT, ["综合窗口"])
    clerk = person(site, "he.jing")
    return clerk, post(clerk, "", WALK_IN | {"item": "gongxin-01"}).json["case_no"]


def test_a_file_of_one_case_is_not_found_under_another(site: Site):
    clerk, no = _with_papers(site)
    digest = clerk.post(f"/api/v1/approval/cases/{no}/files?code=shenqing&name=a.pdf", data=PDF + b"1",
                        headers=SAME_ORIGIN).json["sha256"]
    _, other = _with_papers(site)
    assert clerk.get(f"/api/v1/approval/cases/{other}/files/{digest}").status_code == 404
    assert person(site, "lin.tao").get(f"/api/v1/approval/cases/{no}/files/{digest}").status_code == 404
    assert clerk.get(f"/api/v1/approval/cases/{no}/files/..%2F..%2Fjournal.key").status_code == 404


@pytest.mark.parametrize("role", [
    Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER, Role.DUTY_OFFICER, Role.ADMINISTRATOR, None])
@pytest.mark.parametrize("act", PERFORMED)
def test_only_staff_act(site: Site, role: Role | None, act: str):
    answer = post(site.client(role), "/360500-fagai-20260316-0001-0/acts/" + act, {"rev": 1})
    assert answer.status_code == (401 if role is None else 403)


@pytest.mark.parametrize(("body", "status"), [({"rev": 1, "nonsense": 1}, 400), ([], 400), ({"rev": "one"}, 400)])
def test_a_body_that_cannot_be_is_refused(site: Site, body: object, status: int):
    clerk, no = registered(site)
    assert post(clerk, f"/{no}/acts/accept", body).status_code == status
    assert post(clerk, f"/{no}/acts/explode", {"rev": 1}).status_code == 400


def test_flows_are_given_as_bpmn(site: Site):
    clerk, no = registered(site)
    for address in (f"flows/{ITEM}", f"cases/{no}/flow"):
        answer = clerk.get(f"/api/v1/approval/{address}")
        assert (answer.status_code, answer.mimetype) == (200, "application/xml")
        assert b"BPMNDiagram" in answer.data
    assert clerk.get("/api/v1/approval/flows/nothing").status_code == 400
