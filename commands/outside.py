"""The public site of its own. Imports nothing of the inside (public_site.py)."""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from approval.payments.matching import DailyStatements
from approval.payments.statement import Difference
from commands.listening import Listener, until_told_to_stop
from config.settings import Settings
from core.clock import SystemClock
from core.errors import UpstreamError
from public_site import build_public_site

log = logging.getLogger(__name__)
TIDY_INTERVAL_S, STATEMENT_LOOK_S = 3600.0, 900.0


def run_portal(settings: Settings, _options: argparse.Namespace) -> int:
    """Serve the public pages and the questions of the inside until told to stop."""
    stopped = until_told_to_stop()
    site = build_public_site(settings)
    listener = Listener(settings, site)
    listener.start()
    statements = DailyStatements(site.payments, SystemClock(), ZoneInfo(settings.areas.default_timezone),
                                 settings.gateway.statement_hour, settings.gateway.statement_days, _logged)
    print(listener.address, flush=True)
    working = [_every(TIDY_INTERVAL_S, site.tidy, stopped),
               _every(settings.payments.interval_s, site.payments.reconcile, stopped),
               _every(STATEMENT_LOOK_S, statements.run, stopped)]
    for thread in working:
        thread.start()
    stopped.wait()
    listener.stop()
    for thread in working:
        thread.join()
    site.database.dispose()
    return 0


def _logged(day: date, told: list[Difference] | UpstreamError) -> None:
    """Nobody looks at alarms here: an operator reads the log."""
    if isinstance(told, UpstreamError):
        log.error("statement of %s: %s", day, told)
        return
    for one in told:
        log.error("statement of %s: %s order %s, there %s fen, here %s fen", day, one.gap.value, one.no, one.there_fen,
                  one.here_fen)


def _every(interval_s: float, work: Callable[[], object], stopped: threading.Event) -> threading.Thread:
    """What failed now is tried again the next time; the site goes on."""
    def repeat() -> None:
        while not stopped.wait(interval_s):
            try:
                work()
            except Exception:
                log.exception("%s failed", getattr(work, "__qualname__", "work"))
    return threading.Thread(target=repeat, daemon=True)
