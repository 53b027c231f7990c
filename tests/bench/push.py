"""From HTTP accept, and from an acknowledgement, to changed pixels, with many clients connected; the floor is a bare Socket.IO
message to the same ones."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from playwright.sync_api import Page

from tests.bench.harness import Line, Options, percentile, spread, store
from tests.bench.page import wall_page
from tests.bench.person import Person
from tests.bench.serve import OFFICER
from tests.bench.served import ROOT, Served, served

MORNING = datetime.fromisoformat("2026-03-10T10:00:00+08:00")
LIMITS_MS = {100: 500.0, 200: 1000.0}
OTHERS_MS = 1000.0
SIGNED_MS = 1000.0  # "the wall shows an acknowledgement within a second"
WARM_UP = 5
PAUSES_S = (0.15, 0.65)  # not in step with the gauges, which go out every half second
_encode = msgspec.json.Encoder().encode


def run(options: Options) -> list[Line]:
    """Two lines per number of clients."""
    return [line(options, count) for count in options.clients for line in (_line, _acknowledged)]


def _line(options: Options, count: int) -> Line:
    with store("sqlite", options.folder) as (url, _), served(url, options.folder, MORNING) as server:
        with other_clients(server, count - 1) as others, wall_page(server.address) as page:
            _warm_up(server, page)
            bare_sent = [_bare(server, page) for _ in range(options.samples)]
            sent = dict(_accept(server, page, number) for number in range(options.samples))
            bare_page = page.evaluate("() => window.bench.bare")[WARM_UP:]
        got = others()
    painted = [at - began for began, at in sent.values()]
    received = [max(got["cards"][case]) * 1000 - began for case, (began, _) in sent.items() if case in got["cards"]]
    floor_page = [at - began for began, at in zip(bare_sent, bare_page, strict=True)]
    bare_all = list(zip(*got["bare"], strict=True))[WARM_UP:]
    floor_all = [max(ats) * 1000 - began for began, ats in zip(bare_sent, bare_all, strict=True)]
    limit = LIMITS_MS.get(count, OTHERS_MS)
    return Line(f"HTTP request sent → pixels changed, {count} clients",
                f"{spread(painted)} to the second frame; the last of the other {count - 1} clients has the card after "
                f"{spread(received)}",
                f"bare Socket.IO message: {spread(floor_page)} in the page, {spread(floor_all)} in the last client",
                f"{percentile(painted, 0.95) / percentile(floor_page, 0.95):.1f} at p95", f"p95 ≤ {limit:.0f} ms",
                percentile(painted, 0.95) <= limit, f"{len(painted)} red cards, one at a time; p50 / p95 / p99")


def _acknowledged(options: Options, count: int) -> Line:
    """One signature is enough here: the wall shows the second of two as it shows the one. Every card is signed before the next
    comes, so that the signed card stays among the few a wall has room for."""
    with store("sqlite", options.folder) as (url, _), \
            served(url, options.folder, MORNING, cards__red_needs_two=False) as server:
        with other_clients(server, count - 1), wall_page(server.address) as page:
            _warm_up(server, page)
            bare_sent = [_bare(server, page) for _ in range(options.samples)]
            officer = Person(server, OFFICER)
            took = [_sign(server, officer, page, number) for number in range(options.samples)]
            bare_page = page.evaluate("() => window.bench.bare")[WARM_UP:]
    floor = [at - began for began, at in zip(bare_sent, bare_page, strict=True)]
    return Line(f"acknowledgement sent → pixels of the wall changed, {count} clients", f"{spread(took)} to the second frame",
                f"bare Socket.IO message: {spread(floor)} in the page",
                f"{percentile(took, 0.95) / percentile(floor, 0.95):.1f} at p95", f"p99 ≤ {SIGNED_MS:.0f} ms",
                percentile(took, 0.99) <= SIGNED_MS, f"{len(took)} red cards, one at a time; p50 / p95 / p99")


def _sign(server: Served, officer: Person, page: Page, number: int) -> float:
    """Milliseconds from before the command to the second frame after the officer's name stood on the card."""
    case_no, _ = _accept(server, page, number)
    [card] = page.evaluate("no => [...window.yangguang.state().cards.values()].filter((card) => card.case_no === no)", case_no)
    page.evaluate("([no, sign]) => window.bench.expect(no, sign)", [case_no, f"✓ {OFFICER}"])
    _pause()
    began = time.time() * 1000
    officer.post("/api/v1/cards/commands", {"command_id": f"sign-{case_no}", "type": "acknowledge", "comment": "已电话督促",
                                            "cards": [{"id": card["id"], "rev": card["rev"]}]})
    return float(page.evaluate("() => window.bench.painted()")) - began


def _warm_up(server: Served, page: Page) -> None:
    """A page just opened still lays out fonts and pictures; that is not what is measured."""
    server.wake()
    for _ in range(WARM_UP):
        _bare(server, page)


def _bare(server: Served, page: Page) -> float:
    before = page.evaluate("() => window.bench.bare.length")
    _pause()
    began = time.time() * 1000
    server.emit()
    page.wait_for_function("before => window.bench.bare.length > before", arg=before)
    return began


def _accept(server: Served, page: Page, number: int) -> tuple[str, tuple[float, float]]:
    """(case, (when the request was sent, when the page had painted its red card)) in milliseconds."""
    case_no = f"B{number:06d}"
    page.evaluate("no => window.bench.expect(no)", case_no)
    _pause()
    began = time.time() * 1000
    server.post([overdue_case(case_no, number)])
    return case_no, (began, float(page.evaluate("() => window.bench.painted()")))


def overdue_case(case_no: str, number: int) -> bytes:
    """An acceptance told late: over every limit, and older than those before it, so that its card stands on top."""
    at = MORNING - timedelta(days=40, seconds=20 * number)  # within one morning: nights and weekends make equal instants
    return _encode({"id": f"{case_no}-1", "kind": "accepted", "case_no": case_no, "at": at.isoformat(), "org": "bench",
                    "data": {"promised_limit": "1wd", "statutory_limit": "2wd"}})


def _pause(rng: Random = Random(1)) -> None:  # noqa: B008 - one sequence of pauses for the whole run
    time.sleep(rng.uniform(*PAUSES_S))


@contextmanager
def other_clients(server: Served, count: int) -> Iterator[Any]:
    """The other clients, all joined. Calling what is yielded, after the block, gives what they got."""
    command = [sys.executable, "-m", "tests.bench.clients", str(server.port), str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the clients could not join")
        answers: list[Any] = []
        yield lambda: answers[0]
        process.stdin.write("\n")
        process.stdin.flush()
        answers.append(msgspec.json.decode(process.stdout.readline()))
