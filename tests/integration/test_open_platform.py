"""A real gateway, spoken to over HTTP: signed orders, notices, questions, refunds and statements, and whatever goes wrong."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from alerts.alarms import standing_alarms
from approval.matters import Application
from approval.payments.gateways import gateway_of
from approval.payments.matters import Order
from approval.payments.open_platform import OpenPlatformGateway
from approval.payments.service import Payments
from approval.payments.statement import Difference, Gap
from approval.posts import EVERY_UNIT
from config.settings import load_settings
from core.clock import FrozenClock
from core.errors import ConfigError, Conflict, InvalidInput, UpstreamError
from paying import StatementAlarms, payments_of, statements_of
from tests.hosting import APPLICANT, APPROVER, HALL, HANDLER, ITEM, REVIEWER, SHANGHAI, Hall
from tests.staff import AS_BROWSER, SAME_ORIGIN, csrf_of, make_site

AMOUNT, FORM = 10_000, "application/x-www-form-urlencoded"


class Peer:
    """The platform's process, and what only a test may ask of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("merchant", "platform"):
            _make_pair(folder, name)
        self._process = subprocess.Popen([sys.executable, "-m", "tests.open_platform", str(folder)], stdout=subprocess.PIPE,
                                         text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def control(self, what: str, **told: str) -> str:
        body = urlencode(told).encode()
        with urllib.request.urlopen(f"{self.url}/control/{what}", body, timeout=60) as answer:
            return str(answer.read().decode())

    def known(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.control("look"))
        return found

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def _make_pair(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    (folder / f"{name}.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    made = Peer(tmp_path_factory.mktemp("platform"))
    yield made
    made.stop()


@pytest.fixture
def peer(process: Peer) -> Peer:
    process.control("silent", on="0")
    process.control("forging", on="0")
    process.control("statement", content="")
    return process


def settings_of(peer: Peer, **changes: Any) -> dict[str, Any]:
    return {"payments.gateway": "open_platform", "gateway.url": f"{peer.url}/gateway.do", "gateway.app_id": "2026",
            "gateway.private_key_path": str(peer.folder / "merchant.pem"), "gateway.members": "unit=360500-017",
            "gateway.platform_key_path": str(peer.folder / "platform.pub"), "gateway.timeout_s": 5, **changes}


class Office:
    """A case with a fee that is due, and the payments of an installation with that platform."""

    def __init__(self, folder: Path, peer: Peer, **changes: Any) -> None:
        self.peer, self.hall = peer, Hall(folder, **settings_of(peer, **changes))
        self.case_no = self.hall.accepted()
        for person in (HANDLER, REVIEWER, APPROVER):
            self.hall.do(self.case_no, person, **({"result": "granted"} if person is APPROVER else {}))
        self.fee = self.charge()

    def charge(self) -> int:
        return self.hall.approval.ending.charge(self.case_no, self.hall.rev(self.case_no), "pinlv", 1, HALL)

    @property
    def payments(self) -> Payments:
        return payments_of(self.hall.services)

    @property
    def gateway(self) -> OpenPlatformGateway:
        gateway = self.payments.gateway
        assert isinstance(gateway, OpenPlatformGateway)
        return gateway

    def sent(self) -> Order:
        """An order whose payer has come to the platform."""
        order = self.payments.begin(self.case_no, self.fee, AMOUNT)
        with urllib.request.urlopen(self.gateway.offer(order).link, timeout=60) as page:
            assert page.status == 200
        return order

    def paid(self) -> Order:
        order = self.sent()
        self.peer.control("pay", no=order.no)
        return order

    def notice(self, order: Order) -> bytes:
        return self.peer.control("notice", no=order.no).encode()

    def fees(self) -> list[tuple[str, str]]:
        return [(fee["state"], fee["receipt_no"]) for fee in self.hall.detail(self.case_no).fees]

    def alarms(self) -> set[str]:
        with self.hall.services.database.read() as conn:
            return {alarm.code for alarm in standing_alarms(conn) if "payment" in alarm.code}


@pytest.fixture
def office(tmp_path: Path, peer: Peer) -> Iterator[Office]:
    made = Office(tmp_path, peer)
    yield made
    made.hall.services.database.dispose()


def test_the_payer_goes_with_a_signed_order_and_its_payment_is_booked_with_its_receipt(office: Office):
    order = office.sent()
    trade = office.peer.known()["trades"][order.no]
    assert (trade["total_amount"], trade["passback_params"], trade["unit"]) == (
        "100.00", f"{office.fee}/{office.case_no}", "360500-017")
    assert office.payments.look(order.no).state == "open"
    office.peer.control("pay", no=order.no)
    assert office.payments.look(order.no).state == "booked"
    assert office.fees() == [("paid", trade["trade_no"])]


def test_an_order_somebody_changed_on_its_way_is_not_taken(office: Office):
    order = office.payments.begin(office.case_no, office.fee, AMOUNT)
    link = urlsplit(office.gateway.offer(order).link)
    told = {name: values[0] for name, values in parse_qs(link.query).items()}
    cheaper = {**told, "biz_content": told["biz_content"].replace('"100.00"', '"1.00"')}
    with pytest.raises(OSError, match=r"closed|reset"):
        urllib.request.urlopen(f"{office.peer.url}/?{urlencode(cheaper)}", timeout=60)
    assert order.no not in office.peer.known()["trades"]
    assert office.gateway.ask(order).says == "unpaid"


def test_a_code_is_scanned_instead_of_an_address(tmp_path: Path, peer: Peer):
    office = Office(tmp_path, peer, **{"gateway.mode": "code"})
    order = office.payments.begin(office.case_no, office.fee, AMOUNT)
    assert office.gateway.offer(order).code.endswith(order.no)
    peer.control("pay", no=order.no)
    assert office.payments.look(order.no).state == "booked"
    office.hall.services.database.dispose()


def test_a_notice_before_any_answer_books_and_told_twice_books_once(office: Office):
    order = office.paid()
    body = office.notice(order)
    office.peer.control("silent", on="1")
    assert [office.payments.noticed(body).state for _ in range(2)] == ["booked", "booked"]
    assert [state for state, _ in office.fees()] == ["paid"]
    assert office.hall.kinds(office.case_no).count("fee_charged") == 1


def test_a_lost_order_is_known_again_by_its_notice(office: Office):
    order = Order.new(office.case_no, office.fee, AMOUNT)
    urllib.request.urlopen(office.gateway.offer(order).link, timeout=60).close()
    office.peer.control("pay", no=order.no)
    assert office.payments.noticed(office.notice(order)).state == "booked"


def test_a_notice_nobody_signed_changes_nothing(office: Office):
    order = office.paid()
    office.peer.control("forging", on="1")
    forged = office.notice(order)
    office.peer.control("forging", on="0")
    told = parse_qs(office.notice(order).decode())
    more = urlencode({name: values[0] for name, values in told.items()} | {"total_amount": "1.00"}).encode()
    for body in (forged, more, b"", b"out_trade_no=x", b"\xff", office.notice(order).replace(b"app_id=2026", b"app_id=2027")):
        with pytest.raises(InvalidInput, match="payment_notice_invalid"):
            office.payments.noticed(body)
    assert office.payments.ledger.find(order.no).state == "open"


def test_a_notice_of_another_amount_is_refused_and_the_order_stays_somebodys_business(office: Office):
    order = office.sent()
    office.peer.control("pay", no=order.no, total_amount="1.00")
    with pytest.raises(InvalidInput, match="payment_answer_invalid"):
        office.payments.noticed(office.notice(order))
    seen = office.payments.look(order.no)
    assert (seen.state, seen.silent_since is not None) == ("open", True)
    assert [state for state, _ in office.fees()] == ["due"]


def test_silence_and_an_answer_that_is_not_theirs_leave_it_open(office: Office):
    order = office.paid()
    office.peer.control("silent", on="1")
    assert office.payments.look(order.no).state == "open"
    office.peer.control("silent", on="0")
    office.peer.control("forging", on="1")
    with pytest.raises(UpstreamError, match="payment_answer_unsigned"):
        office.gateway.ask(order)
    office.peer.control("forging", on="0")
    assert office.payments.look(order.no).state == "booked"


def test_money_that_cannot_be_booked_goes_back_once(office: Office):
    order = office.paid()
    office.hall.approval.ending.paid(office.case_no, office.fee, "窗口票")
    assert office.payments.look(order.no).state == "given_back"
    office.gateway.give_back(order)
    assert office.peer.known()["refunds"] == {**office.peer.known()["refunds"], order.no: "100.00"}
    assert office.fees() == [("paid", "窗口票")]


def test_an_order_is_closed_there_unless_it_was_paid_this_moment(office: Office):
    open_one, unknown = office.sent(), Order.new(office.case_no, office.fee, AMOUNT)
    office.gateway.close(unknown)
    office.gateway.close(open_one)
    assert office.gateway.ask(open_one).says == "declined"
    office.payments.ledger.expired(open_one.no)
    other = office.paid()
    with pytest.raises(Conflict, match="payment_already_paid"):
        office.gateway.close(other)


def test_the_statement_of_the_day_settles_what_was_missed_and_tells_what_differs(office: Office):
    missed, (settled, gone) = office.paid(), (Order.new(office.case_no, 0, AMOUNT), Order.new(office.case_no, 0, 5))
    office.payments.ledger.expired(missed.no)  # given up, and paid all the same
    for lost in (settled, gone):
        office.payments.ledger.note(lost)
        office.payments.ledger.paid(lost.no, "票")
        office.payments.ledger.booked(lost.no)
    lines = ["#对账单", "交易号,商户订单号,业务类型,订单金额（元）", f"1,{missed.no},交易,100.00", "2,PAYSTRANGER,交易,8.00",
             f"3,{settled.no},交易,99.00", f"4,{missed.no},退款,-100.00"]
    office.peer.control("statement", content="\n".join(lines))
    today = datetime.now(SHANGHAI).date()  # orders are opened by the machine's own clock
    alarms, found = StatementAlarms(office.hall.services), list[Difference]()

    def tell(day: date, told: list[Difference] | UpstreamError) -> None:
        alarms.tell(day, told)
        found.extend([] if isinstance(told, UpstreamError) else told)

    statements = statements_of(office.hall.services, office.payments, tell)
    assert statements.of(today)
    assert found == [
        Difference(Gap.UNKNOWN, "PAYSTRANGER", 800, 0), Difference(Gap.AMOUNT, settled.no, 9_900, AMOUNT),
        Difference(Gap.REFUND, missed.no, AMOUNT, 0), Difference(Gap.NOT_THERE, gone.no, 0, 5)]
    assert office.payments.ledger.find(missed.no).state == "booked"
    assert office.alarms() == {"payment_statement"}
    office.peer.control("silent", on="1")
    assert not statements.of(today - timedelta(days=1))
    assert office.alarms() == {"payment_statement", "payment_statement_silent"}
    office.peer.control("silent", on="0")
    office.peer.control("statement", content="商户订单号,订单金额\n")
    office.payments.ledger.owed_back(gone.no, "x")
    assert statements.of(today - timedelta(days=1))
    assert office.alarms() == {"payment_statement"}


def test_what_is_missing_or_no_key_is_said_at_the_start(tmp_path: Path, peer: Peer):
    hall = Hall(tmp_path)
    text = (peer.folder / "platform.pub").read_text()
    bare = tmp_path / "bare.pub"
    bare.write_text("".join(text.splitlines()[1:-1]))
    for changes, code in (({"gateway.app_id": ""}, "gateway_incomplete"), ({}, ""),
                          ({"gateway.platform_key_path": str(bare)}, ""),
                          ({"gateway.platform_key_path": str(tmp_path / "none")}, "payment_key_unusable"),
                          ({"gateway.private_key_path": str(bare)}, "payment_key_unusable")):
        settings = load_settings({"journal.key": "j" * 32, **settings_of(peer, **changes)})
        try:
            gateway_of(settings, "s", hall.services.database, None, FrozenClock(datetime.now(UTC)))  # type: ignore[arg-type]
            said = ""
        except ConfigError as refusal:
            said = refusal.code
        assert said == code
    hall.services.database.dispose()


@pytest.mark.parametrize("mode", ["address", "code"])
def test_the_way_to_the_platform_is_a_page_of_ours_and_its_notice_is_answered_to_the_letter(
        tmp_path: Path, peer: Peer, mode: str):
    site = make_site(tmp_path, **settings_of(peer, **{"gateway.mode": mode}))
    approval = site.services.approval
    approval.posts.give(HALL.name, EVERY_UNIT, ["综合窗口"])
    papers = tuple(site.services.catalogue.items[ITEM].details.materials)
    filed = approval.intake.file(Application(ITEM, APPLICANT, papers=papers), "window", HALL)
    approval.intake.accept(filed.case_no, 1, HALL)
    fee = approval.ending.charge(filed.case_no, 2, "pinlv", 1, HALL)
    client = site.client()
    form = {"csrf": csrf_of(client)}
    sent = {"headers": {**SAME_ORIGIN, **AS_BROWSER}}
    assert client.get("/public/pay/go").status_code == 404
    client.post("/public/case/enter", data={**form, "no": filed.case_no, "password": filed.password}, **sent)
    assert client.post("/public/case/pay", data={**form, "fee": fee}, **sent).headers["Location"] == "/public/pay/go"
    page = client.get("/public/pay/go").text
    no = re.search(r"PAY[0-9A-F]{16}", page)[0]  # type: ignore[index]
    assert "100.00" in page
    assert ('src="data:image/svg' in page, f"{peer.url}/gateway.do?" in page) == (mode == "code", mode == "address")
    if mode == "address":
        link = html.unescape(re.search(r'class="button" href="([^"]+)"', page)[1])  # type: ignore[index]
        urllib.request.urlopen(link, timeout=60).close()
    peer.control("pay", no=no)
    notice = peer.control("notice", no=no).encode()
    for _ in range(2):
        answer = site.app.test_client().post("/public/pay/notify", data=notice, content_type=FORM)
        assert (answer.status_code, answer.text) == (200, "success")
    assert [one["state"] for one in approval.queries.of_applicant(filed.case_no).fees] == ["paid"]
    kept = client.get("/public/pay/go")  # the page of an order that is settled leads to no second payment
    assert (kept.status_code, kept.headers["Location"]) == (303, "/public/pay/back")
