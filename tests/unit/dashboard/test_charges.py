"""收费对账: the page, its files and the interface show the fees a person may see; no text of others becomes a formula."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from approval.cashier import PaymentKind, Received
from approval.matters import Application
from approval.posts import EVERY_UNIT
from core.access import Actor, Role
from dashboard.panels.charge_list import wish_of
from tests.hosting import APPLICANT
from tests.staff import Site, make_site, run_callback

ITEM = "gongxin-01"
CLERK = Actor("window", frozenset({Role.APPROVAL_STAFF}), "fagai", "何静")
SHOWN = "..charges-form.children...charges-lines.children.."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("charges"))
    made.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    return made


@pytest.fixture(scope="module")
def cases(site: Site) -> tuple[str, str]:
    """One that is owed, and one that was paid under a reference a spreadsheet would run."""
    approval = site.services.approval
    numbers = []
    for _ in range(2):
        papers = tuple(site.services.catalogue.items[ITEM].details.materials)
        case_no = approval.intake.file(Application(ITEM, APPLICANT, "城南基站", papers=papers), "window", CLERK).case_no
        approval.intake.accept(case_no, 1, CLERK)
        approval.ending.charge(case_no, 2, "pinlv", 1, CLERK)
        numbers.append(case_no)
    detail = approval.queries.find(numbers[1], CLERK)
    paid = Received((detail.fees[0]["id"],), PaymentKind.POS, "=1+1", detail.fees[0]["amount_fen"])
    approval.cashier.record(numbers[1], detail.head.rev, paid, CLERK)
    return numbers[0], numbers[1]


def shown(site: Site, role: Role, search: str) -> str:
    answer = run_callback(site.client(role), "/charges/", SHOWN, {"charges-address.search": search})
    assert answer.status_code == 200, answer.text
    return str(answer.json)


def test_what_does_not_match_stands_first_and_all_on_demand(site: Site, cases: tuple[str, str]):
    owed, paid = cases
    first = shown(site, Role.INSPECTOR, "")
    assert owed in first
    assert paid not in first
    assert "应收未缴 1 笔 100.00 元" in first
    assert paid in shown(site, Role.INSPECTOR, "?show=all")
    assert paid not in shown(site, Role.INSPECTOR, "?show=all&since=2001-01-01&until=2001-01-02")


def test_a_department_sees_none_of_the_fees_of_others(site: Site, cases: tuple[str, str]):
    assert cases[0] not in shown(site, Role.DEPARTMENT_USER, "?show=all")
    told = site.client(Role.DEPARTMENT_USER).get(
        "/api/v1/approval/charges?since=2001-01-01T00:00:00Z&until=2100-01-01T00:00:00Z&show=all")
    assert told.json == {"charges": []}


def test_the_files_are_on_record_and_run_no_formula(site: Site, cases: tuple[str, str]):
    client = site.client(Role.INSPECTOR)
    answer = client.get("/charges/export.csv?show=all")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    paid = next(row for row in rows if cases[1] in row)
    assert (paid[5], paid[7], paid[8]) == ("100.0", "刷卡（扫码）", "'=1+1")
    assert client.get("/charges/export.xlsx?show=all").data[:2] == b"PK"
    assert client.get("/charges/export.png?show=all").data[1:4] == b"PNG"
    assert "Content-Disposition" not in client.get("/charges/export.exe").headers  # no such file: the page answers


def test_the_interface_tells_the_same(site: Site, cases: tuple[str, str]):
    at = "/api/v1/approval/charges?since=2001-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"
    client = site.client(Role.INSPECTOR)
    assert [(one["case_no"], one["finding"]) for one in client.get(at).json["charges"]] == [(cases[0], "unpaid")]
    assert [one["finding"] for one in client.get(f"{at}&show=all").json["charges"]] == ["unpaid", "matched"]
    assert client.get("/api/v1/approval/charges?since=x").status_code == 400


def test_the_period_is_this_month_unless_said_and_nonsense_is_none(tmp_path: Path):
    assert wish_of("?since=gestern&show=x", date(2026, 3, 16)) == {
        "since": "2026-03-01", "until": "2026-03-16", "show": "open"}
