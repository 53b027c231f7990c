"""What platforms call a statement is read as it comes, and what cannot be read is said, never a crash of the daily look."""

from __future__ import annotations

import io
import zipfile

import pytest

from approval.payments import statement
from approval.payments.statement import StatementLine, read_statement
from core.errors import UpstreamError

HEADS = "商户订单号,业务类型,订单金额（元）"
ONE = StatementLine("PAY1", 10_000)


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in files.items():
            book.writestr(f"{name}.csv", content)
    return made.getvalue()


def test_a_zip_may_sum_up_in_a_file_of_its_own():
    """As platforms send it: the orders, and beside them the sums per shop with other columns."""
    detail = f"#明细\n{HEADS}\nPAY1,交易,100.00\n#结束\n".encode("gb18030")
    sums = "#汇总\n门店编号,交易订单总笔数,退款订单总笔数,订单金额（元）\n合计,1,0,100.00\n".encode("gb18030")
    assert read_statement(zipped(detail=detail, sums=sums)) == [ONE]
    assert read_statement(zipped(sums=sums, a_detail=detail, b_more=f"{HEADS}\nPAY2,退款,-1.00".encode())) == [
        ONE, StatementLine("PAY2", 100, is_refund=True)]


def test_an_amount_below_nothing_is_money_given_back_though_no_column_says_so():
    assert read_statement(b"out_trade_no,amount\nPAY1,-100.00\n") == [StatementLine("PAY1", 10_000, is_refund=True)]


def test_a_day_without_payments_has_an_empty_statement():
    assert read_statement(b"") == read_statement(HEADS.encode()) == []


def test_what_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch):
    whole = bytearray(zipped(detail=f"{HEADS}\n".encode() * 50))
    whole[60:70] = bytes(10)
    sealed = bytearray(zipped(detail=HEADS.encode()))
    sealed[sealed.index(b"PK\x01\x02") + 8] |= 1  # its directory says: by password
    sums_only = "门店编号,订单金额（元）\n1,2.00"
    for content in (bytes(whole), bytes(sealed), zipped(), b"PK nothing", sums_only.encode(), f"{HEADS}\nPAY1,交易".encode(),
                    f"{HEADS}\nPAY1,交易,1e999999".encode(), f"{HEADS}\n{'x' * 200_000},交易,1".encode(), b"\xff\xff\xff"):
        with pytest.raises(UpstreamError, match="payment_statement_unreadable"):
            read_statement(content)
    monkeypatch.setattr(statement, "UNPACKED_MAX", 10)
    with pytest.raises(UpstreamError, match="payment_statement_unreadable"):
        read_statement(zipped(detail=HEADS.encode()))
