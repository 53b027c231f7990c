"""对账单: what a platform says it took and gave back on a day, beside what the ledger knows.

The file is CSV as platforms write it: lines that begin with # are words, then heads, then a line per payment or refund. It may
come zipped, in UTF-8 or GB 18030.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from core.errors import UpstreamError

# What platforms call the columns.
NO = ("商户订单号", "out_trade_no")
AMOUNT = ("订单金额（元）", "订单金额", "总金额", "total_amount", "amount")
KIND = ("业务类型", "交易类型", "kind")
REFUND = ("退款", "refund")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A payment, or money given back, of an order. Money in fen, never negative."""

    no: str
    amount_fen: int
    is_refund: bool = False


class Gap(StrEnum):
    """unknown: the platform has money of an order this ledger does not know. amount: of another amount. unbooked: paid there,
    and not settled here though it was asked again. not_there: settled here, and the platform says that nobody paid.
    refund: it gave money back that is not given back here."""

    UNKNOWN = "unknown"
    AMOUNT = "amount"
    UNBOOKED = "unbooked"
    NOT_THERE = "not_there"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Difference:
    """An order on which both sides do not agree; the amounts are what each says, 0 for nothing."""

    gap: Gap
    no: str
    there_fen: int
    here_fen: int


def read_statement(content: bytes) -> list[StatementLine]:
    """Raises UpstreamError naming what cannot be read."""
    rows = csv.reader(io.StringIO(_text(content)))
    lines = [[cell.strip().strip("\t`") for cell in row] for row in rows if row and not row[0].lstrip().startswith("#")]
    return list(_lines(lines)) if lines else []


def _text(content: bytes) -> str:
    try:
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                content = b"\n".join(book.read(name) for name in sorted(book.namelist()) if name.lower().endswith(".csv"))
    except (zipfile.BadZipFile, OSError) as failure:
        raise UpstreamError("payment_statement_unreadable", reason="zip") from failure
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UpstreamError("payment_statement_unreadable", reason="encoding")


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[StatementLine]:
    heads = rows[0]
    no, amount, kind = _place(heads, NO), _place(heads, AMOUNT), _place(heads, KIND, required=False)
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(heads):
            raise UpstreamError("payment_statement_unreadable", reason=f"line {number}: {len(row)} cells")
        is_refund = kind is not None and row[kind].startswith(REFUND)
        yield StatementLine(row[no or 0], _fen(row[amount or 0], number), is_refund)


def _place(heads: Sequence[str], names: Sequence[str], *, required: bool = True) -> int | None:
    found = next((heads.index(name) for name in names if name in heads), None)
    if found is None and required:
        raise UpstreamError("payment_statement_unreadable", reason=f"no column {names[0]}")
    return found


def _fen(text: str, number: int) -> int:
    try:
        fen = abs(Decimal(text.replace(",", "")) * 100)
    except InvalidOperation as failure:
        raise UpstreamError("payment_statement_unreadable", reason=f"line {number}: {text[:20]}") from failure
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise UpstreamError("payment_statement_unreadable", reason=f"line {number}: {text[:20]}")
    return int(fen)
