"""The page of a card and its evidence paper: who sees it, what it explains, and that a stranger can recompute the paper."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest

from alerts.card_commands import CardCommand, CardRef
from alerts.occasions import Occasion, Origin
from cases.events import CaseEvent, CaseFacts, EventData, EventKind
from core.access import Role
from core.instants import to_us, written_due, written_local
from dashboard.pages.card import card_id_of, drawn
from dashboard.panels import card_story, case_clocks
from dashboard.panels.card_story import reason_of
from dashboard.panels.evidence_values import plain, value_of
from dashboard.words import Words
from tests.independent import evidence_reader
from tests.staff import OTHER_ORG, OWN_ORG, Site, make_site, run_callback
from tests.unit.supervision.office import INSPECTOR, SHIFT_LEADER

CHINA = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("card"))
    site.record_case("XY-1", OWN_ORG)
    site.record_case("XY-2", OTHER_ORG, "李四海")
    record(site, "XY-3", EventKind.ACCEPTED, datetime(2026, 2, 9, 16, 47, 13, tzinfo=CHINA), title="停计")
    record(
        site,
        "XY-3",
        EventKind.SPECIAL_STARTED,
        datetime(2026, 2, 11, 9, 12, 40, tzinfo=CHINA),
        special_kind="site_survey",
        approved_days=5,
    )
    record(site, "XY-3", EventKind.SPECIAL_ENDED, datetime(2026, 2, 13, 15, 3, 9, tzinfo=CHINA), special_kind="site_survey")
    record(site, "XY-4", EventKind.ACCEPTED, datetime(2026, 2, 14, 20, 31, 0, tzinfo=CHINA), title="非办公时间起算")
    return site


def record(site: Site, case_no: str, kind: EventKind, at: datetime, **data: object) -> None:
    site.services.recorder.record(
        [
            CaseEvent(
                source="hall",
                source_event_id=f"{case_no}-{kind.value}",
                kind=kind,
                case_no=case_no,
                area="360500",
                claimed_at=to_us(at.astimezone(UTC)),
                org=OWN_ORG,
                item=site.item_of(OWN_ORG),
                data=EventData(**data),
            )
        ]
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def words(site: Site) -> Words:
    return Words("zh", site.services.texts("zh").tree)


def card_of(site: Site, case_no: str) -> int:
    """The card of the case's limits; its acts have cards of their own."""
    return next(card.id for card in site.services.alert_queries.active().cards
                if card.case_no == case_no and card.origin == "clock")


def shown(site: Site, role: Role, card_id: int) -> str:
    answer = run_callback(
        site.client(role),
        "/card/",
        "..card-body.children...card-shown.data..",
        {"card-address.pathname": f"/card/{card_id}", "card-address.search": "", "card-again.n_intervals": 0},
        {"card-shown.data": None},
    )
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json["response"]["card-body"], ensure_ascii=False)


def paper_of(site: Site, case_no: str, folder: Path, role: Role = Role.INSPECTOR) -> Path:
    answer = site.client(role).get(f"/card/{card_of(site, case_no)}/evidence.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
    path = folder / f"{case_no}.pdf"
    path.write_bytes(answer.data)
    return path


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True).stdout.decode("utf-8")


def run_together(text: str) -> str:
    """Without line breaks, blanks and page numbers: a digest that was broken at a line's end is whole again."""
    return re.sub(r"—\d+—|\x0c", "", re.sub(r"[\n ]", "", text))


# Who sees what


def test_a_department_user_sees_his_own_units_card_and_cannot_tell_anothers_from_none(site: Site) -> None:
    own, other = card_of(site, "XY-1"), card_of(site, "XY-2")

    assert "XY-1" in shown(site, Role.DEPARTMENT_USER, own)
    assert shown(site, Role.DEPARTMENT_USER, other) == shown(site, Role.DEPARTMENT_USER, 99_999)
    assert site.client(Role.DEPARTMENT_USER).get(f"/card/{other}/evidence.pdf").status_code == 404
    assert site.client(Role.DEPARTMENT_USER).get(f"/card/{other}/evidence.json").status_code == 404


def test_a_card_that_names_another_units_case_does_not_show_it(site: Site) -> None:
    about = Occasion(key="manual:about-XY-2", origin=Origin.MANUAL, rule="manual", rule_version="manual", level=2,
                     case=CaseFacts(0, "XY-2", "360500", OWN_ORG, "", "对他案的说明"),
                     at=site.services.clock.now_us(), evidence={"title": "对他案的说明"})
    with site.services.uow() as uow:
        site.services.alerts.raise_occasions(uow, [about])
    number = next(card.id for card in site.services.alert_queries.active().cards
                  if (card.case_no, card.origin) == ("XY-2", "manual"))

    evidence = json.loads(site.client(Role.DEPARTMENT_USER).get(f"/card/{number}/evidence.json").data)
    inspectors = json.loads(site.client(Role.INSPECTOR).get(f"/card/{number}/evidence.json").data)

    assert (evidence["journal"], [row["source_event_id"] for row in inspectors["journal"]]) == ([], ["XY-2-1"])


