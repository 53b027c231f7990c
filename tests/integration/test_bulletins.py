"""Monthly bulletins from draft to publication: who may, what is frozen, what is said when figures change afterwards."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from core.access import SYSTEM, Actor, Role
from core.errors import ConfigError, Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted, Unavailable
from evaluation.bulletins.assembly import check_ranking
from evaluation.bulletins.matters import BulletinState
from evaluation.bulletins.schedule import BulletinSchedule, Choice, DueRules
from evaluation.bulletins.service import BulletinService
from evaluation.models import figure_days, figure_months
from evaluation.period import Basis
from issuing import work
from papers.models import paper_numbers
from tests.comparing import AREA, concluded, count_day
from tests.exporting import site_on
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, run_callback

INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}), display_name="李敏")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
OFFICER = Actor("zhou", frozenset({Role.DUTY_OFFICER}), display_name="周立新")
UNIT = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org=OWN_ORG, display_name="赵晓燕")
MONTH, EARLIER = "2026-02", "2026-01"
EMPTY = "360521"  # an area without a case
SMALL = "jiaoyu"


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    """Two months of three departments, the small one rated by three people; NOW is 16 March 2026."""
    made = site_on(tmp_path, fresh_database_url)
    database = made.services.database
    for month, n in ((1, 100), (2, 120)):
        day = date(2026, month, 10)
        count_day(database, OWN_ORG, day, **concluded(n, n - 10, 2, rated=20, satisfied=19, dissatisfied=1, yellow=2))
        count_day(database, OTHER_ORG, day, **concluded(40, 10, 20, rated=10, satisfied=10, yellow=5, revoked_yellow=1, red=1))
        count_day(database, SMALL, day, **concluded(5, 5, rated=3, satisfied=1, dissatisfied=2))
        count_day(database, OTHER_ORG, day, basis=Basis.ACCEPTANCE, yellow=4, revoked_yellow=1)
    count_day(database, OWN_ORG, date(2025, 12, 1), **concluded(1, 1))
    yield made
    made.services.database.dispose()


def service(site: Site) -> BulletinService:
    return site.services.bulletins.service


def rev(site: Site, number: int) -> int:
    return site.services.bulletins.queries.find(number, LEADER).head.rev


def issued(site: Site, month: str = MONTH) -> int:
    number = service(site).produce("", month, INSPECTOR)
    service(site).submit(number, rev(site, number), INSPECTOR)
    service(site).issue(number, rev(site, number), LEADER)
    return number


def correct(site: Site, org: str, **figures: int) -> None:
    """Late facts: the day of February of a department counts otherwise."""
    with site.services.database.transaction() as conn:
        for table in (figure_days, figure_months):
            c = table.c
            conn.execute(update(table).where(c.org == org, c.basis == int(Basis.EVENT), c.day.between(20485, 20512)).values(
                **figures))


def test_it_goes_from_draft_to_the_public_by_two_persons(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = desk.produce("", MONTH, INSPECTOR)
    assert queries.find(number, INSPECTOR).head.state == "draft"
    with pytest.raises(Conflict, match="bulletin_not_in_state"):
        desk.issue(number, 1, LEADER)
    desk.submit(number, 1, INSPECTOR)
    assert desk.issue(number, 2, LEADER) == "新监通报〔2026〕1号"
    desk.publish(number, 3, INSPECTOR)
    head = queries.find(number, UNIT).head
    assert (head.state, head.issued_name, head.number) == ("issued", "王建国", "新监通报〔2026〕1号")
    assert [one.action for one in queries.find(number, UNIT).log] == ["produce", "submit", "issue", "publish"]
    assert [one.id for one in queries.published("2026")] == [number]


def test_a_leader_does_not_issue_what_he_had_a_hand_in(site: Site) -> None:
    desk = service(site)
    number = desk.produce("", MONTH, LEADER)
    desk.submit(number, 1, INSPECTOR)
    with pytest.raises(NotPermitted, match="approval_by_another"):
        desk.issue(number, 2, LEADER)
    desk.reject(number, 2, replace(LEADER, name="other"), "请核对附件2")
    desk.discard(number, 3, INSPECTOR)
    with site.services.database.read() as conn:
        assert conn.execute(select(paper_numbers)).all() == []  # no number was used up
    assert desk.produce("", MONTH, INSPECTOR) != number


def test_the_one_who_is_second_is_told_and_nothing_happens_twice(site: Site) -> None:
    desk = service(site)
    number = desk.produce("", MONTH, INSPECTOR)
    with pytest.raises(Conflict, match="bulletin_changed"):
        desk.submit(number, 7, INSPECTOR)
    desk.submit(number, 1, INSPECTOR)
    with pytest.raises(Conflict, match="bulletin_exists"):
        desk.produce("", MONTH, INSPECTOR)
    desk.issue(number, 2, LEADER)
    with pytest.raises(Conflict, match="bulletin_not_in_state"):
        desk.issue(number, 3, LEADER)
    desk.publish(number, 3, INSPECTOR)
    with pytest.raises(Conflict, match="bulletin_published"):
        desk.publish(number, 4, INSPECTOR)


def test_a_draft_made_again_takes_the_figures_of_now(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = desk.produce("", MONTH, INSPECTOR)
    before = queries.find(number, INSPECTOR)
    correct(site, OWN_ORG, accepted=130)
    assert desk.produce("", MONTH, INSPECTOR) == number
    after = queries.find(number, INSPECTOR)
    assert (before.figures.counts["accepted"], after.figures.counts["accepted"]) == (165, 175)
    assert before.head.figures_sha256 != after.head.figures_sha256
    assert after.head.rev == before.head.rev + 1


def test_months_that_cannot_be_told_of_are_refused(site: Site) -> None:
    desk = service(site)
    for month in ("2026-13", "march", "", "2026-3"):
        with pytest.raises(InvalidInput, match="bulletin_month_unreadable"):
            desk.produce("", month, INSPECTOR)
    with pytest.raises(Conflict, match="bulletin_month_not_over") as refusal:
        desk.produce("", "2026-03", INSPECTOR)
    assert refusal.value.details["first"] == "2026-04-01"
    with pytest.raises(Conflict, match="bulletin_month_empty"):
        desk.produce("", "2025-06", INSPECTOR)
    with pytest.raises(NotFound, match="bulletin_area_unknown"):
        desk.produce("999999", MONTH, INSPECTOR)


def test_a_month_the_record_begins_in_is_marked_and_nothing_is_compared_with_it(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    with site.services.database.transaction() as conn:
        conn.execute(figure_days.delete().where(figure_days.c.day < 20485))
    first = queries.find(desk.produce("", MONTH, INSPECTOR), INSPECTOR)
    assert first.figures.begins == "2026-02-10"
    assert first.figures.before == {}
    paper = desk.paper(first)
    assert "系统自2026年2月10日起有数据，本月统计不足整月" in paper.body[1].text  # type: ignore[union-attr]
    assert "比上月" not in "".join(getattr(block, "text", "") for block in paper.body)


def test_who_may_see_and_do_what(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = desk.produce("", MONTH, INSPECTOR)
    assert queries.find(number, OFFICER).may == ()
    for stranger in (UNIT, replace(INSPECTOR, area=AREA)):
        with pytest.raises(NotFound):
            queries.find(number, stranger)
        assert queries.listed(stranger) == []
    for refused, error in ((None, NotAuthenticated), (OFFICER, NotPermitted), (UNIT, NotPermitted)):
        with pytest.raises(error):
            desk.produce("", MONTH, refused)
    with pytest.raises(NotPermitted, match="bulletin_area_not_yours"):
        desk.produce("", MONTH, replace(INSPECTOR, area=AREA))
    own = desk.produce(AREA, MONTH, replace(INSPECTOR, area=AREA))
    assert [row.id for row in queries.listed(replace(INSPECTOR, area=AREA))] == [own]
    with pytest.raises(NotFound):
        queries.find(own, replace(INSPECTOR, area="360521"))
    desk.submit(number, 1, INSPECTOR)
    desk.issue(number, 2, LEADER)
    with pytest.raises(NotPermitted, match="bulletin_area_not_yours"):
        desk.withdraw(number, 3, replace(LEADER, area=AREA), "误发")
    assert queries.find(number, UNIT).may == ()
    assert queries.find(number, LEADER).may == ("publish", "withdraw")


def test_the_files_are_kept_hashed_and_found_by_the_check(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = issued(site)
    detail = queries.find(number, UNIT)
    files = {kind: desk.file(detail, kind) for kind in ("docx", "xlsx", "pdf")}  # type: ignore[arg-type]
    assert desk.hashes(detail.head) == {kind: hashlib.sha256(content).hexdigest() for kind, content in files.items()}
    assert all(desk.file(detail, kind) == content for kind, content in files.items())  # type: ignore[arg-type]
    for content in files.values():
        found = site.services.paper_check.check(content)
        assert (found.finding.value, found.number) == ("genuine", "新监通报〔2026〕1号")
    assert site.services.paper_check.check(files["xlsx"] + b" ").finding.value == "unknown"


def test_a_workbook_that_cannot_be_made_follows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = service(site)
    with monkeypatch.context() as broken:
        broken.setattr(desk, "_workbook", lambda *_given: 1 / 0)
        number = issued(site)
    detail = site.services.bulletins.queries.find(number, UNIT)
    assert desk.hashes(detail.head) == {}
    assert desk.file(detail, "xlsx")[:2] == b"PK"
    assert set(desk.hashes(detail.head)) == {"xlsx"}


def test_what_is_shown_is_what_the_screens_show(site: Site) -> None:
    detail = site.services.bulletins.queries.find(issued(site), UNIT)
    period = detail.figures.period
    for code in ("on_time_rate", "finish_rate", "mean_days", "cards_per_1000"):
        shown = {one.key: one for one in site.services.evaluation.queries.figures(SYSTEM, period, "org", [code])}
        for unit in detail.figures.units:
            if unit.org in shown:
                assert {name: unit.counts[name] for name in shown[unit.org].base} == shown[unit.org].base
    with zipfile.ZipFile(io.BytesIO(service(site).file(detail, "xlsx"))) as book:
        assert "市民政局" in book.read("xl/sharedStrings.xml").decode()


def test_figures_corrected_later_change_nothing_and_are_told(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = issued(site)
    detail = queries.find(number, UNIT)
    before = desk.file(detail, "docx")
    assert desk.corrected(detail) == []
    correct(site, OTHER_ORG, late=10, on_due_day=20)
    correct(site, SMALL, rated=30, satisfied=3)  # from a figure that was not told nobody learns what it was
    found = {(one.org, one.figure): (one.then, one.now) for one in desk.corrected(queries.find(number, UNIT))}
    assert found[OTHER_ORG, "late"] == ("20", "10")
    assert found["", "late"] == ("22", "12")
    assert (SMALL, "rated") not in found
    assert desk.file(queries.find(number, UNIT), "docx") == before
    assert queries.find(number, UNIT).head.figures_sha256 == detail.head.figures_sha256
    work(site.services)
    assert len(queries.find(number, UNIT).corrections) == len(found)
    assert desk.compare(13) == 0  # nothing new since


def test_few_ratings_are_left_out_and_cannot_be_worked_out(site: Site) -> None:
    detail = site.services.bulletins.queries.find(issued(site), UNIT)
    units = {unit.org: unit for unit in detail.figures.units}
    assert "rated" not in units[SMALL].counts
    assert "rated" not in units[OTHER_ORG].counts  # else the total less the others told of the small one
    assert units[OWN_ORG].counts["rated"] == 20
    paper = msgspec.json.encode(service(site).paper(detail)).decode()
    assert "＊" in paper


def test_a_withdrawn_one_stays_on_record_and_another_may_be_made(site: Site) -> None:
    desk, queries = service(site), site.services.bulletins.queries
    number = issued(site)
    desk.publish(number, 3, INSPECTOR)
    with pytest.raises(InvalidInput, match="bulletin_reason_missing"):
        desk.withdraw(number, 4, LEADER, " ")
    desk.withdraw(number, 4, LEADER, "附件2数据有误")
    assert queries.find(number, UNIT).head.state == BulletinState.WITHDRAWN.value
    with pytest.raises(NotFound):
        desk.published_file(number, "pdf")
    again = issued(site)
    assert queries.find(again, UNIT).head.number == "新监通报〔2026〕2号"


def due(site: Site, day: int = 5, hour: int = 8) -> BulletinSchedule:
    """The schedule with another day and hour, and the whole city on by the settings; NOW is the 16th, 14:03."""
    return BulletinSchedule(site.services.bulletins.schedule._parts, DueRules(day, hour, whole_city=True))


def test_a_draft_is_made_by_itself_once_and_only_where_it_is_wanted(site: Site) -> None:
    queries = site.services.bulletins.queries
    work(site.services)
    assert queries.listed(LEADER) == []  # off unless the settings say otherwise
    assert due(site, 17, 0).draft_due().made == ()
    assert due(site, 16, 15).draft_due().made == ()
    (number,) = due(site, 16, 14).draft_due().made
    assert queries.find(number, LEADER).head.made_by == SYSTEM.name
    service(site).discard(number, 1, INSPECTOR)
    assert due(site).draft_due().made == ()  # somebody threw it away on purpose


def test_the_areas_that_were_chosen_have_their_own_draft_and_who_chose_is_kept(site: Site) -> None:
    schedule, queries = site.services.bulletins.schedule, site.services.bulletins.queries
    assert {area for area, one in schedule.choices().items() if one.is_on} == set()
    assert schedule.choose(AREA, replace(INSPECTOR, area=AREA), is_on=True)
    assert not schedule.choose(AREA, LEADER, is_on=True), "it was on"
    schedule.choose(EMPTY, LEADER, is_on=True)  # nothing happened there, so there is nothing to tell
    assert (schedule.choices()[AREA].actor_name, schedule.choices()[EMPTY].actor_name) == ("李敏", "王建国")
    work(site.services)
    work(site.services)
    assert [(row.area, row.month, row.made_by) for row in queries.listed(LEADER)] == [(AREA, MONTH, SYSTEM.name)]
    schedule.choose(AREA, LEADER, is_on=False)
    assert not schedule.choices()[AREA].is_on


def test_who_may_choose_which_area(site: Site) -> None:
    schedule = site.services.bulletins.schedule
    for nobody, error in ((None, NotAuthenticated), (OFFICER, NotPermitted), (UNIT, NotPermitted)):
        with pytest.raises(error):
            schedule.choose(AREA, nobody, is_on=True)
    for other in ("", EMPTY):
        with pytest.raises(NotPermitted, match="bulletin_area_not_yours"):
            schedule.choose(other, replace(INSPECTOR, area=AREA), is_on=True)
    with pytest.raises(NotFound, match="bulletin_area_unknown"):
        schedule.choose("999999", INSPECTOR, is_on=True)


def test_what_is_chosen_on_the_page_counts_more_than_the_setting(site: Site) -> None:
    schedule = due(site)
    assert schedule.choices()[""] == Choice(True)
    schedule.choose("", LEADER, is_on=False)
    assert schedule.draft_due().made == ()


def test_an_area_whose_draft_fails_stops_no_other_and_the_job_tells_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    bulletins = site.services.bulletins
    count_day(site.services.database, OWN_ORG, date(2026, 2, 10), area=EMPTY, **concluded(10, 5))
    issued(site, EARLIER)
    correct(site, OWN_ORG, late=3)
    for area in ("", AREA, EMPTY):
        bulletins.schedule.choose(area, LEADER, is_on=True)
    gathering = bulletins.service._parts.gathering
    real = gathering.figures
    with monkeypatch.context() as broken:
        broken.setattr(gathering, "figures", lambda area, *rest: 1 / 0 if area == AREA else real(area, *rest))
        with pytest.raises(Unavailable, match="bulletins_not_drafted") as told:
            work(site.services)
    assert told.value.details["areas"] == AREA
    drafted = [row.area for row in bulletins.queries.listed(LEADER) if row.state == "draft"]
    assert sorted(drafted) == ["", EMPTY]
    assert all(row.checked_at for row in bulletins.queries.listed(LEADER) if row.state == "issued"), "the comparison was made"
    work(site.services)
    assert AREA in [row.area for row in bulletins.queries.listed(LEADER)]


def test_an_area_the_catalogue_has_no_more_can_be_put_off(site: Site) -> None:
    schedule = due(site)
    schedule.choose("", LEADER, is_on=False)
    schedule.choose(AREA, LEADER, is_on=True)
    without = BulletinSchedule(replace(schedule._parts, area_names=lambda: {EMPTY: "分宜县"}), schedule.rules)
    assert without.choices()[AREA].is_on
    assert without.choose(AREA, LEADER, is_on=False)
    assert AREA not in without.choices()


def test_an_indicator_that_cannot_rank_is_refused(site: Site) -> None:
    indicators = site.services.evaluation.indicators
    for code in ("accepted", "online_rate", "satisfaction", "rectification_rate"):
        if indicators.find(code).better == "higher" and code == "online_rate":
            continue
        with pytest.raises(ConfigError, match="bulletin_ranking_unfit"):
            check_ranking(indicators.find(code))
    check_ranking(indicators.find("cards_per_1000"))


# Over HTTP and on the pages ---------------------------------------------------------------------------------------------------


def act(site: Site, role: Role, number: int, action: str, **more: Any) -> Any:
    return site.client(role).post(f"/api/v1/bulletins/{number}/{action}", json={"rev": rev(site, number), **more},
                                  headers=SAME_ORIGIN)


def test_the_interface_makes_shows_issues_and_gives_out(site: Site) -> None:
    client = site.client(Role.INSPECTOR)
    made = client.post("/api/v1/bulletins", json={"month": MONTH}, headers=SAME_ORIGIN)
    assert made.status_code == 201
    number = made.get_json()["id"]
    assert act(site, Role.INSPECTOR, number, "submit").status_code == 200
    told = act(site, Role.LEADER, number, "issue").get_json()
    assert told["head"]["number"] == "新监通报〔2026〕1号"
    assert told["paper"]["title"] == "关于2026年2月全市行政审批电子监察情况的通报"
    assert set(told["files"]) == {"xlsx"}  # the others follow
    answer = site.client(Role.DEPARTMENT_USER).get(f"/api/v1/bulletins/{number}/files/docx")
    assert answer.data[:2] == b"PK"
    assert [look.subject for look in site.services.read_log.looks("bulletin")] == [f"{number} 新监通报〔2026〕1号.docx"]
    assert client.get(f"/api/v1/bulletins/{number}/files/exe").status_code == 404
    assert client.post("/api/v1/bulletins", json={"month": MONTH, "more": 1}, headers=SAME_ORIGIN).status_code == 400
    assert act(site, Role.LEADER, number, "shred").get_json()["code"] == "bulletin_action_unknown"


def test_the_page_shows_the_paper_and_the_buttons_of_who_looks(site: Site) -> None:
    number = service(site).produce("", MONTH, INSPECTOR)
    outputs = ("..bulletins-head.children...bulletins-corrected.children...bulletins-sheet.children...bulletins-seen.data..."
               "bulletins-form.hidden..." + "...".join(f"bulletins-do-{action}.hidden" for action in (
                   "submit", "reject", "issue", "discard", "publish", "withdraw")) + "..")
    inputs = {"bulletins-address.search": f"?bulletin={number}", "bulletins-changed.data": None}
    shown = run_callback(site.client(Role.INSPECTOR), "/bulletins/", outputs, inputs).get_json()["response"]
    assert [shown[f"bulletins-do-{name}"]["hidden"] for name in ("submit", "issue", "discard")] == [False, True, False]
    assert "正常办结" in str(shown["bulletins-sheet"])
    assert shown["bulletins-seen"]["data"] == {"bulletin": number, "rev": 1}
    hidden = run_callback(site.client(Role.DEPARTMENT_USER), "/bulletins/", outputs, inputs).get_json()["response"]
    assert hidden["bulletins-sheet"]["children"] is None


def test_on_the_page_an_officer_puts_areas_on_and_off_within_his_bounds(site: Site) -> None:
    schedule = site.services.bulletins.schedule
    outputs = "..bulletins-chosen.children...bulletins-scheduled.value...bulletins-drawn.data.."

    def choose(role: Role, *wanted: str, drawn: tuple[str, ...] = ()) -> tuple[str, list[str] | None]:
        answer = run_callback(site.client(role), "/bulletins/", outputs, {"bulletins-choose.n_clicks": 1},
                              {"bulletins-scheduled.value": list(wanted), "bulletins-drawn.data": list(drawn)})
        made = answer.get_json()["response"]
        return made["bulletins-chosen"]["children"], made.get("bulletins-drawn", {}).get("data")

    def on() -> set[str]:
        return {area for area, one in schedule.choices().items() if one.is_on}

    assert choose(Role.INSPECTOR, "all", AREA) == ("已保存，2 处更改", ["all", AREA])
    assert choose(Role.LEADER, AREA, drawn=("all", AREA)) == ("已保存，1 处更改", [AREA])
    assert on() == {AREA}
    assert "已保存" not in choose(Role.DEPARTMENT_USER, drawn=(AREA,))[0]
    # The inspector's page is older than the leader's choice, and he asks for one area more only: the whole city stays off.
    assert choose(Role.INSPECTOR, "all", AREA, EMPTY, drawn=("all", AREA)) == ("已保存，1 处更改", [AREA, EMPTY])
    assert on() == {AREA, EMPTY}


def test_the_public_reads_what_was_published_and_nothing_else(site: Site) -> None:
    public = site.client()
    number = issued(site)
    assert public.get(f"/public/bulletins/{number}/").status_code == 404
    assert "还没有公开的通报" in public.get("/public/bulletins/").text
    service(site).publish(number, 3, INSPECTOR)
    page = public.get(f"/public/bulletins/{number}/").text
    assert "关于2026年2月全市行政审批电子监察情况的通报" in public.get("/public/bulletins/").text
    assert "附件1　各部门办件情况统计表" in page
    assert page.count("data:image/svg+xml;base64,") >= 4
    answer = public.get(f"/public/bulletins/{number}/files/xlsx")
    assert site.services.paper_check.check(answer.data).finding.value == "genuine"
    assert public.get(f"/public/bulletins/{number}/files/exe").status_code == 404
    correct(site, OTHER_ORG, late=10, on_due_day=20)
    service(site).compare(13)
    assert "项数据已更正" in public.get(f"/public/bulletins/{number}/").text
    service(site).withdraw(number, 4, LEADER, "附件2数据有误<b>")
    page = public.get(f"/public/bulletins/{number}/").text
    assert "附件2数据有误&lt;b&gt;" in page
    assert "各部门办件情况统计表" not in page
