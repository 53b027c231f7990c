"""The same random acts and events on any installation, and everything its tables hold afterwards.

Two runs of one seed leave the same tables, on either database and before and after any change that only makes it quicker:
what is drawn by lot (codes, passwords, the epoch) comes from the seed too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from approval import codes, numbering
from core import outbox
from core.database import import_models
from core.errors import Conflict, InvalidInput, NotPermitted
from core.instants import from_us
from tests.bench.workload import city_events
from tests.hosting import (
    APPROVER,
    CLERK,
    DISPATCHER,
    HALL,
    HANDLER,
    HEAD,
    ITEM,
    JOINER,
    MONDAY,
    PLAN,
    REVIEWER,
    SECOND,
    Hall,
)

PEOPLE = (CLERK, HANDLER, SECOND, REVIEWER, APPROVER, HEAD, HALL, JOINER)
ITEMS = (ITEM, ITEM, "gongxin-04", "fagai-05", "zhujian-02")
EVENTS_AT_ONCE = 40


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """What is drawn by lot, drawn from a seed."""
    rng = Random(seed)
    before = numbering.secrets, codes.secrets, outbox.uuid
    lots: Any = SimpleNamespace(choice=rng.choice, randbelow=rng.randrange, token_bytes=rng.randbytes)
    numbering.secrets = codes.secrets = lots
    outbox.uuid = SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=f"{rng.getrandbits(128):032x}"))  # type: ignore[assignment]
    try:
        yield
    finally:
        numbering.secrets, codes.secrets, outbox.uuid = before


def live(hall: Hall, seed: int, acts: int, events: int = 0) -> dict[str, int]:
    """So many acts of people, some refused, with the deliveries of a feed and the sweep in between. Returns how often
    each was done."""
    rng, done = Random(seed), dict[str, int]()
    fed = city_events(events, 200) if events else []
    cases = [hall.project(PLAN), hall.file()] if acts else []
    for _ in range(acts):
        if fed and rng.random() < 0.3:
            _deliver(hall, fed)
        hall.later(minutes=rng.choice((1, 7, 40, 300, 2000)))
        name = rng.choice(LOT)
        try:
            ACTS[name](hall, rng, cases)
            done[name] = done.get(name, 0) + 1
        except (Conflict, InvalidInput, NotPermitted) as refusal:
            done[refusal.code] = done.get(refusal.code, 0) + 1
        if rng.random() < 0.2:
            hall.services.sweeper.sweep_all()
    while fed:
        _deliver(hall, fed)
    return done


def _deliver(hall: Hall, fed: list[Any]) -> None:
    batch = [fed.pop(0) for _ in range(min(EVENTS_AT_ONCE, len(fed)))]
    hall.clock.move_to(max(hall.clock.now(), MONDAY, *(from_us(event.claimed_at) for event in batch)))
    hall.services.recorder.record(batch)


def tables(hall: Hall) -> dict[str, list[str]]:
    """Every row of every table as text, sorted."""
    found: dict[str, list[str]] = {}
    with hall.services.database.read() as conn:
        for table in import_models().sorted_tables:
            found[table.name] = sorted(_told(row) for row in conn.execute(select(table)))
    return found


def _told(row: Any) -> str:
    return repr([hashlib.sha256(value).hexdigest() if isinstance(value, bytes | memoryview) else value for value in row])


# Acts -------------------------------------------------------------------------------------------------------------

def _file(hall: Hall, rng: Random, cases: list[str]) -> None:
    item = rng.choice(ITEMS)
    channel = rng.choice(("web", "window", "window"))
    left_out = rng.choice(("", "", "", "", *hall.papers(item)))
    cases.append(hall.file(item, channel, papers=hall.papers(item, left_out) if channel == "window" else ()))


def _accept(hall: Hall, rng: Random, cases: list[str]) -> None:
    waiting = [number for number in cases[1:] if hall.detail(number).head.state in ("submitted", "received", "pre_accepted")]
    number = rng.choice(waiting or cases)
    papers = hall.papers(hall.detail(number).head.item)
    if hall.detail(number).head.channel == "web":
        hall.approval.intake.receive(number, hall.rev(number), papers, HALL)
    hall.approval.intake.accept(number, hall.rev(number), HALL, deferred=papers[:1] if rng.random() < 0.1 else ())


def _step(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = _some(hall, rng, cases)
    result = rng.choice(("granted", "granted", "refused"))
    hall.do(number, rng.choice(PEOPLE), result=result, reason="不符合条件" if result == "refused" else "")


def _right_step(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = _some(hall, rng, cases)
    head = hall.detail(number).head
    people = {"承办": (HANDLER, SECOND), "审核": (REVIEWER,), "批准": (APPROVER,)}.get(head.step)
    if people is None:
        hall.do(number, rng.choice(PEOPLE))
    else:
        hall.do(number, rng.choice(people) if head.org == HANDLER.only_org else hall.officer(head.org, head.step))


def _some(hall: Hall, rng: Random, cases: list[str]) -> str:
    number = rng.choice(cases)
    parts = [part.case_no for part in hall.detail(number).parts if part.case_no]
    return rng.choice(parts) if parts else number


def _back(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = _some(hall, rng, cases)
    hall.approval.handling.send_back(number, hall.rev(number), "承办", "再核", HALL)


def _special(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = _some(hall, rng, cases)
    if hall.detail(number).head.state == "suspended":
        hall.approval.handling.end_special(number, hall.rev(number), "已完成", HALL)
    else:
        hall.approval.handling.start_special(number, hall.rev(number), "expert_review", 5, "需要评审", HALL)


def _extend(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = _some(hall, rng, cases)
    hall.approval.handling.ask_extension(number, hall.rev(number), 3, "案情复杂", HANDLER)
    hall.approval.handling.decide_extension(number, hall.rev(number), rng.random() < 0.7, "同意", HEAD)


def _correction(hall: Hall, rng: Random, cases: list[str]) -> None:
    number = rng.choice(cases[-4:])
    asked = hall.papers(hall.detail(number).head.item)[:1]
    hall.approval.intake.ask_correction(number, hall.rev(number), asked, "缺材料", HALL)
    hall.later(minutes=rng.randint(10, 3000))
    hall.approval.intake.correct(number, asked)


def _take(hall: Hall, rng: Random, cases: list[str]) -> None:
    hall.approval.handling.claim(number := _some(hall, rng, cases), hall.rev(number), rng.choice(PEOPLE))


ACTS: dict[str, Callable[[Hall, Random, list[str]], None]] = {
    "file": _file, "accept": _accept, "step": _step, "right_step": _right_step, "back": _back, "special": _special,
    "extend": _extend, "correction": _correction, "claim": _take,
    "conclude": lambda hall, rng, cases: hall.conclude(_some(hall, rng, cases)),
    "refuse": lambda hall, rng, cases: hall.approval.intake.refuse(
        number := rng.choice(cases[-3:]), hall.rev(number), "不属于本机关职权", HALL),
    "withdraw": lambda hall, rng, cases: hall.approval.ending.withdraw(rng.choice(cases[-4:])),
    "collect": lambda hall, rng, cases: hall.approval.ending.collect(
        number := rng.choice(cases), hall.rev(number), "王五", HALL),
    "rate": lambda hall, rng, cases: hall.approval.ending.rate(rng.choice(cases), rng.randint(1, 5)),
    "reopen": lambda hall, rng, cases: hall.approval.projects.reopen(
        cases[0], hall.rev(cases[0]), rng.choice(PLAN).node, "再议", DISPATCHER),
    "void": lambda hall, rng, cases: hall.approval.ending.void(
        number := _some(hall, rng, cases), hall.rev(number), "立项错误", HEAD),
    "begin_anew": lambda hall, rng, cases: hall.approval.projects.begin_anew(
        cases[0], hall.rev(cases[0]), rng.choice(PLAN).node, "重新立项", DISPATCHER),
    "leave_out": lambda hall, rng, cases: hall.approval.projects.leave_out(
        cases[0], hall.rev(cases[0]), rng.choice(PLAN).node, "无须办理", DISPATCHER),
    "silence": lambda hall, rng, cases: hall.approval.projects.consent_by_silence(),
}
WEIGHTS = {"file": 3, "accept": 5, "right_step": 12, "conclude": 3}
LOT = [name for name in ACTS for _ in range(WEIGHTS.get(name, 1))]
