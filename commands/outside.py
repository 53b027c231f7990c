"""The public site of its own. Imports nothing of the inside (public_site.py)."""

from __future__ import annotations

import argparse
import logging

from commands.listening import Listener, until_told_to_stop
from config.settings import Settings
from public_site import build_public_site

log = logging.getLogger(__name__)
TIDY_INTERVAL_S = 3600.0


def run_portal(settings: Settings, _options: argparse.Namespace) -> int:
    """Serve the public pages and the questions of the inside until told to stop."""
    stopped = until_told_to_stop()
    site = build_public_site(settings)
    listener = Listener(settings, site)
    listener.start()
    print(listener.address, flush=True)
    while not stopped.wait(TIDY_INTERVAL_S):
        try:
            site.tidy()
        except Exception:  # what could not be tidied now is tidied in an hour; the site goes on
            log.exception("tidying failed")
    listener.stop()
    site.database.dispose()
    return 0
