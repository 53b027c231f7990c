"""The duty officer's work, end to end: sign in, see the cards, sign one, look up why; and who may do none of it."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from dashboard.demo_accounts import DEMO_PASSWORD
from tests.e2e.centre import MONDAY, CommandCentre, accepted, red, settings_for, yellow
from tests.e2e.screens import Screens, believed, loaded, screens_of, sign_in, wait_for_card, wait_for_text

WITHIN_S = 5.0  # of any machine; that it is within one second is held by the push benchmark (tests/bench/push.py)
COMMENT = "已电话督促经办人，今日办结"


def choose(desk: Page, case_no: str) -> None:
    """Find the card of a case by keyboard alone; of several, the gravest, which stands first."""
    desk.wait_for_function("(caseNo) => document.querySelector('.desk-list').textContent.includes(caseNo)", arg=case_no)
    desk.keyboard.press("/")
    desk.keyboard.type(case_no)
    desk.wait_for_function("(caseNo) => [...document.querySelectorAll('.desk-list .row')].every((row) =>"
                           " row.textContent.includes(caseNo))"
                           " && document.querySelector('.detail-case')?.textContent.includes(caseNo)", arg=case_no)
    desk.keyboard.press("Escape")


def open_sign_form(desk: Page, comment: str) -> None:
    desk.keyboard.press("a")
    desk.wait_for_selector(".act-form:not([hidden])")
    desk.keyboard.type(comment)


def confirm(desk: Page) -> None:
    desk.keyboard.press("Control+Enter")


# Signing ----------------------------------------------------------------------------------------------------------


def test_an_officer_signs_by_keyboard_and_the_wall_shows_the_signature(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("D-1", item=centre.item("fagai")))
    wall = screens.wall(centre.address, centre.screen_token)
    desk = screens.desk(centre.address, "zhou")
    wait_for_card(wall, "yellow", "D-1", "未签收")
    choose(desk, "D-1")

    open_sign_form(desk, COMMENT)
    confirm(desk)
    signed = time.perf_counter()
    wait_for_card(wall, "yellow", "D-1", "✓ 周立新")

    assert time.perf_counter() - signed < WITHIN_S
    wait_for_text(desk, "[data-part=said]", "签收：已完成 1 张")
    wait_for_text(desk, ".desk-detail", COMMENT)
    card = centre.cards()["D-1"]
    assert card.acked is not None
    assert (card.state, card.acked.by, card.acked.comment) == ("acked", "周立新", COMMENT)


def test_several_cards_are_signed_with_one_comment(centre: CommandCentre, screens: Screens) -> None:
    org = "wenlv"
    centre.post(*(yellow(f"D-3{n}", org=org, item=centre.item(org)) for n in range(3)))
    desk = screens.desk(centre.address, "zhou")
    desk.wait_for_function("() => document.querySelector('.desk-list').textContent.includes('D-32')")
    desk.select_option(".filter-org", org)
    desk.focus(".desk-list")

    desk.keyboard.press("*")
    open_sign_form(desk, "一并督办")
    confirm(desk)

    wait_for_text(desk, "[data-part=said]", "签收：已完成 3 张")
    assert {centre.cards()[f"D-3{n}"].state for n in range(3)} == {"acked"}


def test_two_people_sign_the_same_card_at_once_and_one_is_told_in_words(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("D-2", item=centre.item("fagai")))
    officer, inspector = screens.desk(centre.address, "zhou"), screens.desk(centre.address, "li")
    for desk, comment in ((officer, "值班员签"), (inspector, "监察员签")):
        choose(desk, "D-2")
        open_sign_form(desk, comment)
    for desk in (officer, inspector):
        # Sent by a timer of each page, so that neither has heard of the other when it sends.
        desk.evaluate("() => setTimeout(() => document.querySelector('.act-form').requestSubmit(), 300)")

    for desk in (officer, inspector):
        wait_for_text(desk, "[data-part=said]", "签收")
        desk.wait_for_function("() => [...window.yangguang.state().cards.values()]"
                               ".some((card) => card.case_no === 'D-2' && card.state === 'acked')")
    card = centre.cards()["D-2"]
    assert card.acked is not None
    winner, loser = (officer, inspector) if card.acked.by == "周立新" else (inspector, officer)
    wait_for_text(winner, "[data-part=said]", "签收：已完成 1 张")
    wait_for_text(loser, "[data-part=said]", f"{card.acked.by} 已先签收")
    for desk in (officer, inspector):
        [known] = [one for one in believed(desk)["cards"] if one["case_no"] == "D-2"]
        assert (known["rev"], known["acked"]["comment"]) == (card.rev, card.acked.comment)


def test_a_card_that_worsens_under_the_pen_is_not_signed_and_the_words_stay(centre: CommandCentre, screens: Screens) -> None:
    item = centre.item("jiaoyu")
    centre.post(yellow("D-4", org="jiaoyu", item=item))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "D-4")
    open_sign_form(desk, "看到的是黄牌")

    centre.post(red("D-4", org="jiaoyu", item=item, version=2))
    desk.wait_for_selector(".desk-list .row-red")
    confirm(desk)

    wait_for_text(desk, "[data-part=said]", "牌面已变化")
    assert (centre.cards()["D-4"].level, centre.cards()["D-4"].state) == ("red", "unack")
    desk.keyboard.press("a")
    desk.wait_for_selector(".act-form:not([hidden])")
    assert desk.input_value("#act-comment") == "看到的是黄牌"


def test_a_leader_sees_the_desk_and_cannot_sign(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("D-5", item=centre.item("fagai")))
    desk = screens.desk(centre.address, "wang")
    choose(desk, "D-5")

    desk.keyboard.press("a")

    wait_for_text(desk, "[data-part=said]", "现在不能签收")
    assert desk.locator(".act-acknowledge").count() == 0
    assert "签收由值班员或监察员办理" in desk.inner_text(".desk-act")


# Why --------------------------------------------------------------------------------------------------------------


def counted_days(opened: date, until: date) -> dict[str, str]:
    """Working days strictly after the opening, numbered. March 2026 has no holidays; 清明 is off on 4 to 6 April."""
    off = {date(2026, 4, 6)}
    days = [opened + timedelta(days=n) for n in range(1, (until - opened).days + 1)]
    working = [day for day in days if day.weekday() < 5 and day not in off]
    return {day.isoformat(): str(number) for number, day in enumerate(working, start=1)}


def nth_working_day(opened: date, amount: int) -> date:
    return next(date.fromisoformat(day) for day, n in counted_days(opened, opened + timedelta(days=400)).items()
                if n == str(amount))


def test_the_case_behind_a_card_explains_its_deadline_day_by_day(centre: CommandCentre, screens: Screens) -> None:
    item = centre.services.catalogue.items[centre.item("minzheng")]
    assert item.promised is not None
    opened = date(2026, 3, 2)
    due = nth_working_day(opened, item.promised.amount)
    centre.post({"id": "D-6-submitted", "kind": "submitted", "case_no": "D-6", "at": "2026-03-02T09:00:00+08:00",
                 "org": "minzheng", "actor": "王小明", "data": {"applicant": "王小明", "title": "王小明的申请"}},
                accepted("D-6", "2026-03-02T10:00:00+08:00", "minzheng", item=item.code, data={"statutory_due": "2026-03-10"}))
    desk = screens.desk(centre.address, "zhou")
    choose(desk, "D-6")
    desk.keyboard.press("p")
    desk.wait_for_selector(".case-facts")
    desk.goto(f"{centre.address}/case/360500/D-6?clock=promised-0")
    desk.wait_for_selector(".cal-month")

    wanted = counted_days(opened, max(due, date(2026, 3, 16)))
    assert table_of(desk) == wanted
    assert picture_of(desk) == wanted
    assert f"应于 {due.isoformat()} 办结" in desk.inner_text(".clock-sentence").replace("\u2060", "")
    assert desk.inner_text(".case-facts h1") == item.name
    assert desk.locator(".cal-today").count() == 1
    assert "受理" in desk.inner_text(".events-table")
    assert "王小明" not in desk.content()  # who watches the time does not need the applicant's name


def table_of(page: Page) -> dict[str, str]:
    """Date → running count of the counted days, from the table."""
    page.click(".clock-days summary")
    rows = page.locator(".days-table tbody tr").all_inner_texts()
    cells = [row.split("\t") for row in rows]
    return {row[0].strip(): row[-1].strip() for row in cells if row[-1].strip()}


def picture_of(page: Page) -> dict[str, str]:
    """The same from the calendar picture."""
    days: list[list[str]] = page.evaluate("""() => [...document.querySelectorAll(".cal-month")].flatMap((month) => {
        const [, year, number] = month.querySelector("caption").textContent.match(/(\\d+) 年 (\\d+) 月/);
        return [...month.querySelectorAll("td.is-counted")].map((cell) => [
            [year, number.padStart(2, "0"), cell.querySelector(".cal-date").textContent.padStart(2, "0")].join("-"),
            cell.querySelector(".cal-n").textContent]);
    })""")
    return {day: number for [day, number] in days}


# Who may not ------------------------------------------------------------------------------------------------------


def test_a_department_user_opens_his_own_case_and_no_other(centre: CommandCentre, screens: Screens) -> None:
    centre.post(yellow("D-7", item=centre.item("fagai")),
                yellow("D-8", org="minzheng", item=centre.item("minzheng"), data={"applicant": "李四海"}))
    page = screens.blank()
    sign_in(page, centre.address, "zhao")
    page.wait_for_url("**/unit/")

    page.goto(f"{centre.address}/case/360500/D-7")
    page.wait_for_selector(".case-facts")
    page.goto(f"{centre.address}/case/360500/D-8")
    page.wait_for_selector(".case-none")

    wait_for_text(page, ".case-none", "您无权查看")
    assert "李四海" not in page.content()


def test_a_department_user_is_not_let_onto_desk_and_wall(centre: CommandCentre, screens: Screens) -> None:
    page = screens.blank(may_lose_link=True)
    sign_in(page, centre.address, "zhao")
    page.wait_for_url("**/unit/")

    statuses = {}
    for path in ("/desk/", "/wall/", "/feeds/"):
        answer = page.request.get(f"{centre.address}{path}")
        statuses[path] = answer.status

    assert statuses == {"/desk/": 403, "/wall/": 403, "/feeds/": 403}


def test_whoever_is_not_signed_in_is_sent_to_the_door_and_from_there_to_where_he_wanted(
        centre: CommandCentre, screens: Screens) -> None:
    page = screens.blank()
    for path in ("/", "/wall/", "/desk/", "/feeds/", "/case/360500/D-1"):
        page.goto(f"{centre.address}{path}")
        assert page.url.startswith(f"{centre.address}/sign-in/"), path

    page.fill(".entrance-form input[name=username]", "li")
    page.fill(".entrance-form input[name=password]", DEMO_PASSWORD)
    page.click(".entrance-form button[type=submit]")
    page.wait_for_url(f"{centre.address}/case/360500/D-1")


def test_a_wrong_password_is_told_and_lets_nobody_in(centre: CommandCentre, screens: Screens) -> None:
    page = screens.blank()
    page.goto(f"{centre.address}/sign-in/")
    page.fill(".entrance-form input[name=username]", "zhou")
    page.fill(".entrance-form input[name=password]", "not-the-password")
    page.click(".entrance-form button[type=submit]")

    wait_for_text(page, ".entrance-problem", "用户名或密码不正确")
    screens.complaints.clear()  # the browser writes the 401 into its console


def test_the_whole_way_works_in_english(centre: CommandCentre, screens: Screens) -> None:
    centre.post(accepted("D-9", "2026-02-02T10:00:00+08:00", item=centre.item("fagai")))
    page = screens.blank()
    sign_in(page, centre.address, "zhou", "/desk/", lang="en")
    loaded(page)
    choose(page, "D-9")

    assert "Duty desk" in page.text_content(".topbar-pages")
    assert "Past the statutory limit" in page.inner_text("[data-part=detail]")
    page.keyboard.press("p")
    page.wait_for_selector(".clock-sentence")
    assert "working days" in page.inner_text(".clock-tabs")
    assert page.get_attribute("html", "lang") == "en"


# Floods -----------------------------------------------------------------------------------------------------------


def test_the_desk_folds_what_the_settings_call_a_flood(tmp_path: Path, browser: Browser) -> None:
    settings = settings_for(tmp_path, cards__flood_cards=3, cards__flood_minutes=30)
    with CommandCentre(settings) as centre, screens_of(browser) as screens:
        item = centre.item("fagai")
        centre.post(*(yellow(f"F-{n}", item=item) for n in range(3)))
        desk = screens.desk(centre.address, "zhou")
        desk.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 3")
        assert desk.locator(".desk-flood.is-shown").count() == 0

        centre.set_clock(MONDAY + timedelta(minutes=20))
        centre.post(yellow("F-3", item=item))

        wait_for_text(desk, ".desk-flood.is-shown .flood-words", "30 分钟内新发 4 张")
        desk.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 1")
        assert {card.flood != "" for case_no, card in centre.cards().items() if case_no == "F-3"} == {True}
        desk.keyboard.press("g")
        desk.wait_for_function("() => document.querySelectorAll('.desk-list .row').length === 4")
