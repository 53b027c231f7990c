"""All that is wrong with an event somebody sent. The decoder stops at the first thing it cannot read; here every member is read
alone, once it is known that something is wrong: whoever mends the event does so once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from feeds.reasons import Refusal

_NAMED_FIELD = re.compile(r"(?:unknown|required) field `(.{1,128})`$")
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class MemberReader:
    """Reads each member of a struct alone; those of the structs among `parts`, too, member by member."""

    def __init__(self, shape: type[msgspec.Struct], parts: dict[str, MemberReader] | None = None) -> None:
        fields = msgspec.structs.fields(shape)
        self._decoders = {one.encode_name: msgspec.json.Decoder(one.type) for one in fields}
        self._required = [one.encode_name for one in fields if one.required]
        self._parts = parts or {}

    def refusals(self, raw: bytes, at: str = "") -> Iterator[Refusal]:
        """One for every member that is unknown, missing or cannot be read."""
        try:
            members = _members_of(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # no object, or one without an end: who asked knows
            return
        for name in self._required:
            if name not in members:
                yield Refusal("record_invalid", f"{at}{name}", problem=f"Object missing required field `{name}`")
        for name, value in members.items():
            if name in self._decoders:
                yield from self._of_member(name, bytes(value), at)
            else:
                yield Refusal("record_invalid", f"{at}{name}", problem=f"Object contains unknown field `{name}`")

    def _of_member(self, name: str, value: bytes, at: str) -> Iterator[Refusal]:
        try:
            self._decoders[name].decode(value)
        except msgspec.ValidationError as failure:
            within = self._parts[name].refusals(value, f"{at}{name}.") if name in self._parts else iter(())
            refusals = list(within) or [explained(failure, f"{at}{name}")]
            yield from refusals
        except UnicodeDecodeError as failure:
            yield Refusal("json_invalid", f"{at}{name}", problem=str(failure))


def explained(failure: msgspec.ValidationError, at: str = "") -> Refusal:
    """msgspec says "… - at `$.data.title`"; the place becomes the field, with the unknown or missing one the problem names."""
    problem, _, place = str(failure).partition(" - at `")
    named = _NAMED_FIELD.search(problem)
    field = f"{at}{place.rstrip('`').removeprefix('$')}.{named[1] if named else ''}"
    return Refusal("record_invalid", field.strip("."), problem=problem)
