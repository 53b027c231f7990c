"""Exports asked for by people: who may, the queue and its job, what is kept for how long, and what the audit says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from core.instants import DAY_US
from evaluation.exports.models import exports
from evaluation.exports.service import ExportWish
from evaluation.exports.slices import Slice
from tests.exporting import ADMINISTRATOR, APPLICANT, COUNTY, INSPECTOR, record, site_on
from tests.services import wait_until
from tests.staff import OWN_ORG, SAME_ORIGIN, Site, run_callback

OFFICER = Actor("zhou", frozenset({Role.DUTY_OFFICER}), display_name="周立新")
PAGE = "/exports/"
LIST = "exports-list.children"


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = site_on(tmp_path, fresh_database_url)
    record(made.services, 6)
    yield made
    made.services.database.dispose()


def change(site: Site, number: int, **values: Any) -> None:
    with site.services.uow() as uow:
        uow.conn.execute(update(exports).where(exports.c.id == number).values(**values))


def test_what_waits_is_made_by_the_job_and_taken_away_on_record(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    number = desk.ask(ExportWish(format="csv", slice=Slice(area=COUNTY)), INSPECTOR, "10.0.0.9")
    assert queries.find(number, INSPECTOR).state == "queued"
    with pytest.raises(NotFound, match="export_not_ready"):
        desk.take_away(number, "data", INSPECTOR)
    assert desk.work() == 1
    row = queries.find(number, INSPECTOR)
    path = desk.take_away(number, "data", INSPECTOR, "10.0.0.9")
    assert (row.state, row.cases, row.bytes) == ("done", 2, path.stat().st_size)
    assert set(desk.files(row)) == {"data", "manifest", "dictionary", "dictionary.json"}
    looks = [(one.what, one.actor, one.subject, one.address) for one in site.services.read_log.looks()]
    assert looks == [("journal_export_file", "li", f"{number} yangguang-{number}.csv", "10.0.0.9"),
                     ("journal_export", "li", f"csv area={COUNTY}", "10.0.0.9")]
    assert desk.work() == 0


def test_who_may_not_gets_none_and_sees_nobodys(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    number = desk.ask(ExportWish(format="xes"), INSPECTOR)
    with pytest.raises(NotPermitted):
        desk.ask(ExportWish(format="xes"), OFFICER)
    with pytest.raises(NotAuthenticated):
        desk.take_away(number, "data", None)
    with pytest.raises(NotFound):
        queries.find(number, Actor("other", frozenset({Role.INSPECTOR})))
    with pytest.raises(NotFound):
        desk.cancel(number, Actor("other", frozenset({Role.INSPECTOR})))
    assert [row.id for row in queries.listed(ADMINISTRATOR)] == [number]
    with pytest.raises(InvalidInput, match="export_format_unknown"):
        desk.ask(ExportWish(format="docx"), INSPECTOR)


def test_personal_data_need_the_role_and_a_reason(site: Site) -> None:
    desk = site.services.exports.desk
    with pytest.raises(NotPermitted, match="export_personal_not_permitted"):
        desk.ask(ExportWish(format="csv", personal=True, reason="核查"), ADMINISTRATOR)
    with pytest.raises(InvalidInput, match="export_reason_missing"):
        desk.ask(ExportWish(format="csv", personal=True), INSPECTOR)
    number = desk.ask(ExportWish(format="csv", personal=True, reason="核查投诉"), INSPECTOR)
    other = desk.ask(ExportWish(format="csv"), INSPECTOR)
    desk.work()
    assert APPLICANT in desk.take_away(number, "data", INSPECTOR).read_text("utf-8")
    assert APPLICANT not in desk.take_away(other, "data", INSPECTOR).read_text("utf-8")
    with pytest.raises(NotPermitted):
        desk.take_away(number, "data", ADMINISTRATOR)
    assert [one.subject for one in site.services.read_log.looks("journal_export")] == ["csv", "csv personal 核查投诉"]


def test_rights_taken_away_while_it_waits_count(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    number = desk.ask(ExportWish(format="csv"), INSPECTOR)
    site.services.people.set_directly("li", roles=[Role.DUTY_OFFICER])
    desk.work()
    row = queries.find(number, INSPECTOR)
    assert (row.state, row.error) == ("failed", "not_permitted")
    assert not (desk.rules.folder / str(number)).exists()


def test_so_many_may_wait_and_a_cancelled_one_is_never_made(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    numbers = [desk.ask(ExportWish(format="csv"), INSPECTOR) for _ in range(desk.rules.open_max)]
    with pytest.raises(Conflict, match="export_queue_full"):
        desk.ask(ExportWish(format="csv"), INSPECTOR)
    desk.cancel(numbers[0], INSPECTOR)
    with pytest.raises(Conflict, match="export_over"):
        desk.cancel(numbers[0], INSPECTOR)
    assert desk.work() == len(numbers) - 1
    assert queries.find(numbers[0], INSPECTOR).state == "cancelled"
    assert not (desk.rules.folder / str(numbers[0])).exists()


def test_one_whose_worker_was_killed_is_made_anew_and_a_living_one_is_left_alone(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    lost, alive = (desk.ask(ExportWish(format="csv"), INSPECTOR) for _ in range(2))
    change(site, lost, state="running", worker="gone", beat_at=0)
    change(site, alive, state="running", worker="another")
    assert desk.work() == 1
    assert [queries.find(one, INSPECTOR).state for one in (lost, alive)] == ["done", "running"]


def test_files_go_after_the_days_they_are_kept(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    number = desk.ask(ExportWish(format="csv"), INSPECTOR)
    desk.work()
    row = queries.find(number, INSPECTOR)
    assert row.ended_at is not None
    change(site, number, ended_at=row.ended_at - desk.rules.keep_days * DAY_US)
    desk.work()
    assert queries.find(number, INSPECTOR).state == "expired"
    assert not (desk.rules.folder / str(number)).exists()


def test_the_oldest_files_go_when_all_of_them_take_more_than_the_room(site: Site) -> None:
    desk, queries = site.services.exports.desk, site.services.exports.queries
    numbers = [desk.ask(ExportWish(format="csv"), INSPECTOR) for _ in range(3)]
    desk.work()
    assert {queries.find(one, INSPECTOR).state for one in numbers} == {"done"}
    change(site, numbers[1], bytes=desk.rules.room_mib * 2**20)
    last = desk.ask(ExportWish(format="csv"), INSPECTOR)
    desk.work()
    states = [queries.find(one, INSPECTOR).state for one in (*numbers, last)]
    assert states == ["expired", "expired", "done", "done"], "the big one and what is older make room; what came after stays"
    assert not (desk.rules.folder / str(numbers[1])).exists()
    assert set(desk.files(queries.find(last, INSPECTOR))) >= {"data", "manifest"}


def test_a_long_silence_of_the_export_itself_is_no_sign_of_death(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows are counted nothing is said for minutes: another worker must leave it alone."""
    monkeypatch.setattr("evaluation.exports.service._BEAT_S", 0.05)
    desk, queries = site.services.exports.desk, site.services.exports.queries
    number, began = desk.ask(ExportWish(format="csv"), INSPECTOR), threading.Event()
    export = desk._parts.exporter.export

    def slowly(*given: Any, **more: Any) -> Any:
        change(site, number, beat_at=0)
        began.set()
        wait_until(lambda: queries.find(number, INSPECTOR).beat_at > 0, timeout_s=10, what="a beat")
        return export(*given, **more)

    monkeypatch.setattr(desk._parts.exporter, "export", slowly)
    assert desk.work() == 1
    assert began.is_set()
    assert queries.find(number, INSPECTOR).state == "done"


