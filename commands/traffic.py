"""The exchange with the public site, at the command line of the inside."""

from __future__ import annotations

import argparse

from bootstrap import Services
from core.errors import ConfigError
from exchange.inner.assembly import Exchange
from exchanging import exchange_of

FAULTS = 3


def exchange(services: Services, options: argparse.Namespace) -> int:
    """How it stands, after what was asked for is done. Exit code 3: something waits for a decision or the site is silent."""
    end = exchange_of(services)
    if end is None:
        raise ConfigError("setting_invalid", key="exchange.url", value=None, source="settings",
                          problem="no public site is named", remedy="set exchange.url, see docs/exchange.md")
    if options.retry:
        end.receiving.retry(options.retry)
    if options.give_up:
        end.receiving.give_up(options.give_up, options.reason)
    if options.run:
        end.run()
    return _tell(end)


def _tell(end: Exchange) -> int:
    told, stuck = end.queries.standing(), end.queries.stuck()
    silent = "never" if told.silent_minutes is None else f"{told.silent_minutes} min ago"
    print(f"last success: {silent}")
    if end.rounds.problem is not None:
        print(f"this round: {end.rounds.problem}")
    print(f"to do here: {told.to_do}, the oldest for {told.to_do_minutes} min")
    print(f"to tell the public site: {told.to_give}, the oldest for {told.to_give_minutes} min")
    for one in stuck:
        print(f"waits for a decision: {one.id} {one.kind} {one.subject}, tried {one.attempts} times: {one.problem}")
    if stuck:
        print("mend the cause, then: app.py exchange --retry ID; or: app.py exchange --give-up ID --reason WORDS")
    return FAULTS if stuck or end.rounds.problem is not None else 0
