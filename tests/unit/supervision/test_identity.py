"""Who reported stays with those who may know, whichever way somebody asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select, text

from core.access import Role
from core.errors import InvalidInput, NotFound, NotPermitted
from core.models import read_log
from supervision.complaints.matters import Reporter, without_identity
from tests.staff import OWN_ORG
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, REPORTER, UNIT, Office, post

SECRETS = (REPORTER.name, REPORTER.phone, REPORTER.address)
SIGNED = f"我叫{REPORTER.name}，电话{REPORTER.phone}，住{REPORTER.address}。窗口让我跑了三次。"


def told(office: Office, no: str) -> Reporter:
    return office.desk.complaints.read_identity(no, INSPECTOR, "回访核实情况")


def test_an_inspector_who_gives_his_reason_is_told_and_it_is_on_record(office: Office):
    no = office.complain(content=SIGNED)

    assert told(office, no).phone == REPORTER.phone
    entry = office.desk.complaint_queries.find(no, INSPECTOR).log[-1]
    assert (entry.action, entry.words, entry.actor) == ("identity_read", "回访核实情况", "li")


def test_without_a_reason_nobody_is_told(office: Office):
    no = office.complain()

    with pytest.raises(InvalidInput, match="reason"):
        office.desk.complaints.read_identity(no, INSPECTOR, " ")


@pytest.mark.parametrize("actor", [OFFICER, UNIT])
def test_officers_and_units_are_not_told(office: Office, actor):
    no = office.complain()

    with pytest.raises(NotPermitted):
        office.desk.complaints.read_identity(no, actor, "回访核实情况")


def test_an_unknown_reporter_is_not_made_up(office: Office):
    with pytest.raises(NotFound, match="reporter_not_known"):
        told(office, office.ask())


def test_what_he_signed_is_blacked_out_and_the_original_is_sealed(office: Office):
    no = office.complain(content=SIGNED)

    assert not any(secret in office.desk.complaint_queries.find(no, LEADER).content for secret in SECRETS)
    assert SIGNED in told(office, no).original


def test_an_officer_who_names_him_in_an_answer_is_blacked_out(office: Office):
    no = office.complain()
    office.desk.complaints.accept(no, office.rev(no), OFFICER, f"已联系{REPORTER.name}")
    office.desk.complaints.answer(no, office.rev(no), INSPECTOR, f"{REPORTER.name}您好，电话{REPORTER.phone}已打通。",
                                  "unfounded")

    found = office.desk.complaint_queries.find(no, INSPECTOR)
    assert not any(secret in str(found) for secret in SECRETS)


def test_the_longest_name_is_blacked_out_first():
    assert without_identity("张三丰说", Reporter(name="张三丰", phone="三丰")) == "＊＊＊说"


@pytest.mark.parametrize("written", ["139-7900-1234", "139 7900 1234", "１３９７９００１２３４", "139－7900－1234",
                                     "+86 139\u30007900\u30001234", "139—7900—1234"])
@pytest.mark.parametrize("sealed", ["13979001234", "139-7900-1234", "+86 13979001234", "0790-6441234、13979001234"])
def test_a_number_is_blacked_out_however_it_is_written(written: str, sealed: str):
    shown = without_identity(f"来电 {written}，谢谢。", Reporter(phone=sealed))

    assert not any(part in shown for part in ("7900", "1234", "７９００"))
    assert shown.startswith("来电 ")
    assert shown.endswith("，谢谢。")


@pytest.mark.parametrize(("sealed", "written"), [("36050219800101123x", "36050219800101123X"),
                                                 ("36050219800101123X", "360502 19800101 123ｘ")])
def test_an_identity_number_is_blacked_out_whatever_the_case_of_its_last_letter(sealed: str, written: str):
    assert without_identity(f"证号{written}。", Reporter(id_number=sealed)) == "证号＊＊＊＊＊＊。"


def test_what_is_not_his_stays_as_it_was_written():
    said = "来电 139-7900-1235，ＡＢＣ - 三 楼\n第 7 号"

    assert without_identity(said, Reporter(name="欧阳守正", phone="13979001234", id_number="36050219800101123x")) == said


def busy_office(office: Office) -> list[str]:
    """Every kind of matter, handled as far as it goes, its reporter named wherever people write."""
    numbers = []
    for kind, category, finding in (("complaint", "extortion", "verified"), ("consultation", "handling", "")):
        no = office.complain(category, content=SIGNED, about_case="A-1", kind=kind)
        if kind == "complaint":
            office.desk.complaints.accept(no, office.rev(no), OFFICER, f"{REPORTER.name}反映")
        for route in ("legal", "environment" if kind == "complaint" else "unit"):
            office.desk.complaints.transfer(no, office.rev(no), OFFICER, route, f"请答复{REPORTER.name}")
        office.desk.complaints.answer(no, office.rev(no), INSPECTOR, f"{REPORTER.name}反映属实", finding)
        told(office, no)
        numbers.append(no)
    office.card_on(case_no="A-1")
    return numbers


def test_no_table_but_the_sealed_one_has_any_of_it(office: Office):
    busy_office(office)

    with office.services.database.read() as conn:
        tables = [row[0] for row in conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        rows = {table: str(conn.execute(text(f'SELECT * FROM "{table}"')).all()) for table in tables}
    assert "journal" in rows
    assert {table for table, content in rows.items() if any(secret in content for secret in SECRETS)} == set()


def test_the_database_file_itself_does_not_have_it(office: Office):
    busy_office(office)
    path = Path(str(office.services.database.url.database))
    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    assert "窗口人员态度恶劣".encode() in content
    assert [secret for secret in SECRETS if secret.encode() in content] == []


def test_no_route_tells_a_department_user(office: Office):
    """Every GET of the server, for a person of the unit complained of, and every page's data."""
    numbers = busy_office(office)
    client = office.site.client(Role.DEPARTMENT_USER)
    seen = []
    for route in office.site.app.url_map.iter_rules():
        if "GET" not in (route.methods or set()):
            continue
        for no in numbers:
            address = re.sub(r"<int:[^>]+>", "1", re.sub(r"<(?!int:)[^>]+>", no, route.rule))
            answer = client.get(address, buffered=True)
            seen += [(address, secret) for secret in SECRETS if secret.encode() in answer.data]

    assert seen == []
    answer = post(client, f"/api/v1/complaints/{numbers[0]}/identity", {"reason": "想知道是谁"})
    assert (answer.status_code, [secret for secret in SECRETS if secret in answer.text]) == (403, [])


