"""What a consultation, complaint or bad rating must be to be taken in: asked where it is typed, and again where it is kept."""

from __future__ import annotations

from config.follow_up import ComplaintRules
from core.errors import InvalidInput, TooLarge
from supervision.complaints.matters import Filing, Reporter

LETTERS = {"consultation": "ZX", "complaint": "TS", "rating": "CP"}
TITLE_MAX, WORDS_MAX, FIELD_MAX, CODE_MAX, SOURCE_MAX = 120, 4000, 200, 128, 100


def check_filing(rules: ComplaintRules, filing: Filing, reporter: Reporter) -> None:
    """Raises InvalidInput naming what is unknown or missing, TooLarge naming the field."""
    category = rules.categories.get(filing.category)
    if filing.kind not in LETTERS:
        raise InvalidInput("complaint_kind_unknown", kind=filing.kind[:32], accepted=", ".join(LETTERS))
    if category is None or filing.kind not in category.kinds:
        accepted = ", ".join(code for code, known in rules.categories.items() if filing.kind in known.kinds)
        raise InvalidInput("complaint_category_unknown", category=filing.category[:32], accepted=accepted)
    for name, value in (("org", filing.org), ("title", filing.title), ("content", filing.content)):
        if not value.strip():
            raise InvalidInput("complaint_field_missing", field=name)
    _check_lengths(filing, reporter)


def _check_lengths(filing: Filing, reporter: Reporter) -> None:
    limits = [("title", filing.title, TITLE_MAX), ("content", filing.content, WORDS_MAX), ("org", filing.org, CODE_MAX),
              ("about_case", filing.about_case, CODE_MAX), ("source_ref", filing.source_ref, SOURCE_MAX)]
    limits += [(name, getattr(reporter, name), FIELD_MAX) for name in ("name", "phone", "address", "id_number")]
    for name, value, most in limits:
        if len(value) > most:
            raise TooLarge("complaint_field_too_long", field=name, most=most)
