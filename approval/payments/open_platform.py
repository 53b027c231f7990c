"""A real gateway: an open platform that takes RSA2-signed requests (a signed address or a code for the payer, query, close,
refund, statement of the day) and tells by itself what was paid.

The protocol is the one platforms of this country share (`biz_content`, `out_trade_no`, `trade_status`, answers named after the
method); what differs between them, platforms of non-tax revenue (非税) included, is in the settings: names of methods, members
beside the usual ones, which member is the number of the receipt.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from approval.payments.matters import Order, Outcome, yuan
from approval.payments.rsa2 import NOT_SIGNED, Rsa2, node_of, signed_text
from approval.payments.statement import StatementLine, read_statement
from core.clock import Clock
from core.errors import Conflict, InvalidInput, UpstreamError
from core.instants import from_us

GO_PAGE = "/public/pay/go"
OK = "10000"
PAID, CLOSED = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"}), "TRADE_CLOSED"
NOT_THERE, NOT_OPEN = "ACQ.TRADE_NOT_EXIST", "ACQ.TRADE_STATUS_ERROR"
ANSWER_MAX, STATEMENT_MAX = 1 << 20, 64 << 20
BEIJING = timezone(timedelta(hours=8))
_Send = Callable[[str, str, bytes | None, int], bytes]


@dataclass(frozen=True, slots=True)
class Methods:
    """What the platform calls the six things it does."""

    page: str
    code: str
    query: str
    close: str
    refund: str
    statement: str


@dataclass(frozen=True, slots=True)
class PlatformRules:
    """`mode`: the payer is sent to an address, or shown a code. `extra` are members of every order (执收单位, 项目编码),
    `receipt` is the member whose value is the number of the receipt. `back` and `notify` are our addresses."""

    url: str
    app_id: str
    mode: str
    methods: Methods
    back: str
    notify: str
    subject: str
    order_minutes: int
    timeout_s: float = 10.0
    receipt: str = "trade_no"
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """How an order can be paid: by following `link`, or by scanning `code`."""

    link: str = ""
    code: str = ""


class OpenPlatformGateway:
    """approval.payments.matters.Gateway. `send` fetches an answer: address, method, body, most bytes."""

    def __init__(self, rules: PlatformRules, keys: Rsa2, clock: Clock, send: _Send | None = None) -> None:
        self._rules, self._keys, self._clock = rules, keys, clock
        self._send = send or _sender(rules.timeout_s)

    # What a gateway does ------------------------------------------------------------------------------------------

    def address(self, order: Order) -> str:
        return GO_PAGE

    def offer(self, order: Order) -> Offer:
        """How the payer of an order pays. Raises UpstreamError."""
        methods = self._rules.methods
        if self._rules.mode == "code":
            code = str(self._call(methods.code, self._ordered(order)).get("qr_code") or "")
            if not code:
                raise UpstreamError("payment_answer_invalid", no=order.no)
            return Offer(code=code)
        signed = self._signed(methods.page, {**self._ordered(order), "product_code": "FAST_INSTANT_TRADE_PAY"},
                              return_url=self._rules.back, notify_url=self._rules.notify)
        return Offer(link=f"{self._rules.url}?{urlencode(signed)}")

    def ask(self, order: Order) -> Outcome:
        answer = self._call(self._rules.methods.query, {"out_trade_no": order.no}, passing=(NOT_THERE,))
        return self._outcome(order, answer) if answer else Outcome("unpaid")

    def close(self, order: Order) -> None:
        try:
            self._call(self._rules.methods.close, {"out_trade_no": order.no}, passing=(NOT_THERE,))
        except UpstreamError as refusal:
            if refusal.details.get("reason") == NOT_OPEN and self.ask(order).says == "paid":
                raise Conflict("payment_already_paid", no=order.no) from refusal
            raise

    def read_notice(self, body: bytes) -> tuple[Order, Outcome]:
        """Raises InvalidInput for one the platform did not sign, that is for another application, or speaks of no order."""
        try:
            told = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            order = Order(told["out_trade_no"], *_passed(told["passback_params"]), _fen(told["total_amount"]))
        except (KeyError, ValueError) as failure:
            raise InvalidInput("payment_notice_invalid") from failure
        is_signed = self._keys.is_theirs(signed_text(told, NOT_SIGNED), told.get("sign", ""))
        if not is_signed or told.get("app_id") != self._rules.app_id:
            raise InvalidInput("payment_notice_invalid")
        return order, self._outcome(order, told)

    def give_back(self, order: Order) -> None:
        """The number of the order is that of the refund: asked twice, the platform pays once."""
        self._call(self._rules.methods.refund, {"out_trade_no": order.no, "refund_amount": yuan(order.amount_fen),
                                                "out_request_no": order.no})

    def statement(self, day: date) -> list[StatementLine]:
        """What the platform says it took and gave back that day. Raises UpstreamError while it has none."""
        answer = self._call(self._rules.methods.statement, {"bill_type": "trade", "bill_date": day.isoformat()})
        address = str(answer.get("bill_download_url", ""))
        if not address.startswith(("https://", f"{_origin(self._rules.url)}/")):
            raise UpstreamError("payment_statement_unreadable", reason="bill_download_url")
        return read_statement(self._send(address, "GET", None, STATEMENT_MAX))

    # Inside -------------------------------------------------------------------------------------------------------

    def _ordered(self, order: Order) -> dict[str, str]:
        """What an order says. `passback_params` come back with the notice, so that an order we lost is known again."""
        return {**self._rules.extra, "out_trade_no": order.no, "total_amount": yuan(order.amount_fen),
                "subject": f"{self._rules.subject} {order.case_no}", "timeout_express": f"{self._rules.order_minutes}m",
                "passback_params": f"{order.fee}/{order.case_no}"}

    def _outcome(self, order: Order, told: Mapping[str, Any]) -> Outcome:
        """Raises UpstreamError for a payment of another amount: that is nobody's fee, and somebody has to look at it."""
        status = str(told.get("trade_status", ""))
        if status in PAID:
            if not _is_amount(told.get("total_amount"), order.amount_fen) or told.get("out_trade_no", order.no) != order.no:
                raise UpstreamError("payment_answer_invalid", no=order.no)
            return Outcome("paid", str(told.get(self._rules.receipt) or told.get("trade_no") or order.no))
        return Outcome("declined" if status == CLOSED else "unpaid")

    def _signed(self, method: str, content: Mapping[str, str], **more: str) -> dict[str, str]:
        now = from_us(self._clock.now_us()).astimezone(BEIJING)
        parameters = {"app_id": self._rules.app_id, "method": method, "format": "JSON", "charset": "utf-8",
                      "sign_type": "RSA2", "timestamp": f"{now:%Y-%m-%d %H:%M:%S}", "version": "1.0",
                      "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")), **more}
        return {**parameters, "sign": self._keys.sign(signed_text(parameters))}

    def _call(self, method: str, content: Mapping[str, str], passing: tuple[str, ...] = ()) -> dict[str, Any]:
        """The answer, checked before it is read; {} for a refusal that is none. Raises UpstreamError for a platform that is
        silent, does not sign, or refuses."""
        more = {"notify_url": self._rules.notify} if method == self._rules.methods.code else {}
        body = urlencode(self._signed(method, content, **more)).encode()
        text = self._send(self._rules.url, "POST", body, ANSWER_MAX).decode("utf-8", "replace")
        name = f"{method.replace('.', '_')}_response"
        node = node_of(text, name)
        if not node or not self._keys.is_theirs(node, _signature(text)):
            raise UpstreamError("payment_answer_unsigned", method=method)
        answer: dict[str, Any] = json.loads(node)
        if answer.get("code") == OK:
            return answer
        reason = str(answer.get("sub_code") or answer.get("code") or "")[:80]
        if reason in passing:
            return {}
        raise UpstreamError("payment_refused", method=method, reason=reason, words=str(answer.get("sub_msg", ""))[:120])


