"""Notices over HTTP: the delivery log for those on watch, and everybody's own inbox."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Request, Response, request

from alerts.notices.actions import NoticeActions
from alerts.notices.queries import LogFilter, NoticeQueries
from core.access import Actor
from core.api_document import Operation
from core.errors import InvalidInput, NotAuthenticated
from web.json_http import as_json, from_json

ActorOf = Callable[[Request], Actor | None]


class ReadCommand(msgspec.Struct, forbid_unknown_fields=True):
    ids: list[int] | None = None




OPERATIONS = (
    Operation("get", "/api/v1/notices", "listNotices", "The delivery log, newest first", query={
        "state": "where they stand", "channel": "by which way", "card": "id of a card", "before": "older than this notice",
        "limit": "at most"}),
    Operation("get", "/api/v1/notices/<int:notice_id>/attempts", "listAttempts", "Every try at a notice"),
    Operation("post", "/api/v1/notices/<int:notice_id>/resend", "resendNotice", "Put a dead notice back"),
    Operation("get", "/api/v1/inbox", "getInbox", "One's own notices and how many are unread", query={
        "limit": "at most", "before": "older than this notice"}),
    Operation("post", "/api/v1/inbox/read", "readInbox", "Mark notices of one's own as read", takes=ReadCommand),
)


def create_blueprint(queries: NoticeQueries, actions: NoticeActions, actor_of: ActorOf) -> Blueprint:
    """Routes under /api/v1/notices and /api/v1/inbox. Who may use them is said in dashboard/gate.py."""
    blueprint = Blueprint("notices", __name__, url_prefix="/api/v1")

    @blueprint.get("/notices")
    def show_log() -> Response:
        actor = _present(actor_of(request))
        asked = LogFilter(request.args.get("state", ""), request.args.get("channel", ""), number("card"), number("before"),
                          actor.area)
        return as_json({"notices": queries.log(asked, number("limit") or 50), "counts": queries.counts(actor.area)})

    @blueprint.get("/notices/<int:notice_id>/attempts")
    def show_attempts(notice_id: int) -> Response:
        return as_json({"attempts": queries.attempts(notice_id, _present(actor_of(request)).area)})

    @blueprint.post("/notices/<int:notice_id>/resend")
    def resend(notice_id: int) -> Response:
        actions.resend(notice_id, actor_of(request))
        return as_json({"ok": True})

    @blueprint.get("/inbox")
    def show_inbox() -> Response:
        actor = _present(actor_of(request))
        found = queries.inbox(actor.name, number("limit") or 50, number("before"))
        return as_json({"notices": found, "unread": queries.unread(actor.name)})

    @blueprint.post("/inbox/read")
    def read() -> Response:
        command = from_json(ReadCommand, request.get_data() or b"{}")
        return as_json({"read": actions.mark_read(command.ids, actor_of(request))})

    return blueprint


def number(name: str) -> int | None:
    """A whole number of the query; None when it is not given. Raises InvalidInput."""
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidInput("number_invalid", name=name)
    return int(text)


def _present(actor: Actor | None) -> Actor:
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    return actor

