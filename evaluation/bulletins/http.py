"""Bulletins over HTTP: make one, read it, take its files away, submit, issue, publish, withdraw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor, require
from core.api_document import Operation
from core.errors import InvalidInput, NotFound
from core.read_log import ReadLog
from evaluation.bulletins.corrections import Correction
from evaluation.bulletins.figures import Figures
from evaluation.bulletins.matters import READERS
from evaluation.bulletins.queries import BulletinQueries, BulletinRow, LogEntry
from evaluation.bulletins.service import FILES, BulletinService, FileName
from papers.official import OfficialPaper
from papers.service import MEDIA_TYPES, XLSX_TYPE
from web.json_http import as_json, from_json

PREFIX = "/api/v1/bulletins"
ACTIONS = ("submit", "reject", "issue", "discard", "publish", "withdraw")
TYPES = {**MEDIA_TYPES, "xlsx": XLSX_TYPE}


class NewBulletin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month (2026-03) of an area; without one, of everything. A draft there is takes the figures of now."""

    month: str
    area: str = ""


class BulletinAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done to a bulletin as it was seen; `words` say why it is rejected or withdrawn."""

    rev: int
    words: str = ""


class BulletinMade(msgspec.Struct, frozen=True):
    """Which one it is."""

    id: int


class BulletinList(msgspec.Struct, frozen=True):
    """The newest month first. Instants are microseconds UTC."""

    bulletins: Sequence[BulletinRow]


class BulletinShown(msgspec.Struct, frozen=True):
    """One whole: figures, the paper they make, SHA-256 of its files by their kind, figures corrected since it was issued."""

    head: BulletinRow
    figures: Figures
    paper: OfficialPaper
    files: dict[str, str]
    corrections: Sequence[Correction]
    log: Sequence[LogEntry]
    may: Sequence[str]


OPERATIONS = (
    Operation("get", PREFIX, "listBulletins", "Monthly bulletins, the newest first", answers=BulletinList),
    Operation("post", PREFIX, "produceBulletin", "The draft of a month's bulletin", takes=NewBulletin, answers=BulletinMade,
              status=201),
    Operation("get", f"{PREFIX}/<int:number>", "getBulletin", "A bulletin with its figures and what was corrected since",
              answers=BulletinShown),
    Operation("post", f"{PREFIX}/<int:number>/<action>", "actOnBulletin", "Submit, issue, publish, withdraw …",
              takes=BulletinAct, answers=BulletinShown, choices={"action": ACTIONS}),
    Operation("get", f"{PREFIX}/<int:number>/files/<kind>", "getBulletinFile", "A file of it; of a draft a copy to read",
              choices={"kind": FILES}, media="application/octet-stream"),
)


def create_blueprint(service: BulletinService, queries: BulletinQueries, reads: ReadLog,
                     actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/bulletins. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint, routes = Blueprint("bulletins", __name__), _Routes(service, queries, reads, actor_of)
    blueprint.add_url_rule(PREFIX, "listed", routes.listed)
    blueprint.add_url_rule(PREFIX, "produce", routes.produce, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/<int:number>", "one", routes.one)
    blueprint.add_url_rule(f"{PREFIX}/<int:number>/<action>", "act", routes.act, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/<int:number>/files/<kind>", "file", routes.file)
    return blueprint


class _Routes:
    def __init__(self, service: BulletinService, queries: BulletinQueries, reads: ReadLog,
                 actor_of: Callable[[Request], Actor | None]) -> None:
        self._service, self._queries, self._reads, self._actor_of = service, queries, reads, actor_of

    def listed(self) -> Response:
        return as_json(BulletinList(self._queries.listed(self._actor())))

    def produce(self) -> Response:
        wish = from_json(NewBulletin, request.get_data())
        return as_json(BulletinMade(self._service.produce(wish.area, wish.month, self._actor())), 201)

    def one(self, number: int) -> Response:
        return as_json(self._shown(number, self._actor()))

    def act(self, number: int, action: str) -> Response:
        actor = self._actor()
        perform(self._service, number, action, from_json(BulletinAct, request.get_data()), actor)
        return as_json(self._shown(number, actor))

    def file(self, number: int, kind: str) -> Response:
        """Written down before it is given out, with the address it went to."""
        actor = self._actor()
        detail = self._queries.find(number, actor)
        if kind not in TYPES:
            raise NotFound("bulletin_file_unknown", kind=kind[:16], accepted=", ".join(FILES))
        content = self._service.file(detail, kind)  # type: ignore[arg-type]
        name = f"{detail.head.number or detail.head.title}.{kind}"
        self._reads.note("bulletin", f"{number} {name}", actor, request.remote_addr or "")
        return file_response(content, kind, name)

    def _actor(self) -> Actor:
        return require(self._actor_of(request), *READERS)

    def _shown(self, number: int, actor: Actor) -> BulletinShown:
        detail = self._queries.find(number, actor)
        return BulletinShown(detail.head, detail.figures, self._service.paper(detail), self._service.hashes(detail.head),
                             self._service.corrected(detail), detail.log, detail.may)


def perform(service: BulletinService, number: int, action: str, act: BulletinAct, actor: Actor) -> None:
    """One action by its name. Raises InvalidInput for a name that is none."""
    actions: dict[str, Callable[[], object]] = {
        "submit": lambda: service.submit(number, act.rev, actor),
        "reject": lambda: service.reject(number, act.rev, actor, act.words),
        "issue": lambda: service.issue(number, act.rev, actor),
        "discard": lambda: service.discard(number, act.rev, actor),
        "publish": lambda: service.publish(number, act.rev, actor),
        "withdraw": lambda: service.withdraw(number, act.rev, actor, act.words),
    }
    if action not in actions:
        raise InvalidInput("bulletin_action_unknown", action=action[:32], accepted=", ".join(actions))
    actions[action]()


def file_response(content: bytes, kind: FileName | str, name: str) -> Response:
    """A file under its name, never kept by anything on the way."""
    response = Response(content, mimetype=TYPES[kind])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "no-store"
    return response


