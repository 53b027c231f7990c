"""The feeds page: health, and what is done with refused records."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import TestResponse

from cases.events import CaseEvent, EventKind
from core.access import Role
from dashboard.panels.feeds_quarantine import PAGE, chosen_id, older_than, render_record
from dashboard.words import words_of
from feeds.quarantine import Delivery
from feeds.reasons import Refusal, Rejection, as_one
from feeds.records import Parsed
from tests.staff import OWN_ORG, Site, make_site, run_callback

HANDLE = "..feeds-said.children...feeds-changed.data.."
SHOW = "..feeds-record.children...feeds-raw.value...feeds-form.hidden.."
BROKEN = '{"case_no": "G-1", "kind": "ZZ9", "at": "2026-03-16T09:00:00+08:00"}'


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("feeds"))
    refuse(site, BROKEN)
    return site


def only_record(site: Site) -> int:
    return site.services.feed_queries.quarantined(state=None).records[0].id


def refuse(site: Site, *raws: str) -> None:
    refused = Rejection(Refusal("code_unknown", "kind", "ZZ9", "not in the code table").as_outcome())
    site.services.ingest.take(Delivery("gjj", name="公积金中心"), [Parsed(None, refused, raw) for raw in raws])


def good_event(site: Site, case_no: str = "G-1") -> str:
    return json.dumps({"id": case_no, "case_no": case_no, "kind": "accepted", "at": "2026-03-16T09:00:00+08:00",
                       "area": "360500", "org": OWN_ORG, "item": site.item_of(OWN_ORG)})


def quarantine_shown(site: Site, search: str) -> str:
    answer = run_callback(site.client(Role.INSPECTOR), "/feeds/", "feeds-quarantine.children", {
        "feeds-tick.n_intervals": 1, "feeds-address.search": search, "feeds-changed.data": None})
    return json.dumps(answer.json, ensure_ascii=False)


def press(site: Site, role: Role, button: str, raw: str = BROKEN) -> TestResponse:
    clicks = {"feeds-replay.n_clicks": int(button == "feeds-replay") or None,
              "feeds-dismiss.n_clicks": int(button == "feeds-dismiss") or None,
              "feeds-replay-alike.n_clicks": int(button == "feeds-replay-alike") or None,
              "feeds-address.search": f"?record={only_record(site)}"}
    changed = "feeds-address.search" if button == "feeds-address" else f"{button}.n_clicks"
    return run_callback(site.client(role), "/feeds/", HANDLE, clicks, {"feeds-raw.value": raw}, changed=changed)


def test_every_source_is_listed_with_its_state_in_words(site: Site) -> None:
    answer = run_callback(site.client(Role.DUTY_OFFICER), "/feeds/", "feeds-sources.children", {"feeds-tick.n_intervals": 1})
    shown = json.dumps(answer.json, ensure_ascii=False)

    assert "公积金中心" in shown
    assert "正常" in shown


def test_a_refused_record_is_shown_with_its_reason(site: Site) -> None:
    assert "未登记的代码" in quarantine_shown(site, "")


def test_a_record_whose_event_lacks_only_a_value_says_that_it_is_recorded(site: Site) -> None:
    assert "该记录已入库" not in chosen_shown(site)
    event = CaseEvent(source="gjj", source_event_id="G-2", kind=EventKind.STEP, case_no="G-2", area="360500", claimed_at=0)
    note = Rejection(Refusal("time_unreadable", "due", "soon").as_outcome(), 3)
    site.services.ingest.take(Delivery("gjj"), [Parsed(event, None, "{}", 3, note=note)])
    assert "该记录已入库" in chosen_shown(site)


def test_each_fault_of_a_record_is_shown_with_its_own_remedy_and_the_place_in_words(site: Site) -> None:
    faults = as_one([Refusal("time_unreadable", "due", "soon"), Refusal("limit_unreadable", "limit", "20")])
    refused = Rejection(faults.as_outcome(), 1, element="trace 3, event 2")
    site.services.ingest.take(Delivery("gjj"), [Parsed(None, refused, "{}", 1)])
    shown = chosen_shown(site)
    places = [shown.index(words) for words in ("时间格式无法识别", "请按 ISO 8601 填写", "时限无法识别", "请填写 20wd")]
    assert places == sorted(places)
    assert "第 1 行，第 3 个 trace，第 2 个 event" in shown
    assert "另有 1 处有误" in quarantine_shown(site, "")
    assert "due “soon”" in shown


def chosen_shown(site: Site) -> str:
    record = site.services.feed_queries.get_quarantined(only_record(site))
    return repr(render_record(record, words_of(site.services.texts)))


def test_older_records_are_a_link_away(site: Site) -> None:
    refuse(site, *(str(number) for number in range(PAGE)))
    oldest = site.services.feed_queries.quarantined(limit=PAGE + 1).records[-1].id
    newest = quarantine_shown(site, "")
    assert f'"?before={oldest + 1}"' in newest
    assert f'"?record={oldest}"' not in newest

    older = quarantine_shown(site, f"?before={oldest + 1}")
    assert f'"?record={oldest}&before={oldest + 1}"' in older
    assert "回到最新" in older
    assert "更早的记录" not in older


def test_an_administrator_repairs_a_record_and_it_leaves_the_quarantine(site: Site) -> None:
    said = press(site, Role.ADMINISTRATOR, "feeds-replay", good_event(site))

    assert "已入库" in json.dumps(said.json, ensure_ascii=False)
    assert site.services.feed_queries.quarantined().total == 0


def test_a_repair_that_does_not_help_says_why_and_keeps_the_record(site: Site) -> None:
    said = press(site, Role.ADMINISTRATOR, "feeds-replay", "{broken")

    assert "已重新送入：格式错误" in json.dumps(said.json, ensure_ascii=False)
    assert site.services.feed_queries.quarantined().total == 1


def test_an_administrator_replays_all_records_alike(site: Site) -> None:
    refuse(site, *(good_event(site, f"G-{number}") for number in range(3)))
    said = press(site, Role.ADMINISTRATOR, "feeds-replay-alike")

    assert "已重新送入 4 条，其中 3 条已入库，1 条仍被拒收" in json.dumps(said.json, ensure_ascii=False)
    assert site.services.feed_queries.quarantined().total == 1


def test_what_is_being_corrected_stays_when_something_else_was_done(site: Site) -> None:
    chosen = {"feeds-address.search": f"?record={only_record(site)}", "feeds-changed.data": None}
    first, later = (run_callback(site.client(Role.ADMINISTRATOR), "/feeds/", SHOW, chosen, changed=changed).json["response"]
                    for changed in ("feeds-address.search", "feeds-changed.data"))

    assert first["feeds-raw"]["value"] == BROKEN
    assert "feeds-raw" not in later
    assert later["feeds-form"]["hidden"] is False


def test_another_record_is_not_shown_under_what_was_said_of_the_last(site: Site) -> None:
    said = press(site, Role.ADMINISTRATOR, "feeds-address").json["response"]
    assert said == {"feeds-said": {"children": ""}}
    assert site.services.feed_queries.quarantined().total == 1


def test_a_record_is_dismissed_once(site: Site) -> None:
    first = press(site, Role.ADMINISTRATOR, "feeds-dismiss")
    second = press(site, Role.ADMINISTRATOR, "feeds-dismiss")

    assert "已标为不予处理" in json.dumps(first.json, ensure_ascii=False)
    assert "已标为不予处理" not in json.dumps(second.json, ensure_ascii=False)


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.INSPECTOR, Role.LEADER])
@pytest.mark.parametrize("button", ["feeds-replay", "feeds-dismiss", "feeds-replay-alike"])
def test_nobody_else_may_repair_or_dismiss(site: Site, role: Role, button: str) -> None:
    assert press(site, role, button).status_code == 403
    assert site.services.feed_queries.quarantined().total == 1


@pytest.mark.parametrize(("search", "record"), [("?record=17", 17), ("?record=x", None), ("", None), (None, None),
                                                ("?record=-1", None), ("?record=9999999999999999", None)])
def test_the_chosen_record_is_read_from_the_address(search: str | None, record: int | None) -> None:
    assert chosen_id(search) == record
    assert older_than((search or "").replace("record", "before")) == record
