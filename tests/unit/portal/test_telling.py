"""Who sends a question or complaint, with or without a name, looks up what became of it by its number and password."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.access import Actor, Role
from supervision.complaints.matters import Filing, Reporter
from tests.staff import AS_BROWSER, SAME_ORIGIN, Site, make_site

OFFICER = Actor("li", frozenset({Role.INSPECTOR}))
GIVEN = {"org": "gongxin", "category": "attitude", "title": "态度恶劣", "content": "三次去都让我回去等。", "named": "no"}
TOLD = "/public/told/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("telling"))


@pytest.fixture
def client(site: Site) -> Any:
    made: Any = site.client()
    made.csrf = re.search(r'name="csrf" value="([^"]+)"', made.get(TOLD).text)[1]  # type: ignore[index]
    return made


def post(client: Any, at: str, **form: str) -> Any:
    return client.post(at, data={"csrf": client.csrf, **form}, headers={**SAME_ORIGIN, **AS_BROWSER})


def sent(client: Any, **more: str) -> tuple[str, str]:
    text = post(client, "/public/tell/complaint/", **GIVEN, **more).text
    return tuple(re.search(rf'id="{name}">([^<]+)<', text)[1] for name in ("number", "password"))  # type: ignore[index, return-value]


def act(site: Site, number: str, name: str, *words: str) -> None:
    desk = site.services.follow_up
    rev = desk.complaint_queries.find(number, OFFICER).head.rev
    getattr(desk.complaints, name)(number, rev, OFFICER, *words)


def test_its_state_and_its_answer_are_told_to_who_has_the_password(site: Site, client: Any):
    number, password = sent(client)
    seen = post(client, TOLD, no=number, password=password)
    assert [words in seen.text for words in ("待受理", "态度恶劣", 'id="answer"')] == [True, True, False]
    assert "2026-03-30" in seen.text  # ten working days, not the five for its acceptance
    act(site, number, "accept")
    act(site, number, "answer", "<b>已批评教育</b>", "verified")
    seen = post(client, TOLD, no=f" {number.lower()} ", password=f"{password[:5]} {password[5:]}")
    assert ["已答复" in seen.text, "属实" in seen.text, "&lt;b&gt;已批评教育" in seen.text] == [True, True, True]
    assert "三次去" not in seen.text


def test_what_was_answered_before_it_was_opened_again_stands_as_that_with_its_day(site: Site, client: Any):
    number, password = sent(client)
    act(site, number, "accept")
    act(site, number, "answer", "录像未见异常", "unfounded")
    act(site, number, "call_back", "dissatisfied", "未看当天录像")
    text = post(client, TOLD, no=number, password=password).text
    assert [words in text for words in ("第 1 次答复（2026-03-16）", "录像未见异常", "应于此日前再次答复", 'id="answer"')] == [
        True, True, True, False]
    act(site, number, "answer", "经查属实", "verified")
    text = post(client, TOLD, no=number, password=password).text
    assert re.search(r'id="answer">经查属实<', text)
    assert [words in text for words in ("第 1 次答复（2026-03-16）", "应于此日前再次答复")] == [True, False]


def test_a_wrong_number_and_a_wrong_password_have_one_answer_and_only_so_many_tries(client: Any):
    (first, password), (second, _) = sent(client), sent(client)
    answers = [post(client, TOLD, no=no, password=word) for no, word in (
        (second, password), ("TS2026-999999", password), (first, ""))]
    assert {answer.status_code for answer in answers} == {404}
    assert len({re.search(r'id="problem">([^<]+)<', answer.text)[1] for answer in answers}) == 1  # type: ignore[index]
    assert [post(client, TOLD, no=first, password="1").status_code for _ in range(12)][-1] == 429


def test_what_the_staff_entered_has_no_password(site: Site, client: Any):
    number = site.services.follow_up.complaints.file(Filing("complaint", "delay", "gongxin", "超期", "三个月没有回音"),
                                                     Reporter(), OFFICER)
    assert post(client, TOLD, no=number, password="").status_code in (404, 429)
