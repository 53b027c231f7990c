"""An applicant is told of what concerns him, once, by the way he wants; where he is not, it says why."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from alerts.channels.outlets import open_outlets
from alerts.notices.sender import Sender, SenderRules
from applicants.contacts import read_contact
from applicants.notices import contacts_of, covered_name
from approval.events import ApplicantConcerned, Occasion
from approval.matters import Applicant, Application
from config.settings import load_settings
from config.texts import load_texts
from core.clock import SystemClock
from dashboard.panels import hosted_told
from dashboard.words import Words
from tests.hosting import APPROVER, HALL, HANDLER, HEAD, ITEM, REVIEWER, SHANGHAI, Hall


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path, notices={"sandbox": True})


def told(hall: Hall, case_no: str) -> list[Any]:
    return hall.services.notices.queries.of_case(case_no)


def whats(hall: Hall, case_no: str) -> list[str]:
    return [one.what for one in told(hall, case_no)]


def filed_by(hall: Hall, **who: str) -> str:
    applicant = Applicant(**{"name": "王小明", "phone": "13979000001", **who})  # type: ignore[arg-type]
    application = Application(ITEM, applicant, "城南基站", papers=hall.papers())
    return hall.approval.intake.file(application, "window", HALL).case_no


def accepted(hall: Hall, **who: str) -> str:
    number = filed_by(hall, **who)
    hall.approval.intake.accept(number, hall.rev(number), HALL)
    return number


def test_acceptance_is_told_by_sms_with_the_due_day_and_sent_once(hall: Hall):
    number = accepted(hall)
    (notice,) = told(hall, number)
    assert (notice.what, notice.channel, notice.address, notice.name) == ("case_accepted", "sms", "139****0001", "王**")
    assert number in notice.body
    assert "2026年3月30日" in notice.body
    assert hall.services.notices.sender.send_due() == 1
    assert hall.services.notices.sender.send_due() == 0
    assert told(hall, number)[0].state == "sent"


def test_every_event_of_a_life_is_told_in_order(hall: Hall):
    number = accepted(hall)
    handling, ending = hall.approval.handling, hall.approval.ending
    kind = hall.services.catalogue.items[ITEM].special[0]
    handling.start_special(number, hall.rev(number), kind, 2, "需要现场勘查", HANDLER)
    handling.end_special(number, hall.rev(number), "合格", HANDLER)
    handling.ask_extension(number, hall.rev(number), 2, "情况复杂", HANDLER)
    handling.decide_extension(number, hall.rev(number), True, "同意", HEAD)
    for person in (HANDLER, REVIEWER, APPROVER):
        hall.do(number, person)
    code = next(iter(hall.services.catalogue.items[ITEM].details.fees))
    fee = ending.charge(number, hall.rev(number), code, 1, HALL)
    ending.paid(number, fee, "票1")
    ending.conclude(number, hall.rev(number), "办结", HALL)
    assert whats(hall, number) == ["case_accepted", "case_special", "case_special_ended", "case_extended", "case_fee",
                                   "case_collect"]
    special, extended = (one.body for one in told(hall, number) if one.what in ("case_special", "case_extended"))
    assert "所需2个工作日不计入办理期限，承诺办结期限最迟顺延至2026年4月1日09:00。" in special
    assert "经批准延长2个工作日，承诺办结期限为2026年4月1日09:00。" in extended
    assert "准予" in told(hall, number)[-1].body


def test_a_correction_names_papers_and_day_and_a_return_its_reason(hall: Hall):
    number = filed_by(hall)
    paper = hall.papers()[0]
    hall.approval.intake.ask_correction(number, hall.rev(number), [paper], "缺页", HALL)
    hall.approval.ending.return_(number, hall.rev(number), "逾期未补正", HALL)
    first, last = told(hall, number)
    assert hall.services.catalogue.items[ITEM].details.materials[paper].name in first.body
    assert "2026-04-07" in first.body
    assert (last.what, "逾期未补正" in last.body) == ("case_ended", True)


def test_a_refusal_is_told_and_what_the_applicant_did_himself_is_not(hall: Hall):
    refused, withdrawn = filed_by(hall), filed_by(hall)
    hall.approval.intake.refuse(refused, hall.rev(refused), "不属于职权范围", HALL)
    hall.approval.ending.withdraw(withdrawn)
    assert whats(hall, refused) == ["case_refused"]
    assert whats(hall, withdrawn) == []


def test_an_act_that_fails_tells_nobody(hall: Hall):
    number = filed_by(hall)
    with pytest.raises(Exception, match="case_changed"):
        hall.approval.intake.accept(number, 99, HALL)
    assert told(hall, number) == []


def test_without_a_contact_that_can_be_one_nobody_is_told_and_that_is_seen(hall: Hall):
    number = accepted(hall, phone="0790-6440000")
    (notice,) = told(hall, number)
    assert (notice.state, notice.reason, notice.address) == ("withheld", "no_address", "")
    assert hall.services.notices.sender.send_due() == 0
    words = Words("zh", hall.services.texts("zh").tree)
    assert "没有联系方式" in str(hosted_told.render([notice], words))


@pytest.mark.parametrize(("wish", "channel", "state"), [("", "sms", "queued"), ("sms", "sms", "queued"),
                                                        ("email", "email", "queued"), ("none", "sms", "withheld")])
def test_the_wish_of_the_account_decides(hall: Hall, monkeypatch: pytest.MonkeyPatch, wish: str, channel: str, state: str):
    desk = hall.services.applicants
    number = filed_by(hall, email="wang@example.com")
    contact = read_contact("13979000009")
    monkeypatch.setattr(desk.people._codes, "use", lambda _contact, _code: None)
    account = desk.people.enter_with_code(contact, "")
    desk.people.save(account.id, {}, wish)
    desk.holdings.add_case(account.id, number, "linked")
    hall.approval.intake.accept(number, hall.rev(number), HALL)
    assert [(one.channel, one.state) for one in told(hall, number)] == [(channel, state)]


def test_a_part_of_a_project_is_not_told_of_but_the_project_is(hall: Hall):
    number = hall.project()
    assert whats(hall, number) == ["case_accepted"]
    assert [told(hall, hall.part(number, node)) for node in ("land", "water")] == [[], []]


def test_the_same_event_told_twice_is_one_notice(hall: Hall):
    number = accepted(hall)
    with hall.services.uow() as uow:
        case = hall.approval.desk.load(uow, number)
        again = ApplicantConcerned(case, Occasion.ENDED, "key-1", {"reason": "x"})
        uow.publish([again, again])
        uow.publish([again])
    assert whats(hall, number) == ["case_accepted", "case_ended"]


class Gateway(BaseHTTPRequestHandler):
    got: list[str] = []
    answers: list[int] = []

    def do_POST(self) -> None:
        self.got.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["text"][0])
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    Gateway.got, Gateway.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_gateway_that_fails_is_tried_again_and_given_up_in_the_end(hall: Hall, gateway: HTTPServer):
    settings = load_settings({"notices.sandbox": False, "notices.sms_body": "to={phone}&text={text}"}).notices.model_copy(
        update={"sms_url": SecretStr(f"http://127.0.0.1:{gateway.server_port}/")})
    outlets = open_outlets(settings, lambda: 0, is_demo=False)
    sender = Sender(hall.services.uow, SystemClock(), outlets, hall.services.alarms, SenderRules(attempts_max=2), SHANGHAI)
    first, second = accepted(hall), accepted(hall)
    Gateway.answers = [503, 503]
    sender.send_due()
    assert {told(hall, one)[0].state for one in (first, second)} == {"queued"}
    hall.later(minutes=1)
    Gateway.answers = [200, 503]
    sender.send_due()
    states = sorted(told(hall, one)[0].state for one in (first, second))
    assert states == ["dead", "sent"]
    assert {len(hall.services.notices.queries.attempts(told(hall, one)[0].id)) for one in (first, second)} == {2}
    assert all("已由" in text for text in Gateway.got)


@pytest.mark.parametrize(("name", "shown"), [("王小明", "王**"), ("欧阳修远", "欧**"),
                                              ("新余锦程通信有限公司", "新余锦程通信有限公司")])
def test_the_name_of_a_person_is_covered(name: str, shown: str):
    assert covered_name(name) == shown


def test_what_is_no_mobile_number_is_no_contact():
    assert contacts_of('{"applicant": {"phone": "6440000", "email": "nobody"}}') == []


def test_every_occasion_has_its_words_in_both_languages() -> None:
    for texts in load_texts().values():
        for one in Occasion:
            for key in (f"notice.what.case_{one.value}", f"applicant_message.subject.{one.value}",
                        f"applicant_message.body.{one.value}"):
                assert texts.has(key), key