def test_by_the_interface_it_is_asked_for_and_taken(site: Site) -> None:
    client, stranger = site.client(Role.INSPECTOR), site.client(Role.DUTY_OFFICER)
    body = json.dumps({"format": "csv", "slice": {"area": COUNTY, "kinds": ["accepted"]}})
    assert stranger.post("/api/v1/exports", data=body, headers=SAME_ORIGIN).status_code == 403
    assert client.post("/api/v1/exports", data=body, headers={"Origin": "http://elsewhere.test"}).status_code == 403
    assert client.post("/api/v1/exports", data='{"format": "csv", "slice": {"kinds": ["eaten"]}}',
                       headers=SAME_ORIGIN).status_code == 400
    number = client.post("/api/v1/exports", data=body, headers=SAME_ORIGIN).json["id"]
    site.services.exports.desk.work()
    shown = client.get(f"/api/v1/exports/{number}").json
    assert (shown["state"], shown["total"], shown["slice"]) == ("done", 2, {"area": COUNTY, "kinds": ["accepted"]})
    with client.get(f"/api/v1/exports/{number}/files/data") as answer:
        assert answer.status_code == 200
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.data.count(b"\r\n") == 3
    assert client.get(f"/api/v1/exports/{number}/files/../../x").status_code == 404
    assert client.get(f"/api/v1/exports/{number}/files/extension").status_code == 404
    assert [one["id"] for one in client.get("/api/v1/exports").json["exports"]] == [number]


def listed(site: Site, role: Role) -> str:
    answer = run_callback(site.client(role), PAGE, LIST, {"exports-tick.n_intervals": 1, "exports-changed.data": None})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def test_the_page_starts_one_and_shows_how_far_it_is(site: Site) -> None:
    client = site.client(Role.INSPECTOR)
    form = {"format": "csv.gz", "by": "claimed", "since": "2025-12-18", "until": "2026-01-31", "area": COUNTY, "org": None,
            "item": None, "kinds": ["accepted"], "whole": ["yes"], "personal": [], "reason": ""}
    answer = run_callback(client, PAGE, "..exports-said.children...exports-changed.data..",
                          {"exports-start.n_clicks": 1, **{f"exports-{name}.value": value for name, value in form.items()}})
    assert "已排队" in json.dumps(answer.json, ensure_ascii=False)
    [row] = site.services.exports.queries.listed(INSPECTOR)
    wanted = msgspec.json.decode(row.slice, type=Slice)
    assert (wanted.area, wanted.whole_cases, wanted.kinds) == (COUNTY, True, ("accepted",))
    assert "排队中" in listed(site, Role.INSPECTOR)
    site.services.exports.desk.work()
    shown = listed(site, Role.INSPECTOR)
    assert f"/api/v1/exports/{row.id}/files/data" in shown
    assert row.asked_name in shown
    assert "受理" in shown
    assert OWN_ORG not in shown
