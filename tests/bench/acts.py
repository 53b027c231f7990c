"""From the HTTP accept of a faulty act to its card on the duty desk, beside Prometheus and Alertmanager fed the same events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from random import Random

import msgspec
from playwright.sync_api import Page

from config.catalogue import Item, load_catalogue
from tests.bench import alertmanager
from tests.bench.harness import Line, Options, percentile, spread, store
from tests.bench.page import desk_page
from tests.bench.push import MORNING, PAUSES_S, other_clients
from tests.bench.serve import OFFICER, PASSWORD
from tests.bench.served import Served, served

CLIENTS, LIMIT_MS = 100, 500.0
METRIC_SAMPLES = 30  # about a second each
_encode = msgspec.json.Encoder().encode


def run(options: Options) -> list[Line]:
    """One line; its floor is the shortest road an alert can take through Alertmanager, which stores and journals nothing."""
    if not alertmanager.is_installed():
        raise RuntimeError(f"not installed: apt-get install --no-install-recommends {' '.join(alertmanager.PROGRAMS)}")
    with store("sqlite", options.folder) as (url, _), served(url, options.folder, MORNING) as server:
        with alertmanager.peers(options.folder) as peers, other_clients(server, CLIENTS - 1), \
                desk_page(server.address, OFFICER, PASSWORD) as page:
            ours, posted = [], []
            for number in range(options.samples):
                case_no = f"A{number:06d}"
                ours.append(_refuse(server, page, case_no))
                posted.append(peers.by_post(case_no))
            measured = [peers.by_metric(f"M{number:06d}") for number in range(min(METRIC_SAMPLES, options.samples))]
    p95 = percentile(ours, 0.95)
    alone, both = p95 / percentile(posted, 0.95), p95 / percentile(measured, 0.95)
    return [Line(f"refusal without a reason: HTTP request sent → card on the desk, {CLIENTS} clients", spread(ours),
                 f"Alertmanager alone, posted → webhook: {spread(posted)}; Prometheus (scraped and evaluated every second) and "
                 f"Alertmanager, exported → webhook: {spread(measured)}",
                 f"{alone:.1f} of Alertmanager alone, {both:.2f} of both, at p95",
                 f"p95 ≤ {LIMIT_MS:.0f} ms", p95 <= LIMIT_MS, f"{len(ours)} refusals, one at a time; p50 / p95 / p99")]


def _refuse(server: Served, page: Page, case_no: str, rng: Random = Random(2)) -> float:  # noqa: B008 - one sequence of pauses
    """Milliseconds from before the request to the second frame after the card stood in the list."""
    page.evaluate("no => window.bench.expect(no)", case_no)
    time.sleep(rng.uniform(*PAUSES_S))
    began = time.time() * 1000
    server.post(_refusal(case_no))
    return float(page.evaluate("() => window.bench.painted()")) - began


@cache
def _items() -> Sequence[Item]:
    """An item of each organisation: acts of an unknown one are not judged, and a desk folds many cards of one place."""
    return list({item.org: item for item in load_catalogue().items.values()}.values())


def _refusal(case_no: str) -> list[bytes]:
    """Filed, and refused without a word of why."""
    at = [(MORNING - timedelta(minutes=minutes)).isoformat() for minutes in (20, 10)]
    item = _items()[int(case_no[1:]) % len(_items())]
    head = {"case_no": case_no, "org": item.org, "item": item.code}
    return [_encode({"id": f"{case_no}-1", "kind": "received", "at": at[0], **head}),
            _encode({"id": f"{case_no}-2", "kind": "not_accepted", "at": at[1], **head})]
