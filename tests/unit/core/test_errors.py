"""Errors say what they are to a program (status, code) and what was wrong to a person (details)."""

from __future__ import annotations

import pytest

from core.errors import (
    Conflict,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    SupervisionError,
    TooLarge,
    Unavailable,
    UpstreamError,
)


@pytest.mark.parametrize(("kind", "status"), [
    (InvalidInput, 400), (NotAuthenticated, 401), (NotPermitted, 403), (NotFound, 404), (Conflict, 409), (TooLarge, 413),
    (UpstreamError, 502), (Unavailable, 503)])
def test_every_category_has_its_http_status_and_tells_itself_as_a_problem(kind, status):
    error = kind("some_code", key="value")
    assert isinstance(error, SupervisionError)
    assert error.as_problem() == {"type": "urn:yangguang:error:some_code", "title": "some_code", "status": status,
                                  "code": "some_code", "details": {"key": "value"}}
    assert str(error) == "some_code (key='value')"


def test_an_overload_says_when_to_come_back():
    assert Unavailable("busy", retry_after=7).retry_after == 7
    assert InvalidInput("bad").retry_after is None


def test_an_upstream_failure_says_whether_trying_again_can_help():
    assert not UpstreamError("away").permanent
    assert UpstreamError("gone", permanent=True).permanent
