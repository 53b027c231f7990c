"""Why a record was refused: one code per reason, its acknowledgement status and what its sender can do about it.

The Chinese and English sentences for people come from `config/locales` by `feed.reason.<code>`; the remedy here is what
the command line and the machine interface say.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cases.events import Outcome, Status

_MALFORMED = {
    "archive_unsupported": "unpack it; .gz and plain files are read directly",
    "attributes_too_many": "send fewer attributes, or raise ingest.max_attributes",
    "content_after_json": "one JSON value per line",
    "control_character": "remove control characters (all but tab and line ends) and U+FFFE, U+FFFF; no paper can show them",
    "field_count": "give every row as many fields as the header; quote fields that contain the separator",
    "field_too_long": "shorten the field, or close its quotation mark",
    "file_empty": "send a file with content",
    "gzip_broken": "compress and send the file again; what was readable before the break is kept",
    "gzip_too_large": "split the file, or raise ingest.max_decompressed_bytes / ingest.max_decompression_ratio",
    "gzip_truncated": "send the whole file again; what was readable before the break is kept",
    "header_missing": "the first line must name the columns",
    "header_repeated": "give every column its own name",
    "json_invalid": "send valid JSON in UTF-8, one object per line",
    "kept_in_part": "complete the record, or send it again; raise feeds.max_quarantined_chars to keep more of the next",
    "line_too_long": "split the record, or raise ingest.max_line_bytes",
    "mapping_columns_missing": "use the mapping made for this file, or correct its column names",
    "name_repeated": "give every name of an object one value",
    "no_records": "if there was nothing to report, dismiss it; else send the file again with its records under the header",
    "nul_character": "remove the NUL characters; the file may be binary or UTF-16 without a mark",
    "number_unreadable": "write a whole number",
    "quotation_broken": "close the quotation mark, and double those inside a field",
    "record_invalid": "correct the field named in the detail",
    "stray_line_end": "end every line with LF or CR LF, or all with CR; quote fields that contain a line end",
    "time_out_of_range": "write a date between 1900 and 2199",
    "time_unreadable": "write ISO 8601, e.g. 2026-03-09T09:30:00+08:00, or add the format to the mapping",
    "time_zone_missing": "write the offset, or state a zone in the mapping",
    "value_missing": "fill the field",
    "value_too_long": "shorten the value",
    "wrong_encoding": "save the file as UTF-8, or state its encoding in the mapping (gb18030, cp1252, latin-1)",
    "xml_broken": "send well-formed XML; what was readable before the break is kept",
    "xml_forbidden": "remove the DOCTYPE and all entity declarations",
    "xml_no_traces": "send an XES log with traces",
    "xml_too_deep": "send attributes nested less deeply",
    "xml_token_too_long": "shorten the text, or raise ingest.max_line_bytes",
}
_UNSUITABLE = {
    "area_unknown": "name the area of the case",
    "case_facts_contradict": "give all rows of a case the same case values",
    "code_unknown": "add the code to the mapping's code table, then replay the record",
    "content_differs": "an event of this id is recorded with other content: send a higher version to correct it",
    "future_dated": "correct the time of the event or the clock of the sender",
    "limit_unreadable": "write 20wd, 56cd, 8wh or 3mo",
    "source_reserved": "give the source another name; `hosted` are the cases handled here",
    "result_unknown": "write granted or refused, or map the source's own word to one of them",
}
_ERROR = {
    "cannot_be_folded": "replay the record; if it fails again, report the detail to the administrator",
    "file_unread": "correct what is named, then put the file into the folder again",
    "not_recorded": "replay the record; if it fails again, report the detail to the administrator",
}

REMEDIES = _MALFORMED | _UNSUITABLE | _ERROR


def status_of(code: str) -> Status:
    """The acknowledgement status of a reason."""
    if code in _MALFORMED:
        return Status.MALFORMED
    return Status.UNSUITABLE if code in _UNSUITABLE else Status.ERROR


class Refusal(Exception):
    """A record cannot become an event. `field` and `value` say what is wrong; the value is cut to 200 characters. `others` is
    what else is wrong with the same record, so that whoever mends it does so once."""

    def __init__(self, code: str, field: str = "", value: object = "", problem: str = "") -> None:
        super().__init__(code, field)
        self.code, self.field, self.value, self.problem = code, field, str(value)[:200], problem
        self.others: tuple[Refusal, ...] = ()

    def as_detail(self) -> dict[str, str]:
        told = {"field": self.field, "value": self.value, "problem": self.problem, "remedy": REMEDIES[self.code]}
        return {key: text for key, text in told.items() if text}

    def as_outcome(self) -> Outcome:
        return Outcome(status_of(self.code), self.code, self.as_detail(), tuple(one.as_outcome() for one in self.others))


def as_one(refusals: Sequence[Refusal]) -> Refusal:
    """The first refusal, with the others beside it: each once, though one column may fill two values of the event."""
    known: dict[tuple[str, str, str], Refusal] = {}
    for one in refusals:
        known.setdefault((one.code, one.field, one.value), one)
    first, *others = known.values()
    first.others = tuple(others)
    return first


def with_remedy(outcome: Outcome) -> Outcome:
    """An outcome of the record, which knows why, with what its sender can do about it."""
    if outcome.code not in REMEDIES:
        return outcome
    return msgspec.structs.replace(outcome, detail={**outcome.detail, "remedy": REMEDIES[outcome.code]})


class Rejection(msgspec.Struct, frozen=True):
    """A refused record and where it stands: 1-based line (0: unknown), byte of the decompressed content, element of its log."""

    outcome: Outcome
    line: int = 0
    byte: int = 0
    element: str = ""

    @property
    def position(self) -> str:
        """`line 7`; what finds it where all stands on one line follows: `line 1, trace 3, event 2`, `line 1, byte 4096`."""
        return place_of(self.line, self.element, f"byte {self.byte}" if self.byte else "")


def place_of(line: int, *nearer: str) -> str:
    """A place in a file, as the machine interface and the command line say it."""
    return ", ".join(filter(None, (f"line {line}" if line else "", *nearer)))
