"""What a caller is told when something is refused or fails: problem details for programs, a page for people."""

from __future__ import annotations

import logging
import uuid
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from core.errors import NotAuthenticated, SupervisionError
from dashboard.gate import PASSWORD_PAGE, PasswordMustChange
from dashboard.words import Words, words_of

log = logging.getLogger(__name__)
PROBLEM = "application/problem+json"


class Refusals:
    """Turns every error into an answer. `texts` and `default_language` give the sentences."""

    def __init__(self, texts: Any, default_language: str = "zh") -> None:
        self._texts, self._language = texts, default_language

    def install(self, server: Flask) -> None:
        server.register_error_handler(SupervisionError, self.on_refusal)
        server.register_error_handler(HTTPException, self.on_http)
        server.register_error_handler(Exception, self.on_failure)

    def on_refusal(self, error: SupervisionError) -> ResponseReturnValue:
        if isinstance(error, NotAuthenticated) and wants_page() and request.method == "GET":
            return redirect(f"/sign-in/?{urlencode({'next': request.full_path.rstrip('?')})}")
        if isinstance(error, PasswordMustChange) and wants_page() and request.method == "GET":
            return redirect(f"{PASSWORD_PAGE}?{urlencode({'next': request.full_path.rstrip('?')})}")
        words = words_of(self._texts, self._language)
        answer = self._answer(error.as_problem() | {"detail": sentence(error, words)}, error.status, error.retry_after)
        if error.code == "token_required":
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def on_http(self, error: HTTPException) -> ResponseReturnValue:
        """What Flask itself refuses: no such page, method not allowed, body too large."""
        if error.code is None or error.code < 400:
            return error.get_response()
        code = f"http_{error.code}"
        detail = words_of(self._texts, self._language).first(f"error.status_{error.code}", "error.http")
        return self._answer(_problem(code, error.code, detail), error.code, None)

    def on_failure(self, error: Exception) -> ResponseReturnValue:
        """A fault of ours: logged once with its trace under a number that the caller is told."""
        number = uuid.uuid4().hex[:8]
        log.error("fault %s at %s %s", number, request.method, request.path, exc_info=error)
        words = words_of(self._texts, self._language)
        problem = _problem("internal_error", 500, words("error.internal_error", number=number))
        return self._answer(problem | {"number": number}, 500, None)

    def _answer(self, problem: dict[str, Any], status: int, retry_after: int | None) -> Response:
        problem["instance"] = request.path
        words = words_of(self._texts, self._language)
        response = self._page(problem, words) if wants_page() else jsonify(problem)
        if not wants_page():
            response.mimetype = PROBLEM
        response.status_code = status
        if retry_after is not None:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def _page(self, problem: dict[str, Any], words: Words) -> Response:
        return Response(render_template("refusal.html", problem=problem, t=words), mimetype="text/html")


def _problem(code: str, status: int, detail: str) -> dict[str, Any]:
    return {"type": f"urn:yangguang:error:{code}", "title": code, "status": status, "code": code, "detail": detail}


def sentence(error: SupervisionError, words: Words) -> str:
    """What a person reads about this error."""
    values = error.details | ({} if error.retry_after is None else {"retry_after": error.retry_after})
    return words.first(f"error.{error.code}", f"error.status_{error.status}", **values)


def wants_page() -> bool:
    """A browser showing a page asks for HTML; Dash's own requests and the API ask for data."""
    if request.path.startswith("/api/") or "/_dash-" in request.path:
        return False
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="application/json")
    return best == "text/html"