def test_page_and_paper_do_not_name_the_applicant_to_who_only_watches_the_time(site: Site, tmp_path: Path) -> None:
    assert "李四海" not in shown(site, Role.DUTY_OFFICER, card_of(site, "XY-2"))
    assert "李四海" not in text_of(paper_of(site, "XY-2", tmp_path))


def test_whoever_takes_the_evidence_is_on_record(site: Site, tmp_path: Path) -> None:
    paper_of(site, "XY-1", tmp_path, Role.LEADER)
    look = site.services.read_log.looks("evidence_pdf")[0]

    assert (look.actor_name, look.subject) == ("王建国", str(card_of(site, "XY-1")))


# What it says


def test_the_page_says_what_happened_by_which_versions_and_counts_the_days(site: Site) -> None:
    page = shown(site, Role.INSPECTOR, card_of(site, "XY-1"))

    for part in (
        "发生了什么",
        "kechuang@",
        "cn@",
        "时限是怎样计算的",
        "cal-day",
        "发牌依据",
        "业务记录",
        "notices-table",
        "evidence.pdf",
    ):
        assert part in page, part


def test_a_card_that_did_not_change_is_not_drawn_again(site: Site) -> None:
    client, address = site.client(Role.INSPECTOR), f"/card/{card_of(site, 'XY-1')}"
    inputs = {"card-address.pathname": address, "card-address.search": "", "card-again.n_intervals": 1}
    first = run_callback(client, "/card/", "..card-body.children...card-shown.data..", inputs, {"card-shown.data": None})
    mark = first.json["response"]["card-shown"]["data"]

    assert (
        run_callback(
            client, "/card/", "..card-body.children...card-shown.data..", inputs, {"card-shown.data": mark}
        ).status_code
        == 204
    )


def test_evidence_of_any_shape_can_be_read(words: Words) -> None:
    table = str(value_of("rows", [{"at": 0, "who": "甲"}, {"who": "乙", "n": 3}], words))

    assert "1970-01-01 08:00:00" in table
    assert "乙" in table
    assert plain({"opened_at": 0, "m": [1, 2]}, words) == "opened_at=1970-01-01 08:00:00；m=1、2"
    assert (plain(None, words), plain(True, words, "at")) == ("—", "True")


def test_what_a_finding_was_found_by_reads_as_words(words: Words) -> None:
    facts = {"title": "G4 先办后收", "demanded_action_en": "Explain", "finding": 2, "period": ["2024-04-01", "2024-04-30"],
             "figures": [{"sign": "decided_before", "test": "count", "k": 4, "n": 13, "value": 4.0, "threshold": 3.0}]}
    drawn = repr(card_story._facts(SimpleNamespace(clocks=[], top=SimpleNamespace(rule="G4", facts=facts)), words))

    for told in ("疑点编号", "迹象与数值", "决定在先", "阈值", "所属期"):
        assert told in drawn
    for unsaid in ("decided_before", "demanded_action", "Explain", "title", "figures", "threshold"):
        assert f"'{unsaid}'" not in drawn


def test_a_rung_is_called_by_its_name_and_not_by_its_code(site: Site, words: Words) -> None:
    rule = next(rule for rule in site.services.presets["kechuang"].rules if rule.rungs)
    assert case_clocks.rung_words(rule, rule.rungs[0].code, words) == rule.rungs[0].label
    assert case_clocks.rung_words(None, "red", words) == words("level.red")


def test_what_an_act_follows_from_reads_as_words_and_times(words: Words) -> None:
    assert (plain("late_data", words, "code"), plain("concluded", words, "state"), plain(0, words, "at")) == (
        "数据迟报", "已办结", "1970-01-01 08:00:00")
    table = str(value_of("path", [["审核", "肖俊", "审核人", 0]], words))
    assert all(word in table for word in ("环节", "经办人", "岗位", "发生时间", "肖俊", "1970-01-01 08:00:00"))
    assert value_of("path", [["审核", 1]], words).children == "审核、1"  # not the rows we know: as it is


@pytest.mark.parametrize(
    ("path", "number"), [("/card/17", 17), ("/card/17/", 17), ("/card/", 0), ("/card/x", 0), ("/card/" + "9" * 30, 0)]
)
def test_an_address_names_a_card_or_none(path: str, number: int) -> None:
    assert card_id_of(path) == number


# The paper


@pytest.mark.parametrize("case_no", ["XY-1", "XY-3", "XY-4"])
def test_a_stranger_recomputes_the_due_instants_from_the_words_on_the_paper(
    site: Site, tmp_path: Path, case_no: str
) -> None:
    clocks = evidence_reader.read(paper_of(site, case_no, tmp_path))

    assert clocks
    for clock in clocks:
        assert clock.due() == clock.stated_due, clock.facts
        assert any(not is_working for is_working in clock.working.values())  # it does cross days off


