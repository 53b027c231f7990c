"""Numbers and passwords of hosted cases.

A number is area (6) + unit + day + serial (4 or more) + check figure, e.g. 360500-fagai-20260316-0007-3: unique, countable by
hand, and a slip of the pen is noticed.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import date

from sqlalchemy import Connection, text

from core.instants import day_of
from core.statements import Statement

_TAKE = Statement(text("INSERT INTO hosted_numbers (org, day, last) VALUES (:org, :day, 1) "
                       "ON CONFLICT (org, day) DO UPDATE SET last = hosted_numbers.last + 1 RETURNING last"))
_FIGURES = "23456789"
PASSWORD_FIGURES = 10  # 30 bits; guessing is limited per address and per number (portal)


def take_case_number(conn: Connection, area: str, org: str, day: date) -> str:
    """The next number of that unit and day, counted in the caller's transaction: a rollback gives it back."""
    serial = int(_TAKE.value(conn, org=org, day=day_of(day)))
    return _with_check(f"{area}-{org}-{day:%Y%m%d}-{serial:04d}")


def is_case_number(text_given: str) -> bool:
    """Whether its check figure is right."""
    head, _, figure = text_given.rpartition("-")
    return bool(head) and _with_check(head) == f"{head}-{figure}"


def _with_check(head: str) -> str:
    """ISO 7064 MOD 11-10 over the figures and letters of the number."""
    rest = 10
    for character in head:
        if character.isalnum():
            total = (rest + ord(character.upper()) % 10) % 10 or 10
            rest = total * 2 % 11
    return f"{head}-{(11 - rest) % 10}"


def made_up_password() -> str:
    """Figures that are not mistaken for letters when read from a slip of paper. There are eight, so three bits choose one."""
    return "".join([_FIGURES[byte % 8] for byte in secrets.token_bytes(PASSWORD_FIGURES)])


def password_hash(key: bytes, case_no: str, password: str) -> str:
    """What is kept of it. The key is the installation's and in no database, so a stolen one gives nothing to guess at; and
    guessing from outside is limited."""
    return hmac.digest(key, f"{case_no}\x1f{password}".encode(), "sha256").hex()
