"""Scores over HTTP and at the command line are those of the services, by the rights of whoever asks."""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.scores import scores
from core.access import Role
from tests.scoring import scored_site
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site

URL = "/api/v1/scores"
FEBRUARY = {"scheme": "monthly-100", "month": "2026-02"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = scored_site(tmp_path)
    yield made
    made.services.database.dispose()


@pytest.fixture
def number(site: Site) -> int:
    """One administrator: one person publishes."""
    answer = posted(site, Role.INSPECTOR, URL, FEBRUARY)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])  # type: ignore[index]


def posted(site: Site, role: Role, path: str, body: Any = None) -> Any:
    return site.client(role).post(path, json=body or {}, headers=SAME_ORIGIN)


def got(site: Site, role: Role, path: str) -> Any:
    answer = site.client(role).get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def told(site: Site, capsys: pytest.CaptureFixture[str], **more: Any) -> list[dict[str, str]]:
    options = {"scheme": "monthly-100", "month": "2026-02", "area": "", "org": "", "preview": False, "list": False,
               "format": "csv", **more}
    assert scores(site.services, argparse.Namespace(**options)) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_a_preview_keeps_nothing_and_takes_other_weights(site: Site) -> None:
    schemes = {one["code"]: one for one in got(site, Role.LEADER, f"{URL}/schemes?month=2026-02")}
    assert set(schemes) == {"monthly-100", "window-80", "efficiency-100"}
    content = schemes["monthly-100"]["content"]
    content["rules"]["limits_red"]["points"] = 2
    plain = posted(site, Role.LEADER, f"{URL}/preview", FEBRUARY).json["departments"]
    lenient = posted(site, Role.LEADER, f"{URL}/preview", FEBRUARY | {"content": content}).json["departments"]

    assert [next(one["total"] for one in found if one["org"] == OWN_ORG) for found in (plain, lenient)] == [95.5, 103.5]
    refused = posted(site, Role.LEADER, f"{URL}/preview", FEBRUARY | {"content": {**content, "parts": {}}})
    assert (refused.status_code, refused.json["code"]) == (400, "scheme_invalid")
    assert posted(site, Role.DEPARTMENT_USER, f"{URL}/preview", FEBRUARY).status_code == 403


def test_a_scoring_is_told_with_its_lines_to_whom_they_concern(site: Site, number: int) -> None:
    whole = got(site, Role.LEADER, f"{URL}/{number}")
    own = got(site, Role.DEPARTMENT_USER, f"{URL}/{number}")
    assert (whole["scoring"]["state"], whole["scoring"]["month"], whole["present"]) == ("published", "2026-02", {})
    assert [one["org"] for one in own["departments"]] == [OWN_ORG]
    assert whole["departments"][0]["total"] == 95.5
    lines = got(site, Role.DEPARTMENT_USER, f"{URL}/{number}/departments/{OWN_ORG}")["lines"]
    assert {line["rule"]: line["points"] for line in lines} == {
        "limits_red": -10, "satisfaction": -2.5, "data": -5, "early": 10, "shortening": 3}
    assert site.client(Role.DEPARTMENT_USER).get(f"{URL}/{number}/departments/{OTHER_ORG}").status_code == 404
    assert [one["id"] for one in got(site, Role.DEPARTMENT_USER, URL)["scorings"]] == [number]
    year = got(site, Role.LEADER, f"{URL}/years/monthly-100/2026?half=1")
    assert (year["months"], year["departments"][0]["total"]) == (["2026-02"], 95.5)


def test_an_appeal_goes_through_the_interface(site: Site, number: int) -> None:
    lines = got(site, Role.DEPARTMENT_USER, f"{URL}/{number}/departments/{OWN_ORG}")["lines"]
    red = next(line["number"] for line in lines if line["rule"] == "limits_red")
    filed = posted(site, Role.DEPARTMENT_USER, f"{URL}/{number}/appeals", {"line": red, "reason": "系统故障"})
    own = posted(site, Role.INSPECTOR, f"{URL}/appeals/{filed.json['id']}/decision", {"granted": True, "reason": "属实"})
    done = posted(site, Role.LEADER, f"{URL}/appeals/{filed.json['id']}/decision", {"granted": True, "reason": "属实"})

    assert (filed.status_code, own.json["code"], done.status_code) == (201, "score_judge_had_part", 200)
    department = got(site, Role.LEADER, f"{URL}/{number}/departments/{OWN_ORG}")
    assert (department["department"]["total"], department["department"]["published"]) == (105.5, 95.5)
    assert department["lines"][-1] | {"evidence": None} == {
        "number": len(lines), "rule": "appeal", "part": "limits", "points": 10, "evidence": None, "above": None, "below": None,
        "gives_back": red}
    assert posted(site, Role.INSPECTOR, f"{URL}/{number}/freeze").json["code"] == "score_window_open"


def test_entries_are_made_listed_and_taken_back(site: Site) -> None:
    wish = {"scheme": "monthly-100", "rule": "liability", "org": OTHER_ORG, "day": "2026-03-02", "words": "复议撤销",
            "basis": "复议 1 号", "points": 4}
    made = posted(site, Role.INSPECTOR, f"{URL}/entries", wish)
    listed = got(site, Role.LEADER, f"{URL}/entries?scheme=monthly-100&from=2026-03-01&to=2026-03-31")
    assert (made.status_code, [(one["points"], one["made_name"]) for one in listed]) == (201, [(400, "李敏")])
    back = posted(site, Role.INSPECTOR, f"{URL}/entries/{made.json['id']}/take-back", {"reason": "录错部门"})
    assert back.status_code == 200
    assert posted(site, Role.LEADER, f"{URL}/entries", wish).status_code == 403
    assert site.client(Role.LEADER).get(f"{URL}/entries?from=x&to=y").json["code"] == "date_unreadable"  # type: ignore[index]
    unreadable = posted(site, Role.INSPECTOR, URL, {"scheme": "monthly-100", "month": "2026-13"})
    assert unreadable.json["code"] == "score_month_unreadable"


def test_the_command_line_tells_the_same(site: Site, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(site, capsys)
    preview = told(site, capsys, preview=True)
    lines = told(site, capsys, org=OTHER_ORG)

    assert (rows[0]["org"], rows[0]["place"], rows[0]["state"], preview[0]["state"]) == (OWN_ORG, "1", "published", "preview")
    assert preview[0]["total"] == "95.5"
    assert len([line for line in lines if line["rule"] == "limits_yellow"]) == 25
    assert lines[0]["evidence"].startswith("card:")