def test_a_forged_due_instant_would_be_noticed(site: Site, tmp_path: Path) -> None:
    """The reader works from the days, not from the stated result: one holiday called a working day changes what it finds."""
    clock = evidence_reader.read(paper_of(site, "XY-1", tmp_path))[0]
    off = next(
        day for day, is_working in sorted(clock.working.items()) if not is_working and day.isoformat() > "2026-02-03"
    )
    clock.working[off] = True

    assert clock.due() != clock.stated_due


def test_the_stops_stand_on_the_paper_to_the_second(site: Site, tmp_path: Path) -> None:
    clock = next(one for one in evidence_reader.read(paper_of(site, "XY-3", tmp_path)) if one.stops)

    assert [[str(edge) for edge in stop] for stop in clock.stops] == [["2026-02-11 09:12:40", "2026-02-13 15:03:09"]]


def test_the_paper_bears_the_seals_the_rule_and_the_digest_of_its_data(site: Site, tmp_path: Path) -> None:
    text = run_together(text_of(paper_of(site, "XY-3", tmp_path)))
    data = site.client(Role.INSPECTOR).get(f"/card/{card_of(site, 'XY-3')}/evidence.json").data
    content = json.loads(data)

    assert hashlib.sha256(data).hexdigest() in text
    assert len(content["journal"]) == 3
    for row in content["journal"]:
        assert row["mac"] in text
        assert row["payload_sha256"] in text
    assert content["clocks"][0]["rule"]["legal_basis"].replace(" ", "") in text


def test_a_public_anchor_behind_the_rows_is_named_and_its_absence_too(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.record_case("XY-1", OWN_ORG)
    assert "尚在下一个公开锚点之前" in run_together(text_of(paper_of(site, "XY-1", tmp_path)))
    site.services.anchorer.anchor(force=True)
    text = run_together(text_of(paper_of(site, "XY-1", tmp_path)))
    anchor = json.loads(site.client(Role.INSPECTOR).get(f"/card/{card_of(site, 'XY-1')}/evidence.json").data)["anchors"][0]

    assert anchor["digest"] in text
    assert "尚在下一个公开锚点之前" not in text


def order_over(site: Site, card_id: int) -> int:
    """An order by hand of somebody who has it signed by those who must."""
    for actor in (INSPECTOR, SHIFT_LEADER):
        card = site.services.alert_queries.find(card_id, INSPECTOR).card
        if card.acked is None:
            command = CardCommand(command_id=f"sign-{card_id}-{actor.name}", cards=[CardRef(card_id, card.rev)])
            assert site.services.alerts.execute(command, actor).ok
    rev = site.services.alert_queries.find(card_id, INSPECTOR).card.rev
    orders = site.services.follow_up.orders
    return orders.dispatch(f"order-{card_id}", [(card_id, rev)], "三日内办结并说明原因", "3wd", INSPECTOR)


def test_the_order_a_card_belongs_to_stands_on_its_page(site: Site) -> None:
    card_id = card_of(site, "XY-1")
    before = shown(site, Role.INSPECTOR, card_id)
    order_id = order_over(site, card_id)
    order = site.services.follow_up.order_queries.find(order_id, INSPECTOR).head
    page = shown(site, Role.INSPECTOR, card_id)

    assert "card-orders" not in before
    due = written_due(written_local(order.due_at, 480))
    for words in (order.number, "3 个工作日", f"/orders/?order={order_id}", "办理中", due):
        assert words in page, words
    assert f"/orders/?order={order_id}" in shown(site, Role.DEPARTMENT_USER, card_id)
    assert "card-orders" not in shown(site, Role.INSPECTOR, card_of(site, "XY-2"))


def test_the_page_is_drawn_anew_when_the_order_goes_on(site: Site, words: Words) -> None:
    card_id = card_of(site, "XY-3")
    before = drawn(site.services, INSPECTOR, f"/card/{card_id}", "", words)[1]
    order_id = order_over(site, card_id)
    issued = drawn(site.services, INSPECTOR, f"/card/{card_id}", "", words)[1]
    rev = site.services.follow_up.order_queries.find(order_id, INSPECTOR).head.rev
    site.services.follow_up.orders.note(order_id, rev, INSPECTOR, "已电话了解进度")

    assert len({before, issued, drawn(site.services, INSPECTOR, f"/card/{card_id}", "", words)[1]}) == 3


def test_the_engines_own_reasons_are_said_in_words(site: Site, words: Words) -> None:
    card_id = card_of(site, "XY-4")
    rev = site.services.alert_queries.find(card_id, INSPECTOR).card.rev
    command = CardCommand(command_id="out", type="take_out_of_service", cards=[CardRef(card_id, rev)], reason="expired",
                          until="2026-03-17T10:00:00+08:00")
    assert site.services.alerts.execute(command, SHIFT_LEADER).ok
    line = site.services.alert_queries.find(card_id, INSPECTOR).log[-1]

    assert reason_of(line, words) == "expired", "a person's words stay as they are"
    assert reason_of(SimpleNamespace(actor="system", reason="expired"), words) == "到时自动恢复"
    assert reason_of(SimpleNamespace(actor="system", reason="withdrawn: 事实更正"), words) == "withdrawn: 事实更正"
