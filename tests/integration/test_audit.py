"""审计: every look and every act in one list, for those who may see it; exported harmless, and on record itself."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.access import Actor, Role
from core.errors import NotPermitted
from dashboard.panels import audit_list
from dashboard.words import Words
from supervision.audit import AuditFilter, AuditLine
from tests.hosting import HALL, HANDLER, Hall
from tests.staff import OWN_ORG, Site, make_site, run_callback

INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
SHOW = "..audit-form.children...audit-lines.children.."


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def shown(client: Any, search: str = "") -> str:
    answer = run_callback(client, "/audit/", SHOW, {"audit-address.search": search})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def test_a_look_at_a_case_is_found_by_person_subject_and_day(site: Site):
    site.record_case("XY-1", OWN_ORG)
    officer, inspector = site.client(Role.DUTY_OFFICER), site.client(Role.INSPECTOR)
    run_callback(officer, "/case/", "case-body.children",
                 {"case-address.pathname": "/case/360500/XY-1", "case-address.search": ""})
    lines = site.services.audit.lines(AuditFilter(part="read", person="周立新", subject="XY-1"), INSPECTOR)
    assert [(one.actor, one.what, one.subject) for one in lines] == [("zhou", "case", "360500/XY-1")]
    day = "2026-03-16"
    assert "360500/XY-1" in shown(inspector, f"?part=read&since={day}&until={day}")
    assert "360500/XY-1" not in shown(inspector, "?part=read&until=2026-03-15&subject=360500/XY-")
    assert "360500/XY-1" not in shown(inspector, "?part=read&person=nobody")


def test_acts_on_cases_changes_of_accounts_and_acts_on_cards_stand_there(tmp_path: Path):
    hall = Hall(tmp_path)
    number = hall.accepted()
    hall.do(number, HANDLER)
    hall.services.accounts.create("boss", "a long password", display_name="陈默", roles=[Role.ADMINISTRATOR])
    hall.services.people.set_directly("boss", display_name="陈默二")
    lines = hall.services.audit.lines(AuditFilter(), INSPECTOR)
    told = {(one.part, one.what, one.subject) for one in lines}
    assert {("case", "accepted", number), ("case", "step", number), ("change", "role/set", "boss")} <= told
    assert [one.at for one in lines] == sorted((one.at for one in lines), reverse=True)
    assert "None" not in {one.detail for one in lines}
    mine = hall.services.audit.lines(AuditFilter(part="case", person=HANDLER.name), INSPECTOR)
    assert {one.actor for one in mine} == {f"{HANDLER.display_name} {HANDLER.name}"}
    assert hall.services.audit.lines(AuditFilter(subject="100%"), INSPECTOR) == []


def test_whoever_is_bound_to_an_area_sees_what_happened_there(tmp_path: Path):
    hall = Hall(tmp_path)
    number = hall.accepted()
    area = hall.services.catalogue.organisations["gongxin"].area
    here, elsewhere = replace(INSPECTOR, area=area), replace(INSPECTOR, area="999999")
    assert {one.subject for one in hall.services.audit.lines(AuditFilter(part="case"), here)} == {number}
    hall.services.read_log.note("hosted_case", number, HALL)
    assert hall.services.audit.lines(AuditFilter(), elsewhere) == []


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.LEADER, Role.DEPARTMENT_USER])
def test_nobody_else_sees_it(site: Site, role: Role):
    client = site.client(role)
    for address in ("/audit/", "/audit/export.csv", "/audit/_dash-layout"):
        assert client.get(address).status_code == 403
    with pytest.raises(NotPermitted):
        site.services.audit.lines(AuditFilter(), Actor("x", frozenset({role}), "fagai"))


def test_looking_and_exporting_are_on_record_and_the_export_runs_nothing(site: Site):
    site.services.read_log.note("paper", "=HYPERLINK(\"http://evil\")", Actor("zhou", frozenset(), display_name="@SUM(A1)"))
    inspector = site.client(Role.INSPECTOR)
    shown(inspector, "?part=read&person=zhou")
    answer = inspector.get("/audit/export.csv?part=read")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert any("'=HYPERLINK" in cell for row in rows for cell in row)
    assert not [cell for row in rows for cell in row if cell[:1] in "=+@" and cell]
    looks = site.services.read_log.looks("audit_export")
    assert [(one.actor, one.subject) for one in looks] == [("li", "part=read")]
    assert [one.subject for one in site.services.read_log.looks("audit")] == ["part=read person=zhou"]


def test_a_long_subject_is_on_record_whole_and_found_by_its_end(site: Site):
    read_log, orgs = site.services.read_log, "&".join(f"org=unit-{number}" for number in range(40))
    for end in ("yes", "no"):
        read_log.note("comparison_export", f"{orgs}&personal={end}", INSPECTOR)
    assert [one.subject for one in read_log.looks("comparison_export", f"{orgs}&personal=yes")] == [f"{orgs}&personal=yes"]
    lines = site.services.audit.lines(AuditFilter(part="read", subject="personal=yes"), INSPECTOR)
    assert [one.subject for one in lines] == [f"{orgs}&personal=yes"]


def test_filters_that_cannot_be_are_left_out_and_text_is_never_markup(site: Site):
    wish = audit_list.wish_of("?part=nonsense&since=yesterday&person=%3Cscript%3E&x=1")
    assert wish == {"person": "<script>"}
    assert "zhou" not in shown(site.client(Role.ADMINISTRATOR), "?person=%25")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_look_that_is_written_has_its_words(site: Site, language: str):
    t = Words(language, site.services.texts(language).tree)
    for what in ("case", "hosted_case", "material", "paper", "reporter", "card_evidence", "evidence_pdf", "evidence_json",
                 "attachment", "audit", "audit_export", "comparison_export"):
        assert audit_list.what(AuditLine(0, "read", "", "", what, "", ""), t) != what
