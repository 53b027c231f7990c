"""Exports over HTTP: ask for one, see how far it is, take its files away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from flask import Blueprint, Request, Response, request, send_file

from core.access import Actor, require
from core.api_document import Operation
from core.errors import NotFound
from evaluation.exports.queries import ExportQueries, ExportRow
from evaluation.exports.service import EXPORTERS, ExportDesk, ExportWish
from evaluation.exports.slices import Slice
from web.json_http import as_json, from_json

PREFIX = "/api/v1/exports"
FILES = ("data", "manifest", "dictionary", "dictionary.json", "extension")


class ExportAsked(msgspec.Struct, frozen=True):
    """The number of what was queued."""

    id: int


class ExportShown(msgspec.Struct, frozen=True):
    """One export. Instants are microseconds UTC; `files` are the names its files can be taken by."""

    id: int
    asked_by: str
    asked_at: int
    format: str
    slice: Slice
    personal: bool
    state: str
    done: int
    total: int
    cases: int
    head: int
    ended_at: int | None
    bytes: int
    sha256: str
    error: str
    files: Sequence[str]


class ExportList(msgspec.Struct, frozen=True):
    """The newest first."""

    exports: list[ExportShown]


OPERATIONS = (
    Operation("get", PREFIX, "listExports", "Exports of the journal, the newest first", answers=ExportList),
    Operation("post", PREFIX, "askForExport", "Queue an export of the journal or a slice of it", takes=ExportWish,
              answers=ExportAsked),
    Operation("get", f"{PREFIX}/<int:number>", "getExport", "How far an export is", answers=ExportShown),
    Operation("post", f"{PREFIX}/<int:number>/cancel", "cancelExport", "Give an export up", answers=ExportShown),
    Operation("get", f"{PREFIX}/<int:number>/files/<what>", "getExportFile",
              "A file of it: data, manifest, dictionary, dictionary.json, extension", media="application/octet-stream"),
)


def create_blueprint(desk: ExportDesk, queries: ExportQueries, actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/exports. Errors are SupervisionErrors; the application turns them into problem details."""
    blueprint, routes = Blueprint("exports", __name__), _Routes(desk, queries, actor_of)
    blueprint.add_url_rule(PREFIX, "listed", routes.listed)
    blueprint.add_url_rule(PREFIX, "ask", routes.ask, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/<int:number>", "one", routes.one)
    blueprint.add_url_rule(f"{PREFIX}/<int:number>/cancel", "cancel", routes.cancel, methods=["POST"])
    blueprint.add_url_rule(f"{PREFIX}/<int:number>/files/<what>", "file", routes.file)
    return blueprint


class _Routes:
    def __init__(self, desk: ExportDesk, queries: ExportQueries, actor_of: Callable[[Request], Actor | None]) -> None:
        self._desk, self._queries, self._actor_of = desk, queries, actor_of

    def listed(self) -> Response:
        return as_json(ExportList([self._shown(row) for row in self._queries.listed(self._actor())]))

    def ask(self) -> Response:
        wish = from_json(ExportWish, request.get_data())
        return as_json(ExportAsked(self._desk.ask(wish, self._actor(), request.remote_addr or "")))

    def one(self, number: int) -> Response:
        return as_json(self._shown(self._queries.find(number, self._actor())))

    def cancel(self, number: int) -> Response:
        actor = self._actor()
        self._desk.cancel(number, actor)
        return as_json(self._shown(self._queries.find(number, actor)))

    def file(self, number: int, what: str) -> Response:
        actor = self._actor()
        if what not in FILES:
            raise NotFound("export_not_ready", id=number)
        path = self._desk.take_away(number, what, actor, request.remote_addr or "")
        return send_file(path.resolve(), mimetype="application/octet-stream", as_attachment=True, download_name=path.name,
                         conditional=True)

    def _actor(self) -> Actor:
        return require(self._actor_of(request), *EXPORTERS)

    def _shown(self, row: ExportRow) -> ExportShown:
        return ExportShown(row.id, row.asked_by, row.asked_at, row.format, msgspec.json.decode(row.slice, type=Slice),
                           row.personal, row.state, row.done, row.total, row.cases, row.head, row.ended_at, row.bytes,
                           row.sha256, row.error, list(self._desk.files(row)))


