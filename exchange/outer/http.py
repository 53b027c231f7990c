"""What the inside asks of the public site: five signed questions. Nobody else gets more than a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request

from approval.materials import Materials
from core.errors import InvalidInput, NotFound, SupervisionError
from exchange.envelopes import Give, Take, read, written
from exchange.outer.mirror import Mirror
from exchange.outer.queue import Queue
from exchange.parts import Parts
from exchange.signing import SIGNATURE, Signing

CHUNK_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExchangeParts:
    """What the answers come from. `max_body_bytes` is the largest request of the inside."""

    signing: Signing
    queue: Queue
    mirror: Mirror
    materials: Materials
    parts: Parts
    max_body_bytes: int


def create_blueprint(parts: ExchangeParts) -> Blueprint:
    """Routes under /exchange/v1/."""
    site = Blueprint("exchange", __name__, url_prefix="/exchange/v1")
    questions: Mapping[str, Callable[[bytes], bytes]] = {
        "take": lambda body: written(parts.queue.take(read(body, Take))),
        "give": lambda body: written(parts.mirror.apply(read(body, Give))),
        "fetch": lambda _body: _fetch(parts), "here": lambda _body: _here(parts), "put": lambda body: _put(parts, body)}
    for name, answer in questions.items():
        site.add_url_rule(f"/{name}", name, _signed(parts, answer), methods=["POST"])
    return site


def _signed(parts: ExchangeParts, answer: Callable[[bytes], bytes]) -> Callable[[], Response]:
    """The request is checked before anything is read of it, the answer signed over the request's nonce."""
    def view() -> Response:
        request.max_content_length = parts.max_body_bytes
        body = request.get_data(cache=False)
        path = f"{request.path}?{request.query_string.decode()}" if request.query_string else request.path
        nonce = parts.signing.check_request(path, dict(request.headers), body)
        try:
            status, told = 200, answer(body)
        except SupervisionError as refusal:
            status, told = refusal.status, written({"code": refusal.code, "details": refusal.details})
        return Response(told, status, {SIGNATURE: parts.signing.answer(nonce, status, told)}, "application/octet-stream")
    return view


def _fetch(parts: ExchangeParts) -> bytes:
    """Bytes of a file applicants sent."""
    offset, most = _number("offset"), min(_number("most"), CHUNK_MAX)
    try:
        file = parts.materials.open(_digest())
    except NotFound as failure:
        raise NotFound("exchange_file_unknown", name=_digest()[:12]) from failure
    with file:
        file.seek(offset)
        return file.read(most)


def _here(parts: ExchangeParts) -> bytes:
    return written(-1 if parts.parts.is_here(_digest()) else parts.parts.length(_digest()))


def _put(parts: ExchangeParts, body: bytes) -> bytes:
    if not parts.parts.is_here(_digest()):
        parts.parts.add(_digest(), _number("offset"), body)
        if request.args.get("last") == "1":
            content = parts.parts.content(_digest())
            parts.materials.store.keep(_digest(), BytesIO(content), len(content))
            parts.parts.forget(_digest())
    return b"{}"


def _digest() -> str:
    return request.args.get("sha256", "")


def _number(name: str) -> int:
    given: Any = request.args.get(name, "")
    if not (given.isascii() and given.isdigit() and len(given) < 16):
        raise InvalidInput("exchange_unreadable", what=name)
    return int(given)
