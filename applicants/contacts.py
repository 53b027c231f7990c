"""A mobile number or mail address by which an applicant is known: one way to write it, its hash and what may be shown of it."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput

Kind = Literal["phone", "email"]
_MOBILE = re.compile(r"^1[3-9][0-9]{9}\Z")
_EMAIL = re.compile(r"^[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,60}\.){1,6}[a-z]{2,20}\Z")


@dataclass(frozen=True, slots=True)
class Contact:
    """In the one way it is written: eleven figures, or lower case."""

    kind: Kind
    address: str

    @property
    def shown(self) -> str:
        """With its middle covered."""
        if self.kind == "phone":
            return f"{self.address[:3]}****{self.address[-4:]}"
        name, _, host = self.address.partition("@")
        return f"{name[:2]}***@{host}"

    def hash(self, key: bytes) -> str:
        """What it is found by. There are few phone numbers, so without the key it must say nothing."""
        return hmac.new(key, f"applicant contact\x1f{self.kind}\x1f{self.address}".encode(), "sha256").hexdigest()


def read_contact(text: str) -> Contact:
    """Raises InvalidInput for what is neither a mobile number of the mainland nor a mail address."""
    given = text.strip()
    figures = re.sub(r"[\s-]", "", given).removeprefix("+86")
    if _MOBILE.match(figures):
        return Contact("phone", figures)
    if _EMAIL.match(given.lower()) and len(given) <= 120:
        return Contact("email", given.lower())
    raise InvalidInput("applicant_contact_invalid", key="contact")
