"""Charges and payments at the command line: the list of both, a payment settled by hand, the statement of the platform."""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import asdict, fields
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from approval.cashier import Received, fen_of
from approval.charging.queries import Line
from approval.payments.statement import Difference
from bootstrap import Services
from commands.reports import neutral, parse_date
from core.access import Actor, Role
from core.clock import SystemClock
from core.errors import InvalidInput, UpstreamError
from core.instants import from_us
from dashboard.panels.charge_list import span_of
from paying import payments_of, statements_of

DIFFERS = 3
TREASURY = Actor("command line", frozenset({Role.LEADER}))  # whoever may use this command sees every unit


def charges(services: Services, options: argparse.Namespace) -> int:
    """Fees of the period with their payments, as CSV; exit code 3 when something does not match."""
    first, last = parse_date(options.first, "--from"), parse_date(options.last, "--to")
    since, until = span_of({"since": first.isoformat(), "until": last.isoformat()})
    lines = services.approval.charges.lines(TREASURY, since, until, only_open=not options.all)
    zone = ZoneInfo(services.settings.areas.default_timezone)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([one.name for one in fields(Line)])
    for line in lines:
        told = asdict(line) | {name: "" if at is None else from_us(at).astimezone(zone).isoformat()
                               for name, at in (("charged_at", line.charged_at), ("settled_at", line.settled_at))}
        writer.writerow([neutral(value) if isinstance(value, str) else value for value in told.values()])
    return DIFFERS if lines and not options.all else 0


def settle(services: Services, options: argparse.Namespace) -> int:
    """Settle the fees due of a case by a payment made outside, in the name of a person who takes money."""
    actor = services.accounts.actor_of(options.by)
    if actor is None:
        raise InvalidInput("account_not_found", username=options.by[:64])
    detail = services.approval.queries.find(options.case, actor)
    due = tuple(options.fee) or tuple(int(fee["id"]) for fee in detail.due_fees)
    paid_on = parse_date(options.on, "--on") if options.on else None
    told = Received(due, options.kind, options.reference, fen_of(options.amount), paid_on, options.receipt)
    number = services.approval.cashier.record(options.case, detail.head.rev, told, actor, "command line")
    kept = next(one for one in services.approval.queries.find(options.case, actor).payments if one.id == number)
    print(f"payment {number} {kept.state} {kept.receipt_no}".rstrip())
    return 0


def statement(services: Services, options: argparse.Namespace) -> int:
    """The statement of a day beside the ledger; exit code 3 when they differ, 1 where there is no statement."""
    today = from_us(SystemClock().now_us()).astimezone(ZoneInfo(services.settings.areas.default_timezone)).date()
    day, found = parse_date(options.day, "--day") if options.day else today - timedelta(days=1), list[Difference]()

    def tell(_day: date, told: list[Difference] | UpstreamError) -> None:
        if isinstance(told, UpstreamError):
            raise told
        found.extend(told)

    if not statements_of(services, payments_of(services), tell).of(day):
        print("no statement: no payment platform is set (payments.gateway)", file=sys.stderr)
        return 1
    for one in found:
        print(f"{one.gap.value} {one.no} there {one.there_fen} here {one.here_fen} fen")
    return DIFFERS if found else 0
