"""Files that were chosen for the answer to a correction notice go with whichever button is pressed."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from approval.posts import EVERY_UNIT
from tests.staff import Site, make_site
from tests.unit.portal.test_case import CLERK, filed, opened, pdf, post, rev


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = make_site(tmp_path_factory.mktemp("chosen"))
    made.services.approval.posts.give(CLERK.name, EVERY_UNIT, ["综合窗口"])
    return made


@pytest.fixture
def client(site: Site) -> Any:
    told = filed(site, without="jishu")
    site.services.approval.intake.ask_correction(told.case_no, rev(site, told.case_no), ["jishu", "changdi"], "缺两项", CLERK)
    return opened(site, told)


def bad(code: str) -> dict[str, Any]:
    return {f"file-{code}": (io.BytesIO(b"MZ"), f"{code}.pdf")}


def kept(text: str) -> list[str]:
    return re.findall(r"(\w+\.pdf)</p>", text)


def test_the_button_of_one_paper_takes_the_file_of_another_along(client: Any):
    assert post(client, "/public/case/attach", code="jishu", **pdf("jishu", "技术.pdf"), **pdf("changdi", "场地.pdf")
                ).status_code == 303
    assert kept(client.get("/public/case/").text) == ["技术.pdf", "场地.pdf"]


def test_a_file_gathered_for_the_notice_of_another_case_is_not_sent_with_this_one(site: Site, client: Any):
    """One browser opens a second case of the item while files for the first wait."""
    post(client, "/public/case/attach", code="changdi", **pdf("changdi", "场地.pdf"))
    told, desk = filed(site, without="jishu"), site.services.approval
    desk.intake.ask_correction(told.case_no, rev(site, told.case_no), ["jishu"], "缺一项", CLERK)
    post(client, "/public/case/enter", no=told.case_no, password=told.password)
    assert kept(client.get("/public/case/").text) == []
    assert post(client, "/public/case/correct", **pdf("jishu", "技术.pdf")).status_code == 303
    assert [one.code for one in desk.queries.of_applicant(told.case_no).papers if one.sha256] == ["jishu"]


@pytest.mark.parametrize("at", ["attach", "correct"])
def test_a_refused_file_leaves_the_others(client: Any, at: str):
    answer = post(client, f"/public/case/{at}", code="jishu", **bad("jishu"), **pdf("changdi", "场地.pdf"))
    assert (answer.status_code, kept(answer.text)) == (400, ["场地.pdf"])