def _signature(text: str) -> str:
    try:
        return str(json.loads(text).get("sign", ""))
    except (ValueError, AttributeError):
        return ""


def _passed(text: str) -> tuple[str, int]:
    fee, _, case_no = text.partition("/")
    return case_no, int(fee)


def _fen(text: str) -> int:
    """Raises ValueError for what is no amount with at most two decimals."""
    whole, _, part = text.strip().partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(part) > 2:
        raise ValueError(text[:20])
    return int(whole or "0") * 100 + int(part.ljust(2, "0"))


def _is_amount(text: object, fen: int) -> bool:
    try:
        return _fen(str(text)) == fen
    except ValueError:
        return False


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _sender(timeout_s: float) -> _Send:
    """Over HTTP(S). Raises UpstreamError for a platform that does not answer, or with anything but 200."""
    def send(address: str, method: str, body: bytes | None, most: int) -> bytes:
        parts = urlsplit(address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        given: dict[str, Any] = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
        connection = kind(parts.hostname or "", parts.port, timeout=timeout_s, **given)
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"} if body is not None else {}
        try:
            connection.request(method, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
            answer = connection.getresponse()
            content = answer.read(most + 1)
        except (OSError, http.client.HTTPException) as failure:
            raise UpstreamError("payment_platform_silent", reason=str(failure)[:120]) from failure
        finally:
            connection.close()
        if answer.status != 200 or len(content) > most:
            raise UpstreamError("payment_platform_silent", reason=f"HTTP {answer.status}, {len(content)} bytes")
        return content
    return send
