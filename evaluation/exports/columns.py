"""The columns of an export, in one catalogue: every format, the data dictionary, docs/export.md, our XES extension follow it.

Words for people (`export_column.<name>`) are in config/locales/*/exports.yaml.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What a value is. An instant is written with the offset its source wrote (CSV, XES) or as UTC (Parquet)."""

    TEXT = "text"
    INTEGER = "integer"
    INSTANT = "instant"
    JSON = "json"


class Personal(StrEnum):
    """Whom a value may name."""

    NOBODY = "nobody"
    APPLICANT = "applicant"
    OFFICER = "officer"
    FREE_TEXT = "free_text"  # written by hand, so that it may name anybody


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. `origin` is where the value is kept; `xes` is its key there, a standard one or ours (`yg:…`).

    `of_case`: the value is the same on every event of a case, as it stands when the export is made.
    """

    name: str
    kind: Kind = Kind.TEXT
    origin: str
    unit: str = ""
    zone: str = ""
    personal: Personal = Personal.NOBODY
    xes: str = ""
    of_case: bool = False

    @property
    def key(self) -> str:
        """Its key in XES."""
        return self.xes or f"yg:{self.name}"


_WRITTEN, _UTC = "as written by the source", "UTC"


def _row(name: str, column: str = "", **more: Any) -> Column:
    return Column(name=name, origin=f"journal.{column or name}", **more)


def _data(name: str, **more: Any) -> Column:
    return Column(name=name, origin=f"journal.payload.{name}", **more)


def _instant(make: Any, name: str, column: str = "", zone: str = _WRITTEN, **more: Any) -> Column:
    given = (name, column) if column else (name,)
    made: Column = make(*given, kind=Kind.INSTANT, unit="microsecond", zone=zone, **more)
    return made


def _case(name: str, column: str, kind: Kind = Kind.TEXT, **more: Any) -> Column:
    return Column(name=name, kind=kind, origin=f"cases.{column}", of_case=True, **more)


COLUMNS: tuple[Column, ...] = (
    _row("seq", kind=Kind.INTEGER),
    _row("case_no", xes="concept:name", of_case=True),
    _row("area", of_case=True),
    _row("kind"),
    Column(name="activity", origin="derived: step, else kind", xes="concept:name"),
    _instant(_row, "at", "claimed_at", xes="time:timestamp"),
    _row("utc_offset", kind=Kind.INTEGER, unit="minute"),
    _row("order", "src_order", kind=Kind.INTEGER),
    _instant(_row, "received_at", zone=_UTC),
    Column(name="id", origin="derived: source/source_event_id"),
    _row("source"),
    _row("source_event_id"),
    _row("version", "source_version", kind=Kind.INTEGER),
    _row("org"),
    Column(name="org_name", origin="catalogue: organisation"),
    _row("item"),
    Column(name="item_name", origin="catalogue: item"),
    _row("item_version"),
    _row("actor", personal=Personal.OFFICER, xes="org:resource"),
    _row("station", xes="org:group"),
    _row("step"),
    _data("title", personal=Personal.FREE_TEXT),
    _data("applicant", personal=Personal.APPLICANT),
    _data("applicant_kind"),
    _data("reason", personal=Personal.FREE_TEXT),
    _data("document_no", personal=Personal.APPLICANT),
    _data("special_kind"),
    _data("approved_days", kind=Kind.INTEGER, unit="day"),
    _instant(_data, "promised_due"),
    _instant(_data, "statutory_due"),
    _instant(_data, "own_due"),
    _instant(_data, "step_due"),
    _instant(_data, "deferred_due"),
    _data("promised_limit"),
    _data("statutory_limit"),
    _data("parent_org"),
    _data("post", xes="org:role"),
    _data("opinion", personal=Personal.FREE_TEXT),
    _data("result"),
    _data("materials"),
    _data("deferred"),
    _data("fee_code"),
    _data("amount_fen", kind=Kind.INTEGER, unit="fen (0.01 CNY)"),
    _data("quantity", kind=Kind.INTEGER),
    _data("receipt_no", personal=Personal.APPLICANT),
    _data("waiver", personal=Personal.FREE_TEXT),
    _data("certificate_no", personal=Personal.APPLICANT),
    _instant(_data, "certificate_at"),
    _data("ticket_no", personal=Personal.APPLICANT),
    _data("score", kind=Kind.INTEGER, unit="1 … 5"),
    _data("channel"),
    _data("phone_hash", personal=Personal.APPLICANT),
    _data("device", personal=Personal.APPLICANT),
    _data("topic", personal=Personal.FREE_TEXT),
    _data("from_step"),
    _data("pinned", kind=Kind.INTEGER),
    _data("plan", kind=Kind.INTEGER),
    Column(name="data", kind=Kind.JSON, origin="journal.payload"),
    _row("chain"),
    _row("chain_pos", kind=Kind.INTEGER),
    Column(name="mac", origin="journal.mac", unit="hex"),
    _case("case_org", "org"),
    _case("case_item", "item"),
    _case("case_state", "state"),
    _case("case_opened_at", "opened_at", Kind.INSTANT, unit="microsecond", zone=_UTC),
    _case("case_closed_at", "closed_at", Kind.INSTANT, unit="microsecond", zone=_UTC),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
PLACES = {name: place for place, name in enumerate(NAMES)}
PERSONAL_DATA = {column.name: column.personal for column in COLUMNS
                 if column.origin.startswith("journal.payload.") and column.personal is not Personal.NOBODY}
DATA_COLUMNS = tuple(column for column in COLUMNS if column.origin.startswith("journal.payload."))