def test_what_was_pushed_to_screens_does_not_have_it(office: Office):
    busy_office(office)

    with office.services.database.read() as conn:
        pushed = str(conn.execute(text("SELECT payload FROM outbox")).all())
    assert [secret for secret in SECRETS if secret in pushed] == []


def test_the_log_of_the_program_does_not_have_it(office: Office, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    client = office.site.client(Role.INSPECTOR)
    body = {"id": "1", "category": "fees", "org": OWN_ORG, "title": "多收费用", "content": SIGNED,
            "reporter": {"name": REPORTER.name, "phone": REPORTER.phone, "address": REPORTER.address}}
    post(client, "/api/v1/complaints", body)
    post(client, "/api/v1/complaints", body | {"id": "2", "unknown": REPORTER.name})
    post(client, "/api/v1/complaints", body | {"id": "3", "reporter": {"name": REPORTER.name, "phone": 1}})

    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_over_http_the_look_is_written_down_with_its_address(office: Office):
    no = office.complain()
    answer = post(office.site.client(Role.INSPECTOR), f"/api/v1/complaints/{no}/identity", {"reason": "回访核实情况"})

    assert answer.json["name"] == REPORTER.name
    with office.services.database.read() as conn:
        row = conn.execute(select(read_log)).one()
    assert (row.what, row.subject, row.actor, row.address) == ("reporter", no, "li", "127.0.0.1")


def test_another_system_files_with_its_token_and_reads_nothing(office: Office):
    token = office.services.accounts.issue_token("feed", "12345")
    bearer = {"Authorization": f"Bearer {token}"}
    client = office.site.app.test_client()
    body = {"id": "H-1", "category": "fees", "org": OWN_ORG, "title": "多收费用", "content": SIGNED,
            "reporter": {"name": REPORTER.name, "phone": REPORTER.phone}}
    first = client.post("/api/v1/complaints", json=body, headers=bearer)
    again = client.post("/api/v1/complaints", json=body, headers=bearer)

    assert (first.status_code, first.json) == (201, {"no": "TS2026-000001"})
    assert again.json == first.json
    assert client.get("/api/v1/complaints", headers=bearer).status_code == 403
    assert client.get("/api/v1/complaints/TS2026-000001", headers=bearer).status_code in (401, 403)
    assert client.post("/api/v1/complaints", json=body).status_code == 401
