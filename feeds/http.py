"""Events over HTTP: POST /api/v1/events, its OpenAPI document, and a source's own health.

A delivery is acknowledged record by record, in order, after the commit. Sending it again is always safe. The bearer token
names the source; nothing here reads a cookie.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from cases.events import Outcome
from core.api_document import Operation
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotPermitted, SupervisionError, TooLarge, Unavailable
from core.instants import from_us
from feeds import tokens
from feeds.body import split_body
from feeds.delivery_reading import DeliveryReader
from feeds.ingest import Ingest
from feeds.openapi import AlsoWrong, Result, openapi_document
from feeds.outage import told_when_away
from feeds.quarantine import Delivery
from feeds.queries import FeedHealth, FeedQueries
from feeds.readers.archive import StreamBroken, unpacked
from feeds.status import Account
from web.json_http import JSON, as_json

_PROBLEM = "application/problem+json"
_ACCEPTED_TYPES = (JSON, "application/x-ndjson", "application/jsonl", "application/x-jsonlines")


class TooManyRequests(Unavailable):
    """One source sends more at once than its share."""

    status = 429


class UnsupportedMediaType(InvalidInput):
    """The body is of a kind that is not read here."""

    status = 415


class BodyIncomplete(InvalidInput):
    """The sender stopped in the middle of the body."""

    status = 408


class Admission:
    """How many deliveries are handled at once, over all and per source; the others are told when to come back."""

    def __init__(self, most: int, most_per_source: int, retry_after_s: int) -> None:
        self._most, self._most_per_source, self._retry_after_s = most, most_per_source, retry_after_s
        self._lock = threading.Lock()
        self._busy: dict[str, int] = defaultdict(int)

    @contextmanager
    def enter(self, source: str) -> Iterator[None]:
        """Raises TooManyRequests or Unavailable instead of waiting."""
        with self._lock:
            if self._busy[source] >= self._most_per_source:
                raise TooManyRequests("too_many_requests", retry_after=self._retry_after_s, source=source)
            if sum(self._busy.values()) >= self._most:
                raise Unavailable("overloaded", retry_after=self._retry_after_s)
            self._busy[source] += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[source] -= 1


def events_blueprint(ingest: Ingest, queries: FeedQueries, database: Database, clock: Clock, reader: DeliveryReader,
                     others: Sequence[Operation] = ()) -> Blueprint:
    """The routes under /api/v1. Access: a source's token, except for the OpenAPI document, which is public and also lists the
    operations of `others`."""
    blueprint = Blueprint("feeds", __name__, url_prefix="/api/v1")
    api = _Api(ingest, queries, database, clock, reader, others)
    retry_after_s = ingest.limits.retry_after_s
    blueprint.add_url_rule("/events", "post_events", _guarded(api.post_events, retry_after_s), methods=["POST"])
    blueprint.add_url_rule("/openapi.json", "openapi", _guarded(api.openapi, retry_after_s))
    blueprint.add_url_rule("/sources/<source>/health", "source_health", _guarded(api.source_health, retry_after_s))
    return blueprint


class _Api:
    def __init__(self, ingest: Ingest, queries: FeedQueries, database: Database, clock: Clock, reader: DeliveryReader,
                 others: Sequence[Operation]) -> None:
        self._others = others
        self._ingest, self._queries, self._database, self._clock = ingest, queries, database, clock
        self._reader, self._limits = reader, ingest.limits
        self._admission = Admission(ingest.limits.max_concurrent_requests, ingest.limits.max_concurrent_per_source,
                                    ingest.limits.retry_after_s)

    def post_events(self) -> Response:
        source = self._source()
        sent = self._received()  # before admission: a sender that stops half-way must not hold the place of another
        with self._admission.enter(source):
            records = split_body(self._opened(sent), self._limits.max_events_per_request, request.mimetype != JSON)
            outcomes, account = self._take(source, records)
        return as_json({"source": source, "accepted": account.accepted, "duplicates": account.duplicates,
                      "rejected": account.rejected,
                      "results": [_result(index, one) for index, one in enumerate(outcomes)]})

    def openapi(self) -> Response:
        return as_json(openapi_document(self._limits, self._others))

    def source_health(self, source: str) -> Response:
        if self._source() != source:
            raise NotPermitted("not_permitted")  # the same answer whether or not the other source exists
        return as_json(_told(self._queries.health_of(source, self._clock.now_us())))

    def _take(self, source: str, records: list[bytes]) -> tuple[list[Outcome], Account]:
        total, outcomes, size = Account(), list[Outcome](), self._limits.batch_size
        for start in range(0, len(records), size):
            read = self._reader.read(source, records[start:start + size], start + 1, self._clock.now_us())
            part, account = self._ingest.take(Delivery(source), read.parsed, drafts=read.drafts)
            outcomes += part
            total.add(account)
        return outcomes, total

    def _source(self) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            with self._database.read() as conn:
                source = tokens.find_source(conn, token.strip())
            if source is not None:
                return source
        raise NotAuthenticated("token_required")

    def _received(self) -> bytes:
        """The body as sent. Raises TooLarge, UnsupportedMediaType or BodyIncomplete."""
        if request.mimetype not in _ACCEPTED_TYPES:
            raise UnsupportedMediaType("media_type_unsupported", given=request.mimetype, accepted=list(_ACCEPTED_TYPES))
        most = self._limits.max_body_bytes
        if (request.content_length or 0) > most:
            raise TooLarge("body_too_large", most=most, setting="ingest.max_body_bytes")
        try:
            with _patience(self._limits.body_timeout_s):
                body = request.stream.read(most + 1)
        except (ClientDisconnected, TimeoutError) as failure:
            raise BodyIncomplete("body_incomplete", seconds=self._limits.body_timeout_s) from failure
        if len(body) > most:
            raise TooLarge("body_too_large", most=most, setting="ingest.max_body_bytes")
        return body

    def _opened(self, body: bytes) -> bytes:
        """The body unpacked. Raises TooLarge, UnsupportedMediaType or InvalidInput."""
        encoding = request.headers.get("Content-Encoding", "identity").lower()
        if encoding == "gzip":
            return self._unpack(body)
        if encoding != "identity":
            raise UnsupportedMediaType("content_encoding_unsupported", given=encoding, accepted=["gzip"])
        return body

    def _unpack(self, body: bytes) -> bytes:
        most, pieces, size = self._limits.max_body_bytes * 4, [], 0
        try:
            for piece in unpacked(BytesIO(body), self._limits):
                size += len(piece)
                if size > most:
                    raise TooLarge("body_too_large", most=most, setting="ingest.max_body_bytes")
                pieces.append(piece)
        except StreamBroken as failure:
            if failure.code == "gzip_too_large":
                raise TooLarge(failure.code, **failure.as_detail()) from failure
            raise InvalidInput(failure.code, **failure.as_detail() | {
                "remedy": "compress and send the body again; nothing of it was taken"}) from failure
        return b"".join(pieces)


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Wait at most so long for each piece of the body. A server that hands over no socket has a limit of its own."""
    connection = request.environ.get("werkzeug.socket")
    if connection is None:
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(seconds)
    try:
        yield
    finally:
        connection.settimeout(before)


def _guarded(view: Callable[..., Response], retry_after_s: int) -> Callable[..., Response]:
    """Errors as RFC 9457 problem details, a database that is away as 503."""

    def guarded(**arguments: Any) -> Response:
        try:
            with told_when_away(retry_after_s):
                return view(**arguments)
        except SupervisionError as failure:
            return _problem(failure)

    return guarded


def _problem(failure: SupervisionError) -> Response:
    response = as_json(failure.as_problem() | {"instance": request.path}, failure.status, _PROBLEM)
    if failure.retry_after is not None:
        response.headers["Retry-After"] = str(failure.retry_after)
    if failure.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response



def _result(index: int, outcome: Outcome) -> Result:
    return Result(index, outcome.status, outcome.code, outcome.detail,
                  [AlsoWrong(one.code, one.detail) for one in outcome.others])


def _told(health: FeedHealth) -> dict[str, object]:
    told = asdict(health)
    for name in ("last_event_at", "last_received_at"):
        told[name] = None if told[name] is None else from_us(told[name]).isoformat()
    return told
