"""The wall page over time: what its heap gains and how busy its main thread is at two updates a second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec
from playwright.sync_api import CDPSession

from tests.bench.harness import Line, Options, store
from tests.bench.page import wall_page
from tests.bench.push import MORNING, overdue_case
from tests.bench.served import Served, served

HEAP_LIMIT_MB, BUSY_LIMIT = 5.0, 0.20
EVERY_S, WARM_UP_S, LOOK_EVERY_S = 0.5, 15.0, 10.0
STANDING_CARDS = 30
IDLE_S = 30.0
_encode = msgspec.json.Encoder().encode


def run(options: Options) -> list[Line]:
    """Two lines: heap and main thread. Nothing posted first, for a quarter of the time: the floor."""
    with store("sqlite", options.folder) as (url, _), served(url, options.folder, MORNING) as server:
        server.post([overdue_case(f"S{number:05d}", number) for number in range(STANDING_CARDS)])
        with wall_page(server.address) as page:
            devtools = page.context.new_cdp_session(page)
            devtools.send("Performance.enable")
            _live(server, devtools, WARM_UP_S, "warm")
            idle = _live(server, devtools, max(IDLE_S, options.minutes * 15), "")
            busy = _live(server, devtools, options.minutes * 60, "live")
    return [_heap_line(options, idle, busy), _busy_line(options, idle, busy)]


Looks = Sequence[tuple[float, float, float]]  # seconds, heap bytes after collection, seconds the main thread worked


def _live(server: Served, devtools: CDPSession, seconds: float, prefix: str) -> Looks:
    """Post two updates a second, unless there is no prefix; look at the page now and then."""
    looks, number, began = [_look(devtools)], 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        time.sleep(max(0.0, began + (number + 1) * EVERY_S - time.perf_counter()))
        if prefix:
            server.post([_update(prefix, number)])
        number += 1
        if number % round(LOOK_EVERY_S / EVERY_S) == 0:
            looks.append(_look(devtools))
    return looks


def _update(prefix: str, number: int) -> bytes:
    """In turn a case that is nearly due, which raises a warning, and its conclusion, which ends it."""
    case_no = f"{prefix}{number // 2:06d}"
    accepted = {"kind": "accepted", "at": (MORNING - timedelta(days=12)).isoformat(),
                "data": {"promised_limit": "10wd", "statutory_limit": "20wd"}}
    concluded = {"kind": "concluded", "at": MORNING.isoformat()}
    return _encode({"id": f"{case_no}-{number % 2}", "case_no": case_no, "org": f"org{number // 2 % 40}",
                    **(concluded if number % 2 else accepted)})


def _look(devtools: CDPSession) -> tuple[float, float, float]:
    devtools.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    return metrics["Timestamp"], metrics["JSHeapUsedSize"], metrics["TaskDuration"]


def _growth_per_hour(looks: Looks) -> float:
    """MB per hour: the slope of the least-squares line through the heap sizes after collection."""
    seconds, sizes = [look[0] for look in looks], [look[1] / 1e6 for look in looks]
    middle, mean = sum(seconds) / len(looks), sum(sizes) / len(looks)
    below = sum((at - middle) ** 2 for at in seconds)
    return 3600 * sum((at - middle) * (size - mean) for at, size in zip(seconds, sizes, strict=True)) / below


def _busy_share(looks: Looks) -> float:
    return (looks[-1][2] - looks[0][2]) / (looks[-1][0] - looks[0][0])


def _heap_line(options: Options, idle: Looks, busy: Looks) -> Line:
    growth = _growth_per_hour(busy)
    said = "measured over" if options.minutes >= 60 else "extrapolated from"
    return Line("wall page, heap growth", f"{growth:+.2f} MB an hour ({said} {options.minutes:g} min); "
                f"{busy[0][1] / 1e6:.1f} MB at first, {busy[-1][1] / 1e6:.1f} MB at last",
                f"the same page, nothing posted: {_growth_per_hour(idle):+.2f} MB an hour", "",
                f"≤ {HEAP_LIMIT_MB:g} MB an hour", growth <= HEAP_LIMIT_MB,
                f"{len(busy)} looks after collection, 2 updates a second, {STANDING_CARDS} red cards standing")


def _busy_line(options: Options, idle: Looks, busy: Looks) -> Line:
    share, floor = _busy_share(busy), _busy_share(idle)
    return Line("wall page, main thread busy", f"{share:.1%}", f"the same page, nothing posted: {floor:.1%}",
                f"{share / floor:.1f}" if floor else "", f"< {BUSY_LIMIT:.0%}", share < BUSY_LIMIT,
                f"{options.minutes:g} min, 2 updates a second, 1920 × 1080, no GPU, the collections included")
