"""Whose tries are counted behind reverse proxies: what a visitor writes into X-Forwarded-For himself is never believed.

Both servers that show the public pages are held to it: the one process, and the public site of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from public_site import build_public_site
from tests.pair import outer_settings
from tests.staff import make_site

TRIES = 3
PROXY = "10.0.0.7"
LIMITS = {"portal.failures_per_address": TRIES, "portal.failures_per_case": 10_000}
Build = Callable[[Path, int], Flask]


def together(folder: Path, proxies: int) -> Flask:
    return make_site(folder, **LIMITS, **{"server.trusted_proxies": proxies}).app


def apart(folder: Path, proxies: int) -> Flask:
    return build_public_site(outer_settings(folder, **LIMITS, **{"server.trusted_proxies": proxies})).app


SERVERS = pytest.mark.parametrize("build", [together, apart])


def tries(app: Flask, forwarded: Callable[[int], str], times: int, peer: str = PROXY) -> list[int]:
    """The answers to so many wrong passwords, each for another number and with that header."""
    found = []
    for place in range(times):
        client, headers = app.test_client(), {"X-Forwarded-For": forwarded(place)} if forwarded(place) else {}
        came_from = {"REMOTE_ADDR": peer}
        form = client.get("/public/case/", headers=headers, environ_base=came_from).text
        token = re.search(r'name="csrf" value="([^"]+)"', form)[1]  # type: ignore[index]
        answer = client.post("/public/case/enter", data={"csrf": token, "no": f"WS-{place}", "password": "2222222222"},
                             headers={**headers, "Origin": "http://localhost", "Accept": "text/html"}, environ_base=came_from)
        found.append(answer.status_code)
    return found


@SERVERS
def test_without_a_proxy_named_a_forged_header_is_ignored(tmp_path: Path, build: Build):
    app = build(tmp_path, 0)
    assert tries(app, lambda place: f"203.0.113.{place}", TRIES + 2) == [404] * TRIES + [429] * 2
    assert tries(app, lambda _place: "", 1, peer="198.51.100.4") == [404], "another address has tries of its own"


@SERVERS
def test_behind_a_proxy_each_visitor_has_his_own_tries_and_cannot_make_up_more(tmp_path: Path, build: Build):
    app = build(tmp_path, 1)
    assert tries(app, lambda place: f"203.0.113.{place}, 198.51.100.4", TRIES + 2) == [404] * TRIES + [429] * 2
    assert tries(app, lambda _place: "198.51.100.5", 1) == [404]
    assert tries(app, lambda _place: "198.51.100.5, 198.51.100.4", 1) == [429]


@SERVERS
def test_behind_two_proxies_the_one_before_the_last_says_who_it_is(tmp_path: Path, build: Build):
    app = build(tmp_path, 2)
    assert tries(app, lambda place: f"203.0.113.{place}, 198.51.100.4, 10.0.0.8", TRIES + 1) == [404] * TRIES + [429]
    assert tries(app, lambda _place: "198.51.100.5, 10.0.0.8", 1) == [404]
