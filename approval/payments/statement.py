"""对账单: what a platform says it took and gave back on a day, beside what the ledger knows.

The file is CSV as platforms write it: lines that begin with # are words, then heads, then a line per payment or refund. It may
come zipped, in UTF-8 or GB 18030.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.errors import UpstreamError

# What platforms call the columns.
NO = ("商户订单号", "out_trade_no")
AMOUNT = ("订单金额（元）", "订单金额", "总金额", "total_amount", "amount")
KIND = ("业务类型", "交易类型", "kind")
REFUND = ("退款", "refund")
UNPACKED_MAX = 256 << 20  # bytes of all tables of a zip


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
    """Of a zip every file that lists orders; one that only sums them up says nothing more. Raises UpstreamError naming what
    cannot be read."""
    tables = [rows for rows in map(_rows, _files(content)) if rows]
    lists = [rows for rows in tables if _place(rows[0], NO, required=False) is not None]
    if tables and not lists:
        raise UpstreamError("payment_statement_unreadable", reason=f"no column {NO[0]}")
    return [line for rows in lists for line in _lines(rows)]


def _files(content: bytes) -> list[bytes]:
    if content[:2] != b"PK":
        return [content]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            listed = [one for one in book.infolist() if one.filename.lower().endswith(".csv")]
            if not listed or sum(one.file_size for one in listed) > UNPACKED_MAX:
                raise UpstreamError("payment_statement_unreadable", reason=f"zip of {len(listed)} tables")
            return [book.read(one) for one in listed]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as failure:  # broken, or sealed by a password
        raise UpstreamError("payment_statement_unreadable", reason="zip") from failure


def _rows(content: bytes) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(_text(content))))
    except csv.Error as failure:
        raise UpstreamError("payment_statement_unreadable", reason=str(failure)[:60]) from failure
    return [[cell.strip().strip("\t`") for cell in row] for row in rows if row and not row[0].lstrip().startswith("#")]


def _text(content: bytes) -> str:
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
        fen = _fen(row[amount or 0], number)
        yield StatementLine(row[no or 0], abs(fen), fen < 0 or (kind is not None and row[kind].startswith(REFUND)))


def _place(heads: Sequence[str], names: Sequence[str], *, required: bool = True) -> int | None:
    found = next((heads.index(name) for name in names if name in heads), None)
    if found is None and required:
        raise UpstreamError("payment_statement_unreadable", reason=f"no column {names[0]}")
    return found


def _fen(text: str, number: int) -> int:
    try:
        fen = Decimal(text.replace(",", "")) * 100
    except ArithmeticError as failure:
        raise UpstreamError("payment_statement_unreadable", reason=f"line {number}: {text[:20]}") from failure
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise UpstreamError("payment_statement_unreadable", reason=f"line {number}: {text[:20]}")
    return int(fen)
