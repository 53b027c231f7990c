"""Hosted cases over HTTP: the real server in a process of its own, people signed in, each with a kept connection."""

from __future__ import annotations

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tests.bench.harness import Line, Options, Spent, percentile, stopwatch, store
from tests.bench.person import Person
from tests.bench.push import MORNING
from tests.bench.serve import STAFF
from tests.bench.served import Served, served

CASES_AT_LEAST, SIDE_BY_SIDE, WARM_UP = 60, 4, 8
DRAWN = {"papers drawn meanwhile": 5, "papers drawn later": 3600}  # seconds between two looks of the job; 5 by default
ITEM = "gongxin-04"  # as through the services: five steps and nothing else
CLERK, HANDLER, REVIEWER, APPROVER = STAFF
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Desktop:
    """The browsers of the four people, side by side with others: a signed-in kept connection each."""

    def __init__(self, server: Served) -> None:
        self.took: list[float] = []
        self._people = {name: Person(server, name) for name in STAFF}

    def life(self) -> None:
        """One case: filed, accepted, three steps, concluded. Every answer is the whole case, as a page shows it next."""
        number = str(self._ask(CLERK, "", {"item": ITEM, "name": "新余锦程通信有限公司", "phone": "13979000001",
                                           "title": "城南基站"}, 201)["case_no"])
        case = self._act(CLERK, number, "accept", 1)
        for person in (HANDLER, REVIEWER, APPROVER):
            case = self._act(person, number, "complete", case["rev"], words="同意")
        if self._act(CLERK, number, "conclude", case["rev"])["state"] != "concluded":
            raise RuntimeError(f"{number} was not concluded")

    def _act(self, person: str, number: str, act: str, rev: int, **more: str) -> dict:
        return self._ask(person, f"/{number}/acts/{act}", {"rev": rev, **more}, 200)

    def _ask(self, person: str, path: str, body: dict, status: int) -> dict:
        began = time.perf_counter()
        answer = self._people[person].post(f"/api/v1/approval/cases{path}", body, status)
        self.took.append(time.perf_counter() - began)
        return answer


def over_http(options: Options, count: int) -> list[Line]:
    """With the files of the papers drawn meanwhile, as the program does by default, and with that put off."""
    return [_line(options, count, how, interval_s) for how, interval_s in DRAWN.items()]


def _line(options: Options, count: int, how: str, interval_s: int) -> Line:
    """So many cases by several groups of people at once, on SQLite. Floor: as many requests that ask only whether it lives."""
    with store("sqlite", options.folder) as (url, _), \
            served(url, options.folder, MORNING, papers__interval_s=interval_s) as server:
        desktops = [Desktop(server) for _ in range(SIDE_BY_SIDE)]
        _side_by_side(desktops, WARM_UP)
        server.settle()
        for one in desktops:
            one.took.clear()
        with stopwatch((server.pid,)) as spent:
            done = _side_by_side(desktops, count)
        acts = [span for one in desktops for span in one.took]
        floor = _floor(server, len(acts))
    rate = done / spent.wall
    return Line(f"five-step cases over HTTP, sqlite, {how}",
                f"{rate:,.0f} cases/s; {spent.cpu / done * 1e3:.1f} ms CPU a case, client included; an act p50/p95 "
                f"{percentile(acts, .5) * 1e3:.1f} / {percentile(acts, .95) * 1e3:.1f} ms",
                f"{len(acts) / floor.wall:,.0f} requests/s of /healthz; {floor.per(len(acts))} each",
                f"{spent.wall / floor.wall:.1f} wall, {spent.cpu / floor.cpu:.1f} CPU", f"≥ {CASES_AT_LEAST} cases/s",
                rate >= CASES_AT_LEAST, f"{done} cases, {len(acts)} acts, {SIDE_BY_SIDE} groups of people at once")


def _side_by_side(desktops: list[Desktop], count: int) -> int:
    each = -(-count // len(desktops))

    def work(desktop: Desktop) -> None:
        for _ in range(each):
            desktop.life()

    with ThreadPoolExecutor(len(desktops)) as people:
        list(people.map(work, desktops))
    return each * len(desktops)


def _floor(server: Served, count: int) -> Spent:
    lines, each = threading.local(), -(-count // SIDE_BY_SIDE)

    def ask(_: int) -> None:
        lines.kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        for _ in range(each):
            lines.kept.request("GET", "/healthz")
            lines.kept.getresponse().read()

    with stopwatch((server.pid,)) as spent, ThreadPoolExecutor(SIDE_BY_SIDE) as people:
        list(people.map(ask, range(SIDE_BY_SIDE)))
    return spent
