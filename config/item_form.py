"""What an application for an item says beside who applies and which papers are there: the fields of its form (表单)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from config.documents import Strict
from core.errors import InvalidInput, SupervisionError, TooLarge

FieldKind = Literal["text", "number", "date", "choice"]
VALUE_MAX = 2000  # characters of one value
PREFIX = "fields."  # before the code of a field in errors: a field may have the name of one of the applicant's own


class FormField(Strict):
    """One field. A number is a decimal within `at_least` and `at_most`, counted in `unit`; a date is written 2026-03-16; a
    choice is one of `choices`; a text is anything of at most 2,000 characters."""

    code: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1, max_length=60)
    kind: FieldKind = "text"
    required: bool = True
    unit: str = Field(default="", max_length=20)
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "choice") != (len(self.choices) > 1):
            raise ValueError("a choice has two or more choices, and nothing else has any")
        if self.kind != "number" and (self.unit or self.at_least is not None or self.at_most is not None):
            raise ValueError("only a number has a unit, at_least or at_most")
        return self

    @property
    def label(self) -> str:
        """The name with what is counted in, as it is kept with the application."""
        return f"{self.name}（{self.unit}）" if self.unit else self.name

    def check(self, value: str) -> None:
        """Raises InvalidInput or TooLarge naming the field and the remedy."""
        told = {"key": f"{PREFIX}{self.code}", "name": self.name}
        if not value:
            if self.required:
                raise InvalidInput("form_field_missing", **told)
        elif len(value) > VALUE_MAX:
            raise TooLarge("form_field_too_long", most=VALUE_MAX, **told)
        elif self.kind == "number":
            self._check_number(value, told)
        elif self.kind == "date" and not _is_date(value):
            raise InvalidInput("form_field_no_date", **told)
        elif self.kind == "choice" and value not in self.choices:
            raise InvalidInput("form_field_no_choice", choices="、".join(self.choices), **told)

    def _check_number(self, value: str, told: Mapping[str, str]) -> None:
        number = number_of(value)
        if number is None:
            raise InvalidInput("form_field_no_number", **told)
        if (self.at_least is not None and number < self.at_least) or (self.at_most is not None and number > self.at_most):
            raise InvalidInput("form_field_out_of_range", least=_bound(self.at_least), most=_bound(self.at_most), **told)


def form_faults(form: Mapping[str, FormField], fields: Mapping[str, str]) -> dict[str, SupervisionError]:
    """Code → what is wrong with it, over all fields at once; a field nobody asked for is wrong too."""
    found: dict[str, SupervisionError] = {}
    for code in (*form, *(code for code in fields if code not in form)):
        try:
            if code not in form:
                raise InvalidInput("form_field_unknown", key=f"{PREFIX}{code[:40]}", accepted=_listed(form))
            form[code].check(fields.get(code, "").strip())
        except SupervisionError as fault:
            found[code] = fault
    return found


def check_form(form: Mapping[str, FormField], fields: Mapping[str, str]) -> None:
    """Raises the first of what is wrong."""
    for fault in form_faults(form, fields).values():
        raise fault


def number_of(value: str) -> float | None:
    """A number as people write it, with or without commas between the thousands; None for anything else."""
    plain = value.strip().replace(",", "").replace("，", "")
    body = plain.removeprefix("-").replace(".", "", 1)
    return float(plain) if body.isascii() and body.isdigit() else None


def _is_date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _bound(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"


def _listed(codes: Iterable[str]) -> str:
    return "、".join(codes) or "—"
